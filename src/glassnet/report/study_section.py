"""The section of any study: curves with bands, the number of each cell, differences, importance."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from glassnet.figures.bands import Curve, bands
from glassnet.figures.differences import Difference as DifferenceRow
from glassnet.figures.differences import differences
from glassnet.figures.importance import Importance, importance
from glassnet.figures.interactions import interaction_grid
from glassnet.report.numbers import duration, plural
from glassnet.report.sections import Drawing, Section, TextTable
from glassnet.study import Analysis, Study, analyse
from glassnet.study.analysis import name_of
from glassnet.study.intervals import bootstrap_band

MOST_CURVES = 6
"""In one picture; more could not be told apart."""

_VIEWS = {"epoch": "epochs", "step": "steps", "seconds": "seconds"}


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
        tables=[cell_table(analysis), *view_tables(analysis)],
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
    return told


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
            "The mean over seeds, with the 95 % bootstrap band of the mean; each seed thin behind.",
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
            d.p_holm < 0.05,
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
            "Differences within each seed: mean and 95 % interval. Filled where it holds after "
            "Holm's correction for the number of comparisons.",
        )
    ]


def short_label(study: Study, label: str) -> str:
    """Return a cell's label without the name of the factor, where there is but one."""
    return label.removeprefix(f"{study.factors[0]} ") if len(study.factors) == 1 else label


def importance_drawings(study: Study, analysis: Analysis) -> list[Drawing]:
    """Return how the variance is divided, and the two factors that matter most, in a grid."""
    table = analysis.importance
    if table is None:
        return []
    rows = [
        Importance(str(row["term"]), float(row["share"]), float(row["low"]), float(row["high"]))
        for row in table.to_dict("records")
    ]
    shares = ", ".join(f"{row.term} {100 * row.share:.0f} %" for row in rows)
    drawn = [
        Drawing(
            f"{study.name}-importance",
            importance(rows),
            f"Shares of the variance of the {analysis.name}: {shares}",
            "Analysis of variance of the factorial design, with seeds as blocks; 95 % bootstrap "
            "intervals over seeds.",
        )
    ]
    main = table[table["order"] == 1].sort_values("share", ascending=False)["term"].tolist()
    if len(main) >= 2:
        drawn.append(_grid(study, analysis, main[0], main[1]))
    return drawn


def _grid(study: Study, analysis: Analysis, a: str, b: str) -> Drawing:
    """Return the mean of each combination of two factors' levels."""
    levels: dict[str, list[str]] = {
        factor.name: factor.levels for factor in study.table.factors if factor.name in {a, b}
    }
    means = np.array(
        [
            [
                np.mean([c.interval.mean for c in analysis.cells if _at(c.levels, {a: i, b: j})])
                for j in levels[b]
            ]
            for i in levels[a]
        ]
    )
    unit = analysis.unit
    name = analysis.name + (" (%)" if unit.name == "points" else "")
    figure = interaction_grid(
        means, levels[a], levels[b], name_a=a, name_b=b, value_name=f"mean {name}", scale=unit.scale
    )
    return Drawing(
        f"{study.name}-grid",
        figure,
        f"Mean {name} by {a} and {b}",
        f"Means over all other factors and all seeds, for the two factors that matter most: {a} "
        f"and {b}.",
    )


def _at(levels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(levels[factor] == level for factor, level in wanted.items())


def cell_table(analysis: Analysis) -> TextTable:
    """Return the number of each cell."""
    unit = analysis.unit
    rows = []
    for cell in analysis.cells:
        mean, low, high = map(unit.told, cell.interval)
        values = list(cell.values.values()) or [np.nan]
        spread = [unit.told(min(values)), unit.told(max(values))]
        rows.append(
            [cell.label, mean, f"{low} to {high}", " to ".join(spread), f"{len(cell.values)}"]
        )
    headings = ["Cell", f"Mean {analysis.name}", "95 % interval", "Seeds' range", "Seeds"]
    return TextTable(headings, rows)


def view_tables(analysis: Analysis) -> list[TextTable]:
    """Return the three views: equal epochs, equal steps, equal time."""
    if analysis.views is None or len(analysis.cells) < 2:
        return []
    tables = []
    for by, name in _VIEWS.items():
        view = analysis.views[analysis.views["by"] == by]
        wide = view.pivot_table(analysis.value, "cell", "budget", sort=False, dropna=False)
        best = set(view[view["best"]][["cell", "budget"]].itertuples(index=False, name=None))
        form = "{:.3g} s" if by == "seconds" else "{:,.0f}"
        headings = ["Cell", *map(form.format, wide.columns)]
        rows = [
            [
                str(cell),
                *(
                    analysis.unit.told(number) + (" *" if (cell, budget) in best else "")
                    for budget, number in zip(wide.columns, numbers, strict=True)
                ),
            ]
            for cell, numbers in zip(wide.index, wide.to_numpy(float), strict=True)
        ]
        caption = f"Mean {analysis.name} after equal {name} (* best)"
        tables.append(TextTable(headings, rows, caption))
    return tables


def ran(study: Study) -> str:
    """Say what was run, how often, and how long it took."""
    finished = [run for _, _, run in study.finished()]
    seconds = sum(run.seconds for run in finished)
    cells = plural(len(study.cells), "cell")
    return (
        f"{cells}, {plural(study.table.seeds, 'seed')} each: {plural(len(finished), 'run')}, "
        f"{duration(seconds)} of computing."
    )


def command(study: Study) -> str:
    """Return the command that runs the study again."""
    return shlex.join(["glassnet", "study", "run", study.name, "--seeds", str(study.table.seeds)])
