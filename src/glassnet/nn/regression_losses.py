"""Losses of a regression besides the squared errors: robust ones, quantiles, counts."""

from __future__ import annotations

import math

import numpy as np

from glassnet.checks import real
from glassnet.nn.loss import Loss


class MeanAbsoluteError(Loss):
    """The absolute error, mean over the outputs: ``1/K Σ |p - y|``; the median minimises it.

    The derivative where ``p = y`` is 0.

    Examples
    --------
    >>> p, y = np.array([[0.5], [3.0]]), np.array([[1.0], [1.0]])
    >>> loss = MeanAbsoluteError()
    >>> loss.value(p, y), loss.gradient(p, y).tolist()
    (1.25, [[-0.5], [0.5]])
    """

    def per_example(self, p: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the loss of each example, shape (batch,)."""
        mean: np.ndarray = np.abs(p - y).mean(axis=1)
        return mean

    def gradient(self, p: np.ndarray, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return ``sign(p - y) / (K batch)``."""
        gradient: np.ndarray = np.subtract(p, y, out=out)
        np.sign(gradient, out=gradient)
        gradient *= 1.0 / p.size
        return gradient


class Huber(Loss):
    """Half the squared error near the target, the absolute error far from it; mean over outputs.

    Parameters
    ----------
    delta : float
        Above 0: up to this distance the error counts squared.

    Notes
    -----
    With ``e = p - y``: ``1/2 e²`` where ``|e| ≤ δ``, and ``δ (|e| - 1/2 δ)`` beyond.

    References
    ----------
    Huber, "Robust Estimation of a Location Parameter", Ann. Math. Statist. 35 (1964).

    Examples
    --------
    >>> p, y = np.array([[0.5], [3.0]]), np.zeros((2, 1))
    >>> Huber(delta=1.0).per_example(p, y).tolist()
    [0.125, 2.5]
    """

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = real("delta", delta, above=0)

    def per_example(self, p: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the loss of each example, shape (batch,)."""
        distance = np.abs(p - y)
        near = np.minimum(distance, self.delta)
        mean: np.ndarray = (near * (distance - 0.5 * near)).mean(axis=1)
        return mean

    def gradient(self, p: np.ndarray, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return ``p - y``, at most δ from 0, divided by ``K batch``."""
        gradient: np.ndarray = np.subtract(p, y, out=out)
        np.clip(gradient, -self.delta, self.delta, out=gradient)
        gradient *= 1.0 / p.size
        return gradient


class Quantile(Loss):
    """The pinball loss, mean over the outputs; the quantile of this level minimises it.

    Parameters
    ----------
    level : float
        In (0, 1). With 0.9 the predictions lie above nine tenths of the targets; with 0.5 the loss
        is half the absolute error.

    Notes
    -----
    ``q (y - p)`` where the prediction is too low, ``(1 - q) (p - y)`` where it is too high. The
    derivative where ``p = y`` is 0.

    References
    ----------
    Koenker and Bassett, "Regression Quantiles", Econometrica 46 (1978).

    Examples
    --------
    >>> y = np.array([[1.0], [1.0]])
    >>> Quantile(0.75).per_example(np.array([[0.0], [2.0]]), y).tolist()  # too low, too high
    [0.75, 0.25]
    """

    def __init__(self, level: float = 0.5) -> None:
        self.level = real("level", level, above=0, below=1)

    def per_example(self, p: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the loss of each example, shape (batch,)."""
        short = y - p
        mean: np.ndarray = np.maximum(self.level * short, (self.level - 1.0) * short).mean(axis=1)
        return mean

    def gradient(self, p: np.ndarray, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return ``-q`` where ``p < y`` and ``1 - q`` where ``p > y``, divided by ``K batch``."""
        gradient: np.ndarray = np.subtract(p, y, out=out)
        np.sign(gradient, out=gradient)
        np.clip(gradient, -self.level, 1.0 - self.level, out=gradient)
        gradient *= 1.0 / p.size
        return gradient


class Poisson(Loss):
    """Half the Poisson deviance of counts, mean over the outputs; `p` is the mean's logarithm.

    Notes
    -----
    ``e^p - y + y (log y - p)`` with ``y ≥ 0``; it is 0 where ``e^p = y``. The output layer needs no
    activation, and what the network predicts is the logarithm of the expected count.

    References
    ----------
    McCullagh and Nelder, "Generalized Linear Models", 2nd ed. 1989, section 2.3.

    Examples
    --------
    >>> counts = np.array([[1.0], [4.0]])
    >>> Poisson().per_example(np.log([[1.0], [2.0]]), counts).round(4).tolist()
    [0.0, 0.7726]
    """

    target_range = (0.0, math.inf)

    def per_example(self, p: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the loss of each example, shape (batch,)."""
        log_y = np.log(np.maximum(y, np.finfo(p.dtype).tiny))  # times 0 where y is 0
        mean: np.ndarray = (np.exp(p) - y + y * (log_y - p)).mean(axis=1)
        return mean

    def gradient(self, p: np.ndarray, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return ``(e^p - y) / (K batch)``."""
        gradient: np.ndarray = np.exp(p, out=out)
        gradient -= y
        gradient *= 1.0 / p.size
        return gradient
