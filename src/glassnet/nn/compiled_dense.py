"""The twin of a dense layer: its matrix products, each thread's share of them."""

from __future__ import annotations

import numpy as np

from glassnet.kernels import activations as kinds
from glassnet.kernels.team import Member
from glassnet.nn.compiled_layers import CompiledActivation, Engine, Stage, run
from glassnet.nn.dense import Dense
from glassnet.nn.layer import Cache, Layer

_WORTH = 2**6
"""Multiplications that take about as long as to read and write a number."""


class CompiledDense(Stage):
    """A dense layer, with the activation that follows it.

    BLAS is held to one thread for each of the team's, so each multiplies its part of the rows.
    """

    def __init__(self, parts: tuple[Layer, ...], kind: kinds.Kind | None, engine: Engine) -> None:
        layer = parts[0]
        assert isinstance(layer, Dense)  # noqa: S101 (for mypy)
        self.parts, self._engine, self._layer = parts, engine, layer
        self._bias = layer.b if layer.use_bias else None
        self._activation = None
        if kind is not None:
            self._activation = CompiledActivation(
                parts[1:], kind, engine, channels=layer.units, bias=self._bias
            )
        names = " + ".join(type(part).__name__ for part in parts)
        self.name = f"{names}, BLAS in {engine.team.size} threads"

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:
        """Return the activations, shape (batch, units)."""
        W = self._layer.W.value
        cache["x"] = x
        z = cache.array("z", (len(x), self._layer.units), x.dtype)
        self._product(x, W, z)
        if self._activation is None:
            if self._bias is not None:
                z += self._bias.value
            return z
        after = cache.inner(1)[0]
        if self._activation.in_place:
            return self._activation.write(z, z, after)
        return self._activation.forward(z, after, training=training)

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Overwrite the gradients; return that by the inputs."""
        x, W = cache["x"], self._layer.W
        if self._activation is not None:
            dy = self._activation.chain(dy, cache.inner(1)[0])
        elif self._bias is not None:
            np.add.reduce(dy, axis=0, out=self._bias.grad)
        self._product(x.T, dy, W.grad)
        if not need_dx:
            return None
        dx = cache.gradient(x.shape, x.dtype)
        self._product(dy, W.value.T, dx)
        return dx

    def _product(self, a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        """Write ``a b`` to `out`, each thread some rows of it."""
        rows = len(a)

        def share(member: Member) -> None:
            start, end = (rows * (member.rank + i) // member.size for i in range(2))
            np.dot(a[start:end], b, out=out[start:end])

        run(self._engine.team, a.size * b.shape[1] // _WORTH, share)
