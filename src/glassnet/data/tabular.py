"""Tables of numbers in text files."""

from __future__ import annotations

import csv
import itertools
import math
import numbers
import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from glassnet.data.dataset import Dataset
from glassnet.data.validation import FloatArray
from glassnet.names import unknown

FLOAT32_MAX = float(np.finfo(np.float32).max)


class _Row(NamedTuple):
    line: int
    cells: list[str]


class _Label(NamedTuple):
    line: int
    text: str


class _Table(NamedTuple):
    """What a message needs to say where a cell stands."""

    path: Path
    columns: list[str]
    label: int

    def place(self, line: int, column: int) -> str:
        return f"{self.path}, line {line}, column {self.columns[column]}"

    def number(self, line: int, column: int, cell: str) -> float:
        value = as_number(cell)
        if abs(value) <= FLOAT32_MAX:
            return value
        what = f"{cell!r} is no finite number" if cell.strip() else "the cell is empty"
        raise ValueError(f"{self.place(line, column)}: {what}; correct or remove the line")


def read_csv(
    path: str | os.PathLike[str],
    *,
    label: str | int = -1,
    header: bool | None = None,
    delimiter: str = ",",
    regression: bool = False,
    class_names: Sequence[str] = (),
) -> Dataset:
    r"""Read a data set from a table: one example a line, one column with its label.

    Whole numbers in the label column are the classes themselves; anything else is taken for
    names, which become classes in sorted order.

    Parameters
    ----------
    path : path-like
        A text file in UTF-8. Blank lines are skipped.
    label : str or int, optional
        The label's column: its name in the header, or its index from 0 on, negative from the
        right. Default: the last column.
    header : bool, optional
        Whether the first line names the columns. Default: it does if it has no number where all
        the line below has one.
    delimiter : str, optional
        What stands between two cells.
    regression : bool, optional
        Take the labels for target values.
    class_names : sequence of str, optional
        All labels in the order of their classes, where the file may lack some of them.

    Returns
    -------
    data : Dataset
        With `x` of shape (n, columns - 1).

    Raises
    ------
    TypeError
        If `label` is neither a name nor a whole number.
    ValueError
        If the file is empty or no UTF-8, a line has another number of cells than the first one,
        a cell holds no finite number, or the label is unknown. The message has the file, the
        line and the column.
    OSError
        If the file can't be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "flowers.csv"
    ...     _ = path.write_text("length,width,kind\n5.1,3.5,iris\n2,2,daisy\n")
    ...     data = read_csv(path)
    >>> data.x
    array([[5.1, 3.5],
           [2. , 2. ]], dtype=float32)
    >>> data.y, data.class_names
    (array([1, 0]), ('daisy', 'iris'))
    """
    label = _checked_label(label)
    path = Path(path)
    rows = _rows(path, delimiter)
    first = next(rows, None)
    if first is None:
        raise ValueError(f"{path}: the table is empty")
    if len(first.cells) < 2:
        raise ValueError(
            f"{path}, line {first.line}: expected features and a label, got the one cell "
            f"{first.cells[0]!r}; is {delimiter!r} the delimiter?"
        )
    column = _label_column(label, first, path)
    second = next(rows, first)
    if header is None:
        header = isinstance(label, str) or _is_header(first.cells, second.cells, column)
    if header and second is first:
        raise ValueError(f"{path}: the table has a header and no line below it")
    columns = [
        f"{i} ({cell.strip()!r})" if header else str(i) for i, cell in enumerate(first.cells, 1)
    ]
    table = _Table(path, columns, column)
    beginning = [second] if header or second is first else [first, second]
    x, labels = _read(itertools.chain(beginning, rows), table)
    if regression:
        targets = [table.number(line, column, text) for line, text in labels]
        return Dataset(x, targets, name=path.stem)
    classes, names = _classes(labels, [str(name) for name in class_names], table)
    try:
        return Dataset(x, classes, names, path.stem)
    except ValueError as error:
        raise ValueError(f"{path}, column {columns[column]}: {error}") from error


