"""Losses: how far the predictions ``p`` are from the targets ``y``, and the gradient by ``p``.

Values and gradients are means over the batch (thesis, Eq. 18), so that a learning rate means the
same for every batch size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet.checks import real
from glassnet.configurable import from_config
from glassnet.nn.activations import Sigmoid, Softmax
from glassnet.nn.loss import LOSSES, Loss

__all__ = [
    "LOSSES",
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "HalfSquaredError",
    "Loss",
    "MeanSquaredError",
    "loss_named",
]


class HalfSquaredError(Loss):
    """Half the squared distance, ``1/2 Σ (p - y)²`` over the outputs: the thesis' own.

    The 1/2 is there so that the gradient is ``p - y``.
    """

    def per_example(self, p: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the loss of each example, shape (batch,)."""
        half: np.ndarray = 0.5 * _squared_distance(p, y)
        return half

    def total(self, p: np.ndarray, y: np.ndarray) -> float:
        """Return the sum of the loss over the batch."""
        return 0.5 * _sum_of_squares(p - y)

    def gradient(self, p: np.ndarray, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return ``(p - y) / batch``."""
        return _scaled_difference(p, y, 1.0 / len(p), out)  # (Eq. 18)


class MeanSquaredError(Loss):
    """The squared error, mean over the outputs: ``1/K Σ (p - y)²``."""

    def per_example(self, p: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the loss of each example, shape (batch,)."""
        mean: np.ndarray = _squared_distance(p, y) / p.shape[1]
        return mean

    def total(self, p: np.ndarray, y: np.ndarray) -> float:
        """Return the sum of the loss over the batch."""
        mean: float = _sum_of_squares(p - y) / p.shape[1]
        return mean

    def gradient(self, p: np.ndarray, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return ``2 (p - y) / (K batch)``."""
        return _scaled_difference(p, y, 2.0 / p.size, out)  # (Eq. 18)


class BinaryCrossEntropy(Loss):
    """Cross-entropy of independent yes-or-no outputs, mean over the outputs.

    Notes
    -----
    ``-1/K Σ (y log p + (1 - y) log (1 - p))`` with ``p`` in [0, 1]. A prediction that is exactly 0
    or 1 and wrong would cost infinitely much; value and gradient stay finite because both are
    bounded by what the dtype can tell. ``p`` is taken to be at least the smallest normal number: a
    wrong 0 costs 87.3 in float32, 708.4 in float64. ``1 - p`` is at least half the machine epsilon,
    below which ``p`` rounds to 1: a wrong 1 costs 16.6 in float32, 36.7 in float64. Up to
    pre-activations of that size the value is right, its last steps to within log 2.

    References
    ----------
    The thesis, Eq. 11.
    """

    partner = Sigmoid

    def per_example(self, p: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the loss of each example, shape (batch,)."""
        tiny = np.finfo(p.dtype).tiny
        yes = y * np.log(np.maximum(p, tiny))
        no = (1.0 - y) * np.log(np.maximum(1.0 - p, np.finfo(p.dtype).epsneg))
        mean: np.ndarray = -(yes + no).mean(axis=1)  # (Eq. 11)
        return mean

    def gradient(self, p: np.ndarray, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return ``(-y / p + (1 - y) / (1 - p)) / (K batch)``."""
        tiny = np.finfo(p.dtype).tiny
        gradient: np.ndarray = np.divide(
            y - 1.0, -np.maximum(1.0 - p, np.finfo(p.dtype).epsneg), out=out
        )
        gradient -= y / np.maximum(p, tiny)
        gradient *= 1.0 / p.size
        return gradient

    def pair_gradient(
        self, p: np.ndarray, y: np.ndarray, out: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the gradient by the sigmoid's pre-activation, ``(p - y) / (K batch)``."""
        return _scaled_difference(p, y, 1.0 / p.size, out)


class CategoricalCrossEntropy(Loss):
    """Cross-entropy of one choice among K classes, ``-Σ y log p``.

    Parameters
    ----------
    label_smoothing : float
        Part of every target, in [0, 1), that is spread evenly over all classes:
        ``(1 - ε) y + ε / K``.

    Notes
    -----
    ``p`` is taken to be at least the smallest normal number of the dtype: a wrong 0 costs 87.3 in
    float32, 708.4 in float64.

    References
    ----------
    Bishop, "Pattern Recognition and Machine Learning", 2006, Eq. 4.108. Label smoothing: Szegedy
    et al., arXiv 1512.00567, section 7.
    """

    partner = Softmax

    def __init__(self, *, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = real("label_smoothing", label_smoothing, at_least=0, below=1)

    def smoothed(self, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return ``(1 - ε) y + ε / K``: in `out` if given, or `y` itself where ε is 0."""
        if self.label_smoothing == 0.0:
            return y
        smooth: np.ndarray = np.multiply(1.0 - self.label_smoothing, y, out=out)
        smooth += self.label_smoothing / y.shape[1]
        return smooth

    def per_example(self, p: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the loss of each example, shape (batch,)."""
        cost: np.ndarray = -np.einsum("ij,ij->i", self.smoothed(y), _log(p))
        return cost

    def total(self, p: np.ndarray, y: np.ndarray) -> float:
        """Return the sum of the loss over the batch."""
        products = _log(p)
        products *= self.smoothed(y)
        return -float(products.sum(dtype=np.float64))

    def gradient(self, p: np.ndarray, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return ``-y / (p batch)``."""
        bounded = np.maximum(p, np.finfo(p.dtype).tiny)
        gradient: np.ndarray = np.divide(self.smoothed(y), bounded, out=out)
        gradient *= -1.0 / len(p)
        return gradient

    def pair_gradient(
        self, p: np.ndarray, y: np.ndarray, out: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the gradient by the softmax's pre-activation, ``(p - y) / batch``."""
        return _scaled_difference(p, self.smoothed(y, out), 1.0 / len(p), out)

    def encode(self, y: np.ndarray, outputs: int, dtype: np.dtype[Any]) -> np.ndarray:
        """Return one-hot rows; a choice needs at least two outputs."""
        if outputs == 1:
            raise ValueError(
                "categorical_cross_entropy needs one output for each class, and the network has 1; "
                "for two classes use Dense(2, 'softmax'), or Dense(1, 'sigmoid') with "
                "binary_cross_entropy"
            )
        return super().encode(y, outputs, dtype)


def _squared_distance(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    difference = p - y
    squared: np.ndarray = np.einsum("ij,ij->i", difference, difference)
    return squared


def _sum_of_squares(difference: np.ndarray) -> float:
    return float(np.square(difference, out=difference).sum(dtype=np.float64))


def _log(p: np.ndarray) -> np.ndarray:
    bounded: np.ndarray = np.maximum(p, np.finfo(p.dtype).tiny)
    np.log(bounded, out=bounded)
    return bounded


def _scaled_difference(
    p: np.ndarray, y: np.ndarray, scale: float, out: np.ndarray | None
) -> np.ndarray:
    difference: np.ndarray = np.subtract(p, y, out=out)
    if scale != 1.0:
        difference *= scale
    return difference


LOSSES.update(
    binary_cross_entropy=BinaryCrossEntropy,
    categorical_cross_entropy=CategoricalCrossEntropy,
    half_squared_error=HalfSquaredError,
    mean_squared_error=MeanSquaredError,
)

_ELSEWHERE = {
    "mse": "mean_squared_error",
    "bce": "binary_cross_entropy",
    **dict.fromkeys(("nll", "cross_entropy", "crossentropy"), "categorical_cross_entropy"),
}
"""What other libraries call them."""


def loss_named(loss: str | dict[str, Any] | Loss) -> Loss:
    """Return the loss that a name or a configuration stands for; a loss passes through.

    Raises
    ------
    ValueError
        If the name or an argument is unknown.
    TypeError
        If it is nothing of the kind.

    Examples
    --------
    >>> loss_named("half_squared_error").value(np.array([[0.0, 1.0]]), np.array([[1.0, 1.0]]))
    0.5
    """
    if isinstance(loss, Loss):
        return loss
    if isinstance(loss, str):
        if loss in _ELSEWHERE:
            raise ValueError(f"unknown loss {loss!r}; here it is called {_ELSEWHERE[loss]!r}")
        loss = {"type": loss}
    if not isinstance(loss, Mapping):
        raise TypeError(
            "loss must be a name such as 'mean_squared_error' or an object such as "
            f"MeanSquaredError(), got {loss!r}"
        )
    return from_config(LOSSES, loss, "loss")
