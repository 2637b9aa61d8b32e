"""Numbers into the form that networks take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.validation import FloatArray

if TYPE_CHECKING:
    import numpy.typing as npt


def one_hot(
    labels: npt.ArrayLike, n_classes: int, dtype: npt.DTypeLike = np.float32
) -> npt.NDArray[Any]:
    """Turn each label into a row with a one at its class and zeros elsewhere.

    Parameters
    ----------
    labels : array-like of int, shape (n,)
        Classes in 0..n_classes - 1.
    n_classes : int
        Length of a row.
    dtype : dtype-like, optional
        Default: float32.

    Returns
    -------
    rows : ndarray, shape (n, n_classes)

    Raises
    ------
    ValueError
        If `labels` is not a row of integers, or one of them is no class.

    Examples
    --------
    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    classes = np.asarray(labels)
    if classes.ndim != 1 or (classes.size and classes.dtype.kind not in "biu"):
        raise ValueError(
            f"labels must be integers of shape (n,), got shape {classes.shape} of {classes.dtype}"
        )
    wrong = (classes < 0) | (classes >= n_classes)
    if wrong.any():
        index = int(np.argmax(wrong))
        raise ValueError(
            f"labels must lie in 0..{n_classes - 1}, got {classes[index]} at index {index}"
        )
    rows = np.zeros((len(classes), n_classes), dtype)
    rows[np.arange(len(classes)), classes.astype(np.intp)] = 1
    return rows


def scale_to_unit(images: npt.NDArray[np.uint8]) -> FloatArray:
    """Scale bytes, 0..255, to [0, 1].

    Parameters
    ----------
    images : ndarray of uint8, any shape

    Returns
    -------
    scaled : ndarray, same shape, dtype float32

    Raises
    ------
    TypeError
        If the array does not hold bytes: nothing says which value would be white.

    Examples
    --------
    >>> scale_to_unit(np.array([0, 51, 255], np.uint8))
    array([0. , 0.2, 1. ], dtype=float32)
    """
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
        found = getattr(images, "dtype", type(images).__name__)
        raise TypeError(
            f"scale_to_unit expects an array of uint8, got {found}; "
            "divide other images by their own largest value"
        )
    return np.divide(images, np.float32(255), dtype=np.float32)


def are_image_bytes(x: npt.NDArray[Any]) -> bool:
    """Tell whether examples are images that are to be scaled: bytes with three axes or more.

    Examples
    --------
    >>> are_image_bytes(np.zeros((5, 8, 8), np.uint8)), are_image_bytes(np.zeros((5, 8), np.uint8))
    (True, False)
    """
    return x.dtype == np.uint8 and x.ndim >= 3
