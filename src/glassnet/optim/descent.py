"""What optimizers have in common: clipping, decay, bounds and groups around a direction."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.alignment import aligned_zeros
from glassnet.checks import flag, real
from glassnet.optim.groups import ParameterGroup, Plan, checked_groups, plan_of
from glassnet.optim.optimizer import Optimizer
from glassnet.optim.slots import Slot


class GradientDescent(Optimizer):
    """Steps along a direction that a subclass computes from the gradient.

    Parameters
    ----------
    learning_rate : float
        ``λ``, above 0.
    weight_decay : float
        Adds ``weight_decay * θ`` to the gradient: an L2 penalty.
    decoupled_weight_decay : bool
        If true, ``θ`` loses ``λ weight_decay θ`` before the step instead, and the direction knows
        nothing of it.
    l1 : float
        Adds ``l1 * sign(θ)`` to the gradient: an L1 penalty.
    max_norm : float, optional
        After the step, the weights into each unit, or those of each filter (all axes but the last;
        of a depthwise convolution but the last two), are scaled down to this norm if theirs is
        larger.
    clip_norm : float, optional
        Gradients with a larger Euclidean norm are scaled down to it, before decay and penalty.
    groups : sequence of ParameterGroup
        Parameters with another rate or decay; the first group that fits a name counts.

    Notes
    -----
    In this order: frozen parameters' gradients become 0; the gradient is clipped; it gets the
    penalties; the direction is computed; decoupled weight decay; ``θ ← θ - λ direction``; norms are
    bounded. Biases and what scales and shifts a normalised input are exempt from decay, penalty and
    bound, and from the latter also parameters of one axis.

    References
    ----------
    Clipping: Pascanu, Mikolov, Bengio, arXiv 1211.5063, algorithm 1. Decoupled weight decay:
    Loshchilov and Hutter, arXiv 1711.05101. Max-norm: Srebro and Shraibman, COLT 2005; Srivastava
    et al., JMLR 15 (2014), section 5.1.

    Examples
    --------
    >>> class SignDescent(GradientDescent):
    ...     def direction(self, grad, out):
    ...         return np.sign(grad, out=out)
    >>> theta = np.array([1.0, -2.0])
    >>> SignDescent(0.5).step(theta, grad=2 * theta)
    >>> theta.tolist()
    [0.5, -1.5]
    """

    def __init__(
        self,
        learning_rate: float,
        *,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        l1: float = 0.0,
        max_norm: float | None = None,
        clip_norm: float | None = None,
        groups: Sequence[ParameterGroup] = (),
    ) -> None:
        super().__init__(learning_rate)
        self.weight_decay = real("weight_decay", weight_decay, at_least=0)
        self.decoupled_weight_decay = flag("decoupled_weight_decay", decoupled_weight_decay)
        self.l1 = real("l1", l1, at_least=0)
        self.max_norm = None if max_norm is None else real("max_norm", max_norm, above=0)
        self.clip_norm = None if clip_norm is None else real("clip_norm", clip_norm, above=0)
        self.groups = checked_groups(groups)
        self._plan: Plan | None = None
        self._is_bound = False
        self._scratch, self._norms = np.empty(0), np.empty(0)
        self._memory: dict[str, np.ndarray] = {}
        self._steps = 0

    @abstractmethod
    def direction(self, grad: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Return what to move against, times the learning rate, shape (P,).

        Parameters
        ----------
        grad : ndarray, shape (P,)
        out : ndarray, shape (P,)
            Memory to work in. The direction may lie there, or in the gradient, or in what is
            `remembered`.
        """

    def bind(self, slots: Sequence[Slot]) -> None:
        """Learn where which parameter lies; see `Optimizer.bind`."""
        self._plan, self._is_bound = plan_of(slots, self.groups), True
        self._forget_others(self._plan.size)

    @property
    def frozen(self) -> frozenset[str]:
        """What groups of it freeze."""
        return self._plan.names_frozen if self._plan is not None else frozenset()

    def scheduled_groups(self) -> list[tuple[ParameterGroup, float]]:
        """Return the groups with schedules of their own; see `Optimizer.scheduled_groups`."""
        return [(group, 1.0) for group in self.groups if group.schedule is not None]

    def plan_for(self, theta: np.ndarray) -> Plan:
        """Return what happens to which stretches of these parameters.

        Raises
        ------
        ValueError
            If it was bound to other parameters.
        """
        plan = self._plan
        if plan is None or (plan.size != theta.size and not self._is_bound):
            whole = Slot("parameters", 0, theta.size, theta.shape, decays=True)
            plan = self._plan = plan_of([whole], self.groups)
        if plan.size != theta.size:
            raise ValueError(
                f"the optimizer was bound to {plan.size} parameters and got {theta.size}; "
                "call its bind with the slots of these"
            )
        self._forget_others(theta.size)
        return plan

    def _forget_others(self, size: int) -> None:
        """Begin anew, steps included, if what is remembered is of another number of parameters."""
        if any(array.size != size for array in self._memory.values()):
            self._memory, self._steps = {}, 0

    @property
    def steps(self) -> int:
        """How many steps there have been."""
        return self._steps

    def next_step(self) -> int:
        """Count a step, and return its number, from 1."""
        self._steps += 1
        return self._steps

    def count(self, steps: int) -> None:
        """Count steps that somebody else has made, with what is `remembered` here."""
        self._steps += steps

    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        """Update `theta` in place; `grad` is clipped and gets the penalties in place."""
        if self._scratch.shape != theta.shape or self._scratch.dtype != theta.dtype:
            self._scratch = aligned_zeros(theta.size, theta.dtype)
        plan = self.plan_for(theta)
        self.next_step()
        self._prepare(theta, grad, plan)
        direction = self.direction(grad, self._scratch)
        if self.decoupled_weight_decay:
            for where, own, pace in plan.decays:
                if decay := self.weight_decay if own is None else own:
                    theta[where] *= 1.0 - pace.rate_beside(self._learning_rate) * decay
        for where, pace in plan.moves:
            way, part = self._scratch[where], theta[where]
            rate = pace.rate_beside(self._learning_rate)
            np.multiply(direction[where], rate, out=way)
            np.subtract(part, way, out=part)  # (Eq. 17)
        if self.max_norm is not None:
            self._bound_norms(theta, plan, self.max_norm)

    def _prepare(self, theta: np.ndarray, grad: np.ndarray, plan: Plan) -> None:
        """Clip the gradient, and add the penalties to it."""
        scratch = self._scratch
        for where in plan.frozen:
            grad[where] = 0.0
        if self.clip_norm is not None:
            norm = norm_of(grad)
            if norm > self.clip_norm:
                grad *= self.clip_norm / norm
        if not self.decoupled_weight_decay:
            for where, own, _ in plan.decays:
                if decay := self.weight_decay if own is None else own:
                    part = scratch[where]
                    np.multiply(theta[where], decay, out=part)
                    grad[where] += part
        if self.l1:
            for where in plan.penalised:
                part = scratch[where]
                np.sign(theta[where], out=part)
                np.multiply(part, self.l1, out=part)
                grad[where] += part

    def _bound_norms(self, theta: np.ndarray, plan: Plan, largest: float) -> None:
        """Scale the weights into units down to the norm that they may have."""
        units = max((units for _, units in plan.bounded), default=0)
        if self._norms.size < units or self._norms.dtype != theta.dtype:
            self._norms = np.empty(units, theta.dtype)
        for where, units in plan.bounded:
            weights = theta[where].reshape(-1, units)
            squares, norms = self._scratch[where].reshape(-1, units), self._norms[:units]
            np.multiply(weights, weights, out=squares)
            np.add.reduce(squares, axis=0, out=norms)
            np.sqrt(norms, out=norms)
            np.maximum(norms, largest, out=norms)
            np.divide(largest, norms, out=norms)
            np.multiply(weights, norms, out=weights)

    def remembered(self, name: str, like: np.ndarray, start: float = 0.0) -> np.ndarray:
        """Return what is remembered under a name, shape (P,): the same array at every step.

        At the first step, and for other parameters than before, all of it is `start`.
        """
        array = self._memory.get(name)
        if array is None or array.shape != like.shape or array.dtype != like.dtype:
            array = self._memory[name] = aligned_zeros(like.size, like.dtype)
            array[...] = start
        return array

    def state(self) -> dict[str, Any]:
        """Return the number of steps, and the arrays that are remembered."""
        return {"steps": self._steps, **self._memory}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a copy of what `state` returned."""
        self._steps, self._memory = int(state["steps"]), {}
        for name, array in state.items():
            if isinstance(array, np.ndarray):
                self.remembered(name, array)[...] = array


def norm_of(grad: np.ndarray) -> float:
    """Return the Euclidean norm of a flat vector."""
    with np.errstate(over="ignore"):
        square = float(np.dot(grad, grad))
    if math.isinf(square):  # float32 squares overflow from 1.8e19 on
        square = float(np.einsum("i,i", grad, grad, dtype=np.float64))
    return math.sqrt(square)
