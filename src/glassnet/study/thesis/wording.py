"""What was measured, in words: means and ranges over seeds."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from glassnet.study.comparison import number_word
from glassnet.study.intervals import mean_interval
from glassnet.study.thesis.evidence import Floats


def seeds_told(holds: ArrayLike) -> str:
    """Return "in seven of ten seeds".

    Examples
    --------
    >>> seeds_told([True, False, True])
    'in two of three seeds'
    >>> seeds_told([True, True])
    'in both seeds'
    """
    held = np.asarray(holds, bool)
    n, k = held.size, int(held.sum())
    if k == n:
        return "in both seeds" if n == 2 else f"in all {number_word(n)} seeds"
    return f"in {number_word(k) if k else 'none'} of {number_word(n)} seeds"


def percents(values: ArrayLike, digits: int = 2) -> str:
    """Return mean and range of shares: "94.72 % (94.41 to 95.02)"."""
    shares = 100 * np.asarray(values, float)
    low, high = f"{shares.min():.{digits}f}", f"{shares.max():.{digits}f}"
    return f"{shares.mean():.{digits}f} % ({low} to {high})"


def points(values: ArrayLike, digits: int = 2) -> str:
    """Return mean difference and range in points: "+0.31 points (+0.10 to +0.48)"."""
    many = 100 * np.asarray(values, float)
    low, high = f"{many.min():+.{digits}f}", f"{many.max():+.{digits}f}"
    return f"{many.mean():+.{digits}f} points ({low} to {high})".replace("-", "−")


def epochs(values: ArrayLike) -> str:
    """Return median and range of epochs; infinite ones were not reached."""
    many = np.asarray(values, float)
    shown = [f"{v:g}" if np.isfinite(v) else "never" for v in (many.min(), many.max())]
    middle = float(np.median(many))
    if not np.isfinite(many).any():
        return "never"
    return ("never" if np.isinf(middle) else f"epoch {middle:g}") + f" ({shown[0]} to {shown[1]})"


def difference(first: Floats, second: Floats) -> str:
    """Return the mean difference of two cells and its 95 % interval, paired over the seeds."""
    mean, low, high = (100 * value for value in mean_interval(first - second))
    told = f"{mean:+.2f} points"
    if not math.isnan(low):
        told += f", 95 % interval {low:+.2f} to {high:+.2f}"
    return told.replace("-", "−")
