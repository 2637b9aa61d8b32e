"""Why accuracy rises suddenly within one epoch: whether a dead output unit comes alive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from glassnet.report.numbers import plural
from glassnet.report.sections import Section
from glassnet.report.study_section import curve_drawings
from glassnet.report.thesis.answers import framed, nothing_run, unanswered
from glassnet.report.thesis.awakenings import (
    ALIVE,
    DEAD,
    SETTLED,
    STEEPER,
    SUDDEN,
    Awakening,
    Course,
    awakenings,
    courses,
)
from glassnet.report.thesis.jump_drawings import exemplar
from glassnet.report.thesis.jump_evidence import (
    TOO_LARGE,
    TWINS,
    Evidence,
    each_once,
    evidence_of,
    other_runs,
)
from glassnet.report.thesis.jump_tables import (
    BASELINE,
    against_baseline,
    dead_classes,
    every_awakening,
    fewer,
    how_often,
)
from glassnet.report.thesis.output_units import (
    SATURATED,
    Contrast,
    after_first_epoch,
    since_when,
)
from glassnet.report.thesis.wording import share_told, signed
from glassnet.study import Study, analyse
from glassnet.study.intervals import Interval

STUDY = "question-3-why-it-jumps"


def section(studies: Mapping[str, Study], *, data_dir: str | Path | None = None) -> Section:  # noqa: ARG001
    """Return the section of the question why accuracy jumps."""
    study = studies.get(STUDY)
    if study is None or nothing_run(study):
        return unanswered(STUDY, "Why does accuracy jump within an epoch?", study)
    here = courses(study)
    others = other_runs(studies)
    steady = [c for made in others.values() for c in made if c.cell != TOO_LARGE]
    evidence = evidence_of(here, each_once(here, steady))
    own = [course for course in here if course.cell == BASELINE]
    slow = [course for course in steady if course.cell == TWINS["rate 0.01"]]
    return framed(
        study,
        [f"{_short(evidence, since_when(here))} {_prevention(study, here)}".strip()],
        findings=[*_units(here, evidence.units), *_since_when(here), _rules()],
        drawings=[
            *(exemplar(own, f"{STUDY}-awakening") or exemplar(here, f"{STUDY}-awakening")),
            *exemplar(slow, "figure-08-awakening"),
            *curve_drawings(study, study.results(), analyse(study)),
        ],
        tables=[how_often(study, here, others), *every_awakening(here, others)],
    )


def _short(evidence: Evidence, since: str) -> str:
    judged = evidence.verdict
    if judged == "no jump":
        return "In these runs accuracy does not jump, so there is nothing to explain."
    head = {
        "supported": _SUPPORTED[since],
        "refuted": "No: a saturated output unit that comes alive is not what makes accuracy jump",
        "unclear": "That is not settled by these runs",
    }[judged]
    text = (
        f"{head}. Of {plural(sum(evidence.jumps), 'sudden rise')} of accuracy in "
        f"{plural(len(evidence.jumps), 'seed')}, {sum(evidence.explained)} "
        f"({share_told(evidence.share)}) are one class that was not recognised at all and then is"
    )
    if evidence.units is None:
        return f"{text}; no dead unit was looked at."
    return (
        f"{text}. While it is dead, p (1 − p) of its unit is {_times(evidence.units.derivative)} "
        "that of living units."
    )


_SUPPORTED = {
    "initialisation": "Yes: an output unit that was saturated since initialisation comes alive",
    "first steps": "Yes, but not since initialisation: the first steps saturate an output unit, "
    "and it comes alive",
    "later": "Yes, but not since initialisation: an output unit saturates during the first epoch, "
    "and comes alive",
    "unknown": "Yes: a saturated output unit comes alive",
}


def _times(ratio: Interval) -> str:
    if np.isnan(ratio.low):
        return f"{ratio.mean:.2g} times (one seed)"
    return f"{ratio.mean:.2g} times (95 % interval {ratio.low:.2g} to {ratio.high:.2g})"


def _prevention(study: Study, made: Sequence[Course]) -> str:
    """Say where fewer classes are dead after one epoch than with the thesis' settings."""
    found = against_baseline(study, made)
    if not found:
        return ""
    mean = np.mean(list(dead_classes(made, BASELINE).values()))
    told = [
        f"{d.first}: {fewer(d)}" + ("" if d.distinct else f" (on average {signed(d.mean, 1)})")
        for d in found
    ]
    return (
        f"Dead classes after one epoch, against the thesis' settings, which have {mean:.1f} on "
        f"average: {'; '.join(told)}."
    )


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
    head = {
        "initialisation": "Most dead units are saturated since initialisation",
        "first steps": "Dead units are not saturated since initialisation; the first steps do it",
    }.get(
        since_when(made), "Dead units are saturated neither since initialisation nor by the first "
        "steps"
    )  # fmt: skip
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
        f"The rules: a class is dead if its recall is below {100 * DEAD:.0f} %, and alive from "
        f"{100 * ALIVE:.0f} % on. A sudden rise is one of more than {100 * SUDDEN:.0f} points of "
        f"test accuracy within one epoch, from epoch {SETTLED + 1} on, and more than {STEEPER} "
        "times that of the epoch before and of that after. It is a class coming alive if that "
        "class was dead, was not alive since, and contributes more than half of the rise. "
        "Supported: the interval of their share (over the seeds that have any) lies above one "
        "half, and that of the ratio of p (1 − p) below 1; refuted: the share's lies "
        "below one half, or the ratio's above 1. Runs of Fig. 8 and 11 count too, but not rate 5, "
        "where accuracy goes up and down all the time. Units were looked at many times an epoch, "
        "on 2,000 training examples."
    )
