"""Tables with named columns, as Hugging Face's data sets are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.data.dataset import Dataset
from glassnet.data.examples import ExampleSource, Shape, arranged, as_example
from glassnet.names import lookup

_INPUTS = ("image", "img", "pixel_values", "x", "features")
_TARGETS = ("label", "labels", "target", "y")


def read(
    table: Any,  # noqa: ANN401
    shape: Shape | None,
    *,
    inputs: str | Sequence[str] | None,
    target: str | None,
    name: str,
    dtype: str,
) -> Dataset:
    """Return a data set of some columns: images when they are needed, numbers at once."""
    if len(table) == 0:
        raise ValueError("a data set can't be empty, got a table without rows")
    features = dict(table.features)
    answer = _target(features, target)
    columns = _inputs(features, answer, inputs)
    y = _column(table, answer)
    names = getattr(features[answer], "names", None) or ()
    if len(columns) == 1 and type(features[columns[0]]).__name__ == "Image":
        return Dataset(ImageColumn(table, columns[0], shape), y, names, name)
    numbers = [_column(table, column) for column in columns]
    rows = [array if array.ndim > 1 else array[:, None] for array in numbers]
    x = rows[0] if len(rows) == 1 else np.concatenate([r.reshape(len(r), -1) for r in rows], axis=1)
    return Dataset(arranged(as_example(x, batch=True), shape), y, names, name, dtype=dtype)


class ImageColumn(ExampleSource):
    """The images of a table, decoded when they are needed."""

    def __init__(self, table: Any, column: str, input_shape: Shape | None) -> None:  # noqa: ANN401
        self._column = column
        super().__init__(table, input_shape)

    def examples(self, rows: list[int]) -> list[np.ndarray]:
        """Decode them."""
        return [as_example(image) for image in self._data[rows][self._column]]


def _column(table: Any, column: str) -> np.ndarray:  # noqa: ANN401
    """Return one column, without decoding the others."""
    return np.asarray(table.select_columns([column])[:][column])


def _target(features: dict[str, Any], target: str | None) -> str:
    if target is not None:
        lookup(features, target, "column")
        return target
    for known in _TARGETS:
        if known in features:
            return known
    labels = [name for name, kind in features.items() if type(kind).__name__ == "ClassLabel"]
    if len(labels) == 1:
        return labels[0]
    raise ValueError(
        f"which column is to be predicted? There are {', '.join(features)}; "
        "name it: as_dataset(table, target=...)"
    )


def _inputs(features: dict[str, Any], target: str, inputs: str | Sequence[str] | None) -> list[str]:
    if inputs is not None:
        chosen = [inputs] if isinstance(inputs, str) else list(inputs)
        for column in chosen:
            lookup(features, column, "column")
        return chosen
    for known in _INPUTS:
        if known in features and known != target:
            return [known]
    numbers = [name for name, kind in features.items() if name != target and _is_number(kind)]
    if not numbers:
        raise ValueError(
            f"which columns does the network see? There are {', '.join(features)}; "
            "name them: as_dataset(table, inputs=...)"
        )
    return numbers


def _is_number(kind: Any) -> bool:  # noqa: ANN401
    return str(getattr(kind, "dtype", "")).startswith(("int", "uint", "float", "bool"))
