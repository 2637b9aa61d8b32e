"""Means over seeds, and how far another ten seeds could move them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from glassnet import checks

Floats = NDArray[np.float64]

_BLOCK = 1024  # points resampled at once: 16 MB at 2000 resamples


class Band(NamedTuple):
    """A mean curve and the band around it.

    Parameters
    ----------
    mean, low, high : ndarray of float64, shape (points,)
        In the values' unit; NaN where there is nothing to say.
    """

    mean: Floats
    low: Floats
    high: Floats


class Interval(NamedTuple):
    """A mean (or a share) and its confidence interval, in the values' unit."""

    mean: float
    low: float
    high: float


def bootstrap_band(
    values: ArrayLike, *, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> Band:
    """Return the mean over seeds at each point, with a percentile bootstrap band.

    Whole seeds are resampled, so that a curve stays one curve. NaN (a run that ended early) is
    left out point by point: there, mean and band speak of the runs that were still going. Where
    fewer than two seeds have a value, the band is NaN, for one run says nothing about another.

    Parameters
    ----------
    values : array-like of float, shape (seeds, points)
        One curve a seed.
    level : float
        Share of resampled means inside the band, point by point.
    resamples : int
        How many times the seeds are drawn anew, at least 100.
    seed : int
        Of the resampling: the same values give the same band.

    Raises
    ------
    ValueError
        If `values` has another shape, no seed, or an infinite value, which no mean survives.

    Notes
    -----
    With few seeds the percentile bootstrap is narrow: a spread of `n` values is taken for that of
    the population, which is low by ``sqrt((n - 1) / n)``, and no tail is heavier than normal.
    With ten seeds a band of 95 % holds the true mean about 90 times in 100. It is for the eye;
    :func:`mean_interval` and :func:`~glassnet.study.comparison.paired_differences` are for claims.

    References
    ----------
    Efron and Tibshirani, *An Introduction to the Bootstrap* (1993), chapter 13.

    Examples
    --------
    >>> bootstrap_band([[0.0, 1.0], [1.0, 3.0]])
    Band(mean=array([0.5, 2. ]), low=array([0., 1.]), high=array([1., 3.]))
    """
    curves = np.asarray(values, dtype=np.float64)
    if curves.ndim != 2 or len(curves) == 0:
        raise ValueError(
            f"values must have shape (seeds, points) and at least one seed, got {curves.shape}"
        )
    if np.isinf(curves).any():
        row, column = np.argwhere(np.isinf(curves))[0]
        raise ValueError(
            f"values has {curves[row, column]} in row {row} at point {column}, which no mean "
            "survives; put NaN there to leave that run out, and say so"
        )
    tail = (1 - checks.real("level", level, above=0, below=1)) / 2
    n = len(curves)
    rng = np.random.default_rng(seed)
    # how often each seed was drawn: (resamples, seeds)
    drawn = rng.multinomial(
        n, np.full(n, 1 / n), size=checks.whole("resamples", resamples, at_least=100)
    ).astype(np.float64)

    band = Band(*np.full((3, curves.shape[1]), np.nan))
    for start in range(0, curves.shape[1], _BLOCK):
        block = slice(start, start + _BLOCK)
        known = np.isfinite(curves[:, block])
        filled = np.where(known, curves[:, block], 0.0)
        seeds = known.sum(axis=0)
        np.divide(filled.sum(axis=0), seeds, out=band.mean[block], where=seeds > 0)
        several = seeds > 1
        if several.any():
            counts = drawn @ known[:, several]
            means = np.full_like(counts, np.nan)
            np.divide(drawn @ filled[:, several], counts, out=means, where=counts > 0)
            low, high = np.nanquantile(means, [tail, 1 - tail], axis=0)
            band.low[block][several], band.high[block][several] = low, high
    return band


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Return the mean over seeds and its Student-t interval.

    Parameters
    ----------
    values : array-like of float, shape (seeds,)
        One value a seed. With a single seed the interval is NaN.
    level : float
        Confidence.

    Raises
    ------
    ValueError
        If there is no value, the shape is another, or a value is not finite.

    Examples
    --------
    >>> [round(number, 3) for number in mean_interval([1.0, 2.0, 3.0])]
    [2.0, -0.484, 4.484]
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or sample.size == 0:
        raise ValueError(f"values must have shape (seeds,) and at least one, got {sample.shape}")
    if not np.isfinite(sample).all():
        place = int(np.argmin(np.isfinite(sample)))
        raise ValueError(
            f"value {place} is {sample[place]}; leave that seed out, and say so, or use the median"
        )
    checks.real("level", level, above=0, below=1)
    mean = float(sample.mean())
    n = sample.size
    if n == 1:
        return Interval(mean, float("nan"), float("nan"))
    half = float(stats.t.ppf((1 + level) / 2, n - 1) * sample.std(ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half, mean + half)


def share_interval(successes: int, n: int, level: float = 0.95) -> Interval:
    """Return the share of seeds that did something, with its Wilson interval.

    Parameters
    ----------
    successes : int
        In how many seeds it happened.
    n : int
        How many seeds there are.
    level : float
        Confidence.

    Raises
    ------
    ValueError
        If there is no seed, or there are more successes than seeds.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927).

    Examples
    --------
    >>> [round(number, 3) for number in share_interval(7, 10)]
    [0.7, 0.397, 0.892]
    """
    n = checks.whole("n", n, at_least=1)
    successes = checks.whole("successes", successes)
    if successes > n:
        raise ValueError(f"there are {successes} successes in {n} seeds; give at most {n}")
    checks.real("level", level, above=0, below=1)
    interval = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    return Interval(successes / n, float(interval.low), float(interval.high))
