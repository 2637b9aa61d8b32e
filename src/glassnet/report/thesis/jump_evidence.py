"""What the hypothesis is judged by that a dead output unit, coming alive, makes accuracy jump."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from glassnet.report.thesis.answers import nothing_run, share_over_seeds
from glassnet.report.thesis.awakenings import Course, Jump, courses, jumps
from glassnet.report.thesis.output_units import Contrast, while_dead
from glassnet.study import Study
from glassnet.study.intervals import Interval

FIGURES = {"figure-08": "Fig. 8", "figure-11": "Fig. 11"}
"""Other studies whose runs may jump; the thesis names jumps in both."""
TOO_LARGE = "learning rate 5"
"""At this rate accuracy goes up and down all the time; its rises are another matter."""
TWINS = {"as in the thesis": "learning rate 0.1", "rate 0.01": "learning rate 0.01"}
"""Cells that figure 8 has too, for longer: the same training, which must not be counted twice."""


class Evidence(NamedTuple):
    """What the hypothesis is judged by.

    Parameters
    ----------
    jumps, explained : sequence of int
        For each seed its sudden rises, and those that are one class coming alive.
    units : Contrast or None
        Dead units beside living ones.
    """

    jumps: Sequence[int]
    explained: Sequence[int]
    units: Contrast | None

    @property
    def share(self) -> Interval:
        """Of the jumps that are awakenings, with its interval over seeds."""
        return share_over_seeds(self.explained, self.jumps)

    @property
    def verdict(self) -> str:
        """``"supported"``, ``"refuted"``, ``"unclear"``, or ``"no jump"``.

        Supported: the interval of the share lies above a half, and dead units are more saturated
        than living ones: the interval of the ratio of their p (1 - p) lies below 1. Refuted: the
        first lies below a half, or the second above 1.
        """
        if sum(self.jumps) == 0:
            return "no jump"
        saturated = self.units is not None and self.units.derivative.high < 1
        if self.share.low > 0.5 and saturated:
            return "supported"
        steeper = self.units is not None and self.units.derivative.low > 1
        return "refuted" if self.share.high < 0.5 or steeper else "unclear"


def other_runs(studies: Mapping[str, Study]) -> dict[str, list[Course]]:
    """Return the runs of the figures, each run once."""
    found: dict[str, list[Course]] = {}
    seen: set[str] = set()
    for name, figure in FIGURES.items():
        study = studies.get(name)
        if study is not None and not nothing_run(study):
            made = [course for course in courses(study) if course.key not in seen]
            seen |= {course.key for course in made}
            found[figure] = made
    return found


def evidence_of(here: Sequence[Course], counted: Sequence[Course]) -> Evidence:
    """Return the jumps of each seed, and the dead units of the runs that looked at units."""
    by_seed: dict[int, list[Jump]] = {}
    for course in counted:
        by_seed.setdefault(course.seed, []).extend(jumps(course))
    found = list(by_seed.values())
    return Evidence(
        [len(of_seed) for of_seed in found],
        [sum(jump.awakening for jump in of_seed) for of_seed in found],
        while_dead(here),
    )


def each_once(here: Sequence[Course], there: Sequence[Course]) -> list[Course]:
    """Return all courses, those that both studies have only as long as figure 8 has them."""
    longer = {(course.cell, course.seed) for course in there}
    own = [c for c in here if (TWINS.get(c.cell, c.cell), c.seed) not in longer]
    return [*own, *there]
