"""How the variance of a factorial study is divided among its hyperparameters, drawn."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from glassnet.figures.importance import Importance, importance
from glassnet.figures.interactions import interaction_grid
from glassnet.report.numbers import plural
from glassnet.report.sections import Drawing
from glassnet.study import Analysis, Study


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
    seeds = min(len(cell.values) for cell in analysis.cells)
    drawn = [
        Drawing(
            f"{study.name}-importance",
            importance(rows),
            f"Shares of the variance of the {analysis.name}: {shares}",
            "Analysis of variance of the factorial design, with seeds as blocks; 95 % bootstrap "
            f"intervals over {plural(seeds, 'seed')}{', which are narrow' if seeds < 10 else ''}.",
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
