"""Figures 12 and 14 of the thesis: training and test accuracy, and a larger batch at the end."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from glassnet.figures import style
from glassnet.figures.bands import Curve, bands
from glassnet.report.sections import Drawing, TextTable
from glassnet.report.study_section import curves
from glassnet.report.thesis.answers import by_epoch
from glassnet.report.thesis.wording import amount
from glassnet.study import Study
from glassnet.study.intervals import mean_interval

_ZOOM = 0.6
"""Of the epochs before the switch: where the part that is drawn in detail begins."""


def content(
    study: Study,
) -> tuple[list[str], list[str], list[Drawing], list[TextTable]]:
    """Return answer, findings, drawings and tables."""
    results = study.results()
    switch = int(results.loc[results["phase"] == 1, "epoch"].max())
    test = next(iter(by_epoch(results, "validation_accuracy").values()))
    training = next(iter(by_epoch(results, "accuracy").values()))
    return (
        [f"{_rise(test, switch)} {_best(test)}"],
        [_training(training, test, switch)],
        [_drawing(study, results, switch)],
        [_table(test, training, switch)],
    )


def _change(table: pd.DataFrame, first: int, last: int) -> str:
    """Return the change from one epoch to another, within each seed, with its interval."""
    both = table[[first, last]].dropna()
    return amount(mean_interval((both[last] - both[first]).to_numpy()))


def _rise(test: pd.DataFrame, switch: int) -> str:
    if switch + 1 not in test:
        return "No run has reached the change of the batch size."
    rise = (test[switch + 1] - test[switch]).dropna()
    up = f"it rises in {int((rise > 0).sum())} of {len(rise)} seeds" if len(rise) > 1 else ""
    told = f"{_change(test, switch, switch + 1)}{'; ' if up else ''}{up}"
    return (
        f"In the epoch after the batch size changes, epoch {switch + 1}, test accuracy changes by "
        f"{told}."
    )


def _best(test: pd.DataFrame) -> str:
    """Say when mean test accuracy is highest, and what follows."""
    mean = test.dropna().mean()
    if mean.isna().all():
        mean = test.mean()
    best, last = int(mean.idxmax()), int(mean.index.max())
    there = test[best].dropna()
    text = f"On average it is highest after epoch {best}: {100 * mean[best]:.2f} %"
    if len(there) > 1:
        text += f", {100 * there.min():.2f} to {100 * there.max():.2f} % over seeds"
    if best == last:
        return f"{text}; that is the last epoch."
    return (
        f"{text}; from there to the end, epoch {last}, it changes by {_change(test, best, last)}."
    )


def _training(training: pd.DataFrame, test: pd.DataFrame, switch: int) -> str:
    last = int(training.columns.max())
    gap = (training[last] - test[last]).dropna()
    ahead = f"At the end training accuracy is ahead of test accuracy by {_points(gap)}"
    if switch not in training or last <= switch:
        return f"{ahead}."
    before = (training[switch] - test[switch]).dropna()
    return f"{ahead}, before the switch by {_points(before)}."


def _points(values: pd.Series) -> str:
    return amount(mean_interval(values.to_numpy())).lstrip("+")


def _drawing(study: Study, results: pd.DataFrame, switch: int) -> Drawing:
    """Draw training and test accuracy by epoch; beside it what is around the switch and after."""
    drawn = [
        curve._replace(label=label, colour=colour)
        for label, value, colour in (
            ("training", "accuracy", style.TRAINING),
            ("test", "validation_accuracy", style.VALIDATION),
        )
        for curve in curves(results, value)
    ]
    start = max(1, round(_ZOOM * switch))
    figure = bands(
        drawn,
        x_label="epoch",
        y_label="accuracy (%)",
        phases=[(switch + 0.5, "batch size 50")],
        zoom=_heights(drawn, start),
        zoom_from=start,
    )
    test = np.asarray(drawn[1].mean)
    at = int(np.nanargmax(test))
    alt = f"mean test accuracy is highest, {100 * test[at]:.2f} %, after epoch {at + 1}"
    caption = f"Accuracy by epoch; at the right from epoch {start} on, in detail."
    return Drawing(study.name, figure, alt, caption)


def _heights(drawn: list[Curve], start: int) -> tuple[float, float]:
    """Return between which halves of a per cent all curves are from an epoch on."""
    late = [100 * np.asarray(c.seeds)[:, np.asarray(c.x) >= start] for c in drawn]
    low, high = (
        float(choose([choose(part) for part in late])) for choose in (np.nanmin, np.nanmax)
    )
    return math.floor(2 * low) / 2, math.ceil(2 * high) / 2


def _table(test: pd.DataFrame, training: pd.DataFrame, switch: int) -> TextTable:
    """Return accuracies at the epochs that the answer names."""
    best, last = int(test.mean().idxmax()), int(test.columns.max())
    names = {switch: "before the switch", switch + 1: "after it"}
    names |= {best: "the best", last: "the last"} if best != last else {last: "the last and best"}
    rows = []
    for epoch in sorted(names):
        if epoch not in test:
            continue
        row = [f"{epoch}, {names[epoch]}"]
        for table in (test, training):
            values = table[epoch].dropna()
            row += [f"{100 * values.mean():.2f}", _spread(values)]
        rows.append([*row, str(int(test[epoch].notna().sum()))])
    headings = ["Epoch", "Mean test accuracy (%)", "Seeds' range"]
    headings += ["Mean training accuracy (%)", "Seeds' range", "Seeds"]
    return TextTable(headings, rows)


def _spread(values: pd.Series) -> str:
    return f"{100 * values.min():.2f} to {100 * values.max():.2f}"
