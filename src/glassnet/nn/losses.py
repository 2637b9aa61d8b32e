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
from glassnet.nn.activations import Sigmoid
from glassnet.nn.categorical_cross_entropy import CategoricalCrossEntropy
from glassnet.nn.loss import LOSSES, Loss, scaled_difference
from glassnet.nn.regression_losses import Huber, MeanAbsoluteError, Poisson, Quantile

__all__ = [
    "LOSSES",
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "HalfSquaredError",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Poisson",
    "Quantile",
    "loss_named",
]


class HalfSquaredError(Loss):
    """Half the squared distance, ``1/2 Σ (p - y)²`` over the outputs: the thesis' own.

    The 1/2 is there so that the gradient is ``p - y``.

    Examples
    --------
    >>> p, y = np.array([[0.5, 0.0]]), np.array([[1.0, 1.0]])
    >>> loss = HalfSquaredError()
    >>> loss.value(p, y), loss.gradient(p, y).tolist()
    (0.625, [[-0.5, -1.0]])
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
        return scaled_difference(p, y, 1.0 / len(p), out)  # (Eq. 18)


class MeanSquaredError(Loss):
    """The squared error, mean over the outputs: ``1/K Σ (p - y)²``.

    Examples
    --------
    >>> p, y = np.array([[0.5, 0.0]]), np.array([[1.0, 1.0]])
    >>> loss = MeanSquaredError()
    >>> loss.value(p, y), loss.gradient(p, y).tolist()
    (0.625, [[-0.5, -1.0]])
    """

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
        return scaled_difference(p, y, 2.0 / p.size, out)  # (Eq. 18)


class BinaryCrossEntropy(Loss):
    """Cross-entropy of independent yes-or-no outputs, mean over the outputs.

    Parameters
    ----------
    label_smoothing : float
        Part of every target, in [0, 1), that is shared evenly by yes and no: ``(1 - ε) y + ε / 2``.

    Notes
    -----
    ``-1/K Σ (y log p + (1 - y) log (1 - p))`` with ``p`` and ``y`` in [0, 1]. A prediction
    that is exactly 0 or 1 and wrong would cost infinitely much; value and gradient stay finite
    because both are bounded by what the dtype can tell. ``p`` is taken to be at least the smallest
    normal number: a wrong 0 costs 87.3 in float32, 708.4 in float64. ``1 - p`` is at least half the
    machine epsilon, below which ``p`` rounds to 1: a wrong 1 costs 16.6 in float32, 36.7 in
    float64. Up to pre-activations of that size the value is right, its last steps to within log 2.

    References
    ----------
    The thesis, Eq. 11.

    Examples
    --------
    >>> p, y = np.array([[0.8], [0.5]]), np.array([[1.0], [0.0]])
    >>> round(BinaryCrossEntropy().value(p, y), 4)
    0.4581
    >>> BinaryCrossEntropy(label_smoothing=0.2).smoothed(y).tolist()
    [[0.9], [0.1]]
    """

    partner = Sigmoid
    target_range = (0.0, 1.0)

    def __init__(self, *, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = real("label_smoothing", label_smoothing, at_least=0, below=1)

    def smoothed(self, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return ``(1 - ε) y + ε / 2``: in `out` if given, or `y` itself where ε is 0."""
        if self.label_smoothing == 0.0:
            return y
        smooth: np.ndarray = np.multiply(1.0 - self.label_smoothing, y, out=out)
        smooth += 0.5 * self.label_smoothing
        return smooth

    def per_example(self, p: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the loss of each example, shape (batch,)."""
        tiny, y = np.finfo(p.dtype).tiny, self.smoothed(y)
        yes = y * np.log(np.maximum(p, tiny))
        no = (1.0 - y) * np.log(np.maximum(1.0 - p, np.finfo(p.dtype).epsneg))
        mean: np.ndarray = -(yes + no).mean(axis=1)  # (Eq. 11)
        return mean

    def gradient(self, p: np.ndarray, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return ``(-y / p + (1 - y) / (1 - p)) / (K batch)``."""
        tiny, y = np.finfo(p.dtype).tiny, self.smoothed(y)
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
        return scaled_difference(p, self.smoothed(y, out), 1.0 / p.size, out)


def _squared_distance(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    difference = p - y
    squared: np.ndarray = np.einsum("ij,ij->i", difference, difference)
    return squared


def _sum_of_squares(difference: np.ndarray) -> float:
    return float(np.square(difference, out=difference).sum(dtype=np.float64))


LOSSES.update(
    binary_cross_entropy=BinaryCrossEntropy,
    categorical_cross_entropy=CategoricalCrossEntropy,
    half_squared_error=HalfSquaredError,
    huber=Huber,
    mean_absolute_error=MeanAbsoluteError,
    mean_squared_error=MeanSquaredError,
    poisson=Poisson,
    quantile=Quantile,
)

_ELSEWHERE = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "pinball": "quantile",
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
