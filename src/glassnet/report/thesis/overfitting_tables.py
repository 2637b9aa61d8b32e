"""How training and held-out accuracy go on after the epoch that the thesis names, in tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from glassnet.report.sections import TextTable
from glassnet.report.thesis.answers import by_epoch, last_epochs
from glassnet.report.thesis.wording import bracketed
from glassnet.study import Study
from glassnet.study.intervals import Interval, mean_interval

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


def course_of(table: pd.DataFrame | None) -> Course | None:
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


def courses_table(results: pd.DataFrame) -> list[TextTable]:
    """Return how each cell goes on after the claimed epoch, and where its loss turns."""
    train, held_out, loss = (
        by_epoch(results, value) for value in ("accuracy", "validation_accuracy", "validation_loss")
    )
    rows = []
    for cell, table in loss.items():
        whole = table.dropna()
        courses = course_of(train[cell]), course_of(held_out[cell])
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


def minima_table(study: Study, results: pd.DataFrame) -> TextTable:
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
                epochs_told(loss[cell.label].idxmin(axis=1)),
                epochs_told(accuracy[cell.label].idxmax(axis=1)),
                epochs_told(loss[cell.label].apply(lambda row: row.last_valid_index(), axis=1)),
            ]
        )
    headings = ["Cell", "Least held-out loss", "Best held-out accuracy", "Last epoch"]
    return TextTable(headings, rows, "In which epoch: median (range over seeds)")


def epochs_told(found: Sequence[int] | pd.Series) -> str:
    """Return the median of epochs and their range over seeds."""
    epochs = np.asarray(found, float)
    return f"{np.median(epochs):g} ({epochs.min():g} to {epochs.max():g})"
