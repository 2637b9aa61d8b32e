"""Is the gradient right? Compare it with what the loss does when a parameter is moved a little."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from glassnet.nn.loss import Loss
from glassnet.nn.losses import loss_named
from glassnet.nn.network import Network

_STEPS = (1e-4, 1e-5, 1e-6)
"""Of the central difference. A step that crosses a kink (ReLU at 0) measures nothing, so the
smallest error counts; a gradient that is wrong is wrong for all of them."""

_FLOOR = 1e-4
"""Errors are relative to the gradient, but at least to this part of the largest gradient of the
network: below it the rounding of the loss is all that the difference sees."""


@dataclass(frozen=True)
class GradientCheck:
    """The largest relative error of a gradient, and where it is.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Dense(1)], input_shape=2)
    >>> x, y = np.array([[0.5, -1.0], [2.0, 0.1]]), np.array([[1.0], [0.0]])
    >>> check = gn.gradient_check(network, "mean_squared_error", x, y)
    >>> check.checked, check.error < 1e-6
    (3, True)
    """

    error: float
    parameter: str
    index: tuple[int, ...]
    analytic: float
    numeric: float
    checked: int


def gradient_check(
    network: Network,
    loss: str | Loss,
    x: np.ndarray,
    y: np.ndarray,
    *,
    samples: int | None = 100,
    seed: int = 0,
) -> GradientCheck:
    """Compare backpropagation with central differences, in float64.

    Parameters
    ----------
    network : Network
        It is left as it is: the check works on a copy.
    loss : str or Loss
    x : ndarray, shape (n, *input_shape)
    y : ndarray
        Labels, shape (n,), or targets, shape (n, outputs).
    samples : int, optional
        Entries checked of each parameter array, drawn at random; None checks all.
    seed : int
        Of that draw.

    Returns
    -------
    GradientCheck
        A right gradient has an error below about 1e-6.

    Raises
    ------
    ValueError
        If the network has no parameters, or does not fit the loss, `x` or `y`.

    Notes
    -----
    ``(J(θ + h) - J(θ - h)) / 2h``, whose error falls with h² until rounding takes over.

    References
    ----------
    Bishop, "Pattern Recognition and Machine Learning", 2006, Eq. 5.69.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Dense(4, "tanh"), gn.Dense(3, "softmax")], input_shape=2)
    >>> x, y = np.array([[0.5, -1.0], [2.0, 0.1]]), np.array([0, 2])
    >>> gn.gradient_check(network, "categorical_cross_entropy", x, y).error < 1e-6
    True
    """
    loss = loss_named(loss)
    if network.theta.size == 0:
        raise ValueError(f"{network!r} has no parameters: there is no gradient to check")
    network = network.astype("float64")
    x = network.checked_input(x)
    targets = loss.encode(np.asarray(y), network.output_shape[0], network.dtype)
    network.grad[...] = np.nan  # what backward does not overwrite shows
    analytic = network.gradient(x, targets, loss).copy()
    floor = _FLOOR * max(float(np.abs(analytic).max(initial=0.0)), np.finfo(float).tiny)
    rng = np.random.default_rng(seed)

    def difference(flat: np.ndarray, i: int, step: float) -> float:
        kept = flat[i]
        flat[i] = kept + step
        above = loss.value(network.forward(x, training=True), targets)
        flat[i] = kept - step
        below = loss.value(network.forward(x, training=True), targets)
        flat[i] = kept
        return (above - below) / (2.0 * step)

    worst = GradientCheck(-1.0, "", (), 0.0, 0.0, 0)
    start = checked = 0
    for name, parameter in network.named_parameters():
        flat = parameter.value.reshape(-1)
        chosen = np.arange(flat.size)
        if samples is not None and samples < flat.size:
            chosen = rng.choice(flat.size, samples, replace=False)
        for i in map(int, chosen):
            exact = float(analytic[start + i])
            error, numeric = np.inf, np.nan
            for step in _STEPS:
                estimate = difference(flat, i, step)
                relative = abs(exact - estimate) / max(abs(exact), abs(estimate), floor)
                if not relative >= error and np.isfinite(relative):
                    error, numeric = relative, estimate
                if error < 1e-8:
                    break
            if error > worst.error:
                index = tuple(map(int, np.unravel_index(i, parameter.shape)))
                worst = GradientCheck(error, name, index, exact, numeric, 0)
        start += flat.size
        checked += len(chosen)
    return replace(worst, checked=checked)
