"""Rows of features without labels: what a trained network is asked about."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np

from glassnet.data.tabular import FLOAT32_MAX, as_number, is_number


def read_features(
    path: str | os.PathLike[str], n_features: int, *, delimiter: str = ","
) -> np.ndarray:
    r"""Read a CSV file that has one example a line and nothing but features.

    Parameters
    ----------
    path : path-like
        A first line that holds no number is taken for a header.
    n_features : int
        Columns that every line must have.
    delimiter : str, optional
        What stands between two cells.

    Returns
    -------
    ndarray, shape (n, n_features), dtype float32

    Raises
    ------
    ValueError
        If a line has another number of columns or something that is no finite number; names file
        and line.
    OSError
        If the file can't be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "rows.csv"
    ...     _ = path.write_text("width,height\n1.5,2\n")
    ...     read_features(path, 2)
    array([[1.5, 2. ]], dtype=float32)
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter)
            lines = [(n, cells) for n, cells in enumerate(reader, 1) if cells]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is not a CSV file in UTF-8: {error}") from None
    if lines and not any(map(is_number, lines[0][1])):
        del lines[0]
    if not lines:
        raise ValueError(f"{path} has no rows of numbers")
    for number, cells in lines:
        if len(cells) != n_features:
            raise ValueError(
                f"{path}, line {number}: the network expects {n_features} features, "
                f"the line has {len(cells)}; is {delimiter!r} the delimiter?"
            )
        for cell in cells:
            if not abs(as_number(cell)) <= FLOAT32_MAX:
                raise ValueError(f"{path}, line {number}: {cell!r} is not a finite number")
    return np.array([list(map(float, cells)) for _, cells in lines], np.float32)
