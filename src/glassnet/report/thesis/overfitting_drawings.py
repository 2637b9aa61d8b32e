"""Held-out accuracy and loss by epoch, and how far training accuracy is above it, drawn."""

from __future__ import annotations

import pandas as pd

from glassnet.figures.bands import bands
from glassnet.report.sections import Drawing
from glassnet.report.study_section import curves
from glassnet.report.thesis.wording import ends_told, sentence

BEFORE = 5
"""Epochs at the beginning, or before the switch, that are left out or still shown."""


def gap_drawing(results: pd.DataFrame, switch: int, prefix: str) -> list[Drawing]:
    """Draw training accuracy less held-out accuracy."""
    later = results[results["epoch"] > BEFORE]
    if len(later) == 0:
        return []
    made = later.assign(gap=later["accuracy"] - later["validation_accuracy"])
    drawn = curves(made, "gap")
    figure = bands(
        drawn,
        x_label="epoch",
        y_label="training − held-out (points)",
        phases=[(switch + 0.5, "batch size 50")],
    )
    return [
        Drawing(
            f"{prefix}-gap",
            figure,
            ends_told(drawn, "points"),
            f"Training accuracy less that of the held-out tenth, after epoch {BEFORE}. Training "
            "accuracy is counted while the epoch runs, so it lags by half an epoch. Early "
            "stopping's runs end one by one; its curve is of those that still run.",
        )
    ]


def late_drawing(
    results: pd.DataFrame, switch: int, value: str, label: str, prefix: str
) -> list[Drawing]:
    """Draw a number of the held-out examples, from shortly before the switch on."""
    shown = results[results["epoch"] >= switch - BEFORE]
    if len(shown) == 0:
        return []
    scale = 100.0 if value.endswith("accuracy") else 1.0
    drawn, name = curves(shown, value), label.split(" (", maxsplit=1)[0]
    figure = bands(
        drawn,
        x_label="epoch",
        y_label=label,
        scale=scale,
        phases=[(switch + 0.5, "batch size 50")],
    )
    return [
        Drawing(
            f"{prefix}-{value.replace('_', '-')}",
            figure,
            ends_told(drawn, "%" if scale == 100.0 else ""),
            f"{sentence(name)} from epoch {switch - BEFORE} on.",
        )
    ]
