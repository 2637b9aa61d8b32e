"""Equal epochs, equal steps, equal time: three views of one study."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from glassnet import checks
from glassnet.names import unknown

Measure: TypeAlias = Literal["epoch", "step", "seconds"]

MEASURES: tuple[Measure, ...] = ("epoch", "step", "seconds")


def at_budget(results: pd.DataFrame, *, by: Measure, budget: float, value: str) -> pd.DataFrame:
    """Return what each run had reached when its budget was spent.

    Parameters
    ----------
    results : DataFrame
        A row a run and epoch, with the columns ``cell``, ``seed``, ``run``, ``epoch``, ``step``
        (steps so far), ``seconds`` (of training so far), and metrics.
    by : {"epoch", "step", "seconds"}
        What the budget is counted in.
    budget : float
        In epochs, steps or seconds.
    value : str
        The metric's column.

    Returns
    -------
    DataFrame
        Columns ``cell``, ``seed`` and `value`: a row a run, in the order of `results`, from its
        last row within the budget, or NaN if it has none. A run that ended before keeps its last
        value; :func:`common_budget` is the most that no run falls short of.

    Raises
    ------
    ValueError
        If a column is missing, or `by` is none of the three.

    Examples
    --------
    >>> results = pd.DataFrame({
    ...     "cell": ["small", "small", "large"], "seed": 1, "run": ["a", "a", "b"],
    ...     "epoch": [1, 2, 1], "step": [10, 20, 1], "seconds": [2.0, 4.0, 1.0],
    ...     "accuracy": [0.7, 0.8, 0.6],
    ... })
    >>> at_budget(results, by="seconds", budget=3, value="accuracy")
        cell  seed  accuracy
    0  small     1       0.7
    1  large     1       0.6
    """
    _need(results, by, value)
    within = results[results[by] <= budget].sort_values(by, kind="stable")
    last = within.drop_duplicates("run", keep="last").set_index("run")[value]
    runs = results.drop_duplicates("run")[["cell", "seed", "run"]].reset_index(drop=True)
    runs[value] = last.reindex(runs["run"]).to_numpy()
    return runs.drop(columns="run")


def common_budget(results: pd.DataFrame, by: Measure) -> float:
    """Return the largest budget that every run reached.

    The run that ended first decides: leave runs out that broke off before asking.

    Parameters
    ----------
    results : DataFrame
        As for :func:`at_budget`.
    by : {"epoch", "step", "seconds"}
        What the budget is counted in.

    Examples
    --------
    >>> results = pd.DataFrame({
    ...     "cell": "a", "seed": [1, 1, 2], "run": ["x", "x", "y"], "step": [5, 9, 7],
    ... })
    >>> common_budget(results, "step")
    7.0
    """
    _need(results, by)
    return float(results.groupby("run")[by].max().min())


def budget_views(
    results: pd.DataFrame, value: str, *, points: int = 5, higher_is_better: bool = True
) -> pd.DataFrame:
    """Return the mean of each cell at several budgets, counted in each of the three ways.

    Parameters
    ----------
    results : DataFrame
        As for :func:`at_budget`.
    value : str
        The metric's column.
    points : int
        Budgets a view, evenly from the first at which every run has a row to the last that every
        run reached; fewer where epochs or steps, which are whole, coincide. Where no budget is
        both (a batch of 50 may end before a batch of 1 has seen its first epoch), only the
        latter, and cells that have no row yet have NaN.
    higher_is_better : bool
        False for losses.

    Returns
    -------
    DataFrame
        Columns ``by``, ``budget``, ``cell``, `value` (the mean over seeds) and ``best``: whether
        the cell has the best mean of those at this budget. That is no verdict: see
        :func:`~glassnet.study.comparison.paired_differences`.

    Examples
    --------
    >>> results = pd.DataFrame({
    ...     "cell": ["small", "small", "large"], "seed": 1, "run": ["a", "a", "b"],
    ...     "epoch": [1, 2, 1], "step": [10, 20, 10], "seconds": [2.0, 4.0, 1.0],
    ...     "accuracy": [0.7, 0.8, 0.6],
    ... })
    >>> budget_views(results, "accuracy").iloc[-2:]
            by  budget   cell  accuracy   best
    4  seconds     1.0  small       NaN  False
    5  seconds     1.0  large       0.6   True
    """
    checks.whole("points", points, at_least=1)
    rows = []
    for by in MEASURES:
        for budget in _grid(results, by, points):
            reached = at_budget(results, by=by, budget=budget, value=value)
            # a mean over the seeds that happen to have a row would favour the fast ones
            means = reached.groupby("cell", sort=False)[value].agg(lambda v: v.mean(skipna=False))
            best = means.max() if higher_is_better else means.min()
            rows += [(by, budget, cell, mean, mean == best) for cell, mean in means.items()]
    return pd.DataFrame(rows, columns=["by", "budget", "cell", value, "best"])


def _grid(results: pd.DataFrame, by: Measure, points: int) -> list[float]:
    last = common_budget(results, by)
    first = min(last, float(results.groupby("run")[by].min().max()))
    grid = np.linspace(first, last, points) if points > 1 else np.array([last])
    return [float(budget) for budget in np.unique(grid if by == "seconds" else np.floor(grid))]


def by_seed(reached: pd.DataFrame, value: str) -> dict[str, dict[int, float]]:
    """Return a column as cell to seed to value, which `paired_differences` takes.

    Parameters
    ----------
    reached : DataFrame
        A row a run with the columns ``cell``, ``seed`` and `value`, as from :func:`at_budget`.
    value : str
        The metric's column.

    Raises
    ------
    ValueError
        If a column is missing, or a cell has a seed twice.

    Examples
    --------
    >>> by_seed(pd.DataFrame({"cell": ["a", "b"], "seed": 1, "loss": [0.5, 0.25]}), "loss")
    {'a': {1: 0.5}, 'b': {1: 0.25}}
    """
    _columns(reached, ["cell", "seed", value])
    values: dict[str, dict[int, float]] = {}
    for cell, seed, number in reached[["cell", "seed", value]].itertuples(index=False):
        seeds = values.setdefault(cell, {})
        if seed in seeds:
            raise ValueError(f"cell {cell!r} has seed {seed} twice; keep one row a run")
        seeds[int(seed)] = float(number)
    return values


def _need(results: pd.DataFrame, by: str, *metrics: str) -> None:
    if by not in MEASURES:
        raise ValueError(unknown(by, MEASURES, "budget"))
    _columns(results, ["cell", "seed", "run", by, *metrics])
    if len(results) == 0:
        raise ValueError("results has no row; run the study first")


def _columns(table: pd.DataFrame, wanted: list[str]) -> None:
    for column in wanted:
        if column not in table.columns:
            raise ValueError(unknown(column, table.columns, "column"))
