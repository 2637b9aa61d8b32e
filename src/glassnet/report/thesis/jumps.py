"""Why accuracy rises suddenly within one epoch: whether a dead output unit comes alive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from glassnet.figures.classes_over_time import UnitPanel, awakening
from glassnet.report.numbers import plural
from glassnet.report.sections import Drawing, Section, TextTable
from glassnet.report.study_section import curve_drawings
from glassnet.report.thesis.answers import family, framed, nothing_run, unanswered
from glassnet.report.thesis.awakenings import (
    ALIVE,
    DEAD,
    SATURATED,
    SETTLED,
    SUDDEN,
    Awakening,
    Contrast,
    Course,
    awakenings,
    contrast,
    courses,
    derivative,
    jumps,
)
from glassnet.report.thesis.wording import clear, share_told, signed
from glassnet.study import Study, analyse
from glassnet.study.comparison import verdict
from glassnet.study.intervals import Interval, mean_interval, share_interval

STUDY = "question-3-why-it-jumps"
RATES = "figure-08"
BASELINE = "as in the thesis"
TOO_LARGE = "learning rate 5"
"""At this rate accuracy goes up and down all the time; its rises are another matter."""


class Evidence(NamedTuple):
    """What the hypothesis is judged by.

    Parameters
    ----------
    jumps, explained : int
        Sudden rises, and those that are one class coming alive.
    gradient : Interval or None
        Ratio of dead units' gradients to living ones', after one epoch.
    """

    jumps: int
    explained: int
    gradient: Interval | None

    @property
    def share(self) -> Interval:
        """Of the jumps that are awakenings."""
        return share_interval(self.explained, self.jumps)

    @property
    def verdict(self) -> str:
        """``"supported"``, ``"refuted"``, ``"unclear"``, or ``"no jump"``.

        Supported: the interval of the share lies above a half, and that of the ratio of gradients
        below 1. Refuted: the first lies below a half, or the second above 1.
        """
        if self.jumps == 0:
            return "no jump"
        small = self.gradient is not None and self.gradient.high < 1
        if self.share.low > 0.5 and small:
            return "supported"
        large = self.gradient is not None and self.gradient.low > 1
        return "refuted" if self.share.high < 0.5 or large else "unclear"


def section(studies: Mapping[str, Study], *, data_dir: str | Path | None = None) -> Section:  # noqa: ARG001
    """Return the section of the question why accuracy jumps."""
    study = studies.get(STUDY)
    if study is None or nothing_run(study):
        return unanswered(STUDY, "Why does accuracy jump within an epoch?", study)
    here = courses(study)
    rates = studies.get(RATES)
    there = courses(rates) if rates is not None and not nothing_run(rates) else []
    counted = [jump for course in [*here, *_steady(there)] for jump in jumps(course)]
    after = contrast(here, None)
    ratio = _ratio(after.gradient) if after is not None else None
    evidence = Evidence(len(counted), sum(jump.awakening for jump in counted), ratio)
    return framed(
        study,
        [
            f"{_short(evidence)} {_prevention(study, here)}",
            *_units(here, after),
            *_since_when(here, after),
            _rules(),
        ],
        drawings=[
            *_exemplar(here, f"{STUDY}-awakening"),
            *_exemplar(_steady(there), f"{RATES}-awakening"),
            *curve_drawings(study, study.results(), analyse(study)),
        ],
        tables=[_how_often(study, here, rates, there), *_list(here, there)],
    )


def _steady(made: Sequence[Course]) -> list[Course]:
    return [course for course in made if course.cell != TOO_LARGE]


def _ratio(logs: Mapping[int, float]) -> Interval:
    """Return the geometric mean of ratios over seeds, with its interval."""
    return Interval(*(float(np.exp(v)) for v in mean_interval(list(logs.values()))))


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
    if evidence.gradient is None:
        return f"{text}; how its unit learns was not seen."
    return (
        f"{text}; the weights of such units get {_times(evidence.gradient)} the gradient of the "
        "living ones' after one epoch."
    )


def _times(ratio: Interval) -> str:
    if np.isnan(ratio.low):
        return f"{ratio.mean:.2g} times (one seed)"
    return f"{ratio.mean:.2g} times (95 % interval {ratio.low:.2g} to {ratio.high:.2g})"


def _prevention(study: Study, made: Sequence[Course]) -> str:
    """Say in which cells there are dead classes after one epoch, against the thesis' settings."""
    dead = {cell: _dead(made, cell) for cell in (c.label for c in study.cells)}
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


