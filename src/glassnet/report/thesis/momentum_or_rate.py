"""Whether momentum finds better minima, or only makes the steps longer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from glassnet.report.sections import Section, TextTable
from glassnet.report.study_section import HOLM
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
from glassnet.report.thesis.momentum_drawings import (
    CELL,
    MOMENTA,
    RATES,
    momentum_curves,
    momentum_forest,
)
from glassnet.report.thesis.parts import Parts, cause, divided, parts_drawing, parts_table
from glassnet.report.thesis.wording import (
    clear,
    compared,
    mean_told,
    sentence,
    share_told,
    summary,
)
from glassnet.study import Study
from glassnet.study.comparison import Difference, number_word

STUDY = "question-6-momentum-or-rate"
EQUAL_RATE = "figure-09"
LARGE = CELL.format("0.5", "0.8")
"""At the rate 0.1: the thesis' momentum 0.8."""
SMALL = "rate 0.1, momentum 0.4"
"""The thesis' other one, of the study of its figure."""
FIRST, LAST = 5, 5
"""Epochs at the beginning and at the end whose means are compared."""
MOMENTS: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    f"first {FIRST} epochs": lambda table: table.iloc[:, :FIRST].mean(axis=1),
    f"last {LAST} epochs": lambda table: last_epochs(table, LAST),
    "best epoch": lambda table: table.max(axis=1),
}
END = f"last {LAST} epochs"


def section(studies: Mapping[str, Study], *, data_dir: str | Path | None = None) -> Section:  # noqa: ARG001
    """Return the section of the question whether momentum or its longer steps help."""
    study = studies.get(STUDY)
    if study is None or nothing_run(study):
        return unanswered(STUDY, "Momentum, or only a larger rate?", study)
    results = study.results()
    values = _moments(results)
    thesis = studies.get(EQUAL_RATE)
    if thesis is not None and not nothing_run(thesis):
        for moment, of in _moments(thesis.results()).items():
            values[moment][SMALL] = of.get("momentum 0.4", {})
    found = {
        moment: family(of, _pairs()) | family(of, _thesis_pairs()) for moment, of in values.items()
    }
    equal = {moment: [of[p] for p in _pairs() if p in of] for moment, of in found.items()}
    cells = {"both": LARGE, "rate": CELL.format("0.5", "0"), "none": CELL.format("0.1", "0")}
    parts = [
        (moment, made)
        for moment in values
        if (made := divided(values[moment], found[moment], **cells))
    ]
    return framed(
        study,
        [
            _short(equal[END], dict(parts).get(END)),
        ],
        findings=[
            *_at_equal_effective_rate(equal),
            *_what_the_thesis_saw(found[END]),
            *_divided(parts),
        ],
        drawings=[
            *momentum_forest(equal[END], STUDY, END),
            *momentum_curves(results, STUDY),
            *parts_drawing(
                f"{STUDY}-parts",
                [(moment, made) for moment, made in parts if moment == END],
                rest="momentum",
                caption="Momentum 0.8 at rate 0.1, divided. Both: against momentum 0 at rate 0.1, "
                "as the thesis compares; rate alone: rate 0.5 against 0.1, both without momentum; "
                f"momentum on top: momentum 0.8 at rate 0.1 against none at rate 0.5. {HOLM}",
            ),
        ],
        tables=[
            _cells(study, values),
            *parts_table(
                [(f"Momentum 0.8 at rate 0.1, {moment}", made) for moment, made in parts],
                rest="Momentum",
                caption="What of the thesis' comparison is the longer step (with 95 % intervals of "
                "each pair alone)",
            ),
        ],
    )


def _moments(results: pd.DataFrame) -> dict[str, dict[str, dict[int, float]]]:
    accuracy = by_epoch(results, "validation_accuracy")
    return {moment: each_run(accuracy, number) for moment, number in MOMENTS.items()}


def _pairs() -> list[tuple[str, str]]:
    """Return the cells with momentum, each with that of the same effective rate without."""
    return [(CELL.format(r, m), CELL.format(r, "0")) for r in RATES for m in MOMENTA]


