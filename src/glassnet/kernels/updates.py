"""Compiled steps of optimizers: one pass over the parameters, shared by a team of threads.

NumPy makes some ten passes for a step of Adam, and each reads and writes memory.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from glassnet.kernels.compilation import compiled, part
from glassnet.kernels.elementwise import scale
from glassnet.kernels.rules import adam_update, sgd_update
from glassnet.kernels.team import Member, meet, share


class Stretches(NamedTuple):
    """Parts of the parameters that are treated alike; those that are frozen are in none."""

    ends: np.ndarray
    """Where each begins and ends, int64, shape (n, 2)."""
    rates: np.ndarray
    """The learning rate of each, shape (n,), as all below of the parameters' dtype."""
    decays: np.ndarray
    """What each adds to its gradient, times itself, shape (n,)."""
    shrinks: np.ndarray
    """The factor for each before the step, shape (n,)."""


@compiled
def sgd(
    member: Member,
    theta: np.ndarray,
    grad: np.ndarray,
    velocity: np.ndarray,
    stretches: Stretches,
    norms: np.ndarray,
    clip_norm: float,
    momentum: float,
    nesterov: bool,
) -> None:
    """Make a step of SGD.

    Parameters
    ----------
    member : Member
    theta, grad, velocity : ndarray, shape (P,)
    stretches : Stretches
    norms : ndarray, shape (threads,), float64
        Memory to work in.
    clip_norm : float
        0 means none.
    momentum : float
    nesterov : bool
    """
    factor = _clipping(member, grad, norms, clip_norm)
    for i in range(stretches.rates.size):
        first, end = _share_of(i, member, stretches)
        weights = theta[first:end]
        if stretches.shrinks[i] != 1:
            scale(weights, stretches.shrinks[i])
        if factor != 1:
            scale(grad[first:end], factor)
        sgd_update(
            weights, grad[first:end], velocity[first:end],
            stretches.rates[i], momentum, nesterov, stretches.decays[i],
        )  # fmt: skip


@compiled
def adam(
    member: Member,
    theta: np.ndarray,
    grad: np.ndarray,
    first_moment: np.ndarray,
    second_moment: np.ndarray,
    stretches: Stretches,
    norms: np.ndarray,
    clip_norm: float,
    beta_1: float,
    beta_2: float,
    factor: float,
    epsilon: float,
) -> None:
    """Make a step of Adam.

    Parameters
    ----------
    member, theta, grad, stretches, norms, clip_norm
        As for `sgd`.
    first_moment, second_moment : ndarray, shape (P,)
    beta_1, beta_2 : float
    factor, epsilon : float
        The direction is ``m / (factor √v + epsilon)``.
    """
    clipping = _clipping(member, grad, norms, clip_norm)
    for i in range(stretches.rates.size):
        first, end = _share_of(i, member, stretches)
        adam_update(
            theta[first:end], grad[first:end], first_moment[first:end], second_moment[first:end],
            stretches.rates[i], stretches.decays[i], stretches.shrinks[i],
            clipping, beta_1, beta_2, factor, epsilon,
        )  # fmt: skip


@part
def _share_of(i: int, member: Member, stretches: Stretches) -> tuple[int, int]:
    """Return the member's share of a stretch."""
    begin = stretches.ends[i, 0]
    first, end = share(stretches.ends[i, 1] - begin, member)
    return begin + first, begin + end


@part
def _clipping(member: Member, grad: np.ndarray, norms: np.ndarray, clip_norm: float) -> float:
    """Return what to multiply the gradient with so that its norm is within bounds."""
    factor: float = grad.dtype.type(1)
    if clip_norm > 0:
        first, end = share(grad.size, member)
        total = 0.0
        for k in range(first, end):
            total += np.float64(grad[k]) ** 2  # float() would leave it single
        norms[member.rank] = total
        meet(member)
        squares = 0.0
        for rank in range(member.size):
            squares += norms[rank]
        norm = np.sqrt(squares)
        if norm > clip_norm:
            factor = grad.dtype.type(clip_norm / norm)
    return factor
