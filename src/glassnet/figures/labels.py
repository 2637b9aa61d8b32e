"""Labels and class names, checked before a picture is drawn from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def as_labels(labels: ArrayLike, class_names: Sequence[str], name: str) -> NDArray[np.intp]:
    """Return labels as an integer array, each of which has a class name.

    Parameters
    ----------
    labels : array-like of int, shape (examples,)
        Class numbers.
    class_names : sequence of str
        The name of class 0, 1, ...
    name : str
        What the labels are called, for the message.

    Raises
    ------
    ValueError
        If the labels have another shape, are not whole numbers, or one has no name.
    """
    array = np.asarray(labels)
    if array.ndim != 1:
        raise ValueError(
            f"{name} must have shape (examples,), got {array.shape}; "
            "turn one-hot rows into class numbers with argmax(axis=1)"
        )
    if array.size == 0:
        return np.zeros(0, dtype=np.intp)
    if array.dtype.kind not in "biu":
        raise ValueError(f"{name} must be whole numbers, got {array.dtype}; use astype(int)")
    worst = int(array.min() if array.min() < 0 else array.max())
    if not 0 <= worst < len(class_names):
        raise ValueError(
            f"{name} has {worst}, but class_names has {len(class_names)} names, for 0 to "
            f"{len(class_names) - 1}; give one name for each class"
        )
    return array.astype(np.intp)
