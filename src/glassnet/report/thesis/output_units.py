"""Output units of dead classes beside those of living ones: how saturated, how small a gradient."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.report.thesis.awakenings import ALIVE, DEAD, Course, Floats
from glassnet.study.intervals import Interval, mean_interval

SATURATED = 0.01
"""A unit whose p (1 - p) is less, at its class's mean pre-activation, is saturated."""


class Contrast(NamedTuple):
    """Dead units beside living ones of the same run, at the same moment.

    Parameters
    ----------
    gradient, derivative : Interval
        Of the norm of the gradient by the unit's weights, and of p (1 - p) at its class's mean
        pre-activation: dead over living, a geometric mean over seeds.
    saturated, dead : int
        How many units were looked at, and how many of them are saturated.
    epoch : float
        When; the last time, where there are several.
    """

    gradient: Interval
    derivative: Interval
    saturated: int
    dead: int
    epoch: float


def after_first_epoch(made: Iterable[Course], moment: int | None = None) -> Contrast | None:
    """Look at the units that are dead after the first epoch; None where there is none.

    Parameters
    ----------
    made : iterable of Course
        Those without units are left out.
    moment : int, optional
        When to look at them: 0 is before the first step. By default, after that epoch.
    """
    looks: list[_Look] = []
    for course in made:
        if course.units:
            first = _moment(course, 1)
            at = first if moment is None else moment
            looks += _look(course, at, course.units["unit_recall"][first])
    return _contrast(looks)


def while_dead(made: Iterable[Course]) -> Contrast | None:
    """Look at all units after each epoch in which they are dead; None where there is none."""
    looks: list[_Look] = []
    for course in made:
        if course.units:
            for epoch in range(1, len(course.recall) + 1):
                at = _moment(course, epoch)
                looks += _look(course, at, course.units["unit_recall"][at])
    return _contrast(looks)


def since_when(made: Sequence[Course]) -> str:
    """Return since when most units that are dead after the first epoch are saturated.

    Returns
    -------
    str
        ``"initialisation"``, ``"first steps"``, ``"later"``, or ``"unknown"``.
    """
    start, soon, after = (after_first_epoch(made, moment) for moment in (0, 1, None))
    if start is None or soon is None or after is None:
        return "unknown"
    if start.saturated > after.dead / 2:
        return "initialisation"
    return "first steps" if soon.saturated > after.dead / 2 else "later"


class _Look(NamedTuple):
    seed: int
    gradient: float
    derivative: float
    saturated: bool
    epoch: float


def _moment(course: Course, epoch: int) -> int:
    """Return the last look within an epoch."""
    return int(np.searchsorted(course.units["unit_epoch"], epoch, side="right")) - 1


def _look(course: Course, at: int, recall: NDArray[np.floating]) -> Iterator[_Look]:
    """Yield the logarithms of dead over living, for each unit that is dead by its recall."""
    living = recall >= ALIVE
    if not living.any():
        return
    slope = derivative(course.units["unit_z_own"][at])
    logs = [_log(course.units["unit_gradient"][at]), _log(slope)]
    middle = [float(np.median(log[living])) for log in logs]
    for unit in np.flatnonzero(recall < DEAD):
        gradient, steepness = (float(log[unit]) - m for log, m in zip(logs, middle, strict=True))
        saturated = bool(slope[unit] < SATURATED)
        yield _Look(
            course.seed, gradient, steepness, saturated, float(course.units["unit_epoch"][at])
        )


def _log(values: NDArray[np.floating]) -> Floats:
    logs: Floats = np.log(np.maximum(np.asarray(values, float), 1e-30))
    return logs


def _contrast(looks: list[_Look]) -> Contrast | None:
    if not looks:
        return None
    # the cells of a seed share its initial weights, so they are no separate witnesses
    seeds = sorted({look.seed for look in looks})
    gradient, steepness = (
        [np.mean([getattr(look, name) for look in looks if look.seed == s]) for s in seeds]
        for name in ("gradient", "derivative")
    )
    return Contrast(
        _exponential(mean_interval(gradient)),
        _exponential(mean_interval(steepness)),
        sum(look.saturated for look in looks),
        len(looks),
        max(look.epoch for look in looks),
    )


def _exponential(interval: Interval) -> Interval:
    return Interval(*(float(np.exp(value)) for value in interval))


def derivative(z: NDArray[np.floating]) -> Floats:
    """Return the sigmoid's derivative p (1 - p), without overflow.

    Examples
    --------
    >>> derivative(np.array([0.0, -1000.0])).tolist()
    [0.25, 0.0]
    """
    p = 1 / (1 + np.exp(np.minimum(np.abs(np.asarray(z, float)), 700)))
    slope: Floats = p * (1 - p)
    return np.where(slope < 1e-300, 0.0, slope)
