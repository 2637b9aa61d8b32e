"""RMSprop: each parameter's gradient divided by its recent size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassnet.checks import flag, real
from glassnet.optim.descent import GradientDescent
from glassnet.optim.groups import ParameterGroup
from glassnet.optim.subnormals import NEGLIGIBLE, flush, steps_between_flushes


class RMSprop(GradientDescent):
    """Divide the gradient of each parameter by the root of an average of its square.

    Parameters
    ----------
    learning_rate : float
        ``λ``, above 0.
    rho : float
        ``ρ`` in [0, 1): how much of the average stays at each step. PyTorch calls it ``alpha``.
    epsilon : float
        ``ε``, added to the root.
    momentum : float
        ``β`` in [0, 1), of the direction.
    centered : bool
        Divide by the deviation of the gradient from its own average, not by its size.
    weight_decay, l1, max_norm, clip_norm, groups
        See `GradientDescent`.

    Notes
    -----
    ``v ← ρ v + (1 - ρ) g²``, ``d = g / (√v + ε)``; with momentum ``G ← β G + d``, else ``G = d``;
    ``θ ← θ - λ G``. Centered: ``a ← ρ a + (1 - ρ) g``, and ``√(v - a²)`` in place of ``√v``.

    This is PyTorch's meaning, where `rho` is 0.99 and the rate 0.01 by default. Keras, from whom
    the defaults are, adds its ε under the root, and multiplies by the rate before the momentum: a
    rate that changes reaches its velocity little by little.

    So that no number becomes subnormal, ``v`` starts at 1e-30, and is never long below it.

    References
    ----------
    Tieleman and Hinton, Neural Networks for Machine Learning, lecture 6.5 (2012). Centered: Graves,
    arXiv 1308.0850, Eq. 38 to 45.

    Examples
    --------
    >>> theta = np.array([1.0])
    >>> RMSprop(0.1, rho=0.75).step(theta, np.array([3.0]))
    >>> theta.round(6).tolist()
    [0.8]
    """

    def __init__(
        self,
        learning_rate: float = 1e-3,
        *,
        rho: float = 0.9,
        epsilon: float = 1e-8,
        momentum: float = 0.0,
        centered: bool = False,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        max_norm: float | None = None,
        clip_norm: float | None = None,
        groups: Sequence[ParameterGroup] = (),
    ) -> None:
        super().__init__(
            learning_rate,
            weight_decay=weight_decay,
            l1=l1,
            max_norm=max_norm,
            clip_norm=clip_norm,
            groups=groups,
        )
        self.rho = real("rho", rho, at_least=0, below=1)
        self.epsilon = real("epsilon", epsilon, at_least=0)
        self.momentum = real("momentum", momentum, at_least=0, below=1)
        self.centered = flag("centered", centered)
        self._flush_averages = steps_between_flushes(self.rho)
        self._flush_velocity = steps_between_flushes(self.momentum)

    def direction(self, grad: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Return ``G``."""
        flushes = self._steps % self._flush_averages == 0
        v = self.remembered("square_average", grad, NEGLIGIBLE)
        np.multiply(v, self.rho, out=v)
        np.multiply(grad, grad, out=out)
        np.multiply(out, 1.0 - self.rho, out=out)
        np.add(v, out, out=v)
        if flushes:
            np.maximum(v, NEGLIGIBLE, out=v)
        if self.centered:
            average = self.remembered("average", grad)
            np.multiply(average, self.rho, out=average)
            np.multiply(grad, 1.0 - self.rho, out=out)
            np.add(average, out, out=average)
            if flushes:
                flush(average, out)
            np.multiply(average, average, out=out)
            np.subtract(v, out, out=out)
            np.maximum(out, NEGLIGIBLE, out=out)  # rounding may make it negative
            np.sqrt(out, out=out)
        else:
            np.sqrt(v, out=out)
        np.add(out, self.epsilon, out=out)
        np.divide(grad, out, out=out)
        if not self.momentum:
            return out
        velocity = self.remembered("velocity", grad)
        np.multiply(velocity, self.momentum, out=velocity)
        np.add(velocity, out, out=velocity)
        if self._steps % self._flush_velocity == 0:
            flush(velocity, out)
        return velocity
