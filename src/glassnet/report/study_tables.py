"""The tables of any study: the number of each cell, and what equal budgets lead to."""

from __future__ import annotations

import math

import numpy as np

from glassnet.report.sections import TextTable
from glassnet.study import Analysis

_VIEWS = {"epoch": "epochs", "step": "steps", "seconds": "seconds"}


def cell_table(analysis: Analysis) -> TextTable:
    """Return the number of each cell."""
    unit = analysis.unit
    rows = []
    for cell in analysis.cells:
        most = 1.0 if unit.name == "points" else math.inf
        mean, low, high = (unit.told(min(v, most)) for v in cell.interval)
        values = list(cell.values.values()) or [np.nan]
        spread = [unit.told(min(values)), unit.told(max(values))]
        rows.append(
            [cell.label, mean, f"{low} to {high}", " to ".join(spread), f"{len(cell.values)}"]
        )
    headings = ["Cell", f"Mean {analysis.name}", "95 % interval", "Seeds' range", "Seeds"]
    return TextTable(headings, rows)


def view_tables(analysis: Analysis, *, timing: bool = False) -> list[TextTable]:
    """Return the three views: equal epochs, equal steps, equal time.

    With `timing` each run had the machine for itself.
    """
    if analysis.views is None or len(analysis.cells) < 2:
        return []
    tables: list[TextTable] = []
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
        if tables and rows == tables[0].rows:  # steps, where all batches are of one size
            continue
        caption = f"Mean {analysis.name} after equal {name}; * is the highest mean, no verdict"
        if not analysis.rising:
            caption = caption.replace("highest", "lowest")
        if by == "seconds" and not timing:
            caption += ". Runs were made beside others on one machine, so times are rough"
        tables.append(TextTable(headings, rows, caption))
    return tables
