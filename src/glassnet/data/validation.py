"""What a data set refuses: each check once, with a message that says what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

FloatArray: TypeAlias = "npt.NDArray[np.float32] | npt.NDArray[np.float64]"
LabelArray: TypeAlias = "npt.NDArray[np.int64]"

#: Labels from here on are taken for a mistake (an id, a price), unless their names are given.
MAX_UNNAMED_CLASSES = 100_000


def as_numbers(values: npt.ArrayLike, what: str) -> npt.NDArray[Any]:
    """Return the values as an array of real numbers, or refuse them."""
    if getattr(values, "requires_grad", False):
        raise TypeError(f"{what} is a tensor that requires grad; give {what}.detach()")
    try:
        array = np.asarray(values)
    except ValueError:
        if not isinstance(values, list | tuple):
            raise
        raise ValueError(
            f"{what} must be one array, and its items differ in shape: {_first_shapes(values)}"
        ) from None
    if array.dtype.kind in "biuf":
        return array
    hint = "convert it to numbers first"
    if what == "y" and array.dtype.kind in "OSUT":
        hint = "for names: class_names, y = numpy.unique(y, return_inverse=True)"
    raise TypeError(f"{what} must hold real numbers, got dtype {array.dtype}; {hint}")


def _first_shapes(items: Sequence[Any]) -> str:
    """Name the shapes of the first item and of the first that differs, or can't be an array."""
    first = None
    for at, item in enumerate(items):
        try:
            shape = np.shape(item)
        except ValueError:
            return f"those within item {at}"
        first = shape if first is None else first
        if shape != first:
            return f"{first}, then {shape} at index {at}"
    return f"{first}"


def as_floats(values: npt.NDArray[Any], what: str, dtype: str = "float32") -> FloatArray:
    """Return a C-contiguous array of this dtype, or refuse what is not finite."""
    if dtype not in ("float32", "float64"):
        raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype!r}")
    with np.errstate(over="ignore"):
        array: FloatArray = np.ascontiguousarray(values, dtype=np.dtype(dtype))
    # A NaN or an infinity always shows in the extremes, and they need no array of their own.
    if np.isfinite(array.min()) and np.isfinite(array.max()):
        return array
    bad = ~np.isfinite(array)
    n_nan, n_inf = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    raise ValueError(
        f"{what} must be finite in {dtype}, got {n_nan} NaN and {n_inf} infinite of {array.size} "
        f"values, the first at index {first}; remove or replace them"
    )


def as_names(class_names: Sequence[str]) -> tuple[str, ...]:
    """Return the names as a tuple, or refuse them if two are the same."""
    if isinstance(class_names, str):
        raise TypeError(f"class_names must be a sequence of names, got the string {class_names!r}")
    names = tuple(str(name) for name in class_names)
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"class_names must differ from each other, got {twice!r} twice")
    return names


def as_targets(
    answers: npt.NDArray[Any], names: tuple[str, ...], dtype: str = "float32"
) -> FloatArray:
    """Return the targets of a regression, shape (n, outputs)."""
    if names:
        raise ValueError(
            f"class_names go with integer labels, got y of dtype {answers.dtype}; "
            "use y.astype(int) if these are classes"
        )
    if answers.ndim > 2:
        raise ValueError(f"targets need shape (n,) or (n, outputs), got {answers.shape}")
    return as_floats(answers[:, None] if answers.ndim == 1 else answers, "y", dtype)


def as_weights(weights: npt.ArrayLike, examples: int) -> npt.NDArray[np.float64]:
    """Return how much each example counts, shape (n,)."""
    finite = as_floats(as_numbers(weights, "weights"), "weights", "float64")
    array = np.asarray(finite, np.float64)
    if array.shape != (examples,):
        raise ValueError(
            f"weights need shape ({examples},), one for each example, got {array.shape}"
        )
    if array.min() < 0.0:
        raise ValueError(
            f"weights must be 0 or more, got {array.min():g} at index {int(array.argmin())}"
        )
    if array.max() == 0.0:
        raise ValueError(
            f"all {examples} weights are 0, and no example would count; one must be above 0, also "
            "in each part that is taken or split off"
        )
    return array


def as_labels(
    answers: npt.NDArray[Any], names: tuple[str, ...]
) -> tuple[LabelArray, tuple[str, ...]]:
    """Return the labels, and the names of their classes."""
    if answers.ndim != 1:
        raise ValueError(
            f"labels need shape (n,), got {answers.shape} of {answers.dtype}; for one-hot rows "
            "use y.argmax(axis=1), for the targets of a regression y.astype(float)"
        )
    low, high = int(answers.min()), int(answers.max())
    limit = len(names) or MAX_UNNAMED_CLASSES
    if low < 0 or high >= limit:
        wrong = low if low < 0 else high
        index = int(np.argmax(answers == wrong))
        of = f"there are {limit} class_names" if names else "a label counts classes from 0 on"
        raise ValueError(
            f"labels must lie in 0..{limit - 1} ({of}), got {wrong} at index {index}; "
            "for the targets of a regression use y.astype(float)"
        )
    labels = np.ascontiguousarray(answers, dtype=np.int64)
    return labels, names or tuple(map(str, range(high + 1)))
