"""Whether the larger batch helps late in the training, or that each example moves less."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from glassnet.figures import style
from glassnet.figures.bands import Curve
from glassnet.figures.scaling import Panel, scaling
from glassnet.report.sections import Drawing, Section, TextTable
from glassnet.report.study_section import HOLM, curve
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
    amount,
    change_told,
    clear,
    compared,
    ends_told,
    mean_told,
    sentence,
    share_told,
)
from glassnet.study import Study
from glassnet.study.comparison import number_word

STUDY = "question-2-batch-or-rate"
NO_CHANGE = "batch 1, rate 0.1 (no change)"
PER_EXAMPLE = "batch 50, rate 5 (kept per example)"
SWITCHES = {
    "batch 50, rate 0.71 (square root)": "batch 1, rate 0.0142 (the same per example)",
    "batch 50, rate 0.1 (kept per step)": "batch 1, rate 0.002 (the same per example)",
}
"""What changes batch and rate, and what changes the rate alone, as much for each example."""
THESIS = next(iter(SWITCHES))
_RATES = dict(zip([*SWITCHES, PER_EXAMPLE], ("0.0142", "0.002", "0.1"), strict=True))
"""How far a switch lets an example move the weights: the rate over the batch size."""
LAST = 3
"""Epochs whose mean is called the end."""
BEFORE = 2
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
    main = [(THESIS, NO_CHANGE), (SWITCHES[THESIS], NO_CHANGE), (THESIS, SWITCHES[THESIS])]
    others = [(cell.label, NO_CHANGE) for cell in study.cells if cell.label != NO_CHANGE]
    rest = [pair for pair in [*others, *SWITCHES.items()] if pair not in main]
    found = {when: family(of, main) | family(of, rest) for when, of in values.items()}
    parts = {
        (cell, when): made
        for when in values
        for cell, rate in SWITCHES.items()
        if (made := divided(values[when], found[when], both=cell, rate=rate, none=NO_CHANGE))
    }
    return framed(
        study,
        [_short(parts.get((THESIS, "after one epoch")), parts.get((THESIS, "at the end")))],
        findings=[
            *_jump(values["after one epoch"]),
            *_on_top({when: made for (cell, when), made in parts.items() if cell == THESIS}),
            *_kept_per_example(found),
        ],
        drawings=[
            *parts_drawing(
                f"{STUDY}-parts",
                [(when, made) for (cell, when), made in parts.items() if cell == THESIS],
                rest="batch",
                caption=f"The thesis' switch, divided. Both: {_name(THESIS)}, against no change; "
                f"rate alone: {_name(SWITCHES[THESIS])}, against no change; batch on top: the one "
                f"against the other. Within each seed. {HOLM}",
            ),
            *_curves(accuracy, switch),
        ],
        tables=[
            *parts_table(
                [(f"{_name(cell)}, {when}", made) for (cell, when), made in parts.items()],
                rest="Batch",
                caption="What of it is the rate, and what the batch, in points; with 95 % "
                "intervals of each pair alone",
            ),
            _cells(study, values, found, switch),
        ],
    )


def _short(at_once: Parts | None, late: Parts | None) -> str:
    if at_once is None or late is None:
        return NOT_YET
    whole = at_once.whole, late.whole
    if any(map(clear, whole)):
        return (
            f"In the first epoch the thesis' switch {_effect(at_once)}; at the end it "
            f"{_effect(late)}."
        )
    seeds = number_word(min(d.seeds for d in whole))
    told = f"after one epoch {amount(at_once.whole)}; at the end {amount(late.whole)}"
    if any(not d.low <= 0 <= d.high for d in whole):
        return (
            f"These {seeds} seeds cannot show it: against no change the thesis' switch seems to "
            f"move accuracy ({told}), but not after correction for the number of comparisons."
        )
    return (
        f"The thesis' switch makes no difference that {seeds} seeds could show, neither in the "
        f"first epoch after it nor at the end: against no change, {told}."
    )


def _effect(parts: Parts) -> str:
    if not clear(parts.whole):
        return f"makes no difference that these seeds could show ({amount(parts.whole)})"
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


def _on_top(parts: Mapping[str, Parts]) -> list[str]:
    """Say what the batch does on top of the rate, in the thesis' switch."""
    told = [f"{when} {compared(made.rest)}" for when, made in parts.items()]
    if not told:
        return []
    text = f"{sentence(_name(THESIS))}, against {_name(SWITCHES[THESIS])}, which moves the weights"
    return [f"{text} as much for each example: {'; '.join(told)}."]


def _kept_per_example(found: Mapping[str, Family]) -> list[str]:
    """Say what the batch does where the rate for each example is kept."""
    pair = (PER_EXAMPLE, NO_CHANGE)
    told = [f"{when} {compared(of[pair])}" for when, of in found.items() if pair in of]
    if not told:
        return []
    text = (
        f"Where the rate is kept for each example ({_name(PER_EXAMPLE)}), only the batch changes; "
        f"against no change that is {'; '.join(told)}."
    )
    return [text]


def _name(cell: str) -> str:
    """Return a cell's label without what stands in brackets."""
    return cell.split(" (", maxsplit=1)[0]


def _curves(accuracy: Mapping[str, pd.DataFrame], switch: int) -> list[Drawing]:
    """Draw the difference to no change, a panel for each two that move an example equally."""
    panels = []
    for cells in [*SWITCHES.items(), (PER_EXAMPLE,)]:
        drawn = [c for cell in cells if (c := _difference(accuracy, cell)) is not None]
        if drawn:
            panels.append(
                Panel(
                    "epoch", drawn, log_x=False, title=f"rate for each example: {_RATES[cells[0]]}"
                )
            )
    if not panels:
        return []
    figure = scaling(
        panels, y_label="difference in test accuracy (points)", log_y=False, columns=2,
        repeated="seed", zero=True,
    )  # fmt: skip
    caption = (
        "Test accuracy less that of no change, within each seed, in points; up to epoch "
        f"{switch} the cells have the same weights. In a panel all move the weights by the same "
        "for each example."
    )
    drawn = [curve for panel in panels for curve in panel.curves]
    told = ends_told([c._replace(mean=np.asarray(c.mean) / 100) for c in drawn], "points")
    return [Drawing(f"{STUDY}-curves", figure, told, caption)]


def _difference(accuracy: Mapping[str, pd.DataFrame], cell: str) -> Curve | None:
    if cell not in accuracy or NO_CHANGE not in accuracy:
        return None
    made = 100 * (accuracy[cell] - accuracy[NO_CHANGE]).dropna(how="all")
    if made.empty:
        return None
    x, batch = made.columns.to_numpy(float), _name(cell).split(",")[0]
    drawn = curve(batch, x, made.to_numpy(float))
    if batch == "batch 1":
        return drawn._replace(colour=style.VERMILION, dashed=True)
    return drawn._replace(colour=style.BLUE)


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
    caption = "What each switch changes, in points and per cent"
    return TextTable(headings, rows, caption, remarks=1)
