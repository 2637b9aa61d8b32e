"""Whether the larger batch helps late in the training, or that each example moves less."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from glassnet.figures.bands import bands
from glassnet.report.sections import Drawing, Section, TextTable
from glassnet.report.study_section import curves
from glassnet.report.thesis.answers import (
    NOT_YET,
    Family,
    Values,
    by_epoch,
    each_run,
    family,
    framed,
    last_epochs,
    nothing_run,
    unanswered,
)
from glassnet.report.thesis.parts import Parts, cause, divided, parts_drawing, parts_table
from glassnet.report.thesis.wording import (
    change_told,
    clear,
    compared,
    ends_told,
    mean_told,
    sentence,
    share_told,
)
from glassnet.study import Study

STUDY = "question-2-batch-or-rate"
NO_CHANGE = "batch 1, rate 0.1 (no change)"
PER_EXAMPLE = "batch 50, rate 5 (kept per example)"
SWITCHES = {
    "batch 50, rate 0.71 (square root)": "batch 1, rate 0.0142 (the same per example)",
    "batch 50, rate 0.1 (kept per step)": "batch 1, rate 0.002 (the same per example)",
}
"""What changes batch and rate, and what changes the rate alone, as much for each example."""
THESIS = next(iter(SWITCHES))
LAST = 3
"""Epochs whose mean is called the end."""
BEFORE = 5
"""Epochs before the switch that the picture shows."""


def section(studies: Mapping[str, Study], *, data_dir: str | Path | None = None) -> Section:  # noqa: ARG001
    """Return the section of the question whether batch or rate makes accuracy jump."""
    study = studies.get(STUDY)
    if study is None or nothing_run(study):
        return unanswered(STUDY, "Batch size, or only a smaller rate?", study)
    results = study.results()
    switch = int(results.loc[results["phase"] == 1, "epoch"].max())
    accuracy = by_epoch(results[results["epoch"] >= switch - BEFORE], "validation_accuracy")
    changed = {cell: table for cell, table in accuracy.items() if switch + 1 in table}
    values = {
        "after one epoch": each_run(changed, lambda table: table[switch + 1] - table[switch]),
        "at the end": each_run(changed, lambda table: last_epochs(table, LAST)),
    }
    others = [cell.label for cell in study.cells if cell.label != NO_CHANGE]
    pairs = [(cell, NO_CHANGE) for cell in others] + list(SWITCHES.items())
    found = {when: family(of_cells, pairs) for when, of_cells in values.items()}
    parts = {
        (cell, when): made
        for when in values
        for cell, rate in SWITCHES.items()
        if (made := divided(values[when], found[when], both=cell, rate=rate, none=NO_CHANGE))
    }
    return framed(
        study,
        [
            _short(parts.get((THESIS, "after one epoch")), parts.get((THESIS, "at the end"))),
            *_jump(values["after one epoch"]),
            *(_divided(cell, when, made) for (cell, when), made in parts.items()),
            *_kept_per_example(found),
        ],
        drawings=[
            *_curves(results[results["epoch"] >= switch - BEFORE], switch),
            *parts_drawing(
                f"{STUDY}-parts",
                [(when, made) for (cell, when), made in parts.items() if cell == THESIS],
                rest="batch",
                caption=f"The thesis' switch, divided. Both: {_name(THESIS)}, against no change; "
                f"rate alone: {_name(SWITCHES[THESIS])}, against no change; batch on top: the one "
                "against the other. Within each seed, 95 % intervals; filled where it holds after "
                "Holm's correction.",
            ),
        ],
        tables=[
            _cells(study, values, found, switch),
            *parts_table(
                [(f"{_name(cell)}, {when}", made) for (cell, when), made in parts.items()],
                rest="Batch",
                caption="What of it is the rate, and what the batch (with 95 % intervals)",
            ),
        ],
    )


def _short(at_once: Parts | None, late: Parts | None) -> str:
    if at_once is None or late is None:
        return NOT_YET
    if not clear(at_once.whole) and not clear(late.whole):
        return (
            "The thesis' switch makes no clear difference, neither in the first epoch after it "
            "nor at the end, so there is nothing to explain."
        )
    return (
        f"The thesis' switch {_effect(at_once)} in the first epoch; at the end it {_effect(late)}."
    )


def _effect(parts: Parts) -> str:
    if not clear(parts.whole):
        return "makes no clear difference"
    way = "raises" if parts.whole.mean > 0 else "lowers"
    size = f"{100 * abs(parts.whole.mean):.2f} points"
    return f"{way} accuracy by {size} against no change, and {_cause(parts)}"


def _cause(parts: Parts) -> str:
    told = cause(parts.share, rest="the batch")
    return told if parts.share is None else f"{told} (its share: {share_told(parts.share)})"


def _jump(jumps: Values) -> list[str]:
    """Say by how much accuracy changes in the epoch after the switch, which the thesis saw."""
    if not jumps.get(THESIS) or not jumps.get(NO_CHANGE):
        return []
    text = (
        f"In the epoch after the switch accuracy changes by {change_told(jumps[THESIS])}; without "
        f"a switch by {change_told(jumps[NO_CHANGE])}."
    )
    return [text]


def _divided(cell: str, when: str, parts: Parts) -> str:
    """Say what a switch does, and what its parts do."""
    text = (
        f"{sentence(_name(cell))}, {when}: against no change {compared(parts.whole)}. The rate as "
        f"small for each example at batch 1 ({_name(SWITCHES[cell])}) is {compared(parts.rate)} "
        f"against no change; the batch of 50 against that is {compared(parts.rest)}."
    )
    if parts.share is None:
        return text
    return f"{text} The rate's share of the whole: {share_told(parts.share)}, bootstrap over seeds."


def _kept_per_example(found: Mapping[str, Family]) -> list[str]:
    """Say what the batch does where the rate for each example is kept."""
    pair = (PER_EXAMPLE, NO_CHANGE)
    told = [f"{when} {compared(of[pair])}" for when, of in found.items() if pair in of]
    if not told:
        return []
    text = (
        f"Where the rate is kept for each example ({_name(PER_EXAMPLE)}), only the batch changes; "
        f"against no change that is {', and '.join(told)}."
    )
    return [text]


def _name(cell: str) -> str:
    """Return a cell's label without what stands in brackets."""
    return cell.split(" (", maxsplit=1)[0]


