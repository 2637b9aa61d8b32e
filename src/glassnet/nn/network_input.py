"""What a network is given, checked: the dtype of its numbers, its classes, and the examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.nn.layer import Shape


def checked_dtype(dtype: str) -> np.dtype[Any]:
    """Return the dtype of this name.

    Raises
    ------
    ValueError
        If it is another one than float32 and float64.
    """
    try:
        checked = np.dtype(dtype or object)  # None would be float64
    except (TypeError, ValueError, SyntaxError):
        checked = np.dtype(object)
    if checked not in (np.float32, np.float64):
        raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype!r}")
    return checked


def checked_names(class_names: Sequence[str], output_shape: Shape) -> tuple[str, ...]:
    """Return the names of the classes as a tuple.

    Raises
    ------
    ValueError
        If two are the same, or there is not one for each output; one output may stand for two
        classes.
    """
    names, outputs = tuple(class_names), output_shape[-1]
    if names and len(names) != outputs and not (outputs == 1 and len(names) == 2):
        wanted = "1 or 2 names for 1 output" if outputs == 1 else f"{outputs} names, one per output"
        raise ValueError(f"class_names must be {wanted}, got {len(names)}")
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"class_names must differ from each other, got {twice!r} twice")
    return names


def checked_input(x: np.ndarray, shape: Shape, dtype: np.dtype[Any]) -> np.ndarray:
    """Return examples of a shape as an array in C order, of this dtype.

    Raises
    ------
    ValueError
        If the shape is wrong, a value is no real number or not finite, or they are images' bytes.
    """
    try:
        x = np.asarray(x)
    except ValueError:
        raise ValueError(
            f"the input is no array: all examples must have the shape {shape}"
        ) from None
    if x.dtype.kind not in "biuf":
        raise ValueError(f"the input must hold real numbers, got dtype {x.dtype}")
    if x.ndim == 0 or x.shape[1:] != shape:
        raise ValueError(
            f"the network expects examples of shape {shape}, that is an array of "
            f"shape (n, {str(shape)[1:-1].rstrip(',')}), got shape {x.shape}"
        )
    if x.dtype == np.uint8 and x.ndim >= 3:
        raise ValueError(
            f"the input holds bytes, shape {x.shape}; data sets divide images by 255: give "
            "scale_to_unit(x), or x.astype('float32') if the network has learned from 0 to 255"
        )
    with np.errstate(over="ignore"):  # too large for the dtype becomes infinite: refused below
        x = np.ascontiguousarray(x, dtype)
    bad = x.size - int(np.count_nonzero(np.isfinite(x)))
    if bad:
        first = np.argwhere(~np.isfinite(x))[0]
        raise ValueError(
            f"the input has {bad} values that are NaN or infinite in {dtype}, the first "
            f"at {tuple(map(int, first))}; remove or replace them"
        )
    return x
