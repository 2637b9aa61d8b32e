"""Whether the thesis' network overfits after epoch 32, and what the remedies do about it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from glassnet.report.sections import Section
from glassnet.report.study_section import difference_drawings
from glassnet.report.study_tables import cell_table
from glassnet.report.thesis.answers import by_epoch, framed, nothing_run, unanswered
from glassnet.report.thesis.overfitting_drawings import gap_drawing, late_drawing
from glassnet.report.thesis.overfitting_tables import (
    CLAIMED,
    PLAIN,
    STOPPED,
    Course,
    course_of,
    courses_table,
    epochs_told,
    minima_table,
)
from glassnet.report.thesis.wording import (
    amount,
    clear,
    listed,
    summary,
)
from glassnet.study import Analysis, Study, analyse
from glassnet.study.comparison import number_word
from glassnet.study.intervals import Interval, mean_interval

STUDY = "question-7-overfitting"
THESIS_RUN = "figure-12"
MARGIN = 0.0025
"""A change of accuracy that is smaller does not matter: 0.25 points."""


def section(studies: Mapping[str, Study], *, data_dir: str | Path | None = None) -> Section:  # noqa: ARG001
    """Return the section of the question what prevents overfitting."""
    study = studies.get(STUDY)
    if study is None or nothing_run(study):
        return unanswered(STUDY, "What prevents overfitting?", study)
    analysis, results = analyse(study), study.results()
    switch = int(results.loc[results["phase"] == 1, "epoch"].max())
    return framed(
        study,
        [
            f"{_does_it(results)} {_remedies(analysis)}",
        ],
        findings=[
            *_training_goes_on(results),
            *_stopping(results),
            *_decay(study),
            *_of_the_thesis(studies.get(THESIS_RUN)),
        ],
        drawings=[
            *gap_drawing(results, switch, STUDY),
            *late_drawing(results, switch, "validation_accuracy", "held-out accuracy (%)", STUDY),
            *late_drawing(results, switch, "validation_loss", "held-out loss", STUDY),
            *difference_drawings(study, analysis),
        ],
        tables=[cell_table(analysis), *courses_table(results), minima_table(study, results)],
    )


def _does_it(results: pd.DataFrame) -> str:
    """Say whether the plain network overfits, by held-out accuracy and loss."""
    accuracy = course_of(by_epoch(results, "validation_accuracy").get(PLAIN))
    loss = course_of(by_epoch(results, "validation_loss").get(PLAIN))
    if accuracy is None or loss is None:
        return f"No run without a remedy goes on long enough after epoch {CLAIMED} to tell."
    span = f"after epoch {CLAIMED}, up to epoch {accuracy.last}"
    if np.isnan(accuracy.change.low):
        return f"Whether it overfits {span} one seed cannot tell ({amount(accuracy.change)})."
    if accuracy.direction < 0:
        return f"It overfits {span}: held-out accuracy falls, by {amount(accuracy.change)}."
    if loss.direction > 0:
        return (
            f"It overfits {span} in the loss only: that rises, but held-out accuracy "
            f"{'rises too' if accuracy.direction > 0 else _not_falling(accuracy.change)} "
            f"({amount(accuracy.change)})."
        )
    return _without_overfitting(accuracy, span)


def _without_overfitting(accuracy: Course, span: str) -> str:
    """Say what can be told where neither accuracy falls clearly nor loss rises."""
    told = f"({amount(accuracy.change)}), and held-out loss does not rise clearly"
    if accuracy.direction > 0:
        return f"It does not overfit {span}: held-out accuracy rises {told}."
    if _small(accuracy.change):
        return (
            f"It does not overfit by more than {100 * MARGIN:.2f} points {span}: held-out accuracy "
            f"changes by less {told}."
        )
    return (
        f"Whether it overfits {span} cannot be told: the interval of the change of held-out "
        f"accuracy holds zero and reaches beyond {100 * MARGIN:.2f} points {told}."
    )


def _not_falling(change: Interval) -> str:
    """Say of a change that is no clear fall how large a fall it could be."""
    if change.low > -MARGIN:
        return f"does not fall by more than {100 * MARGIN:.2f} points"
    return "does not fall clearly"


def _small(change: Interval) -> bool:
    """Tell whether a change is within the margin, with its whole interval."""
    return change.low > -MARGIN and change.high < MARGIN


def _remedies(analysis: Analysis) -> str:
    """Say what the remedies do to test accuracy."""
    found = analysis.differences
    if not found:
        return "What the remedies do to test accuracy cannot be compared yet."
    told = [f"{d.first} is {analysis.verdict(d)}" for d in found if clear(d)]
    others = [d for d in found if not clear(d)]
    if not told:
        return (
            f"None of the {number_word(len(found))} remedies changes the test accuracy at the end "
            f"clearly: against nothing, they are {summary(found)}."
        )
    if others:
        told.append(f"{listed([d.first for d in others])} cannot be told from it")
    return f"In test accuracy at the end, against nothing: {'; '.join(told)}."


def _training_goes_on(results: pd.DataFrame) -> list[str]:
    course = course_of(by_epoch(results, "accuracy").get(PLAIN))
    if course is None:
        return []
    way = {1: "rises", -1: "falls", 0: "does not change clearly"}[course.direction]
    return [f"Training accuracy {way} meanwhile: {amount(course.change)}."]


def _stopping(results: pd.DataFrame) -> list[str]:
    """Say how many epochs early stopping used."""
    used = results[results["cell"] == STOPPED].groupby("seed")["epoch"].max()
    planned = int(results["epoch"].max())
    if len(used) == 0:
        return []
    early = int((used < planned).sum())
    best = by_epoch(results, "validation_loss")[STOPPED].idxmin(axis=1)
    switch = int(results.loc[results["phase"] == 1, "epoch"].max())
    text = (
        f"Early stopping ended {early} of {len(used)} runs before epoch {planned}, after epoch "
        f"{epochs_told(used)}; the least held-out loss, whose weights are kept, came in epoch "
        f"{epochs_told(best)}."
    )
    before = int((best <= switch).sum())
    if before:
        text += (
            f" In {before} of them that was before the batch size changes, after epoch {switch}: "
            "what the change gains is lost to them."
        )
    return [text]


def _decay(study: Study) -> list[str]:
    """Say how much weaker decay is for each epoch, once the batch is larger."""
    found = [
        spec.recipe.training.phases
        for cell in study.cells
        for spec in cell.specs[:1]
        if any("weight_decay" in phase.optimizer for phase in spec.recipe.training.phases)
    ]
    if not found or len(found[0]) < 2:
        return []
    before, after = found[0][0], found[0][1]
    sizes = before.batch_size, after.batch_size
    if "full" in sizes:
        return []
    steps = float(sizes[1]) / float(sizes[0])
    rate = after.optimizer["learning_rate"] / before.optimizer["learning_rate"]
    text = (
        "Decay acts at each step, in proportion to the rate, and on weights alone, not on biases. "
        f"After the switch an epoch has {steps:g} times fewer steps, at {rate:.3g} times the rate, "
        f"so decay for each epoch is then {steps / rate:.3g} times weaker."
    )
    return [text]


def _of_the_thesis(study: Study | None) -> list[str]:
    """Say what test accuracy does after its best epoch in the runs of the thesis' figure."""
    if study is None or nothing_run(study):
        return []
    table = next(iter(by_epoch(study.results(), "validation_accuracy").values())).dropna()
    mean = table.mean()
    best, last = int(mean.idxmax()), int(table.columns.max())
    text = (
        f"In the runs of the thesis' figure 12, mean test accuracy is highest, "
        f"{100 * mean[best]:.2f} %, after epoch {best}"
    )
    if best == last:
        return [f"{text}, which is the last: its fall after epoch {CLAIMED} is not seen."]
    fall = mean_interval((table[last] - table[best]).to_numpy())
    judged = "whether it falls cannot be told"
    if fall.high < 0:
        judged = "a clear fall"
    elif fall.low > -MARGIN:
        judged = f"no fall by more than {100 * MARGIN:.2f} points"
    text += f"; from there to epoch {last} it changes by {amount(fall)}: {judged}"
    return [f"{text} (and a highest point that is picked afterwards exaggerates a fall)."]
