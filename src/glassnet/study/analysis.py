"""What a study shows: the number of each cell, the differences between them, what matters most."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from glassnet.optim.monitoring import should_rise
from glassnet.study.budgets import budget_views, by_seed
from glassnet.study.comparison import Difference, verdict
from glassnet.study.definition import StudyError
from glassnet.study.differences import MOST_CELLS, differences_of, remarks_on
from glassnet.study.importance import variance_shares
from glassnet.study.intervals import Interval, mean_interval
from glassnet.study.study import Study


class Unit(NamedTuple):
    """How a number is told: what stands behind it, what it is multiplied by, how many decimals."""

    name: str
    scale: float
    digits: int

    def told(self, value: float) -> str:
        """Return the number as people read it; a dash for NaN."""
        if math.isnan(value):
            return "–"
        sign = {"points": " %"}.get(self.name, f" {self.name}" if self.name else "")
        return f"{self.scale * value:.{self.digits}f}{sign}"

    def span(self, low: float, high: float) -> str:
        """Return a range as people read it; a dash if there is none."""
        return "–" if math.isnan(low) else f"{self.told(low)} to {self.told(high)}"


def unit_of(value: str) -> Unit:
    """Return how a number of the records is told.

    Examples
    --------
    >>> unit_of("validation_accuracy").told(0.9575), unit_of("epoch_seconds").told(0.27)
    ('95.75 %', '0.270 s')
    """
    if value.endswith(("accuracy", "recall")):
        return Unit("points", 100.0, 2)
    return Unit("s", 1.0, 3) if value.endswith("seconds") else Unit("", 1.0, 5)


def name_of(value: str, study: Study) -> str:
    """Return what people call a number of a study's runs."""
    on_test = all(
        spec.recipe.data.validation == "test" for cell in study.cells for spec in cell.specs[:1]
    )
    if on_test:
        value = value.replace("validation_", "test_")
    return value.replace("_", " ")


@dataclass(frozen=True)
class CellResult:
    """What came of a cell.

    Parameters
    ----------
    label : str
    levels : dict of str
        The level of each factor.
    planned : int
        Runs.
    values : dict of float
        By seed, of the runs that have finished.
    interval : Interval
        Mean over seeds and its 95 % confidence interval; NaN where there is no run.
    """

    label: str
    levels: dict[str, str]
    planned: int
    values: dict[int, float]
    interval: Interval


@dataclass(frozen=True)
class Analysis:
    """What a study shows so far.

    Parameters
    ----------
    value : str
        The number that cells are compared by.
    name : str
        What it is called: "test accuracy", where the epochs are measured on the test set.
    unit : Unit
        How it is told.
    rising : bool
        Whether higher is better.
    cells : list of CellResult
        In the study's order.
    differences : list of Difference
        Paired over seeds and corrected for their number, of the pairs with two seeds or more in
        common.
    remarks : list of str
        Which comparisons could not be made, and where only the runs count that did not fail.
    importance : DataFrame or None
        See `variance_shares`; of a factorial study that is complete.
    views : DataFrame or None
        See `budget_views`; of a study whose number is measured in each epoch.

    Examples
    --------
    >>> analysis = analyse(Study.load("figure-08", folder="no-runs-yet"))
    >>> analysis.name, analysis.rising, analysis.complete
    ('test accuracy', True, False)
    >>> analysis.unit.told(0.9575)
    '95.75 %'
    """

    value: str
    name: str
    unit: Unit
    rising: bool
    cells: list[CellResult]
    differences: list[Difference]
    remarks: list[str]
    importance: pd.DataFrame | None
    views: pd.DataFrame | None

    @property
    def complete(self) -> bool:
        """Whether all runs have finished."""
        return all(len(cell.values) == cell.planned for cell in self.cells)

    def verdict(self, difference: Difference) -> str:
        """Say in words how a difference is to be judged."""
        return verdict(
            difference,
            unit=self.unit.name,
            scale=self.unit.scale,
            higher_is_better=self.rising,
            digits=self.unit.digits,
        )

    @property
    def verdicts(self) -> list[str]:
        """All verdicts as sentences."""
        return [f"{d.first} against {d.second}: {self.verdict(d)}" for d in self.differences]


def analyse(study: Study) -> Analysis:
    """Return what the finished runs of a study show.

    Raises
    ------
    StudyError
        If the number that the study compares is none that its runs have.

    Examples
    --------
    >>> analysis = analyse(Study.load("figure-08", folder="no-runs-yet"))
    >>> [f"{cell.label}: {len(cell.values)} of {cell.planned}" for cell in analysis.cells][:2]
    ['learning rate 0.01: 0 of 10', 'learning rate 0.1: 0 of 10']
    """
    value = study.table.value
    values, results = final_values(study)
    cells = [
        CellResult(
            cell.label,
            cell.levels,
            len(cell.specs),
            values.get(cell.label, {}),
            _interval(values.get(cell.label, {})),
        )
        for cell in study.cells
    ]
    views = None
    if value in results and results["run"].nunique() and len(cells) <= MOST_CELLS:
        views = budget_views(results, value, higher_is_better=should_rise(value))
    differences = differences_of(study, values)
    return Analysis(
        value,
        name_of(value, study),
        unit_of(value),
        should_rise(value),
        cells,
        differences,
        remarks_on(study, values, differences),
        _importance(study, values),
        views,
    )


def _interval(values: Mapping[int, float]) -> Interval:
    if not values:
        return Interval(math.nan, math.nan, math.nan)
    return mean_interval(list(values.values()))


def final_values(study: Study) -> tuple[dict[str, dict[int, float]], pd.DataFrame]:
    """Return the number that a study compares, by cell and seed, and the table of all epochs.

    It is that of the last epoch, or of the test set, or of the last recorded step.
    """
    value, results = study.table.value, study.results()
    if value.startswith("step_"):
        values: dict[str, dict[int, float]] = {}
        for cell, spec, run in study.finished():
            if value not in run.arrays:
                raise _unknown(study, [*results.columns, *run.arrays])
            values.setdefault(cell.label, {})[spec.seed] = float(run.arrays[value][-1])
        return values, results
    table = study.tests() if value.startswith("test_") else results
    if len(table) == 0:
        return {}, results
    if value not in table:
        raise _unknown(study, [*results.columns, *study.tests().columns])
    last = table.drop_duplicates("run", keep="last")
    return by_seed(last.dropna(subset=value), value), results


def _unknown(study: Study, columns: list[str]) -> StudyError:
    known = [c for c in columns if c.startswith(("validation_", "test_", "step_", "epoch_"))]
    return StudyError(
        f"study {study.name}: value must be a number that its runs have "
        f"({', '.join(dict.fromkeys(known))}), got {study.table.value!r}"
    )


def _importance(study: Study, values: Mapping[str, Mapping[int, float]]) -> pd.DataFrame | None:
    """Divide the variance among factors, if all cells have the same seeds, two or more."""
    factors = study.factors
    seeds = {frozenset(values.get(cell.label, ())) for cell in study.cells}
    if len(factors) < 2 or len(seeds) > 1 or len(next(iter(seeds))) < 2:
        return None
    rows = [
        {**cell.levels, "seed": seed, study.table.value: number}
        for cell in study.cells
        for seed, number in values[cell.label].items()
    ]
    return variance_shares(pd.DataFrame(rows), factors, study.table.value)
