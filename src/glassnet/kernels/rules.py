"""Compiled update rules: the step of a stretch of the parameters, in one pass over memory."""

from __future__ import annotations

import numpy as np

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
