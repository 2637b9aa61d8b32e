"""The results of a study as a tidy table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from glassnet.study.design import Cell, RunSpec
from glassnet.study.running import Finished

FinishedRun = tuple[Cell, RunSpec, Finished]


def tidy(runs: Iterable[FinishedRun], factors: Sequence[str]) -> pd.DataFrame:
    """Return a row for each run and epoch.

    Parameters
    ----------
    runs : iterable of (Cell, RunSpec, Finished)
    factors : sequence of str
        Names of the factors; each is a column.

    Returns
    -------
    DataFrame
        Columns: ``cell``, a column for each factor with its level, ``seed``, ``run``; ``epoch``;
        ``step`` and ``seconds``, steps and seconds of training since the beginning;
        ``epoch_seconds``, those of the epoch; and all other numbers of the epoch's record:
        ``loss``, ``accuracy``, ``validation_accuracy``, ... What a record lacks is NaN.
    """
    rows: list[dict[str, Any]] = []
    for cell, spec, run in runs:
        step, seconds = 0, 0.0
        for record in run.epochs:
            step, seconds = step + record["steps"], seconds + record["seconds"]
            numbers = {
                key: value
                for key, value in record.items()
                if key not in _REPLACED and not isinstance(value, list)
            }
            rows.append(
                _identity(cell, spec)
                | {"epoch": record["epoch"], "step": step, "seconds": seconds}
                | {"epoch_seconds": record["seconds"]}
                | numbers
            )
    return _frame(rows, factors, "epoch", "step", "seconds", "epoch_seconds")


_REPLACED = {"epoch", "steps", "seconds"}


def tests(runs: Iterable[FinishedRun], factors: Sequence[str]) -> pd.DataFrame:
    """Return a row for each run that was measured on the test set after its last epoch.

    Parameters
    ----------
    runs, factors
        As for `tidy`.

    Returns
    -------
    DataFrame
        Columns as of `tidy`, up to ``run``; then ``test_accuracy``, ``test_loss``, ..., and
        ``seconds``, all that the run took.
    """
    rows = [
        _identity(cell, spec)
        | {f"test_{key}": value for key, value in run.test.items() if not isinstance(value, list)}
        | {"seconds": run.seconds}
        for cell, spec, run in runs
        if run.test
    ]
    return _frame(rows, factors, "seconds")


def _identity(cell: Cell, spec: RunSpec) -> dict[str, Any]:
    return {"cell": cell.label, **cell.levels, "seed": spec.seed, "run": spec.key}


def _frame(rows: list[dict[str, Any]], factors: Sequence[str], *others: str) -> pd.DataFrame:
    if rows:
        return pd.DataFrame(rows)
    return pd.DataFrame(columns=["cell", *factors, "seed", "run", *others])