def _thesis_pairs() -> list[tuple[str, str]]:
    """Return the comparisons at equal rate, as in the thesis, and of the rate alone."""
    none = CELL.format("0.1", "0")
    return [(SMALL, none), (LARGE, none), (CELL.format("0.5", "0"), none)]


def _short(equal: Sequence[Difference], parts: Parts | None) -> str:
    if not equal or parts is None:
        return NOT_YET
    better = [d for d in equal if clear(d) and d.mean > 0]
    worse = [d for d in equal if clear(d) and d.mean < 0]
    of = number_word(len(equal))
    if better and worse:
        text = (
            "It depends: at the same effective rate momentum ends better in "
            f"{number_word(len(better))} and worse in {number_word(len(worse))} of {of} comparisons"
        )
    elif better:
        text = (
            "Momentum does more than lengthen the step: at the same effective rate it ends better "
            f"in {number_word(len(better))} of {of} comparisons, and worse in none"
        )
    elif worse:
        text = (
            "Momentum does not find better minima: at the same effective rate it ends worse in "
            f"{number_word(len(worse))} of {of} comparisons, and better in none"
        )
    else:
        text = _no_difference(parts)
    return f"{text}{_of_the_thesis(parts)}."


def _no_difference(parts: Parts) -> str:
    """Say what it means that momentum makes no clear difference at the same effective rate."""
    seeds = number_word(parts.whole.seeds)
    if parts.share is None:
        return f"At the same effective rate momentum changes nothing that {seeds} seeds could show"
    head = "It is the rate" if parts.share.low > 0.5 else "Momentum itself shows no clear effect"
    return f"{head}: at the same effective rate, momentum ends indistinguishable with {seeds} seeds"


def _of_the_thesis(parts: Parts) -> str:
    if parts.share is None:
        return "; at the same rate, as the thesis compares, the difference is not clear"
    way = "gains" if parts.whole.mean > 0 else "loses"
    return (
        f"; of the {100 * abs(parts.whole.mean):.2f} points that momentum 0.8 {way} at the same "
        f"rate, as the thesis compares, the longer step alone explains {share_told(parts.share)}"
    )


def _at_equal_effective_rate(equal: Mapping[str, Sequence[Difference]]) -> list[str]:
    """Say how momentum compares with none, a paragraph a moment."""
    return [
        f"At the same effective rate against no momentum, {moment}: {summary(found)}."
        for moment, found in equal.items()
        if found
    ]


def _what_the_thesis_saw(found: Family) -> list[str]:
    """Say how momentum compares with none at equal rate, which is the thesis' comparison."""
    pairs = zip(MOMENTA, _thesis_pairs(), strict=False)
    told = [f"momentum {m} is {compared(found[pair])}" for m, pair in pairs if pair in found]
    if not told:
        return []
    return [
        f"At the same rate, 0.1, as in the thesis (Fig. 9), against no momentum, {END}: "
        + "; ".join(told)
        + "."
    ]


def _divided(parts: Sequence[tuple[str, Parts]]) -> list[str]:
    told = [
        f"{moment}: {cause(made.share, rest='momentum itself')} ({share_told(made.share)} is the "
        "rate's)"
        for moment, made in parts
        if made.share is not None
    ]
    if not told:
        return []
    text = (
        "Momentum 0.8 at rate 0.1 has the effective rate 0.5. What it gains over momentum 0 at "
        "rate 0.1 divides into what rate 0.5 gains without momentum, and the rest: "
    )
    return [f"{text}{'; '.join(told)}."]


def _cells(study: Study, values: Mapping[str, Values]) -> TextTable:
    rows = [
        [
            cell.label,
            *(_mean(of.get(cell.label, {})) for of in values.values()),
        ]
        for cell in study.cells
    ]
    headings = ["Cell", *(sentence(moment) for moment in values)]
    return TextTable(headings, rows, "Test accuracy in per cent: mean (95 % interval)")


def _mean(values: Mapping[int, float]) -> str:
    mean, interval = mean_told(values, most=1.0)
    return mean if interval == "–" else f"{mean} ({interval})"