def _curves(shown: pd.DataFrame, switch: int) -> list[Drawing]:
    drawn = curves(shown, "validation_accuracy")
    figure = bands(
        drawn,
        x_label="epoch",
        y_label="test accuracy (%)",
        phases=[(switch + 0.5, "batch size and rate change")],
    )
    return [
        Drawing(
            f"{STUDY}-curves",
            figure,
            ends_told(drawn),
            f"Test accuracy from epoch {switch - BEFORE} on; up to epoch {switch} the cells have "
            "the same weights. Strong: mean over seeds with its 95 % bootstrap band; thin: each "
            "seed.",
        )
    ]


def _cells(
    study: Study, values: Mapping[str, Values], found: Mapping[str, Family], switch: int
) -> TextTable:
    jumps, ends = values["after one epoch"], values["at the end"]
    against = {
        first: compared(d).split(" (")[0]
        for (first, second), d in found["at the end"].items()
        if second == NO_CHANGE
    }
    rows = [
        [
            cell.label,
            *mean_told(jumps.get(cell.label, {})),
            *mean_told(ends.get(cell.label, {})),
            against.get(cell.label, "–"),
        ]
        for cell in study.cells
    ]
    headings = [f"From epoch {switch + 1} on", "Change in one epoch (points)", "95 % interval"]
    headings += [f"Mean of the last {LAST} (%)", "95 % interval", "At the end, against no change"]
    return TextTable(headings, rows, "What each switch changes, in points and per cent")