def _rows(path: Path, delimiter: str) -> Iterator[_Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield _Row(reader.line_num, cells)
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}: not UTF-8: byte {error.object[error.start]:#04x} somewhere after line "
                f"{reader.line_num}; save the file as UTF-8"
            ) from error
        except csv.Error as error:
            raise ValueError(f"{path}, line {reader.line_num}: {error}") from error


def _checked_label(label: object) -> str | int:
    if isinstance(label, str):
        return label
    if isinstance(label, bool) or not isinstance(label, numbers.Integral):
        raise TypeError(f"label must be the name or the index of a column, got {label!r}")
    return int(label)


def _label_column(label: str | int, first: _Row, path: Path) -> int:
    width = len(first.cells)
    if isinstance(label, str):
        names = [cell.strip() for cell in first.cells]
        if names.count(label) == 1:
            return names.index(label)
        if label in names:
            raise ValueError(f"{path}, line {first.line}: two columns are named {label!r}")
        raise ValueError(f"{path}, line {first.line}: {unknown(label, names, 'label column')}")
    if not -width <= label < width:
        raise ValueError(f"{path}: label must be a column of the {width} there are, got {label}")
    return label % width


def _is_header(first: list[str], second: list[str], label: int) -> bool:
    numeric = [is_number(cell) for cell in first]
    heading = not numeric.pop(label)
    if not any(numeric):
        return True
    below = second[label] if label < len(second) else ""
    return heading and all(numeric) and is_number(below)


def is_number(cell: str) -> bool:
    """Tell whether a cell holds a number, NaN and infinity included; 1_000 is Python's alone."""
    if "_" in cell:
        return False
    try:
        float(cell)
    except ValueError:
        return False
    return True


def as_number(cell: str) -> float:
    """Return the number that a cell holds; NaN if it holds none."""
    return float(cell) if is_number(cell) else math.nan


def _read(rows: Iterable[_Row], table: _Table) -> tuple[FloatArray, list[_Label]]:
    values = array("f")
    labels = []
    n_features = len(table.columns) - 1
    for line, cells in rows:
        if len(cells) != len(table.columns):
            raise ValueError(
                f"{table.path}, line {line}: expected {len(table.columns)} cells, got {len(cells)}"
            )
        text = cells.pop(table.label).strip()
        if not text:
            raise ValueError(f"{table.place(line, table.label)}: the label is missing")
        labels.append(_Label(line, text))
        try:
            row = [math.nan] if "_" in "".join(cells) else list(map(float, cells))
        except ValueError:
            row = [math.nan]
        # The sum of finite numbers this side of 1e308 is finite: one test for the whole row.
        if not abs(sum(map(abs, row))) <= FLOAT32_MAX:
            row = [table.number(line, i + (i >= table.label), cell) for i, cell in enumerate(cells)]
        values.extend(row)
    return np.frombuffer(values, np.float32).reshape(-1, n_features), labels


def _classes(
    labels: list[_Label], class_names: list[str], table: _Table
) -> tuple[list[int], list[str]]:
    if not class_names:
        values = [as_number(text) for _, text in labels]
        if all(map(math.isfinite, values)):
            for (line, text), number in zip(labels, values, strict=True):
                if number != int(number) or number < 0:
                    raise ValueError(
                        f"{table.place(line, table.label)}: {text!r} is no class: expected whole "
                        "numbers from 0 on, or names; for target values say regression=True"
                    )
            return list(map(int, values)), []
        class_names = sorted({text for _, text in labels})
    index = {name: i for i, name in enumerate(class_names)}
    for line, text in labels:
        if text not in index:
            raise ValueError(
                f"{table.place(line, table.label)}: {unknown(text, class_names, 'class')}"
            )
    return [index[text] for _, text in labels], class_names
