"""The section of any study: curves with bands, the number of each cell, differences, importance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from glassnet.figures.bands import Curve, bands
from glassnet.figures.differences import Difference as DifferenceRow
from glassnet.figures.differences import differences
from glassnet.report.importance_drawings import importance_drawings
from glassnet.report.numbers import duration, plural
from glassnet.report.sections import Drawing, Section
from glassnet.report.study_tables import cell_table, view_tables
from glassnet.study import Analysis, Study, analyse
from glassnet.study.analysis import name_of
from glassnet.study.commands import command_line
from glassnet.study.intervals import bootstrap_band

MOST_CURVES = 6
"""In one picture; more could not be told apart."""

MOST_FAILURES = 3
"""That are told."""

HOLM = (
    "Intervals (95 %) are of each pair alone; filled, and told apart, is what holds after Holm's "
    "correction for the number of comparisons too."
)
"""How a picture of differences is to be read."""


def study_section(study: Study) -> Section:
    """Return what there is to say of a study without knowing what it is about."""
    analysis, results = analyse(study), study.results()
    return Section(
        key=study.name,
        title=study.table.title or study.name,
        question=" ".join(study.table.question.split()),
        answer=answer_of(analysis),
        findings=findings_of(analysis),
        drawings=[
            *curve_drawings(study, results, analysis),
            *difference_drawings(study, analysis),
            *importance_drawings(study, analysis),
        ],
        tables=[cell_table(analysis), *view_tables(analysis, timing=study.table.timing)],
        ran=ran(study),
        command=command(study),
    )


def answer_of(analysis: Analysis) -> list[str]:
    """Return what is best, what matters most; and how much is still missing."""
    told = []
    if not analysis.complete:
        done = sum(len(cell.values) for cell in analysis.cells)
        planned = sum(cell.planned for cell in analysis.cells)
        told.append(f"{done:,} of {planned:,} runs have finished; all that follows is of those.")
    measured = [cell for cell in analysis.cells if cell.values]
    if len(measured) > 1:
        choose = max if analysis.rising else min
        best = choose(measured, key=lambda cell: cell.interval.mean)
        told.append(
            f"Best on average: {best.label}, with a {analysis.name} of "
            f"{analysis.unit.told(best.interval.mean)}."
        )
    if analysis.importance is not None:
        effects = analysis.importance[analysis.importance["order"] > 0]
        first = effects.sort_values("share", ascending=False).iloc[0]
        told.append(f"{first['term']} explains most of the variance: {100 * first['share']:.0f} %.")
    return [*told, *analysis.remarks]


def findings_of(analysis: Analysis) -> list[str]:
    """Return the verdicts as sentences."""
    return [f"{sentence[:1].upper()}{sentence[1:]}." for sentence in analysis.verdicts]


def curves(
    results: pd.DataFrame, value: str, *, cells: Sequence[str] | None = None, x: str = "epoch"
) -> list[Curve]:
    """Return a curve with its band for each cell.

    Parameters
    ----------
    results : DataFrame
        See `Study.results`.
    value : str
        The number that is drawn.
    cells : sequence of str, optional
        Which cells, in which order; by default all.
    x : str
        Over what: ``"epoch"`` or ``"step"``.
    """
    made = []
    for cell in cells if cells is not None else results["cell"].unique():
        table = results[results["cell"] == cell].pivot_table(value, "seed", x, dropna=False)
        made.append(curve(cell, table.columns.to_numpy(float), table.to_numpy(float)))
    return made


def curve(label: str, x: np.ndarray, seeds: np.ndarray) -> Curve:
    """Return a curve with the bootstrap band of its mean; `seeds` has shape (seeds, points)."""
    return Curve(label, x, seeds, *bootstrap_band(seeds))


def curve_drawings(study: Study, results: pd.DataFrame, analysis: Analysis) -> list[Drawing]:
    """Return the curve of the compared number by epoch, if it has one and they are few."""
    value = analysis.value
    if value.startswith("test_"):  # measured once, at the end; what can be followed is this
        value = value.replace("test_", "validation_")
    if len(results) == 0 or value not in results or results["cell"].nunique() > MOST_CURVES:
        return []
    unit = analysis.unit
    name = name_of(value, study)
    label = name + (" (%)" if unit.name == "points" else f" ({unit.name})" * bool(unit.name))
    figure = bands(curves(results, value), x_label="epoch", y_label=label, scale=unit.scale)
    return [
        Drawing(
            f"{study.name}-curves",
            figure,
            f"{name} by epoch for {results['cell'].nunique()} cells",
            f"{name[:1].upper()}{name[1:]} by epoch.",
        )
    ]


def difference_drawings(study: Study, analysis: Analysis) -> list[Drawing]:
    """Return the paired differences, if there are any."""
    if not analysis.differences:
        return []
    rows = [
        DifferenceRow(
            f"{short_label(study, d.first)} − {short_label(study, d.second)}",
            d.mean,
            d.low,
            d.high,
            analysis.verdict(d).split()[0],
            d.distinct,
        )
        for d in analysis.differences
    ]
    name, unit = analysis.name, analysis.unit
    by = f" by {study.factors[0]}" if len(study.factors) == 1 else ""
    label = f"difference in {name}{by}" + f" ({unit.name})" * bool(unit.name)
    return [
        Drawing(
            f"{study.name}-differences",
            differences(
                rows,
                scale=unit.scale,
                x_label=label,
                digits=unit.digits,
                should_rise=analysis.rising,
            ),
            "; ".join(analysis.verdicts),
            f"Differences within each seed. {HOLM}",
        )
    ]


def short_label(study: Study, label: str) -> str:
    """Return a cell's label without the name of the factor, where there is but one."""
    return label.removeprefix(f"{study.factors[0]} ") if len(study.factors) == 1 else label


def ran(study: Study) -> str:
    """Say what was run, how often, how long it took, and what failed."""
    finished = [run for _, _, run in study.finished()]
    seconds = sum(run.seconds for run in finished)
    cells = plural(len(study.cells), "cell")
    return (
        f"{cells}, {plural(study.table.seeds, 'seed')} each: {plural(len(finished), 'run')}, "
        f"{duration(seconds)} of computing.{_failures_told(study.failures())}"
    )


def _failures_told(failures: Mapping[str, str]) -> str:
    """Say which runs failed and why, the first few."""
    if not failures:
        return ""
    shown = [f"{where}: {' '.join(why.split()).rstrip('.')}" for where, why in failures.items()]
    shown = shown[:MOST_FAILURES]
    more = len(failures) - len(shown)
    told = "; ".join(shown) + (f"; and {more} more" if more else "")
    return f" {plural(len(failures), 'run')} failed: {told}."


def command(study: Study) -> str:
    """Return the command that runs the study again; empty if it was made in Python."""
    return command_line("run", [study])
