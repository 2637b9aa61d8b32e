"""Whether the thesis' network overfits after epoch 32, and what decay and early stopping do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from glassnet.report.sections import Section, TextTable
from glassnet.report.study_section import cell_table, difference_drawings
from glassnet.report.thesis.answers import by_epoch, framed, last_epochs, nothing_run, unanswered
from glassnet.report.thesis.overfitting_drawings import gap_drawing, late_drawing
from glassnet.report.thesis.wording import (
    amount,
    bracketed,
    clear,
    listed,
    summary,
)
from glassnet.study import Analysis, Study, analyse
from glassnet.study.comparison import number_word
from glassnet.study.intervals import Interval, mean_interval

STUDY = "question-7-overfitting"
THESIS_RUN = "figure-12"
PLAIN, STOPPED = "nothing", "early stopping"
CLAIMED = 32
"""The epoch after which the thesis says that its network overfits."""
WINDOW = 5
"""Epochs whose mean stands for a place in the course of a run."""


class Course(NamedTuple):
    """How a number went from the claimed epoch to the end, over seeds."""

    change: Interval
    last: int

    @property
    def direction(self) -> int:
        """1 for a clear rise, -1 for a clear fall, 0 for neither."""
        return int(self.change.low > 0) - int(self.change.high < 0)


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
            *_training_goes_on(results),
            *_stopping(results),
            *_of_the_thesis(studies.get(THESIS_RUN)),
        ],
        drawings=[
            *gap_drawing(results, switch, STUDY),
            *late_drawing(results, switch, "validation_accuracy", "held-out accuracy (%)", STUDY),
            *late_drawing(results, switch, "validation_loss", "held-out loss", STUDY),
            *difference_drawings(study, analysis),
        ],
        tables=[cell_table(analysis), *_courses(results), _minima(study, results)],
    )


def _course(table: pd.DataFrame | None) -> Course | None:
    """Return how a number changes from the claimed epoch on; None where no run goes so far.

    It is the mean of the last epochs less that of those up to the claimed one.
    """
    if table is None or table.columns.max() < CLAIMED + WINDOW:
        return None
    there = table.dropna(subset=[CLAIMED + WINDOW])
    if len(there) == 0:
        return None
    before = there.loc[:, CLAIMED - WINDOW + 1 : CLAIMED].mean(axis=1)
    return Course(
        mean_interval((last_epochs(there, WINDOW) - before).to_numpy()), int(table.columns.max())
    )


def _does_it(results: pd.DataFrame) -> str:
    """Say whether the plain network overfits, by held-out accuracy and loss."""
    accuracy = _course(by_epoch(results, "validation_accuracy").get(PLAIN))
    loss = _course(by_epoch(results, "validation_loss").get(PLAIN))
    if accuracy is None or loss is None:
        return f"No run without a remedy goes on long enough after epoch {CLAIMED} to tell."
    span = f"after epoch {CLAIMED}, up to epoch {accuracy.last}"
    if accuracy.direction < 0:
        return f"It overfits {span}: held-out accuracy falls, by {amount(accuracy.change)}."
    if loss.direction > 0:
        return (
            f"It overfits {span} in the loss only: that rises, but held-out accuracy "
            f"{'rises too' if accuracy.direction > 0 else 'does not fall clearly'} "
            f"({amount(accuracy.change)})."
        )
    return (
        f"Overfitting {span} does not show: held-out accuracy "
        f"{'rises' if accuracy.direction > 0 else 'does not change clearly'} "
        f"({amount(accuracy.change)}), and held-out loss does not rise clearly."
    )


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


def _courses(results: pd.DataFrame) -> list[TextTable]:
    """Return how each cell goes on after the claimed epoch, and where its loss turns."""
    train, held_out, loss = (
        by_epoch(results, value) for value in ("accuracy", "validation_accuracy", "validation_loss")
    )
    rows = []
    for cell, table in loss.items():
        whole = table.dropna()
        courses = _course(train[cell]), _course(held_out[cell])
        if cell == STOPPED or len(whole) == 0:
            continue
        lowest, last = int(whole.mean().idxmin()), int(whole.columns.max())
        rise = mean_interval((whole[last] / whole[lowest] - 1).to_numpy())
        told = ["–" if course is None else bracketed(course.change) for course in courses]
        rows.append([cell, *told, str(lowest), bracketed(rise) if lowest < last else "–"])
    headings = ["Cell", "Training accuracy (points)", "Held-out accuracy (points)"]
    headings += ["Least mean held-out loss: epoch", "Its rise to the end (%)"]
    caption = (
        f"What happens from epoch {CLAIMED} to the end (means of {WINDOW} epochs each), and where "
        "held-out loss turns; with 95 % intervals"
    )
    return [TextTable(headings, rows, caption)] if rows else []


def _training_goes_on(results: pd.DataFrame) -> list[str]:
    course = _course(by_epoch(results, "accuracy").get(PLAIN))
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
        f"{_epochs(used)}; the least held-out loss, whose weights are kept, came in epoch "
        f"{_epochs(best)}."
    )
    before = int((best <= switch).sum())
    if before:
        text += (
            f" In {before} of them that was before the batch size changes, after epoch {switch}: "
            "what the change gains is lost to them."
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
    judged = "a clear fall" if fall.high < 0 else "no clear fall"
    text += f"; from there to epoch {last} it changes by {amount(fall)}: {judged}"
    return [f"{text} (and a highest point that is picked afterwards exaggerates a fall)."]


def _minima(study: Study, results: pd.DataFrame) -> TextTable:
    """Return in which epoch each run has its least held-out loss and its best accuracy."""
    loss, accuracy = (by_epoch(results, f"validation_{v}") for v in ("loss", "accuracy"))
    rows = []
    for cell in study.cells:
        if cell.label not in loss:
            rows.append([cell.label, "–", "–", "–"])
            continue
        rows.append(
            [
                cell.label,
                _epochs(loss[cell.label].idxmin(axis=1)),
                _epochs(accuracy[cell.label].idxmax(axis=1)),
                _epochs(loss[cell.label].apply(lambda row: row.last_valid_index(), axis=1)),
            ]
        )
    headings = ["Cell", "Least held-out loss", "Best held-out accuracy", "Last epoch"]
    return TextTable(headings, rows, "In which epoch: median (range over seeds)")


def _epochs(found: Sequence[int] | pd.Series) -> str:
    epochs = np.asarray(found, float)
    return f"{np.median(epochs):g} ({epochs.min():g} to {epochs.max():g})"
