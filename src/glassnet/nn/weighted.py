"""Examples that count more than others."""

from __future__ import annotations

import numpy as np

from glassnet.nn.layer import Layer
from glassnet.nn.loss import Loss


class Weighted(Loss):
    """A loss over one batch, as the mean that is weighted by the examples.

    Parameters
    ----------
    loss : Loss
    weights : ndarray, shape (batch,)
        0 or more, of the batch's examples. If all are 0, so are value and gradient.

    Notes
    -----
    ``Σ w J / Σ w``: a weight of 2 is an example written twice, one of 0 an example left out.

    Examples
    --------
    >>> from glassnet.nn import MeanSquaredError
    >>> p, y = np.array([[1.0], [3.0]]), np.zeros((2, 1))
    >>> Weighted(MeanSquaredError(), np.array([3.0, 1.0])).value(p, y)
    3.0
    """

    def __init__(self, loss: Loss, weights: np.ndarray) -> None:
        self.loss, self.weights = loss, weights
        self._sum = float(weights.sum(dtype=np.float64)) or 1.0

    def per_example(self, p: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the loss of each example times its weight, shape (batch,)."""
        weighted: np.ndarray = self.weights * self.loss.per_example(p, y)
        return weighted

    def value(self, p: np.ndarray, y: np.ndarray) -> float:
        """Return the weighted mean over the batch."""
        return self.total(p, y) / self._sum

    def gradient(self, p: np.ndarray, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return the gradient of `value` by `p`, shape (batch, outputs)."""
        return self._scaled(self.loss.gradient(p, y, out))

    def pair_gradient(
        self, p: np.ndarray, y: np.ndarray, out: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the gradient of `value` by the pre-activation of the loss' partner."""
        return self._scaled(self.loss.pair_gradient(p, y, out))

    def pairs_with(self, layer: Layer) -> bool:
        """Tell whether `layer` is the output activation whose pair the loss is."""
        return self.loss.pairs_with(layer)

    def _scaled(self, gradient: np.ndarray) -> np.ndarray:
        """Turn the gradient of the plain mean into that of the weighted one, in place."""
        factors = self.weights * (len(gradient) / self._sum)
        gradient *= factors.astype(gradient.dtype, copy=False)[:, np.newaxis]
        return gradient
