"""The rules by which claims of the thesis are judged."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from glassnet.study.thesis.evidence import Floats, MissingRunsError

Verdict = Literal["reproduced", "not reproduced", "depends on the seed", "not measured"]

NEARLY_ALL, HARDLY_ANY = 0.9, 0.1
"""Shares of the seeds: from the first on a claim is reproduced, up to the second it is not."""

ALIKE = 0.0025
"""Accuracies that differ by no more are alike: the smallest gain that the thesis tells."""

POINT = 0.01
"""If one more seed may come out farther off than this, a number depends on the seed."""

JUMP, SUDDEN = 0.02, 3.0
"""A sudden rise is of more than so much within one epoch, and so many times its neighbours."""


def share_verdict(holds: ArrayLike) -> Verdict:
    """Judge a claim that holds for some seeds.

    Examples
    --------
    >>> share_verdict([True] * 9 + [False]), share_verdict([True, False])
    ('reproduced', 'depends on the seed')
    """
    share = float(np.mean(np.asarray(holds, bool)))
    if share >= NEARLY_ALL:
        return "reproduced"
    return "not reproduced" if share <= HARDLY_ANY else "depends on the seed"


def number_verdict(values: ArrayLike, claimed: float, *, wide: float = POINT) -> Verdict:
    """Judge a number of one seed by those of ours.

    It is reproduced if it lies where one more seed would, with 95 % confidence; it depends on the
    seed if that interval reaches farther than `wide` to each side, or some seeds never get there.

    Notes
    -----
    The prediction interval of a normal distribution, ``m ± t s sqrt(1 + 1/n)``.

    Examples
    --------
    >>> number_verdict([0.950, 0.952, 0.954], 0.955), number_verdict([0.95, 0.952], 0.99)
    ('reproduced', 'not reproduced')
    >>> number_verdict([0.91, 0.95, 0.99], 0.93)
    'depends on the seed'
    """
    many = np.asarray(values, float)
    if not np.isfinite(many).all():
        return "depends on the seed" if claimed >= many.min() else "not reproduced"
    if many.size < 2:
        raise MissingRunsError("more seeds")
    spread = float(many.std(ddof=1)) * math.sqrt(1 + 1 / many.size)
    reach = max(float(stats.t.ppf(0.975, many.size - 1)) * spread, 1e-9)
    if abs(claimed - float(many.mean())) > reach:
        return "not reproduced"
    return "depends on the seed" if reach > wide else "reproduced"


def first_epoch(curves: Floats, threshold: float) -> Floats:
    """Return for each seed the first epoch that reaches the threshold; infinity if none does."""
    reached = curves >= threshold
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, np.inf)


def sudden_rises(curves: Floats) -> NDArray[np.bool_]:
    """Return where accuracy rises suddenly, shape (seeds, epochs - 1): from epoch 1 to 2, ...

    Examples
    --------
    >>> sudden_rises(np.array([[0.50, 0.51, 0.52, 0.60, 0.61]])).tolist()
    [[False, False, True, False]]
    """
    rises = np.diff(curves, axis=1)
    around = np.pad(rises, ((0, 0), (1, 1)), constant_values=-np.inf)
    neighbours = np.maximum(around[:, :-2], around[:, 2:])
    sudden: NDArray[np.bool_] = (rises > JUMP) & (rises > SUDDEN * neighbours)
    return sudden


def roughness(curves: Floats) -> Floats:
    """Return for each seed the typical change from one point to the next, shape (seeds,)."""
    typical: Floats = np.sqrt(np.mean(np.square(np.diff(curves, axis=1)), axis=1))
    return typical
