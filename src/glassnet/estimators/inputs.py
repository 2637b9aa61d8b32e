"""What users hand to an estimator, checked: examples and weights."""

from __future__ import annotations

import math
import numbers
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import issparse
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import check_array, validate_data

from glassnet.checks import whole
from glassnet.data import Dataset
from glassnet.data.examples import arrangement
from glassnet.data.preprocessing import scale_to_unit

if TYPE_CHECKING:
    from glassnet.estimators.base import NeuralNetworkEstimator


def examples(
    estimator: NeuralNetworkEstimator,
    X: Any,  # noqa: ANN401 (whatever scikit-learn takes)
    y: Any = "no_validation",  # noqa: ANN401
    *,
    reset: bool,
    numeric: bool = False,
) -> tuple[np.ndarray, np.ndarray | None, tuple[int, ...] | None]:
    """Return examples as rows of numbers, float64 or float32, and the shape of one.

    Parameters
    ----------
    estimator : NeuralNetworkEstimator
    X : array-like or sparse matrix, shape (n, features); with `layers` also (n, *input_shape)
        A sparse matrix is written out in full. Bytes (uint8) of images are divided by 255.
    y : array-like, optional
        What goes with the examples.
    reset : bool
        Whether the estimator shall know them from now on: their number and names.
    numeric : bool
        Whether `y` has to be numbers.

    Returns
    -------
    X : ndarray, shape (n, features)
    y : ndarray or None
    shape : tuple of int or None
        None where examples are rows already.
    """
    shape, unscaled = None, False
    if estimator.layers is not None:
        known = _shape_known(estimator, reset=reset)
        if hasattr(X, "columns") or issparse(X):  # scikit-learn wants to see them as they are
            dtype = X.dtype if issparse(X) else np.asarray(X).dtype
            unscaled = dtype == np.uint8 and _is_image(known)
        else:
            X, shape = _rows(np.asarray(X), known)
    settings = {"accept_sparse": ["csr", "csc"], "dtype": (np.float64, np.float32), "order": "C"}
    if isinstance(y, str):  # as scikit-learn says that there is none; None means it was forgotten
        checked, targets = validate_data(estimator, X, reset=reset, **settings), None
    else:
        checked, targets = validate_data(
            estimator, X, y, reset=reset, multi_output=True, y_numeric=numeric, **settings
        )
    if not isinstance(checked, np.ndarray):
        checked = checked.toarray()
    if unscaled:
        checked = scale_to_unit(checked.astype(np.uint8))
    if targets is not None and not isinstance(targets, np.ndarray):
        targets = targets.toarray()
    return checked, targets, shape


def _shape_known(estimator: NeuralNetworkEstimator, *, reset: bool) -> Any:  # noqa: ANN401
    """Return the shape of an example, as far as it is known before there are some."""
    return estimator.input_shape if reset else estimator.network_.input_shape


def _rows(X: np.ndarray, known: Any) -> tuple[np.ndarray, tuple[int, ...] | None]:  # noqa: ANN401
    """Return examples as rows, images in [0, 1], and their shape if they had more axes."""
    shape = X.shape[1:] if X.ndim > 2 else None
    if X.dtype == np.uint8 and _is_image(shape or known):
        X = scale_to_unit(X)
    elif shape and X.dtype.kind in "biu" and X.dtype.itemsize <= 2:
        X = X.astype(np.float32)  # small whole numbers lose nothing there
    return (X.reshape(len(X), math.prod(shape)) if shape else X), shape


def _is_image(shape: Any) -> bool:  # noqa: ANN401 (whatever `input_shape` is)
    return np.ndim(shape) == 1 and len(shape) > 1


def shape_of_example(
    estimator: NeuralNetworkEstimator, features: int, shape: tuple[int, ...] | None
) -> tuple[int, ...]:
    """Return the shape that the network takes.

    Raises
    ------
    TypeError
        If `input_shape` holds no whole numbers.
    ValueError
        If it is not the shape of the examples, or has another number of features.
    """
    given = estimator.input_shape
    if given is None:
        return shape or (features,)
    sizes = given if np.iterable(given) and not isinstance(given, str) else [given]
    wanted = tuple(whole("each of input_shape", size, at_least=1) for size in sizes)
    if not fits(shape, wanted) or math.prod(wanted) != features:
        raise ValueError(
            f"input_shape={given!r} means {math.prod(wanted)} features, X has "
            f"{f'examples of shape {shape}' if shape else f'{features} features'}"
            f"{hint_of_channels(shape, wanted)}"
        )
    return wanted


def hint_of_channels(shape: tuple[int, ...] | None, wanted: tuple[int, ...]) -> str:
    """Say how to turn images with channels first around, if they are such."""
    if shape is None or arrangement(shape, wanted) is None:
        return ""
    return "; channels come last: X.transpose(0, 2, 3, 1)"


def fits(shape: tuple[int, ...] | None, wanted: tuple[int, ...]) -> bool:
    """Tell whether examples of a shape, None for rows, are those that a network takes.

    Examples
    --------
    >>> fits(None, (8, 8, 1)), fits((8, 8), (8, 8, 1)), fits((64, 1), (8, 8, 1))
    (True, True, False)
    """
    return shape is None or wanted in (shape, (*shape, 1))  # images in grey


def weights_of(sample_weight: Any, n_examples: int) -> np.ndarray | None:  # noqa: ANN401
    """Return the weight of each example, shape (n,); None if all count the same.

    Raises
    ------
    ValueError
        If there are too few or too many, or one is negative, or all are 0.
    """
    if sample_weight is None:
        return None
    if isinstance(sample_weight, numbers.Number):
        sample_weight = np.full(n_examples, sample_weight)
    weights: np.ndarray = check_array(
        sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
    )
    if weights.shape != (n_examples,):
        raise ValueError(
            f"sample_weight needs shape ({n_examples},), one weight an example, got {weights.shape}"
        )
    if weights.min() < 0.0:
        raise ValueError(f"sample_weight must be 0 or more, got {weights.min():g}")
    if weights.max() == 0.0:
        raise ValueError("every sample_weight is zero: there is no example to learn from")
    return weights


def split(
    data: Dataset, fraction: float, seed: int, strata: np.ndarray | None
) -> tuple[Dataset, Dataset]:
    """Hold a fraction out for validation: of the same examples the same in every call.

    Parameters
    ----------
    data : Dataset
    fraction : float
    seed : int
        Decides which.
    strata : ndarray of int, shape (n,), optional
        What both parts shall have the same share of, where there is enough of each.

    Returns
    -------
    rest, held_out : Dataset

    Raises
    ------
    ValueError
        If it is less than two examples.
    """
    if strata is not None:
        counts = np.unique_counts(strata).counts
        held = math.ceil(fraction * len(data))
        if counts.min() < 2 or not len(counts) <= held <= len(data) - len(counts):
            strata = None
    if fraction * len(data) > len(data) - 1:
        raise ValueError(
            f"validation_fraction={fraction} of {len(data)} examples leaves none to learn from; "
            "lower it, or give X_val and y_val"
        )
    rows = np.arange(len(data))
    rest, held_out = train_test_split(rows, test_size=fraction, random_state=seed, stratify=strata)
    if len(held_out) < 2:
        raise ValueError(
            f"validation_fraction={fraction} of {len(data)} examples holds out {len(held_out)}, "
            "and a score needs 2; raise it, or give X_val and y_val"
        )
    return data.take(rest), data.take(held_out)
