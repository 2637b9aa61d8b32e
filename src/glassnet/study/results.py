"""The results of a study as a tidy table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from glassnet.study.design import Cell
from glassnet.study.running import Finished


def tidy(runs: Iterable[tuple[Cell, int, Finished]], factors: Sequence[str]) -> pd.DataFrame:
    """Return a row for each run and epoch.

    Parameters
    ----------
    runs : iterable of (Cell, int, Finished)
        With each run's seed.
    factors : sequence of str
        Names of the factors; each is a column.

    Returns
    -------
    DataFrame
        Columns: ``cell``, a column for each factor with its level, ``seed``; ``epoch``; ``step``
        and ``total_seconds``, steps and seconds of training since the beginning; and all numbers of
        the epoch's record: ``loss``, ``accuracy``, ``validation_accuracy``, ``seconds``, ...
        Numbers that a record lacks are NaN.
    """
    rows: list[dict[str, Any]] = []
    for cell, seed, run in runs:
        step, seconds = 0, 0.0
        for record in run.epochs:
            step += record["steps"]
            seconds += record["seconds"]
            numbers = {k: v for k, v in record.items() if not isinstance(v, list)}
            rows.append(
                {"cell": cell.label, **cell.levels, "seed": seed, "epoch": record["epoch"]}
                | {"step": step, "total_seconds": seconds}
                | numbers
            )
    first = ["cell", *factors, "seed", "epoch", "step", "total_seconds"]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=first)
