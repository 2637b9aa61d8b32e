"""The figures of the thesis, drawn in its form with bands over seeds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from glassnet.figures import style
from glassnet.figures.bands import Curve, bands
from glassnet.report.sections import Drawing, Section
from glassnet.report.study_section import (
    answer_of,
    cell_table,
    command,
    curve,
    curves,
    difference_drawings,
    findings_of,
    ran,
    short_label,
    view_tables,
)
from glassnet.study import Study, analyse

_CAPTION = (
    "{}. Strong: the mean over seeds, with the 95 % bootstrap band of the mean; thin: each seed."
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
    caption = _CAPTION.format(f"Test accuracy by epoch and {factor}")
    return [Drawing(study.name, figure, alt, caption)]


_LIMITS = {
    "figure-08": ((50.0, 97.0), (90.0, 96.0)),
    "figure-09": ((80.0, 96.5), (92.0, 96.0)),
    "figure-11": ((60.0, 96.5), (90.0, 96.0)),
}
"""Of the accuracy, in per cent: what the left panel shows and the right one."""


def _steps(study: Study) -> list[Drawing]:
    """Draw the error of the whole training set by step."""
    drawn: list[Curve] = []
    for cell in study.cells:
        errors = [
            run.arrays["step_mean_squared_error"]
            for found, _, run in study.finished()
            if found.label == cell.label
        ]
        if errors:
            made = np.array(errors)
            drawn.append(curve(cell.levels["batch size"], np.arange(made.shape[1]), made))
    figure = bands(
        drawn, x_label="step", y_label="mean squared error", scale=1.0, title="by batch size"
    )
    alt = "; ".join(f"{c.label}: {np.asarray(c.mean)[-1]:.5f} after the last step" for c in drawn)
    what = "Mean squared error of the whole training set, step by step, after one epoch of SGD"
    return [Drawing(study.name, figure, alt, _CAPTION.format(what))]


def _training_and_test(study: Study) -> list[Drawing]:
    """Draw training and test accuracy by epoch, with the change of the batch size."""
    results = study.results()
    drawn = [
        curve._replace(label=label, colour=colour)
        for label, value, colour in (
            ("training", "accuracy", style.TRAINING),
            ("test", "validation_accuracy", style.VALIDATION),
        )
        for curve in curves(results, value)
    ]
    switch = int(results[results["phase"] == 1]["epoch"].max())
    figure = bands(
        drawn,
        x_label="epoch",
        y_label="accuracy (%)",
        phases=[(switch + 0.5, "batch size 50")],
    )
    test = np.asarray(drawn[1].mean)
    at = int(np.nanargmax(test))
    alt = f"mean test accuracy is highest, {100 * test[at]:.2f} %, after epoch {at + 1}"
    return [Drawing(study.name, figure, alt, _CAPTION.format("Accuracy by epoch"))]


FIGURES: dict[str, Callable[[Study], list[Drawing]]] = {
    "figure-08": _accuracy,
    "figure-09": _accuracy,
    "figure-10": _steps,
    "figure-11": _accuracy,
    "figure-12": _training_and_test,
    "figure-14": _training_and_test,
}
"""What draws the study of each figure."""


def figure_section(study: Study) -> Section:
    """Return the section of one of the thesis' figures."""
    analysis = analyse(study)
    drawn: list[Drawing] = []
    if any(cell.values for cell in analysis.cells):
        drawn = [*FIGURES[study.name](study), *difference_drawings(study, analysis)]
    return Section(
        key=study.name,
        title=study.table.title,
        question=" ".join(study.table.question.split()),
        answer=answer_of(analysis),
        findings=findings_of(analysis),
        drawings=drawn,
        tables=[cell_table(analysis), *view_tables(analysis)],
        ran=ran(study),
        command=command(study),
    )
