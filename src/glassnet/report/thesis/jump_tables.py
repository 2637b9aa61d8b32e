"""Tables of dead classes: how often they are dead, come alive, and accuracy jumps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from glassnet.report.sections import TextTable
from glassnet.report.thesis.answers import family
from glassnet.report.thesis.awakenings import Course, awakenings, jumps
from glassnet.report.thesis.wording import signed
from glassnet.study import Study
from glassnet.study.comparison import Difference, verdict

BASELINE = "as in the thesis"

Others = Mapping[str, Sequence[Course]]
"""The runs of other studies, by the figure that they are of."""


def dead_classes(made: Sequence[Course], cell: str) -> dict[int, int]:
    """Return how many classes are dead after the first epoch of a cell's runs, by seed."""
    return {c.seed: len(c.dead_after_one) for c in made if c.cell == cell}


def how_often(study: Study, here: Sequence[Course], others: Others) -> TextTable:
    """Return for each cell how often classes are dead and come alive, and how often it jumps."""
    against = {d.first: fewer(d) for d in against_baseline(study, here)}
    rows = []
    for cell in study.cells:
        mine = [course for course in here if course.cell == cell.label]
        told = _counts(mine) if mine else ["–"] * 4
        rows.append([cell.label, *told, against.get(cell.label, "–")])
    for where, made in others.items():
        for label in dict.fromkeys(course.cell for course in made):
            mine = [course for course in made if course.cell == label]
            rows.append([f"{label} ({where})", *_counts(mine), "–"])
    headings = ["Cell", "Dead classes after 1 epoch", "Seeds with any", "Come alive later"]
    headings += ["Jumps (of them one class)", "Dead classes, against the thesis'"]
    caption = "How often classes are dead, come alive, and accuracy jumps"
    return TextTable(headings, rows, caption, remarks=1)


def _counts(made: Sequence[Course]) -> list[str]:
    found = [jump for course in made for jump in jumps(course)]
    dead = [len(course.dead_after_one) for course in made]
    return [
        f"{np.mean(dead):.1f}",
        f"{sum(count > 0 for count in dead)} of {len(dead)}",
        str(sum(len(awakenings(course)) for course in made)),
        f"{len(found)} ({sum(jump.awakening for jump in found)})",
    ]


def against_baseline(study: Study, made: Sequence[Course]) -> list[Difference]:
    """Compare the dead classes after one epoch of each cell with those of the thesis' settings."""
    dead = {c.label: dead_classes(made, c.label) for c in study.cells}
    others = [(cell, BASELINE) for cell in dead if cell != BASELINE]
    return list(family(dead, others).values())


def fewer(difference: Difference) -> str:
    """Return the verdict on a difference of numbers of dead classes."""
    text = verdict(difference, unit="", scale=1.0, digits=1, higher_is_better=False)
    words = {"better": "fewer", "worse": "more"}
    first, rest = text.split(" ", 1)
    return f"{words[first]} {rest}" if first in words else text


def every_awakening(here: Sequence[Course], others: Others) -> list[TextTable]:
    """Return every class that comes alive."""
    rows = [
        [
            f"{course.cell}{where}, seed {course.seed}",
            str(one.label),
            str(one.dead),
            str(one.alive),
            signed(100 * one.rise),
        ]
        for where, made in [("", here), *((f" ({where})", made) for where, made in others.items())]
        for course in made
        for one in awakenings(course)
    ]
    headings = ["Run", "Class", "Dead until epoch", "Alive after epoch", "Accuracy (points)"]
    caption = "Every class that comes alive, and how accuracy changes in that epoch"
    return [TextTable(headings, rows, caption)] if rows else []
