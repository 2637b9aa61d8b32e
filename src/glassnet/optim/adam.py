"""Adam, and the same with decoupled weight decay."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import ClassVar, TypeVar

import numpy as np

from glassnet.checks import real
from glassnet.optim.descent import GradientDescent
from glassnet.optim.groups import ParameterGroup
from glassnet.optim.subnormals import NEGLIGIBLE, flush, steps_between_flushes

Steps = TypeVar("Steps", float, np.ndarray)
"""A number, or one for each of some steps."""


class AdaptiveMoments(GradientDescent, ABC):
    """The direction of Adam; see there."""

    _decouples: ClassVar[bool]
    """Whether the weights themselves decay."""

    def __init__(
        self,
        learning_rate: float = 1e-3,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        max_norm: float | None = None,
        clip_norm: float | None = None,
        groups: Sequence[ParameterGroup] = (),
    ) -> None:
        super().__init__(
            learning_rate,
            weight_decay=weight_decay,
            decoupled_weight_decay=self._decouples,
            l1=l1,
            max_norm=max_norm,
            clip_norm=clip_norm,
            groups=groups,
        )
        self.beta_1 = real("beta_1", beta_1, at_least=0, below=1)
        self.beta_2 = real("beta_2", beta_2, at_least=0, below=1)
        self.epsilon = real("epsilon", epsilon, at_least=0)
        self._flush_first = steps_between_flushes(self.beta_1)
        self._flush_second = steps_between_flushes(self.beta_2)

    def direction(self, grad: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Return ``m̂ / (√v̂ + ε)``."""
        m, v = self.moments_for(grad)
        np.multiply(m, self.beta_1, out=m)
        np.multiply(grad, 1.0 - self.beta_1, out=out)
        np.add(m, out, out=m)
        np.multiply(v, self.beta_2, out=v)
        np.multiply(grad, grad, out=out)
        np.multiply(out, 1.0 - self.beta_2, out=out)
        np.add(v, out, out=v)
        if self._steps % self._flush_first == 0:
            flush(m, out)
        if self._steps % self._flush_second == 0:
            np.maximum(v, NEGLIGIBLE, out=v)
        factor, epsilon = self.corrections(self._steps)
        np.sqrt(v, out=out)
        np.multiply(out, factor, out=out)
        np.add(out, epsilon, out=out)
        np.divide(m, out, out=out)
        return out

    def corrections(self, steps: Steps) -> tuple[Steps, Steps]:
        """Return k and e so that ``m̂ / (√v̂ + ε)`` is ``m / (k √v + e)``, after so many steps."""
        first, second = 1.0 - self.beta_1**steps, 1.0 - self.beta_2**steps
        return first / second**0.5, self.epsilon * first

    def moments_for(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``m`` and ``v`` of these parameters, each of shape (P,)."""
        first = self.remembered("first_moment", theta)
        return first, self.remembered("second_moment", theta, NEGLIGIBLE)


class Adam(AdaptiveMoments):
    """Steps of about the same length for every parameter, along an average of the gradient.

    Parameters
    ----------
    learning_rate : float
        ``λ``, above 0.
    beta_1, beta_2 : float
        In [0, 1): how much of the averages of gradient and squared gradient stays at each step.
    epsilon : float
        ``ε``, added to the root, not under it.
    weight_decay, l1, max_norm, clip_norm, groups
        See `GradientDescent`. The weight decay is a part of the gradient, and so is divided by its
        size like the rest of it; `AdamW` decays the weights themselves.

    Notes
    -----
    ``m ← β₁ m + (1 - β₁) g``, ``v ← β₂ v + (1 - β₂) g²``, both 0 at the start; at step t
    ``m̂ = m / (1 - β₁ᵗ)``, ``v̂ = v / (1 - β₂ᵗ)``, and ``θ ← θ - λ m̂ / (√v̂ + ε)``.

    So that no number becomes subnormal, ``v`` starts at 1e-30, and is never long below it.

    References
    ----------
    Kingma and Ba, arXiv 1412.6980, algorithm 1.

    Examples
    --------
    >>> theta = np.array([1.0, 1.0])
    >>> Adam(0.1).step(theta, np.array([3.0, -0.002]))
    >>> theta.round(3).tolist()
    [0.9, 1.1]
    """

    _decouples = False


class AdamW(AdaptiveMoments):
    """Adam with weight decay of the weights themselves, not divided by the gradient's size.

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon
        As in `Adam`.
    weight_decay : float
        At each step the weights lose ``λ weight_decay θ``.
    l1, max_norm, clip_norm, groups
        See `GradientDescent`.

    References
    ----------
    Loshchilov and Hutter, arXiv 1711.05101, algorithm 2; as in PyTorch the decay is multiplied by
    the learning rate.

    Examples
    --------
    >>> theta = np.array([1.0])
    >>> AdamW(0.1, weight_decay=0.5).step(theta, np.array([0.0]))
    >>> theta.tolist()
    [0.95]
    """

    _decouples = True

    def __init__(
        self,
        learning_rate: float = 1e-3,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        l1: float = 0.0,
        max_norm: float | None = None,
        clip_norm: float | None = None,
        groups: Sequence[ParameterGroup] = (),
    ) -> None:
        super().__init__(
            learning_rate,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            weight_decay=weight_decay,
            l1=l1,
            max_norm=max_norm,
            clip_norm=clip_norm,
            groups=groups,
        )
