"""The run in which a class that comes alive raises accuracy most, drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassnet.figures.classes_over_time import UnitPanel, awakening
from glassnet.report.sections import Drawing
from glassnet.report.thesis.awakenings import SETTLED, Course, awakenings
from glassnet.report.thesis.output_units import derivative
from glassnet.report.thesis.wording import sentence, signed


def exemplar(made: Sequence[Course], name: str) -> list[Drawing]:
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
    return [Drawing(name, figure, what, f"{sentence(what)}.{lower}")]


def _gradient(course: Course) -> np.ndarray:
    """Return the gradients; NaN for zeros, which a logarithmic axis cannot show."""
    gradient = np.asarray(course.units["unit_gradient"], float)
    return np.where(gradient > 0, gradient, np.nan)
