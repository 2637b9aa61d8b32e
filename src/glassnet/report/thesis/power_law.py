"""Power laws of the time of an epoch, fitted to each repetition."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from glassnet.study.intervals import Interval, mean_interval

BATCH, HIDDEN, MOMENTUM = "batch size", "hidden units", "momentum"


class Fit(NamedTuple):
    """A power law of the time, fitted to each repetition: time ~ hidden^a batch^b, times momentum.

    Parameters
    ----------
    hidden, batch : Interval
        The exponents.
    momentum : Interval
        What momentum costs, as a share of the time without; NaN if there is one level of it.
    explained : float
        Share of the variance of the logarithm.
    """

    hidden: Interval
    batch: Interval
    momentum: Interval
    explained: float


def fit(times: pd.DataFrame) -> Fit | None:
    """Fit the power law to each repetition by least squares of the logarithm of the time.

    None where there are too few cells: each repetition needs two levels of batch and of hidden
    units, and more cells than parameters.
    """
    found, residual, total = [], 0.0, 0.0
    several = times[MOMENTUM].nunique() > 1
    for _, made in times.groupby("seed"):
        columns = [np.ones(len(made)), np.log(made[HIDDEN]), np.log(made[BATCH])]
        columns += [(made[MOMENTUM] > 0).astype(float)] if several else []
        design, logs = np.column_stack(columns), np.log(made["seconds"].to_numpy())
        if len(made) <= design.shape[1] or np.linalg.matrix_rank(design) < design.shape[1]:
            continue
        solution, *_ = np.linalg.lstsq(design, logs, rcond=None)
        found.append(solution)
        residual += float(np.square(logs - design @ solution).sum())
        total += float(np.square(logs - logs.mean()).sum())
    if not found:
        return None
    values = np.array(found).T
    cost = Interval(*(math.nan,) * 3)
    if several:
        cost = Interval(*(math.exp(v) - 1 for v in mean_interval(values[3])))
    explained = 1 - residual / total if total else 1.0
    return Fit(mean_interval(values[1]), mean_interval(values[2]), cost, explained)


def slopes(times: pd.DataFrame, factor: str) -> list[float]:
    """Return for each repetition the slope of the logarithms, within each other level alike."""
    other = HIDDEN if factor == BATCH else BATCH
    found = []
    for _, made in times.groupby("seed"):
        logs = made.assign(x=np.log(made[factor]), y=np.log(made["seconds"]))
        centred = logs[["x", "y"]] - logs.groupby(other)[["x", "y"]].transform("mean")
        spread = float(np.square(centred["x"]).sum())
        if spread > 0:
            found.append(float((centred["x"] * centred["y"]).sum()) / spread)
    return found
