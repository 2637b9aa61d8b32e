"""NumPy's own archive, ``.npz``, read without trusting it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet import storage
from glassnet.data.dataset import Dataset

if TYPE_CHECKING:
    import numpy.typing as npt

#: The most that the arrays of an ``.npz`` file may take in memory together: 4 GiB.
MAX_NPZ_BYTES = 4 * 2**30
_WHOLE = ("x", "y")
_PARTS = ("x_train", "y_train", "x_test", "y_test")
_NAMES = "class_names"


def read_npz(path: str | os.PathLike[str]) -> Dataset:
    """Read a data set from the arrays `x`, `y` and, if there, `class_names` of an ``.npz`` file.

    Bytes (uint8) of three or more axes are taken for images and scaled to [0, 1]; everything
    else is taken as it is. Nothing that is pickled is ever loaded.

    Parameters
    ----------
    path : path-like
        A file that ``numpy.savez(path, x=x, y=y)`` wrote, compressed or not.

    Returns
    -------
    data : Dataset

    Raises
    ------
    ValueError
        If the file is no such archive, is broken, lacks an array, holds pickled objects, or
        claims more than `MAX_NPZ_BYTES`, or the arrays make no `Dataset`.
    OSError
        If the file can't be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "toy.npz"
    ...     np.savez(path, x=np.eye(3), y=[0, 1, 1])
    ...     read_npz(path)
    Dataset('toy', 3 examples of shape (3,), 2 classes)
    """
    path = Path(path)
    arrays = _read_arrays(path)
    _expect(_WHOLE, arrays, path)
    return _dataset(arrays, "x", "y", path)


def read_npz_parts(path: str | os.PathLike[str]) -> tuple[Dataset, Dataset | None]:
    """Read ``x_train``, ``y_train``, ``x_test``, ``y_test``; or ``x``, ``y``, and None."""
    path = Path(path)
    arrays = _read_arrays(path)
    if not any(name in arrays for name in _PARTS):
        _expect(_WHOLE, arrays, path)
        return _dataset(arrays, "x", "y", path), None
    _expect(_PARTS, arrays, path)
    train = _dataset(arrays, "x_train", "y_train", path)
    test = _dataset(arrays, "x_test", "y_test", path)
    if (train.n_classes > 0) != (test.n_classes > 0):
        raise ValueError(f"{path}: y_train and y_test must both be labels or both be targets")
    # Where no names are given, a class that one part lacks still is a class.
    names = max(train.class_names, test.class_names, key=len)
    return (
        Dataset(train.x, train.y, names, train.name),
        Dataset(test.x, test.y, names, test.name),
    )


def _read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    return storage.read_npz(path, only=(*_WHOLE, *_PARTS, _NAMES), limit=MAX_NPZ_BYTES)


def _expect(names: tuple[str, ...], arrays: dict[str, npt.NDArray[Any]], path: Path) -> None:
    missing = [name for name in names if name not in arrays]
    if missing:
        raise ValueError(
            f"{path}: expected the arrays {', '.join(names)}, {' and '.join(missing)} missing; "
            f"save them with numpy.savez(path, x=x, y=y)"
        )


def _dataset(arrays: dict[str, npt.NDArray[Any]], x: str, y: str, path: Path) -> Dataset:
    names = [str(name) for name in arrays.get(_NAMES, np.empty(0)).ravel()]
    try:
        return Dataset(arrays[x], arrays[y], names, path.stem)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: arrays {x} and {y}: {error}") from error
