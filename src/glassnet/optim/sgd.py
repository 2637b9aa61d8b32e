"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassnet.checks import flag, real
from glassnet.optim.descent import GradientDescent
from glassnet.optim.groups import ParameterGroup
from glassnet.optim.subnormals import flush, steps_between_flushes


class SGD(GradientDescent):
    """Gradient descent with momentum or Nesterov's variant of it.

    Parameters
    ----------
    learning_rate : float
        ``λ``, above 0.
    momentum : float
        ``β`` in [0, 1): how much of the velocity stays from step to step.
    nesterov : bool
        Look ahead: step along ``g + β G`` instead of ``G``. Needs momentum.
    weight_decay, decoupled_weight_decay, l1, max_norm, clip_norm, groups
        See `GradientDescent`. Biases do not decay.

    Notes
    -----
    ``G ← β G + g``, then ``θ ← θ - λ G``, with ``G = 0`` at the start.

    The velocity of a weight whose gradient is 0 (a pixel that is rarely lit) decays without end,
    and after some hundred steps it is a subnormal number, with which a processor calculates many
    times more slowly. So every k steps, velocities below 1e-30 are set to 0, where k is how many
    steps it takes to decay from there to the smallest normal float32.

    References
    ----------
    The thesis, Eq. 16 and 17. Nesterov's variant: Sutskever et al., ICML 2013.

    Examples
    --------
    >>> theta = np.array([1.0])
    >>> optimizer = SGD(learning_rate=0.1, momentum=0.5)
    >>> for _ in range(2):
    ...     optimizer.step(theta, grad=2 * theta)
    >>> theta.round(3).tolist()
    [0.54]
    """

    def __init__(
        self,
        learning_rate: float = 0.01,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        l1: float = 0.0,
        max_norm: float | None = None,
        clip_norm: float | None = None,
        groups: Sequence[ParameterGroup] = (),
    ) -> None:
        super().__init__(
            learning_rate,
            weight_decay=weight_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            l1=l1,
            max_norm=max_norm,
            clip_norm=clip_norm,
            groups=groups,
        )
        self.nesterov = flag("nesterov", nesterov)
        self.momentum = momentum

    @property
    def momentum(self) -> float:
        """Part of the velocity that stays, in [0, 1)."""
        return self._momentum

    @momentum.setter
    def momentum(self, value: float) -> None:
        momentum = real("momentum", value, at_least=0, below=1)
        if self.nesterov and momentum == 0.0:
            raise ValueError("nesterov needs a momentum above 0, such as 0.9")
        self._momentum = momentum
        self._flush_every = steps_between_flushes(momentum)

    def direction(self, grad: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Return ``G``, or with Nesterov's variant ``g + β G``; without momentum ``g``."""
        if not self._momentum:
            return grad
        velocity = self.velocity_for(grad)
        np.multiply(velocity, self._momentum, out=velocity)
        np.add(velocity, grad, out=velocity)  # (Eq. 16)
        if self._steps % self._flush_every == 0:
            flush(velocity, out)
        if not self.nesterov:
            return velocity
        np.multiply(velocity, self._momentum, out=out)
        np.add(out, grad, out=out)
        return out

    def velocity_for(self, theta: np.ndarray) -> np.ndarray:
        """Return the velocity ``G`` of these parameters, shape (P,); 0 before the first step."""
        return self.remembered("velocity", theta)
