"""Muon: matrices step along the nearest orthogonal matrix of their momentum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from glassnet.alignment import aligned_zeros
from glassnet.checks import flag, real, whole
from glassnet.optim.adam import AdamW
from glassnet.optim.descent import norm_of
from glassnet.optim.groups import ParameterGroup, Settled, checked_groups, settle
from glassnet.optim.optimizer import Optimizer
from glassnet.optim.orthogonal import NewtonSchulz
from glassnet.optim.slots import Slot
from glassnet.optim.subnormals import flush, steps_between_flushes


class Muon(Optimizer):
    """Steps in which all directions of a weight matrix count alike.

    A parameter with two axes or more that decays is a matrix, units or filters by their inputs;
    its momentum is replaced by the nearest orthogonal matrix. All other parameters have another
    optimizer.

    Parameters
    ----------
    learning_rate : float
        ``λ``, above 0.
    momentum : float
        ``β`` in [0, 1).
    nesterov : bool
        Orthogonalise ``g + β G`` instead of ``G``.
    steps : int
        Of the Newton-Schulz iteration, see `NewtonSchulz`.
    weight_decay : float
        Before each step the weights lose ``λ weight_decay θ``.
    normalize_weights : bool
        Before each step the matrix is scaled to a norm of √(units or filters). For matrices that a
        normalising layer follows, whose size does not matter.
    matrices : sequence of str
        Patterns of the names of those that are handled: ``("conv2d_*",)``.
    rest : Optimizer, optional
        Of all other parameters, by default ``AdamW()``. When a schedule sets the learning rate, its
        rate changes in proportion.
    groups : sequence of ParameterGroup
        Of the matrices; the other optimizer has its own.

    Notes
    -----
    ``G ← β G + g``; ``θ ← θ - λ max(1, units/inputs)^½ orthogonal(g + β G)``. An orthogonal matrix
    of r rows has the norm √r or less, whatever the gradient's size: so there is no clipping.

    References
    ----------
    K. Jordan, "Muon: an optimizer for hidden layers in neural networks" (2024), where the factor is
    found too, and `normalize_weights` in the same author's network for CIFAR-10 (arXiv 2404.00498).

    Examples
    --------
    >>> theta = np.zeros(9)
    >>> optimizer = Muon(learning_rate=0.1, nesterov=False)
    >>> optimizer.bind([Slot("dense_1.W", 0, 9, (3, 3), True)])
    >>> optimizer.step(theta, np.diag([300.0, 2.0, -1.0]).ravel())
    >>> np.diag(theta.reshape(3, 3)).round(2).tolist()  # steps of about 0.1, whatever the gradient
    [-0.07, -0.09, 0.12]
    """

    def __init__(
        self,
        learning_rate: float = 0.02,
        *,
        momentum: float = 0.95,
        nesterov: bool = True,
        steps: int = 5,
        weight_decay: float = 0.0,
        normalize_weights: bool = False,
        matrices: Sequence[str] = ("*",),
        rest: Optimizer | None = None,
        groups: Sequence[ParameterGroup] = (),
    ) -> None:
        super().__init__(learning_rate)
        if isinstance(matrices, str) or not all(isinstance(each, str) for each in matrices):
            raise TypeError(f'matrices must be patterns such as ["conv2d_*"], got {matrices!r}')
        if not isinstance(rest, Optimizer | None):
            raise TypeError(f"rest must be an optimizer such as AdamW(), got {rest!r}")
        self.momentum = real("momentum", momentum, at_least=0, below=1)
        self.nesterov = flag("nesterov", nesterov)
        self.steps = whole("steps", steps, at_least=1)
        self.weight_decay = real("weight_decay", weight_decay, at_least=0)
        self.normalize_weights = flag("normalize_weights", normalize_weights)
        self.matrices = tuple(matrices)
        self.rest = rest or AdamW()
        self.groups = checked_groups(groups)
        self._first_rate = self.learning_rate
        self._orthogonalize = NewtonSchulz(self.steps)
        self._flush_every = steps_between_flushes(self.momentum)
        self._steps = 0
        self._velocity: np.ndarray | None = None
        self._memory: dict[str, np.ndarray] = {}
        self._handled: list[Settled] = []
        self._others: list[Slot] = []
        self._bound = False

    def bind(self, slots: Sequence[Slot]) -> None:
        """Learn where which parameter lies; see `Optimizer.bind`.

        Raises
        ------
        ValueError
            If a pattern of `matrices` or of a group fits nothing.
        """
        candidates = [slot for slot in slots if slot.decays and len(slot.shape) > 1]
        for pattern in self.matrices:
            if pattern != "*" and not any(fnmatchcase(slot.name, pattern) for slot in candidates):
                names = ", ".join(slot.name for slot in candidates) or "there are none"
                raise ValueError(f"{pattern!r} fits none of the matrices of Muon: {names}")
        handled = [
            slot
            for slot in candidates
            if any(fnmatchcase(slot.name, pattern) for pattern in self.matrices)
        ]
        self._handled = settle(handled, self.groups)
        self._others = [slot for slot in slots if slot not in handled]
        start, moved = 0, []
        for slot in self._others:
            stop = start + slot.stop - slot.start
            moved.append(slot._replace(start=start, stop=stop))
            start = stop
        self.rest.bind(moved)
        self._bound = True

    def start_phase(self) -> None:
        """Tell the other optimizer."""
        self.rest.start_phase()

    @property
    def frozen(self) -> frozenset[str]:
        """What neither it nor the other optimizer moves."""
        return self.rest.frozen.union(one.slot.name for one in self._handled if one.frozen)

    def scheduled_groups(self) -> list[tuple[ParameterGroup, float]]:
        """Return its own, and those of the other optimizer."""
        of_rest = self.rest.learning_rate / self._first_rate
        theirs = [(group, part * of_rest) for group, part in self.rest.scheduled_groups()]
        return [*((group, 1.0) for group in self.groups if group.schedule is not None), *theirs]

    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        """Update `theta` in place."""
        if not self._bound:
            self.bind([Slot("parameters", 0, theta.size, theta.shape, decays=True)])
        self._steps += 1
        velocity, start = self._velocity_for(theta), 0
        for one in self._handled:
            stop = start + one.slot.stop - one.slot.start
            if not one.frozen:
                self._step_matrix(theta, grad, velocity[start:stop], one)
            start = stop
        if self._steps % self._flush_every == 0:
            flush(velocity, self._array("scratch", velocity.size, theta))
        if self._others:
            self._step_rest(theta, grad)

    def _step_matrix(
        self, theta: np.ndarray, grad: np.ndarray, velocity: np.ndarray, one: Settled
    ) -> None:
        """Make the step of one matrix."""
        weights, gradient = theta[one.slot.where], grad[one.slot.where]
        units = one.slot.units
        inputs = weights.size // units
        np.multiply(velocity, self.momentum, out=velocity)
        np.add(velocity, gradient, out=velocity)  # (Eq. 16)
        update = self._array("scratch", velocity.size, theta)
        np.multiply(velocity, self.momentum if self.nesterov else 1.0, out=update)
        if self.nesterov:
            np.add(update, gradient, out=update)
        self._orthogonalize(update.reshape(inputs, units))
        if self.normalize_weights and (norm := norm_of(weights)) > 0.0:
            np.multiply(weights, math.sqrt(units) / norm, out=weights)
        rate = one.pace.rate_beside(self._learning_rate)
        if decay := self.weight_decay if one.weight_decay is None else one.weight_decay:
            np.multiply(weights, 1.0 - rate * decay, out=weights)
        np.multiply(update, rate * math.sqrt(max(1.0, units / inputs)), out=update)
        np.subtract(weights, update, out=weights)

    def _step_rest(self, theta: np.ndarray, grad: np.ndarray) -> None:
        """Let the other optimizer make its step, on vectors of its parameters alone."""
        size = sum(slot.stop - slot.start for slot in self._others)
        theirs, gradient = self._array("theta", size, theta), self._array("grad", size, theta)
        start = 0
        for slot in self._others:
            stop = start + slot.stop - slot.start
            theirs[start:stop], gradient[start:stop] = theta[slot.where], grad[slot.where]
            start = stop
        with self.rest.at_rate(self.rest.learning_rate * self._learning_rate / self._first_rate):
            self.rest.step(theirs, gradient)
        start = 0
        for slot in self._others:
            stop = start + slot.stop - slot.start
            theta[slot.where] = theirs[start:stop]
            start = stop

    def _velocity_for(self, theta: np.ndarray) -> np.ndarray:
        """Return ``G`` of all matrices, one after the other."""
        size = sum(one.slot.stop - one.slot.start for one in self._handled)
        if self._velocity is None or self._velocity.size != size:
            self._velocity = aligned_zeros(size, theta.dtype)
        return self._velocity

    def _array(self, name: str, size: int, like: np.ndarray) -> np.ndarray:
        """Return memory to work in."""
        memory = self._memory.get(name)
        if memory is None or memory.size < size or memory.dtype != like.dtype:
            memory = self._memory[name] = aligned_zeros(size, like.dtype)
        return memory[:size]

    def state(self) -> dict[str, Any]:
        """Return the momentum, the number of steps, and the state of the other optimizer."""
        return {"steps": self._steps, "velocity": self._velocity, "rest": self.rest.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a copy of what `state` returned."""
        self._steps, velocity = int(state["steps"]), state["velocity"]
        self._velocity = None
        if velocity is not None:
            self._velocity = aligned_zeros(velocity.size, velocity.dtype)
            self._velocity[...] = velocity
        self.rest.load_state(state["rest"])
