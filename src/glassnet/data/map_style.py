"""Map-style data sets, as PyTorch has them: an example and its label by their number."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.data.dataset import Dataset
from glassnet.data.examples import ExampleSource, Shape, as_example

_LABELS = ("targets", "labels")

_COMPARED = 10
"""Examples whose labels are asked for, to see that `data` gives the labels that it lists."""


def read(data: Any, shape: Shape | None, *, name: str) -> Dataset:  # noqa: ANN401
    """Return a data set that asks `data` for its examples when they are needed.

    The labels are those of ``data.targets`` or ``data.labels`` if it has them, as torchvision's
    data sets do, and gives them unchanged; else each example is asked for once.
    """
    if len(data) == 0:
        raise ValueError("a data set can't be empty, got one of length 0")
    source = MapStyleSource(data, shape)
    names = getattr(data, "classes", ())
    y = _labels(data)
    fits = y.dtype.kind in "biu" and len(names) > int(y.max())
    return Dataset(source, y, names if fits else (), name or type(data).__name__)


class MapStyleSource(ExampleSource):
    """The examples of a map-style data set."""

    def examples(self, rows: list[int]) -> list[np.ndarray]:
        """Ask for them, one by one."""
        return [_example(self._data, row)[0] for row in rows]


def _example(data: Any, row: int) -> tuple[np.ndarray, Any]:  # noqa: ANN401
    item = data[row]
    if not isinstance(item, tuple | list) or len(item) != 2:
        raise TypeError(
            f"a map-style data set gives pairs (example, label), got a {type(item).__name__} from "
            f"{type(data).__name__}[{row}]"
        )
    return as_example(item[0]), item[1]


def _labels(data: Any) -> np.ndarray:  # noqa: ANN401
    for attribute in _LABELS:
        known = getattr(data, attribute, None)
        if known is not None and len(known) == len(data) and _gives(data, known):
            return np.asarray(known)
    return np.stack([np.asarray(_example(data, row)[1]) for row in range(len(data))])


def _gives(data: Any, labels: Any) -> bool:  # noqa: ANN401
    """Tell whether these are the labels that `data` gives, and no transform makes others of them.

    torchvision keeps transforms under these names.
    """
    together = getattr(data, "transforms", None)
    changes = (
        getattr(data, "target_transform", None),
        getattr(together, "target_transform", together),
    )
    if any(change is not None for change in changes):
        return False
    rows = np.unique(np.linspace(0, len(data) - 1, _COMPARED).astype(int)).tolist()
    return all(np.array_equal(_example(data, row)[1], labels[row]) for row in rows)
