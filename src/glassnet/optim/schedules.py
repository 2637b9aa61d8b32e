"""Learning-rate schedules: the rate as a function of how far the training is.

Names and parameters are PyTorch's where it has the same schedule. A schedule counts from the start
of its training phase; the optimizer's own learning rate is the ``base`` that it scales.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from glassnet.checks import real, whole
from glassnet.names import lookup
from glassnet.optim.plateau import ReduceLROnPlateau
from glassnet.optim.schedule import Position, Schedule


class Constant(Schedule):
    """The base rate, always.

    Examples
    --------
    >>> Constant().rate(0.1, Position(step=7, steps_per_epoch=2, epochs=5))
    0.1
    """

    def rate(self, base: float, position: Position) -> float:  # noqa: ARG002
        """Return `base`."""
        return base


def _epochs(name: str, value: float | None) -> float | None:
    """Return so many epochs, above 0, or None for the whole phase."""
    return None if value is None else real(name, value, above=0)


class StepLR(Schedule):
    """Multiply the rate by `gamma` after every `step_size` epochs.

    Examples
    --------
    >>> schedule = StepLR(step_size=2, gamma=0.5)
    >>> [schedule.rate(1.0, Position(epoch, 1, 5)) for epoch in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, step_size: int, *, gamma: float = 0.1) -> None:
        self.step_size = whole("step_size", step_size, at_least=1)
        self.gamma = real("gamma", gamma, above=0)

    def rate(self, base: float, position: Position) -> float:
        """Return ``base * gamma ** (epoch // step_size)``."""
        return base * self.gamma ** (position.epoch // self.step_size)


class CosineAnnealingLR(Schedule):
    """Let the rate fall to `eta_min` along half a cosine, step by step.

    Parameters
    ----------
    T_max : float, optional
        Epochs until it is there; by default the whole phase.
    eta_min : float
        The last rate.

    References
    ----------
    Loshchilov and Hutter, arXiv 1608.03983, Eq. 5, without restarts.

    Examples
    --------
    >>> schedule = CosineAnnealingLR()
    >>> [round(schedule.rate(1.0, Position(epoch, 1, 4)), 3) for epoch in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """

    def __init__(self, T_max: float | None = None, *, eta_min: float = 0.0) -> None:
        self.T_max = _epochs("T_max", T_max)
        self.eta_min = real("eta_min", eta_min, at_least=0)

    def rate(self, base: float, position: Position) -> float:
        """Return ``eta_min + (base - eta_min) (1 + cos(π t / T_max)) / 2``."""
        t = position.step / position.steps_per_epoch
        part = min(t / (self.T_max or position.epochs), 1.0)
        return self.eta_min + (base - self.eta_min) * (1.0 + math.cos(math.pi * part)) / 2.0


class LinearLR(Schedule):
    """Change the rate linearly from ``start_factor * base`` to ``end_factor * base``: a warm-up.

    Parameters
    ----------
    start_factor, end_factor : float
        Of the base rate; the last one may be 0.
    total_iters : float, optional
        Epochs that the change takes, by default the whole phase; it goes step by step.

    Examples
    --------
    >>> schedule = LinearLR(0.25, total_iters=3)
    >>> [schedule.rate(1.0, Position(epoch, 1, 5)) for epoch in range(5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """

    def __init__(
        self,
        start_factor: float = 1.0 / 3.0,
        end_factor: float = 1.0,
        *,
        total_iters: float | None = None,
    ) -> None:
        self.start_factor = real("start_factor", start_factor, above=0)
        self.end_factor = real("end_factor", end_factor, at_least=0)
        self.total_iters = _epochs("total_iters", total_iters)

    def rate(self, base: float, position: Position) -> float:
        """Return the rate on the line, and the last one after it."""
        t = position.step / position.steps_per_epoch
        part = min(t / (self.total_iters or position.epochs), 1.0)
        return base * (self.start_factor + (self.end_factor - self.start_factor) * part)


class PolynomialLR(Schedule):
    """Let the rate fall to 0: with power 1 along a line.

    Parameters
    ----------
    total_iters : float, optional
        Epochs until it is there; by default the whole phase.
    power : float
        ``p``, above 0.

    Examples
    --------
    >>> [PolynomialLR().rate(1.0, Position(step, 2, 2)) for step in range(4)]
    [1.0, 0.75, 0.5, 0.25]
    """

    def __init__(self, total_iters: float | None = None, *, power: float = 1.0) -> None:
        self.total_iters = _epochs("total_iters", total_iters)
        self.power = real("power", power, above=0)

    def rate(self, base: float, position: Position) -> float:
        """Return ``base (1 - t / total_iters) ** p``."""
        t = position.step / position.steps_per_epoch
        left = 1.0 - min(t / (self.total_iters or position.epochs), 1.0)
        return base * math.pow(left, self.power)


class OneCycleLR(Schedule):
    """Up from ``base / div_factor`` to the base rate, then down to almost nothing.

    Parameters
    ----------
    pct_start : float
        Part of the phase, in (0, 1), that the way up takes.
    div_factor : float
        The first rate is ``base / div_factor``.
    final_div_factor : float
        The last rate is the first one divided by this.
    anneal_strategy : {"cos", "linear"}
        Along what shape: half a cosine, or a line each way (a triangle).

    Notes
    -----
    The optimizer's own rate is the peak (PyTorch's ``max_lr``). Momentum stays as it is.

    References
    ----------
    Smith and Topin, arXiv 1708.07120.

    Examples
    --------
    >>> schedule = OneCycleLR(pct_start=0.5, div_factor=4, anneal_strategy="linear")
    >>> [round(schedule.rate(1.0, Position(step, 1, 8)), 4) for step in range(8)]
    [0.25, 0.5, 0.75, 1.0, 0.75, 0.5, 0.25, 0.0]
    """

    def __init__(
        self,
        *,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        anneal_strategy: str = "cos",
    ) -> None:
        self.pct_start = real("pct_start", pct_start, above=0, below=1)
        self.div_factor = real("div_factor", div_factor, above=0)
        self.final_div_factor = real("final_div_factor", final_div_factor, above=0)
        lookup(_SHAPES, anneal_strategy, "anneal_strategy")
        self.anneal_strategy = anneal_strategy

    def rate(self, base: float, position: Position) -> float:
        """Return the rate of this step."""
        first = base / self.div_factor
        last_step = max(position.total_steps - 1, 1)
        peak = max(self.pct_start * position.total_steps - 1.0, 1e-9)
        between = _SHAPES[self.anneal_strategy]
        if position.step <= peak:
            return between(first, base, position.step / peak)
        part = (position.step - peak) / max(last_step - peak, 1e-9)
        return between(base, first / self.final_div_factor, min(part, 1.0))


def _cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) * (1.0 + math.cos(math.pi * part)) / 2.0


