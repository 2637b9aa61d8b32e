"""Tables of dead classes: how often they are dead, come alive, and accuracy jumps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassnet.report.sections import TextTable
from glassnet.report.thesis.answers import family
from glassnet.report.thesis.awakenings import Course, awakenings, jumps
from glassnet.report.thesis.wording import clear, share_told, signed
from glassnet.study import Study
from glassnet.study.comparison import verdict
from glassnet.study.intervals import share_interval

BASELINE = "as in the thesis"


def dead_classes(made: Sequence[Course], cell: str) -> dict[int, int]:
    """Return how many classes are dead after the first epoch of a cell's runs, by seed."""
    return {c.seed: len(c.dead_after_one) for c in made if c.cell == cell}


def how_often(
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
    dead = {c.label: dead_classes(made, c.label) for c in study.cells}
    others = [(cell, BASELINE) for cell in dead if cell != BASELINE]
    words = {"better": "fewer", "worse": "more"}
    told = {}
    for (cell, _), d in family(dead, others).items():
        text = verdict(d, unit="", scale=1.0, digits=1, higher_is_better=False)
        told[cell] = f"{words[text.split()[0]]} {text.split(' ', 1)[1]}" if clear(d) else text
    return told


def every_awakening(here: Sequence[Course], there: Sequence[Course]) -> list[TextTable]:
    """Return every class that comes alive."""
    rows = [
        [
            f"{course.cell}{where}, seed {course.seed}",
            str(one.label),
            str(one.dead),
            str(one.alive),
            signed(100 * one.rise),
        ]
        for made, where in ((here, ""), (there, " (Fig. 8)"))
        for course in made
        for one in awakenings(course)
    ]
    headings = ["Run", "Class", "Dead until epoch", "Alive after epoch", "Accuracy (points)"]
    caption = "Every class that comes alive, and how accuracy changes in that epoch"
    return [TextTable(headings, rows, caption)] if rows else []
