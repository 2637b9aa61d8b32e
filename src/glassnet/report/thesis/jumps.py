"""Why accuracy rises suddenly within one epoch: whether a dead output unit comes alive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from glassnet.report.numbers import plural
from glassnet.report.sections import Section
from glassnet.report.study_section import curve_drawings
from glassnet.report.thesis.answers import framed, nothing_run, unanswered
from glassnet.report.thesis.awakenings import (
    ALIVE,
    DEAD,
    SETTLED,
    SUDDEN,
    Awakening,
    Course,
    awakenings,
    courses,
    jumps,
)
from glassnet.report.thesis.jump_drawings import exemplar
from glassnet.report.thesis.jump_tables import BASELINE, dead_classes, every_awakening, how_often
from glassnet.report.thesis.output_units import (
    SATURATED,
    Contrast,
    after_first_epoch,
    while_dead,
)
from glassnet.report.thesis.wording import share_told
from glassnet.study import Study, analyse
from glassnet.study.intervals import Interval, share_interval

STUDY = "question-3-why-it-jumps"
RATES = "figure-08"
TOO_LARGE = "learning rate 5"
"""At this rate accuracy goes up and down all the time; its rises are another matter."""
TWINS = {"as in the thesis": "learning rate 0.1", "rate 0.01": "learning rate 0.01"}
"""Cells that figure 8 has too, for longer: the same training, which must not be counted twice."""


class Evidence(NamedTuple):
    """What the hypothesis is judged by.

    Parameters
    ----------
    jumps, explained : int
        Sudden rises, and those that are one class coming alive.
    units : Contrast or None
        Dead units beside living ones.
    """

    jumps: int
    explained: int
    units: Contrast | None

    @property
    def share(self) -> Interval:
        """Of the jumps that are awakenings."""
        return share_interval(self.explained, self.jumps)

    @property
    def verdict(self) -> str:
        """``"supported"``, ``"refuted"``, ``"unclear"``, or ``"no jump"``.

        Supported: the interval of the share lies above a half, and dead units are more saturated
        than living ones: the interval of the ratio of their p (1 - p) lies below 1. Refuted: the
        first lies below a half, or the second above 1.
        """
        if self.jumps == 0:
            return "no jump"
        saturated = self.units is not None and self.units.derivative.high < 1
        if self.share.low > 0.5 and saturated:
            return "supported"
        steeper = self.units is not None and self.units.derivative.low > 1
        return "refuted" if self.share.high < 0.5 or steeper else "unclear"


def section(studies: Mapping[str, Study], *, data_dir: str | Path | None = None) -> Section:  # noqa: ARG001
    """Return the section of the question why accuracy jumps."""
    study = studies.get(STUDY)
    if study is None or nothing_run(study):
        return unanswered(STUDY, "Why does accuracy jump within an epoch?", study)
    here = courses(study)
    rates = studies.get(RATES)
    there = courses(rates) if rates is not None and not nothing_run(rates) else []
    steady = [course for course in there if course.cell != TOO_LARGE]
    counted = [jump for course in _once(here, steady) for jump in jumps(course)]
    evidence = Evidence(len(counted), sum(jump.awakening for jump in counted), while_dead(here))
    slow = [course for course in steady if course.cell == TWINS["rate 0.01"]]
    return framed(
        study,
        [
            f"{_short(evidence)} {_prevention(study, here)}",
            *_units(here, evidence.units),
            *_since_when(here),
            _rules(),
        ],
        drawings=[
            *exemplar(here, f"{STUDY}-awakening"),
            *exemplar(slow, f"{RATES}-awakening"),
            *curve_drawings(study, study.results(), analyse(study)),
        ],
        tables=[how_often(study, here, rates, there), *every_awakening(here, steady)],
    )


def _once(here: Sequence[Course], there: Sequence[Course]) -> list[Course]:
    """Return all courses, those that both studies have only as long as figure 8 has them."""
    longer = {(course.cell, course.seed) for course in there}
    own = [c for c in here if (TWINS.get(c.cell, c.cell), c.seed) not in longer]
    return [*own, *there]


def _short(evidence: Evidence) -> str:
    judged = evidence.verdict
    if judged == "no jump":
        return "In these runs accuracy does not jump, so there is nothing to explain."
    head = {
        "supported": "Yes: a saturated output unit comes alive",
        "refuted": "No: a saturated output unit that comes alive is not what makes accuracy jump",
        "unclear": "That is not settled by these runs",
    }[judged]
    text = (
        f"{head}. Of {plural(evidence.jumps, 'sudden rise')} of accuracy, {evidence.explained} "
        f"({share_told(evidence.share)}) are one class that was not recognised at all and then is"
    )
    if evidence.units is None:
        return f"{text}; no dead unit was looked at."
    return (
        f"{text}. While it is dead, p (1 − p) of its unit is {_times(evidence.units.derivative)} "
        "that of living units."
    )


def _times(ratio: Interval) -> str:
    if np.isnan(ratio.low):
        return f"{ratio.mean:.2g} times (one seed)"
    return f"{ratio.mean:.2g} times (95 % interval {ratio.low:.2g} to {ratio.high:.2g})"


def _prevention(study: Study, made: Sequence[Course]) -> str:
    """Say in which cells there are dead classes after one epoch, against the thesis' settings."""
    dead = {cell: dead_classes(made, cell) for cell in (c.label for c in study.cells)}
    if not dead[BASELINE]:
        return ""
    mean = np.mean(list(dead[BASELINE].values()))
    told = []
    for cell, counts in dead.items():
        if cell == BASELINE or not counts:
            continue
        none = sum(count == 0 for count in counts.values())
        told.append(
            f"{cell} {np.mean(list(counts.values())):.1f} (none in {none} of {len(counts)} seeds)"
        )
    text = f"Dead classes after one epoch, on average: as in the thesis {mean:.1f}"
    return f"{'; '.join([text, *told])}."


