"""Classes that a network does not recognise at all, and then, suddenly, does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.study import Finished, Study

Floats = NDArray[np.float64]

DEAD, ALIVE = 0.1, 0.5
"""Recall of a class: below the first it is dead, from the second on alive."""
SUDDEN, SETTLED = 0.02, 4
"""A jump is a rise of accuracy by more than the first within one epoch, after so many epochs."""
SATURATED = 0.01
"""A unit whose p (1 - p) is less, at its class's mean pre-activation, is saturated."""


class Awakening(NamedTuple):
    """A class that was dead and comes alive.

    Parameters
    ----------
    label : int
        The class.
    dead : int
        The last epoch in which it was dead.
    alive : int
        The first epoch after that in which it is alive.
    rise : float
        Of accuracy within that epoch.
    """

    label: int
    dead: int
    alive: int
    rise: float


class Jump(NamedTuple):
    """A sudden rise of accuracy.

    Parameters
    ----------
    epoch : int
    rise : float
        Of accuracy.
    label : int
        The class whose recall rises most.
    share : float
        Of the rise: what this class alone contributes, all classes being equally frequent.
    awakening : bool
        Whether the class contributes more than half, and was dead and not alive since.
    """

    epoch: int
    rise: float
    label: int
    share: float
    awakening: bool


class Course(NamedTuple):
    """How a run went, by epoch and class.

    Parameters
    ----------
    cell : str
    seed : int
    accuracy : ndarray, shape (epochs,)
        On the test set.
    recall : ndarray, shape (epochs, classes)
    units : dict of ndarray
        What was recorded of the output units; empty if nothing.
    """

    cell: str
    seed: int
    accuracy: Floats
    recall: Floats
    units: dict[str, NDArray[np.float64]]

    @property
    def dead_after_one(self) -> NDArray[np.intp]:
        """The classes that are dead after the first epoch."""
        return np.flatnonzero(self.recall[0] < DEAD)


def courses(study: Study) -> list[Course]:
    """Return how each finished run of a study went."""
    return [_course(cell.label, spec.seed, run) for cell, spec, run in study.finished()]


def _course(cell: str, seed: int, run: Finished) -> Course:
    recall = [epoch["validation_per_class_recall"] for epoch in run.epochs]
    units = {name: array for name, array in run.arrays.items() if name.startswith("unit_")}
    accuracy = [epoch["validation_accuracy"] for epoch in run.epochs]
    # None where a class has no test example: it can neither die nor come alive
    return Course(cell, seed, np.array(accuracy, float), np.array(recall, float), units)


def asleep(recall: Floats) -> NDArray[np.bool_]:
    """Tell which classes were dead and not alive since, after each epoch.

    Parameters
    ----------
    recall : ndarray, shape (epochs, classes)

    Returns
    -------
    ndarray of bool, shape (epochs, classes)

    Examples
    --------
    >>> asleep(np.array([[0.05], [0.3], [0.6], [0.3]])).ravel().tolist()
    [True, True, False, False]
    """
    state = np.zeros(recall.shape, bool)
    before = np.zeros(recall.shape[1], bool)
    for epoch, shares in enumerate(recall):
        before = (before | (shares < DEAD)) & ~(shares >= ALIVE)
        state[epoch] = before
    return state


def awakenings(course: Course) -> list[Awakening]:
    """Return all classes that come alive in a run, by epoch.

    Examples
    --------
    >>> recall = np.array([[0.9, 0.0], [0.9, 0.04], [0.9, 0.7]])
    >>> [one] = awakenings(Course("", 0, recall.mean(axis=1), recall, {}))
    >>> one.label, one.dead, one.alive, round(one.rise, 2)
    (1, 2, 3, 0.33)
    """
    sleeping = asleep(course.recall)
    found = []
    for epoch in range(1, len(course.recall)):
        for label in np.flatnonzero(sleeping[epoch - 1] & ~sleeping[epoch]):
            dead = int(np.flatnonzero(course.recall[:epoch, label] < DEAD)[-1]) + 1
            rise = float(course.accuracy[epoch] - course.accuracy[epoch - 1])
            found.append(Awakening(int(label), dead, epoch + 1, rise))
    return found


def jumps(course: Course) -> list[Jump]:
    """Return all sudden rises of accuracy in a run, by epoch.

    Examples
    --------
    >>> recall = np.array([[0.9, 0.0]] * 5 + [[0.9, 0.7]])
    >>> [jump] = jumps(Course("", 0, recall.mean(axis=1), recall, {}))
    >>> jump.epoch, jump.label, round(jump.share, 2), jump.awakening
    (6, 1, 1.0, True)
    """
    sleeping = asleep(course.recall)
    found = []
    for epoch in range(SETTLED, len(course.accuracy)):
        rise = float(course.accuracy[epoch] - course.accuracy[epoch - 1])
        if rise <= SUDDEN:
            continue
        rises = np.nan_to_num(course.recall[epoch] - course.recall[epoch - 1])
        label = int(rises.argmax())
        share = float(rises[label]) / len(rises) / rise
        awake = share > 0.5 and bool(sleeping[epoch - 1, label])
        found.append(Jump(epoch + 1, rise, label, share, awake))
    return found


class Contrast(NamedTuple):
    """Units that are dead after one epoch beside those that live, at one moment.

    Parameters
    ----------
    epoch : float
        When.
    gradient, derivative : dict of float
        By seed, the logarithm of dead over living (geometric mean over median) of the norm of the
        gradient by the unit's weights, and of p (1 - p) at the class's mean pre-activation.
    saturated, dead : int
        How many of the dead units are saturated at this moment.
    """

    epoch: float
    gradient: dict[int, float]
    derivative: dict[int, float]
    saturated: int
    dead: int


def contrast(made: Iterable[Course], moment: int | None) -> Contrast | None:
    """Compare dead units with living ones; None where no run has both.

    Parameters
    ----------
    made : iterable of Course
        Those without units are left out.
    moment : int or None
        Which look at the units: 0 is before the first step. None is the last one of epoch 1.
    """
    gradients: dict[int, list[float]] = {}
    derivatives: dict[int, list[float]] = {}
    when, saturated, dead_units = 0.0, 0, 0
    for course in made:
        if not course.units:
            continue
        units = course.units
        first = int(np.searchsorted(units["unit_epoch"], 1.0, side="right")) - 1
        at = first if moment is None else moment
        dead = units["unit_recall"][first] < DEAD
        living = units["unit_recall"][first] >= ALIVE
        if not dead.any() or not living.any():
            continue
        slope = derivative(units["unit_z_own"][at])
        when = float(units["unit_epoch"][at])
        saturated += int((slope[dead] < SATURATED).sum())
        dead_units += int(dead.sum())
        for by_seed, values in ((gradients, units["unit_gradient"][at]), (derivatives, slope)):
            logs = np.log(np.maximum(np.asarray(values, float), 1e-30))
            ratio = float(logs[dead].mean() - np.median(logs[living]))
            by_seed.setdefault(course.seed, []).append(ratio)
    if not gradients:
        return None
    # the cells of a seed share its initial weights, so they are no separate witnesses
    means = [{s: float(np.mean(v)) for s, v in by.items()} for by in (gradients, derivatives)]
    return Contrast(when, means[0], means[1], saturated, dead_units)


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
