"""Compiled update rules: the step of a stretch of the parameters, in one pass over memory."""

from __future__ import annotations

import numpy as np

from glassnet.kernels.chain_layout import SGD_RULE, Pace, Parameters, UpdateSettings
from glassnet.kernels.compilation import compiled

NEGLIGIBLE = 1e-30
"""Averages below it become 0, before they are subnormal numbers, which are slow."""


@compiled
def sgd_update(
    theta: np.ndarray,
    grad: np.ndarray,
    velocity: np.ndarray,
    rate: float,
    momentum: float,
    nesterov: bool,
    weight_decay: float,
) -> None:
    """Make a step of SGD in one pass; the arrays are of shape (P,), the numbers of their dtype."""
    negligible, zero = theta.dtype.type(NEGLIGIBLE), theta.dtype.type(0)
    if momentum == zero:
        for k in range(theta.size):
            theta[k] -= rate * (grad[k] + weight_decay * theta[k])
    elif nesterov:
        for k in range(theta.size):
            g = grad[k] + weight_decay * theta[k]
            v = momentum * velocity[k] + g
            velocity[k] = zero if abs(v) < negligible else v
            theta[k] -= rate * (g + momentum * v)
    else:
        for k in range(theta.size):
            v = momentum * velocity[k] + (grad[k] + weight_decay * theta[k])
            v = zero if abs(v) < negligible else v
            velocity[k] = v
            theta[k] -= rate * v


@compiled
def adam_update(
    theta: np.ndarray,
    grad: np.ndarray,
    first_moment: np.ndarray,
    second_moment: np.ndarray,
    rate: float,
    decay: float,
    shrink: float,
    clipping: float,
    beta_1: float,
    beta_2: float,
    factor: float,
    epsilon: float,
) -> None:
    """Make a step of Adam in one pass; the arrays are of shape (P,), the numbers of their dtype.

    It goes along ``m / (factor √v + epsilon)``, with `clipping` times the gradient. Weights are
    multiplied by `shrink` before it: the decay of AdamW.
    """
    one, zero = theta.dtype.type(1), theta.dtype.type(0)
    negligible = theta.dtype.type(NEGLIGIBLE)
    new_1, new_2 = one - beta_1, one - beta_2
    for k in range(theta.size):
        g = clipping * grad[k] + decay * theta[k]
        m = beta_1 * first_moment[k] + new_1 * g
        m = zero if abs(m) < negligible else m
        v = max(beta_2 * second_moment[k] + new_2 * g * g, negligible)
        first_moment[k], second_moment[k] = m, v
        theta[k] = shrink * theta[k] - rate * m / (factor * np.sqrt(v) + epsilon)


@compiled
def update(
    parameters: Parameters, first: int, end: int, decays: bool, pace: Pace, settings: UpdateSettings
) -> None:
    """Make the step of a stretch of a chain's parameters, by the rule of the settings."""
    theta, grad = parameters.theta[first:end], parameters.grad[first:end]
    velocity = parameters.velocity[first:end]
    one, zero = theta.dtype.type(1), theta.dtype.type(0)
    decay = settings.weight_decay if decays else zero
    if settings.rule == SGD_RULE:
        sgd_update(theta, grad, velocity, pace.rate, settings.momentum, settings.nesterov, decay)
        return
    in_gradient, of_weights = (zero, decay) if settings.decoupled else (decay, zero)
    adam_update(
        theta, grad, velocity, parameters.second_moment[first:end],
        pace.rate, in_gradient, one - pace.rate * of_weights, one,
        settings.momentum, settings.second_momentum, pace.factor, pace.epsilon,
    )  # fmt: skip
