"""The figures of the thesis, drawn in its form with bands over seeds."""

from __future__ import annotations

import numpy as np

from glassnet.figures.bands import bands
from glassnet.report.sections import Drawing, Section
from glassnet.report.study_section import (
    answer_of,
    command,
    curves,
    difference_drawings,
    findings_of,
    ran,
    short_label,
)
from glassnet.report.study_tables import cell_table, view_tables
from glassnet.report.thesis import figure_steps, figure_switch
from glassnet.report.thesis.answers import asked
from glassnet.study import Study, analyse

FIGURES = (
    *("figure-08", "figure-09", "figure-10", "figure-11", "figure-12", "figure-14"),
    "figure-14-standard-normal",
)
"""The studies of the thesis' figures."""
_STEPS, _SWITCHES = ("figure-10",), ("figure-12", "figure-14", "figure-14-standard-normal")
_LIMITS = {
    "figure-08": ((50.0, 97.0), (90.0, 96.0)),
    "figure-09": ((80.0, 96.5), (92.0, 96.0)),
    "figure-11": ((60.0, 96.5), (90.0, 96.0)),
}
"""Of the accuracy, in per cent: what the left panel shows and the right one."""


def figure_section(study: Study) -> Section:
    """Return the section of one of the thesis' figures."""
    analysis = analyse(study)
    answer, findings = answer_of(analysis), findings_of(analysis)
    drawings: list[Drawing] = []
    tables = [cell_table(analysis), *view_tables(analysis)]
    if any(cell.values for cell in analysis.cells):
        waiting = [] if analysis.complete else answer[:1]
        if study.name in _STEPS:
            made = figure_steps.content(study)
        elif study.name in _SWITCHES:
            made = figure_switch.content(study)
        else:
            drawn = difference_drawings(study, analysis)
            made, waiting = (answer, findings, [*_accuracy(study), *drawn], tables), []
        told, findings, drawings, tables = made
        answer = [*waiting, *told, *analysis.remarks]
    return Section(
        key=study.name,
        title=study.table.title,
        question=asked(study),
        answer=answer,
        findings=findings,
        drawings=drawings,
        tables=tables,
        ran=ran(study),
        command=command(study),
    )


def _accuracy(study: Study) -> list[Drawing]:
    """Draw test accuracy by epoch, a curve for each cell."""
    factor = study.factors[0]
    drawn = [
        curve._replace(label=short_label(study, curve.label))
        for curve in curves(study.results(), "validation_accuracy")
    ]
    whole, zoom = _LIMITS[study.name]
    figure = bands(
        drawn,
        x_label="epoch",
        y_label="test accuracy (%)",
        title=f"by {factor}",
        limits=whole,
        zoom=zoom,
    )
    alt = "; ".join(f"{c.label}: {100 * np.asarray(c.mean)[-1]:.2f} % at the end" for c in drawn)
    caption = f"Test accuracy by epoch and {factor}; at the right what is shaded, in detail."
    return [Drawing(study.name, figure, alt, caption)]
