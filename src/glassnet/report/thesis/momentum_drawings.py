"""Accuracy with and without momentum at the same effective rate, drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from glassnet.figures.bands import bands
from glassnet.figures.differences import differences
from glassnet.report.sections import Drawing
from glassnet.report.study_section import HOLM, curves
from glassnet.report.thesis.wording import difference_rows, ends_told, summary
from glassnet.study.comparison import Difference

CELL = "effective rate {}, momentum {}"
RATES = ("0.1", "0.5")
MOMENTA = ("0.4", "0.8")


def momentum_curves(results: pd.DataFrame, name: str) -> list[Drawing]:
    """Draw test accuracy by epoch, a picture for each effective rate."""
    drawings = []
    for rate in RATES:
        cells = [CELL.format(rate, m) for m in ("0", *MOMENTA)]
        shown = results[results["cell"].isin(cells)]
        if len(shown) == 0:
            continue
        drawn = [
            c._replace(label=c.label.split(", ")[1])
            for c in curves(shown, "validation_accuracy", cells=_present(shown, cells))
        ]
        top = 100 * max(float(np.max(c.mean)) for c in drawn)
        figure = bands(
            drawn,
            x_label="epoch",
            y_label="test accuracy (%)",
            zoom=(top - 2.0, top + 0.6),
            title=f"effective rate {rate}",
        )
        drawings.append(
            Drawing(
                f"{name}-curves-{rate}",
                figure,
                ends_told(drawn),
                f"Test accuracy by epoch at the effective rate {rate}; at the right the end in "
                "detail.",
            )
        )
    return drawings


def momentum_forest(found: Sequence[Difference], name: str, when: str) -> list[Drawing]:
    """Draw the differences to no momentum at the same effective rate."""
    if not found:
        return []
    figure = differences(difference_rows(found, [d.first for d in found]))
    caption = (
        f"Momentum against none at the same effective rate, {when}: differences within each seed. "
        f"{HOLM}"
    )
    return [Drawing(f"{name}-differences", figure, summary(found), caption)]


def _present(shown: pd.DataFrame, cells: Sequence[str]) -> list[str]:
    there = set(shown["cell"])
    return [cell for cell in cells if cell in there]
