"""Classes that a network does not recognise at all, and then, suddenly, does."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.study import Finished, Study

Floats = NDArray[np.float64]

DEAD, ALIVE = 0.1, 0.5
"""Recall of a class: below the first it is dead, from the second on alive."""
SUDDEN, STEEPER, SETTLED = 0.02, 3, 4
"""A jump is a rise of accuracy within one epoch by more than the first, and so many times as large
as that of the epoch before and of that after; the first epochs are not looked at."""


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
    key : str
        Of the run: two studies may share it.
    """

    cell: str
    seed: int
    accuracy: Floats
    recall: Floats
    units: dict[str, NDArray[np.float64]]
    key: str = ""

    @property
    def dead_after_one(self) -> NDArray[np.intp]:
        """The classes that are dead after the first epoch."""
        return np.flatnonzero(self.recall[0] < DEAD)


def courses(study: Study) -> list[Course]:
    """Return how each finished run of a study went."""
    return [
        _course(cell.label, spec.seed, run)._replace(key=spec.key)
        for cell, spec, run in study.finished()
        if all("validation_per_class_recall" in epoch for epoch in run.epochs)
    ]


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
    steps = np.diff(course.accuracy)  # the first is that of the second epoch
    for epoch in range(SETTLED, len(course.accuracy)):
        rise = float(steps[epoch - 1])
        beside = float(np.max([*steps[epoch - 2 : epoch - 1], *steps[epoch : epoch + 1]]))
        if rise <= max(SUDDEN, STEEPER * beside):
            continue
        rises = np.nan_to_num(course.recall[epoch] - course.recall[epoch - 1])
        label = int(rises.argmax())
        share = float(rises[label]) / len(rises) / rise
        awake = share > 0.5 and bool(sleeping[epoch - 1, label])
        found.append(Jump(epoch + 1, rise, label, share, awake))
    return found
