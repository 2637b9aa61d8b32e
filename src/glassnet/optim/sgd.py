"""Stochastic gradient descent."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from glassnet.alignment import aligned_zeros
from glassnet.checks import real
from glassnet.optim.optimizer import Optimizer

_NEGLIGIBLE = 1e-30
"""Velocities below this are set to 0, see `SGD`."""


class SGD(Optimizer):
    """Gradient descent with momentum, Nesterov's variant, weight decay and clipping.

    Parameters
    ----------
    learning_rate : float
        ``λ``, above 0.
    momentum : float
        ``β`` in [0, 1): how much of the velocity stays from step to step.
    nesterov : bool
        Look ahead: step along ``g + β G`` instead of ``G``. Needs momentum.
    weight_decay : float
        Adds ``weight_decay * θ`` to the gradient: an L2 penalty on all parameters.
    clip_norm : float, optional
        Gradients with a larger Euclidean norm are scaled down to it, before the weight decay.

    Notes
    -----
    ``G ← β G + g``, then ``θ ← θ - λ G``, with ``G = 0`` at the start.

    The velocity of a weight whose gradient is 0 (a pixel that is rarely lit) decays without end,
    and after some hundred steps it is a subnormal number, with which a processor calculates many
    times more slowly. So every k steps, velocities below 1e-30 are set to 0, where k is how many
    steps it takes to decay from there to the smallest normal float32.

    References
    ----------
    The thesis, Eq. 16 and 17. Nesterov's variant: Sutskever et al., ICML 2013. Clipping: Pascanu,
    Mikolov, Bengio, arXiv 1211.5063, algorithm 1.

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
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(learning_rate)
        if not isinstance(nesterov, bool):
            raise TypeError(f"nesterov must be True or False, got {nesterov!r}")
        self.nesterov = nesterov
        self.momentum = momentum
        self.weight_decay = real("weight_decay", weight_decay, at_least=0)
        self.clip_norm = None if clip_norm is None else real("clip_norm", clip_norm, above=0)
        self._velocity: np.ndarray | None = None
        self._scratch = np.empty(0)
        self._negligible = np.empty(0, np.bool_)
        self._steps = 0

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
        decades = math.log(_NEGLIGIBLE / float(np.finfo(np.float32).tiny))
        self._flush_every = max(1, int(decades / -math.log(self._momentum))) if value > 0 else 1

    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        """Update `theta` in place; `grad` is clipped and gets the weight decay in place."""
        if self._scratch.shape != theta.shape or self._scratch.dtype != theta.dtype:
            self._scratch = aligned_zeros(theta.size, theta.dtype)
            self._negligible = np.empty_like(theta, np.bool_)
        scratch = self._scratch
        if self.clip_norm is not None:
            norm = _norm(grad)
            if norm > self.clip_norm:
                grad *= self.clip_norm / norm
        if self.weight_decay:
            np.multiply(theta, self.weight_decay, out=scratch)
            grad += scratch
        direction = grad
        if self._momentum:
            direction = self._accumulate(grad)
        np.multiply(direction, self._learning_rate, out=scratch)
        np.subtract(theta, scratch, out=theta)  # (Eq. 17)

    def _accumulate(self, grad: np.ndarray) -> np.ndarray:
        """Return the direction of the step."""
        velocity = self.velocity_for(grad)
        np.multiply(velocity, self._momentum, out=velocity)
        np.add(velocity, grad, out=velocity)  # (Eq. 16)
        self._steps += 1
        if self._steps % self._flush_every == 0:
            np.abs(velocity, out=self._scratch)
            np.less(self._scratch, _NEGLIGIBLE, out=self._negligible)
            np.copyto(velocity, 0.0, where=self._negligible)
        if not self.nesterov:
            return velocity
        np.multiply(velocity, self._momentum, out=self._scratch)
        np.add(self._scratch, grad, out=self._scratch)
        return self._scratch

    def velocity_for(self, theta: np.ndarray) -> np.ndarray:
        """Return the velocity ``G`` of these parameters, shape (P,); 0 before the first step."""
        if self._velocity is None or self._velocity.shape != theta.shape:
            self._velocity = aligned_zeros(theta.size, theta.dtype)
        return self._velocity

    def state(self) -> dict[str, Any]:
        """Return velocity and number of steps."""
        return {"velocity": self._velocity, "steps": self._steps}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        velocity = state["velocity"]
        self._velocity = None
        if velocity is not None:
            self._velocity = aligned_zeros(velocity.size, velocity.dtype)
            self._velocity[...] = velocity
        self._steps = int(state["steps"])


def _norm(grad: np.ndarray) -> float:
    with np.errstate(over="ignore"):
        square = float(np.dot(grad, grad))
    if math.isinf(square):  # float32 squares overflow from 1.8e19 on
        square = float(np.einsum("i,i", grad, grad, dtype=np.float64))
    return math.sqrt(square)