def _dead(made: Sequence[Course], cell: str) -> dict[int, int]:
    return {c.seed: len(c.dead_after_one) for c in made if c.cell == cell}


def _units(made: Sequence[Course], after: Contrast | None) -> list[str]:
    """Say how dead units differ from living ones after one epoch, and what waking looks like."""
    if after is None:
        return ["No unit is dead after one epoch in the runs that looked at units."]
    slope = _ratio(after.derivative)
    text = (
        f"After one epoch, {plural(after.dead, 'unit')} of these runs are dead, and "
        f"{after.saturated} of them are saturated: p (1 − p) is less than {SATURATED:g} at the mean "
        f"pre-activation of their own class. There p (1 − p), a factor of the gradient, is "
        f"{_times(slope)} that of living units, and the gradient's norm {_times(_ratio(after.gradient))}."
    )
    woken = [(course, one) for course in made if course.units for one in awakenings(course)]
    rises = [r for course, one in woken if (r := _gradient_rise(course, one)) is not None]
    if rises:
        median = float(np.median(rises))
        text += (
            f" When a unit comes alive, its gradient passes a maximum that is {median:.3g} times "
            f"what it was at the end of the first epoch (median of {len(rises)})."
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


def _since_when(made: Sequence[Course], after: Contrast | None) -> list[str]:
    """Say whether the dead units were saturated from the start, or only after the first steps."""
    first, second = contrast(made, 0), contrast(made, 1)
    if after is None or first is None or second is None:
        return []
    before = _ratio(first.gradient)
    same = before.low <= 1 <= before.high
    since = first.saturated > after.dead / 2
    head = (
        "They are saturated since initialisation"
        if since
        else "They are not saturated since initialisation; the first steps do it"
    )
    text = (
        f"{head}: of the {after.dead} that are dead after one epoch, {first.saturated} are "
        f"saturated with the initial weights, {second.saturated} after "
        f"{100 * second.epoch:.1f} % of the first epoch. With the initial weights their gradient "
        f"is {_times(before)} that of the others"
    )
    return [f"{text}{', which is no clear difference' if same else ''}."]


def _rules() -> str:
    return (
        f"By these rules: a class is dead if its recall is below {100 * DEAD:.0f} %, and alive "
        f"from {100 * ALIVE:.0f} % on. A sudden rise is one of more than {100 * SUDDEN:.0f} points "
        f"of test accuracy within one epoch, after the first {SETTLED}; it is a class coming alive "
        "if that class was dead, was not alive since, and contributes more than half of the rise. "
        "Supported: the interval of their share lies above one half, and that of the gradients' "
        "ratio below 1; refuted: the share's lies below one half, or the ratio's above 1. Rate 5 "
        "of Fig. 8, where accuracy goes up and down all the time, is not counted. What units do "
        "was looked at many times an epoch, on 2,000 training examples."
    )


def _exemplar(made: Sequence[Course], name: str) -> list[Drawing]:
    """Draw the run in which a class that comes alive raises accuracy most."""
    found = [(one.rise, i, one) for i, c in enumerate(made) for one in awakenings(c)]
    late = [(rise, i, one) for rise, i, one in found if one.alive > SETTLED]
    if not late and not found:
        return []
    _, i, one = max(late or found)
    course = made[i]
    x, recall, panels = np.arange(1.0, len(course.recall) + 1), course.recall, []
    if course.units:
        x, recall = course.units["unit_epoch"], course.units["unit_recall"]
        own = course.units["unit_z_own"]
        panels = [
            UnitPanel("mean pre-activation z of each unit, own class", own),
            UnitPanel("p (1 − p) at that z", derivative(own), log=True),
            UnitPanel("norm of the gradient by the unit's weights", _gradient(course), log=True),
        ]
    names = [str(label) for label in range(recall.shape[1])]
    figure = awakening(
        x,
        recall,
        names,
        one.label,
        unit_panels=panels,
        marks=[(float(one.alive), f"epoch {one.alive}: accuracy {signed(100 * one.rise)} points")],
        x_label="epoch",
    )
    what = (
        f"{course.cell}, seed {course.seed}: class {one.label} is dead until epoch {one.dead} and "
        f"alive after epoch {one.alive}, in which test accuracy changes by "
        f"{signed(100 * one.rise)} points"
    )
    lower = " Below, its output unit and, in grey, the others." if panels else ""
    return [Drawing(name, figure, what, f"{what[:1].upper()}{what[1:]}.{lower}")]


def _gradient(course: Course) -> np.ndarray:
    """Return the gradients; NaN for zeros, which a logarithmic axis cannot show."""
    gradient = np.asarray(course.units["unit_gradient"], float)
    return np.where(gradient > 0, gradient, np.nan)


def _how_often(
    study: Study, here: Sequence[Course], rates: Study | None, there: Sequence[Course]
) -> TextTable:
    """Return for each cell how often classes are dead and come alive, and how often it jumps."""
    cells = [(cell.label, here, "") for cell in study.cells]
    if rates is not None:
        cells += [(cell.label, there, " (Fig. 8)") for cell in rates.cells]
    against = _against_baseline(study, here)
    rows = []
    for label, made, where in cells:
        mine = [course for course in made if course.cell == label]
        if not mine:
            rows.append([label + where, *["–"] * 5])
            continue
        found = [jump for course in mine for jump in jumps(course)]
        with_dead = sum(len(course.dead_after_one) > 0 for course in mine)
        rows.append(
            [
                label + where,
                f"{np.mean([len(course.dead_after_one) for course in mine]):.1f}",
                share_told(share_interval(with_dead, len(mine))),
                str(sum(len(awakenings(course)) for course in mine)),
                f"{len(found)} ({sum(jump.awakening for jump in found)})",
                against.get(label, "–") if not where else "–",
            ]
        )
    headings = ["Cell", "Dead classes after 1 epoch", "Seeds with any", "Come alive later"]
    headings += ["Jumps (of them one class)", "Dead classes, against the thesis'"]
    return TextTable(headings, rows, "How often classes are dead, come alive, and accuracy jumps")


def _against_baseline(study: Study, made: Sequence[Course]) -> dict[str, str]:
    dead = {c.label: _dead(made, c.label) for c in study.cells}
    others = [(cell, BASELINE) for cell in dead if cell != BASELINE]
    words = {"better": "fewer", "worse": "more"}
    told = {}
    for (cell, _), d in family(dead, others).items():
        text = verdict(d, unit="", scale=1.0, digits=1, higher_is_better=False)
        told[cell] = f"{words[text.split()[0]]} {text.split(' ', 1)[1]}" if clear(d) else text
    return told


def _list(here: Sequence[Course], there: Sequence[Course]) -> list[TextTable]:
    """Return every class that comes alive."""
    rows = [
        [
            f"{course.cell}{where}, seed {course.seed}",
            str(one.label),
            str(one.dead),
            str(one.alive),
            signed(100 * one.rise),
        ]
        for made, where in ((here, ""), (_steady(there), " (Fig. 8)"))
        for course in made
        for one in awakenings(course)
    ]
    headings = ["Run", "Class", "Dead until epoch", "Alive after epoch", "Accuracy (points)"]
    caption = "Every class that comes alive, and how accuracy changes in that epoch"
    return [TextTable(headings, rows, caption)] if rows else []
