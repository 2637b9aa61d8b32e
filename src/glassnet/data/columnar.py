"""Tables with named columns, as Hugging Face's data sets are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from glassnet.data.dataset import Dataset
from glassnet.data.examples import ExampleSource, Shape, arranged, as_example
from glassnet.names import lookup

_INPUTS = ("image", "img", "pixel_values", "x", "features")
_TARGETS = ("label", "labels", "target", "y")
_AT_ONCE = 256  # rows that a transform makes labels of


def read(
    table: Any,  # noqa: ANN401
    shape: Shape | None,
    *,
    inputs: str | Sequence[str] | None,
    target: str | None,
    name: str,
    dtype: str,
) -> Dataset:
    """Return a data set of some columns: images when they are needed, numbers at once.

    Where a transform makes the rows, it is asked for them when they are needed. The labels are read
    once, without it if the table itself has them.
    """
    if len(table) == 0:
        raise ValueError("a data set can't be empty, got a table without rows")
    stored = dict(table.features)
    shown = {column: stored.get(column) for column in table[:1]} if _transforms(table) else stored
    answer = _target(shown | stored, target)
    columns = _inputs(shown, stored, answer, inputs)
    y = _column(table, answer) if answer in stored else _made_column(table, answer)
    names = getattr(stored.get(answer), "names", None) or ()
    if _transforms(table):
        return Dataset(Rows(table, columns, shape), y, names, name)
    if len(columns) == 1 and type(stored[columns[0]]).__name__ == "Image":
        images = table.with_format(None).select_columns(columns)
        return Dataset(Rows(images, columns, shape), y, names, name)
    numbers = [_column(table, column) for column in columns]
    rows = [array if array.ndim > 1 else array[:, None] for array in numbers]
    x = rows[0] if len(rows) == 1 else np.concatenate([r.reshape(len(r), -1) for r in rows], axis=1)
    return Dataset(arranged(as_example(x, batch=True), shape), y, names, name, dtype=dtype)


class Rows(ExampleSource):
    """Columns of a table, decoded and transformed when they are needed; several as one vector."""

    def __init__(self, table: Any, columns: list[str], input_shape: Shape | None) -> None:  # noqa: ANN401
        self._columns = columns
        super().__init__(table, input_shape)

    def examples(self, rows: list[int]) -> list[np.ndarray]:
        """Decode them."""
        found = self._data[rows]
        columns = [_of_batch(found, column, len(rows)) for column in self._columns]
        if len(columns) == 1:
            return [np.atleast_1d(as_example(value)) for value in columns[0]]
        return [
            np.concatenate([as_example(value).ravel() for value in row])
            for row in zip(*columns, strict=True)
        ]


def _transforms(table: Any) -> bool:  # noqa: ANN401
    """Tell whether a function makes the rows of what is stored: `with_transform` was called."""
    return bool(table.format["type"] == "custom")


def _of_batch(found: Mapping[str, Any], column: str, rows: int) -> Any:  # noqa: ANN401
    """Return a column of some rows; refuse what a transform makes of them if it doesn't fit."""
    values = lookup(found, column, "column of what the table gives")
    if len(values) != rows:
        raise ValueError(
            f"the table's transform gives {len(values)} values in column {column!r} for {rows} "
            "rows; it gets a dict of lists and must give one value for each row"
        )
    return values


def _made_column(table: Any, column: str) -> np.ndarray:  # noqa: ANN401
    """Return a column that only the transform gives, made of some rows at a time."""
    blocks = [range(at, min(at + _AT_ONCE, len(table))) for at in range(0, len(table), _AT_ONCE)]
    return np.concatenate(
        [np.asarray(_of_batch(table[list(rows)], column, len(rows))) for rows in blocks]
    )


def _column(table: Any, column: str) -> np.ndarray:  # noqa: ANN401
    """Return one column as it is stored, without decoding the others.

    Raises
    ------
    TypeError
        If it holds no numbers.
    ValueError
        If a row has no value, or another shape than the first.
    """
    form = {"type": None, "format_kwargs": {}} if _transforms(table) else table.format
    plain = table.with_format(form["type"], **form["format_kwargs"]).select_columns([column])
    kind = "object"
    with suppress(ValueError):  # NumPy's message knows neither the column nor the row
        array = np.asarray(plain[:][column])
        if array.dtype.kind in "iu" and _stored_dtype(table.features[column]) == "uint8":
            return array.astype(np.uint8)  # lists and formats make larger ones of them
        if array.dtype.kind in "biuf":
            return array
        kind = str(array.dtype)
    _check_rows(table.with_format(None).select_columns([column])[:][column], column)
    raise TypeError(
        f"column {column!r} must hold real numbers, got dtype {kind}; names become numbers by "
        f"table.class_encode_column({column!r})"
    )


def _check_rows(values: Iterable[Any], column: str) -> None:
    """Refuse a column if a row of it has no value, or another shape than the first."""
    first: Shape | None = None
    for row, value in enumerate(values):
        try:
            array = np.asarray(value)
        except ValueError:
            raise ValueError(
                f"column {column!r} has lists of different lengths in row {row}; "
                "bring them to one length"
            ) from None
        if array.dtype == object and None in array.ravel().tolist():
            raise ValueError(
                f"column {column!r} has no value in row {row}; fill it in, or leave such rows "
                f"out: table.filter(lambda row: row[{column!r}] is not None)"
            )
        first = array.shape if first is None else first
        if array.shape != first:
            raise ValueError(
                f"column {column!r} has shape {array.shape} in row {row}, {first} in row 0; "
                "bring all rows to one shape"
            )


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


def _inputs(
    shown: dict[str, Any],
    stored: dict[str, Any],
    target: str,
    inputs: str | Sequence[str] | None,
) -> list[str]:
    """Return what the network sees: what a transform has made before what is only stored."""
    if inputs is not None:
        chosen = [inputs] if isinstance(inputs, str) else list(inputs)
        if not chosen:
            raise ValueError(f"inputs names no column; there are {', '.join(shown)}")
        for column in chosen:
            lookup(shown, column, "column")
        return chosen
    known = [name for name in _INPUTS if name in shown and name != target]
    if known:
        return [min(known, key=lambda name: name in stored)]
    made = [name for name in shown if name not in stored and name not in {target, *_TARGETS}]
    if len(made) == 1:
        return made
    numbers = [name for name, kind in shown.items() if name != target and _is_number(kind)]
    if not numbers:
        raise ValueError(
            f"which columns does the network see? There are {', '.join(shown)}; "
            "name them: as_dataset(table, inputs=...)"
        )
    return numbers


def _stored_dtype(kind: Any) -> str:  # noqa: ANN401
    """Return the dtype of a column's numbers, also of those in lists; "" if it has none."""
    while hasattr(kind, "feature"):
        kind = kind.feature
    return str(getattr(kind, "dtype", ""))


def _is_number(kind: Any) -> bool:  # noqa: ANN401
    return str(getattr(kind, "dtype", "")).startswith(("int", "uint", "float", "bool"))