def _line(start: float, end: float, part: float) -> float:
    return start + (end - start) * part


_SHAPES = {"cos": _cosine, "linear": _line}


class SequentialLR(Schedule):
    """One schedule after another, each counting from where it begins.

    Parameters
    ----------
    schedules : sequence of Schedule
    milestones : sequence of int
        Epochs, one fewer than schedules, at which the next one takes over.

    Examples
    --------
    >>> schedule = SequentialLR([LinearLR(0.5, total_iters=2), CosineAnnealingLR()], [2])
    >>> [round(schedule.rate(1.0, Position(epoch, 1, 6)), 3) for epoch in range(6)]
    [0.5, 0.75, 1.0, 0.854, 0.5, 0.146]
    """

    def __init__(self, schedules: Sequence[Schedule], milestones: Sequence[int]) -> None:
        self.schedules = list(schedules)
        if not self.schedules or not all(isinstance(s, Schedule) for s in self.schedules):
            raise TypeError(f"schedules must be one schedule or more, got {schedules!r}")
        self.milestones = [whole("each milestone", m, at_least=1) for m in milestones]
        if len(self.milestones) != len(self.schedules) - 1:
            raise ValueError(
                f"SequentialLR with {len(self.schedules)} schedules needs "
                f"{len(self.schedules) - 1} milestones, got {len(self.milestones)}"
            )
        if self.milestones != sorted(set(self.milestones)):
            raise ValueError(f"milestones must rise, got {self.milestones}")
        self._in_charge = 0

    def rate(self, base: float, position: Position) -> float:
        """Return what the schedule in charge says."""
        i = self._in_charge = sum(position.epoch >= milestone for milestone in self.milestones)
        begin = self.milestones[i - 1] if i else 0
        end = self.milestones[i] if i < len(self.milestones) else position.epochs
        per_epoch = position.steps_per_epoch
        inner = Position(position.step - begin * per_epoch, per_epoch, max(end - begin, 1))
        return self.schedules[i].rate(base, inner)

    def observe(self, record: Mapping[str, Any]) -> None:
        """Pass the record of an epoch on to the schedule that was in charge."""
        self.schedules[self._in_charge].observe(record)

    def state(self) -> dict[str, Any]:
        """Return the states of all, and which is in charge."""
        states = {str(i): schedule.state() for i, schedule in enumerate(self.schedules)}
        return {"in_charge": self._in_charge, **states}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self._in_charge = int(state.get("in_charge", 0))
        for i, schedule in enumerate(self.schedules):
            schedule.load_state(state[str(i)])


SCHEDULES: dict[str, type[Schedule]] = {
    schedule.__name__: schedule
    for schedule in (
        Constant,
        CosineAnnealingLR,
        LinearLR,
        OneCycleLR,
        PolynomialLR,
        ReduceLROnPlateau,
        SequentialLR,
        StepLR,
    )
}
"""Schedules by name."""