def _units(made: Sequence[Course], dead: Contrast | None) -> list[str]:
    """Say how dead units differ from living ones, and what waking looks like."""
    if dead is None:
        return ["No unit was dead after an epoch in the runs that looked at units."]
    text = (
        f"Units that are dead after an epoch were looked at {dead.dead} times; {dead.saturated} "
        f"times they were saturated (p (1 − p) below {SATURATED:g} at the mean pre-activation of "
        "their own class). p (1 − p) is a factor of the gradient, whose norm is "
        f"{_times(dead.gradient)} that of living units."
    )
    woken = [(course, one) for course in made if course.units for one in awakenings(course)]
    rises = [r for course, one in woken if (r := _gradient_rise(course, one)) is not None]
    if rises:
        text += (
            f" While a unit comes alive, its gradient passes a maximum of {np.median(rises):.3g} "
            f"times what it was after the first epoch (median of {plural(len(rises), 'unit')})."
        )
    return [text]


def _gradient_rise(course: Course, one: Awakening) -> float | None:
    """Return the highest gradient around an awakening over that after one epoch."""
    times, gradient = course.units["unit_epoch"], course.units["unit_gradient"][:, one.label]
    around = gradient[(times >= one.dead) & (times <= one.alive)]
    start = gradient[int(np.searchsorted(times, 1.0, side="right")) - 1]
    if around.size == 0 or start == 0:
        return None
    return float(around.max() / start)


def _since_when(made: Sequence[Course]) -> list[str]:
    """Say whether the dead units were saturated from the start, or only after the first steps."""
    start, soon, after = (after_first_epoch(made, moment) for moment in (0, 1, None))
    if start is None or soon is None or after is None:
        return []
    head = "They are not saturated since initialisation; the first steps do it"
    if start.saturated > after.dead / 2:
        head = "Most of them are saturated since initialisation"
    elif soon.saturated <= after.dead / 2:
        head = "They are saturated neither since initialisation nor by the first steps"
    text = (
        f"{head}: of {plural(after.dead, 'unit')} dead after one epoch, {start.saturated} are "
        f"saturated with the initial weights, {soon.saturated} after {100 * soon.epoch:.1f} % of "
        "the first epoch. With the initial weights their gradient is "
        f"{_times(start.gradient)} that of the others"
    )
    same = not (start.gradient.high < 1 or start.gradient.low > 1)
    return [f"{text}{', which is no clear difference' if same else ''}."]


def _rules() -> str:
    return (
        f"By these rules: a class is dead if its recall is below {100 * DEAD:.0f} %, and alive "
        f"from {100 * ALIVE:.0f} % on. A sudden rise is one of more than {100 * SUDDEN:.0f} points "
        f"of test accuracy within one epoch, after the first {SETTLED}; it is a class coming alive "
        "if that class was dead, was not alive since, and contributes more than half of the rise. "
        "Supported: the interval of their share lies above one half, and that of the ratio of "
        "p (1 − p) below 1; refuted: the share's lies below one half, or the ratio's above 1. Runs "
        "of Fig. 8 count too, but not rate 5, where accuracy goes up and down all the time. Units "
        "were looked at many times an epoch, on 2,000 training examples."
    )
