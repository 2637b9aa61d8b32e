"""Layers that take statistics of the training inputs, before the training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from inspect import signature
from typing import Any

import numpy as np

from glassnet.nn.layer import Cache, Layer

NUMBERS = 2**20
"""Of one layer's outputs that are computed at a time: 4 MiB in float32."""


def adapt(
    parts: Sequence[Layer],
    named: Iterator[tuple[str, Layer]],
    x: np.ndarray,
    weights: np.ndarray | None,
) -> None:
    """Let each part with an `adapt` take statistics of what reaches it; see `Network.adapt`."""
    for name, part in named:
        if "." in name and hasattr(part, "adapt"):
            raise ValueError(
                f"layer {name}: {type(part).__name__} takes its statistics of the training inputs "
                "and so cannot stand inside another layer; put it before that"
            )
    before: list[Layer] = []
    for part in parts:
        if hasattr(part, "adapt"):
            if any(earlier.parameters or earlier.inner for earlier in before):
                raise ValueError(
                    f"{type(part).__name__} takes its statistics before the training and so cannot "
                    "stand behind a layer that learns; put it before the first such layer"
                )
            reaching: Any = Reaching(x, before.copy()) if before else x
            weighs = weights is not None and "weights" in signature(part.adapt).parameters
            part.adapt(reaching, weights) if weighs else part.adapt(reaching)
        before.append(part)


class Reaching:
    """Examples as some layers hand them on: computed when rows of them are taken.

    Parameters
    ----------
    x : ndarray, shape (n, ...), or what gives such arrays for slices
    before : list of Layer
    """

    def __init__(self, x: np.ndarray, before: list[Layer]) -> None:
        self._x, self._before, self._largest = x, before, x[:1].size
        self.shape = (len(x), *self._passed(x[:1]).shape[1:])

    def __len__(self) -> int:
        return len(self._x)

    def __getitem__(self, rows: slice) -> np.ndarray:
        start, stop, _ = rows.indices(len(self))
        step = max(1, NUMBERS // self._largest)
        blocks = (slice(i, min(i + step, stop)) for i in range(start, stop, step))
        return np.concatenate([self._passed(self._x[block]) for block in blocks])

    def _passed(self, x: np.ndarray) -> np.ndarray:
        for part in self._before:
            x = part.forward(x, Cache(), training=False)
            self._largest = max(self._largest, x.size // len(x))
        return x
