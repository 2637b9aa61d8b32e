"""The loss of a choice among classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.checks import real
from glassnet.nn.activations import Softmax
from glassnet.nn.loss import Loss, scaled_difference


class CategoricalCrossEntropy(Loss):
    """Cross-entropy of one choice among K classes, ``-Σ y log p``.

    Parameters
    ----------
    label_smoothing : float
        Part of every target, in [0, 1), that is spread evenly over all classes:
        ``(1 - ε) y + ε / K``.

    Notes
    -----
    Targets are labels, or the classes' probabilities in [0, 1]. ``p`` is taken to be at least the
    smallest normal number of the dtype: a wrong 0 costs 87.3 in float32, 708.4 in float64.

    References
    ----------
    Bishop, "Pattern Recognition and Machine Learning", 2006, Eq. 4.108. Label smoothing: Szegedy
    et al., arXiv 1512.00567, section 7.

    Examples
    --------
    >>> p, y = np.array([[0.7, 0.2, 0.1]]), np.array([[1.0, 0.0, 0.0]])
    >>> round(CategoricalCrossEntropy().value(p, y), 4)
    0.3567
    >>> CategoricalCrossEntropy(label_smoothing=0.3).smoothed(y).round(2).tolist()
    [[0.8, 0.1, 0.1]]
    """

    partner = Softmax
    target_range = (0.0, 1.0)

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
        return scaled_difference(p, self.smoothed(y, out), 1.0 / len(p), out)

    def encode(self, y: np.ndarray, outputs: int, dtype: np.dtype[Any]) -> np.ndarray:
        """Return one-hot rows; a choice needs at least two outputs."""
        if outputs == 1:
            raise ValueError(
                "categorical_cross_entropy needs one output for each class, and the network has 1; "
                "for two classes use Dense(2, 'softmax'), or Dense(1, 'sigmoid') with "
                "binary_cross_entropy"
            )
        return super().encode(y, outputs, dtype)


def _log(p: np.ndarray) -> np.ndarray:
    bounded: np.ndarray = np.maximum(p, np.finfo(p.dtype).tiny)
    np.log(bounded, out=bounded)
    return bounded
