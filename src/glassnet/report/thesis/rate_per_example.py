"""Whether learning rate, momentum and batch size are one: how far an example moves the weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glassnet.figures.bands import bands
from glassnet.report.sections import Drawing
from glassnet.report.study_section import curve
from glassnet.report.thesis.wording import share_told
from glassnet.study import Study
from glassnet.study.intervals import Interval

RATE, MOMENTUM, BATCH = "learning rate", "momentum", "batch size"
Floats = NDArray[np.float64]


def _rate_per_example(runs: pd.DataFrame) -> pd.Series:
    """Return how far an example moves the weights: rate / ((1 - momentum) batch size)."""
    rate, momentum, batch = (runs[name].astype(float) for name in (RATE, MOMENTUM, BATCH))
    return rate / ((1 - momentum) * batch)


def one_number(study: Study, runs: pd.DataFrame) -> Interval | None:
    """Return how much of the variance the rate per example explains of what all three do.

    It is that of a parabola in its logarithm, fitted to the means of all combinations of rate,
    momentum and batch size; with a bootstrap interval over seeds.
    """
    if not {RATE, MOMENTUM, BATCH} <= set(study.factors):
        return None
    table = runs.pivot_table("value", [RATE, MOMENTUM, BATCH], "seed", sort=False)
    if len(table) < 4 or table.isna().any(axis=None):
        return None
    x = np.log10(_rate_per_example(table.reset_index())).to_numpy()
    values = table.to_numpy(float)
    drawn = np.random.default_rng(0).integers(values.shape[1], size=(500, values.shape[1]))
    again = [_explained(x, values[:, seeds].mean(axis=1)) for seeds in drawn]
    low, high = np.quantile(again, [0.025, 0.975])
    return Interval(_explained(x, values.mean(axis=1)), float(low), float(high))


def _explained(x: Floats, y: Floats) -> float:
    fitted = np.polyval(np.polyfit(x, y, 2), x)
    total = float(np.square(y - y.mean()).sum())
    return 1 - float(np.square(y - fitted).sum()) / total if total else 0.0


def collapse(share: Interval | None) -> list[str]:
    """Say whether the three are one, by the share that the rate per example explains."""
    if share is None:
        return []
    head = "Learning rate, momentum and batch size are not one and the same"
    if share.low > 0.5:
        head = "To a large part learning rate, momentum and batch size are one"
    text = (
        f"{head}: rate / ((1 − momentum) × batch size), by which an example moves the weights, "
        f"explains {share_told(share)} of the variance between all combinations of the three (a "
        "parabola in its logarithm; bootstrap over seeds)."
    )
    return [text]


def by_rate_per_example(study: Study, runs: pd.DataFrame) -> list[Drawing]:
    """Draw accuracy by the rate per example, a curve for each batch size."""
    if not {RATE, MOMENTUM, BATCH} <= set(study.factors):
        return []
    made = runs.assign(x=_rate_per_example(runs).round(9))
    drawn = []
    for batch in dict.fromkeys(runs[BATCH]):
        table = made[made[BATCH] == batch].pivot_table("value", "seed", "x")
        drawn.append(curve(f"batch {batch}", table.columns.to_numpy(float), table.to_numpy(float)))
    figure = bands(
        drawn,
        x_label="rate / ((1 − momentum) × batch size)",
        y_label="test accuracy (%)",
        log_x=True,
    )
    return [
        Drawing(
            f"{study.name}-rate-per-example",
            figure,
            "; ".join(f"{c.label}: best {100 * float(np.max(c.mean)):.2f} %" for c in drawn),
            "Test accuracy by how far an example moves the weights, with all rates and momenta on "
            "one axis, mean over hidden units. Where the lines of the batch sizes meet, the batch "
            "does nothing that the rate does not do.",
        )
    ]
