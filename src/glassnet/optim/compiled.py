"""Compiled steps of the optimizers that have them; everything here needs Numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.optim.adam import Adam, AdamW
from glassnet.optim.descent import GradientDescent
from glassnet.optim.groups import Pace, Plan
from glassnet.optim.lookahead import Lookahead
from glassnet.optim.optimizer import Optimizer
from glassnet.optim.sgd import SGD

if TYPE_CHECKING:
    from glassnet.kernels.team import Team
    from glassnet.kernels.updates import Stretches

Update = Callable[[np.ndarray, np.ndarray], None]
"""What takes parameters and gradient, and makes a step as ``optimizer.step`` does."""

_LEAST_SHARED = 2**16
"""Parameters; fewer are the work of one thread."""


def compiled_update(optimizer: Optimizer, team: Team) -> Update | None:
    """Return what makes an optimizer's steps in compiled code, or None if there is nothing.

    It reads settings and rate anew at each step, and keeps what is remembered in the optimizer:
    the state is the same, to rounding, as with ``optimizer.step``.

    Parameters
    ----------
    optimizer : Optimizer
        `SGD`, `Adam`, `AdamW`, or `Lookahead` around one of them; without L1 penalty and bounds on
        norms.
    team : Team
        Of the threads that share the work.
    """
    if type(optimizer) is Lookahead:
        inner = compiled_update(optimizer.optimizer, team)
        return None if inner is None else _looking_ahead(optimizer, inner)
    if not isinstance(optimizer, GradientDescent) or optimizer.l1 or optimizer.max_norm:
        return None
    if type(optimizer) is SGD:
        return _SGDUpdate(optimizer, team)
    if type(optimizer) is Adam or type(optimizer) is AdamW:
        return _AdamUpdate(optimizer, team)
    return None


def _looking_ahead(optimizer: Lookahead, inner: Update) -> Update:
    def update(theta: np.ndarray, grad: np.ndarray) -> None:
        optimizer.begin(theta)
        with optimizer.optimizer.at_rate(optimizer.learning_rate):
            inner(theta, grad)
        optimizer.end(theta)

    return update


class _Shared:
    """What both have in common: the stretches, and the team."""

    def __init__(self, optimizer: GradientDescent, team: Team) -> None:
        from glassnet.kernels import updates  # noqa: PLC0415 it needs Numba, and takes its time

        self._kernels, self._team = updates, team
        self._settings = optimizer
        self._norms = np.empty(team.size)
        self._plan: Plan | None = None
        self._stretches: Stretches | None = None

    def stretches_for(self, theta: np.ndarray) -> Stretches:
        """Return the stretches, with this step's rates and decays."""
        optimizer, plan = self._settings, self._settings.plan_for(theta)
        if self._stretches is None or plan is not self._plan:
            self._plan = plan
            self._cut = _cut(plan)
            n, dtype = len(self._cut), theta.dtype
            ends = np.array([(first, end) for first, end, _, _ in self._cut]).reshape(n, 2)
            self._stretches = self._kernels.Stretches(
                ends, np.empty(n, dtype), np.zeros(n, dtype), np.ones(n, dtype)
            )
        stretches, rate = self._stretches, optimizer.learning_rate
        for i, (_, _, pace, own) in enumerate(self._cut):
            decay = optimizer.weight_decay if own is None else own
            stretches.rates[i] = own_rate = pace.rate_beside(rate)
            if optimizer.decoupled_weight_decay:
                stretches.shrinks[i] = 1.0 - own_rate * decay
            else:
                stretches.decays[i] = decay
        return stretches

    def run(self, kernel: Callable[..., Any], theta: np.ndarray, *arguments: Any) -> None:  # noqa: ANN401
        """Call a kernel in all threads, or in this one if there is little to do."""
        if theta.size < _LEAST_SHARED:
            alone = self._alone()
            kernel(alone, theta, *arguments)
            return
        self._team.run(lambda member: kernel(member, theta, *arguments))

    def _alone(self) -> Any:  # noqa: ANN401
        from glassnet.kernels.team import LEFT, Member  # noqa: PLC0415

        return Member(0, 1, np.zeros(LEFT + 8, np.int64))


class _SGDUpdate(_Shared):
    """Steps of SGD."""

    def __init__(self, optimizer: SGD, team: Team) -> None:
        super().__init__(optimizer, team)
        self._optimizer = optimizer

    def __call__(self, theta: np.ndarray, grad: np.ndarray) -> None:
        optimizer, number = self._optimizer, theta.dtype.type
        stretches = self.stretches_for(theta)
        _stop_frozen(grad, self._plan)
        optimizer.next_step()
        velocity = optimizer.velocity_for(theta) if optimizer.momentum else grad
        self.run(
            self._kernels.sgd, theta, grad, velocity, stretches, self._norms,
            float(optimizer.clip_norm or 0.0), number(optimizer.momentum), optimizer.nesterov,
        )  # fmt: skip


class _AdamUpdate(_Shared):
    """Steps of Adam and AdamW."""

    def __init__(self, optimizer: Adam | AdamW, team: Team) -> None:
        super().__init__(optimizer, team)
        self._optimizer = optimizer

    def __call__(self, theta: np.ndarray, grad: np.ndarray) -> None:
        optimizer, number = self._optimizer, theta.dtype.type
        stretches = self.stretches_for(theta)
        _stop_frozen(grad, self._plan)
        factor, epsilon = optimizer.corrections(optimizer.next_step())
        first, second = optimizer.moments_for(theta)
        self.run(
            self._kernels.adam, theta, grad, first, second, stretches, self._norms,
            float(optimizer.clip_norm or 0.0), number(optimizer.beta_1), number(optimizer.beta_2),
            number(factor), number(epsilon),
        )  # fmt: skip


def _cut(plan: Plan) -> list[tuple[int, int, Pace, float | None]]:
    """Return stretches that learn: where they begin and end, how fast they learn, decay."""
    cut: list[tuple[int, int, Pace, float | None]] = []
    for where, pace in plan.moves:
        at = where.start
        for other, own, _ in plan.decays:
            if at <= other.start < where.stop:
                cut += [(at, other.start, pace, 0.0), (other.start, other.stop, pace, own)]
                at = other.stop
        cut.append((at, where.stop, pace, 0.0))
    return [one for one in cut if one[0] < one[1]]


def _stop_frozen(grad: np.ndarray, plan: Plan | None) -> None:
    """Leave no gradient to what is frozen, which has a part in the norm otherwise."""
    for where in plan.frozen if plan is not None else ():
        grad[where] = 0.0
