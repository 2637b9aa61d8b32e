"""Cells compared seed by seed: differences, their intervals, and a verdict in words."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from glassnet.names import unknown
from glassnet.study.intervals import mean_interval

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
          "eleven", "twelve")  # fmt: skip


_MANY = 6
"""Seeds that all agree, of which a sign test would say that it is no chance (p < 5 %)."""


@dataclass(frozen=True)
class Difference:
    """How one cell differs from another over the seeds that both have.

    Parameters
    ----------
    first, second : str
        The cells; every number is of first minus second.
    mean, low, high : float
        Mean difference and its paired Student-t interval, in the values' unit. The interval is of
        this pair alone, not widened for the others.
    p : float
        Of the paired t test, two-sided.
    p_holm : float
        `p` after Holm's correction over all comparisons made together.
    seeds : int
        How many seeds both cells have.
    wins : int
        In how many of them first is greater than second.
    """

    first: str
    second: str
    mean: float
    low: float
    high: float
    p: float
    p_holm: float
    seeds: int
    wins: int

    @property
    def distinct(self) -> bool:
        """Whether the cells can be told apart, at 5 % and after correction."""
        return self.told_apart(0.05)

    def told_apart(self, alpha: float) -> bool:
        """Tell whether `p_holm` is below `alpha` and the interval on one side of zero."""
        return self.p_holm < alpha and not self.low <= 0 <= self.high


def paired_differences(
    values: Mapping[str, Mapping[int, float]], *, against: str | None = None, level: float = 0.95
) -> list[Difference]:
    """Compare cells seed by seed.

    Cells that share a seed share initial weights and the order of examples, so the difference
    within a seed is steadier than that of the means.

    Parameters
    ----------
    values : mapping of cell to mapping of seed to float
        One number a run, such as its accuracy after the last epoch.
    against : str, optional
        A baseline: the other cells are each compared with it. Default: all pairs, in the order of
        `values`.
    level : float
        Confidence of each interval.

    Returns
    -------
    list of Difference
        These form the family of Holm's correction.

    Raises
    ------
    ValueError
        If there are fewer than two cells, the baseline is unknown, two cells have fewer than two
        seeds in common, or a value is not finite.

    Notes
    -----
    Where all differences are the same there is no spread to test against: `p` is 1 if they are
    zero and else 0. The second is strong language for two seeds; look at `seeds`.

    References
    ----------
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6 (1979).

    Examples
    --------
    >>> accuracy = {"0.1": {1: 0.94, 2: 0.95, 3: 0.96}, "1": {1: 0.91, 2: 0.93, 3: 0.92}}
    >>> [d] = paired_differences(accuracy)
    >>> d.first, d.second, round(d.mean, 3), round(d.p, 3), d.wins
    ('0.1', '1', 0.03, 0.035, 3)
    """
    if len(values) < 2:
        raise ValueError(f"two cells or more can be compared, got {len(values)}: {list(values)}")
    if against is not None and against not in values:
        raise ValueError(unknown(against, values, "cell"))
    for cell, by_seed in values.items():
        for seed, value in by_seed.items():
            if not math.isfinite(value):
                raise ValueError(
                    f"cell {cell!r} has {value} at seed {seed}; leave that run out, and say so, "
                    "or compare a number that every run has"
                )
    if against is None:
        pairs = list(itertools.combinations(values, 2))
    else:
        pairs = [(cell, against) for cell in values if cell != against]
    rows = [_difference(values, first, second, level) for first, second in pairs]
    corrected = holm([row[3] for row in rows])
    return [
        Difference(first, second, mean, low, high, p, p_holm, seeds, wins)
        for (first, second), (mean, low, high, p, seeds, wins), p_holm in zip(
            pairs, rows, corrected, strict=True
        )
    ]


def _difference(
    values: Mapping[str, Mapping[int, float]], first: str, second: str, level: float
) -> tuple[float, float, float, float, int, int]:
    seeds = [seed for seed in values[first] if seed in values[second]]
    n = len(seeds)
    if n < 2:
        raise ValueError(
            f"cells {first!r} and {second!r} have {_WORDS[n]} seed in common, and a spread needs "
            "two; run both with the same seeds"
        )
    differences = np.array(
        [float(values[first][seed]) - float(values[second][seed]) for seed in seeds]
    )
    mean, low, high = mean_interval(differences, level)
    spread = 0.0 if np.ptp(differences) == 0 else float(differences.std(ddof=1))
    if spread == 0:
        p = float(mean == 0)
    else:
        p = float(2 * stats.t.sf(abs(mean) / (spread / math.sqrt(n)), n - 1))
    return mean, low, high, p, n, int(np.sum(differences > 0))


def holm(p: Sequence[float]) -> list[float]:
    """Return p values corrected for being one of several, by Holm's step-down procedure.

    Parameters
    ----------
    p : sequence of float
        One p value a comparison.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected = [0.0] * len(p)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        highest = max(highest, min(1.0, (len(p) - rank) * p[place]))
        corrected[place] = highest
    return corrected


def verdict(
    difference: Difference,
    *,
    unit: str = "points",
    scale: float = 100.0,
    higher_is_better: bool = True,
    alpha: float = 0.05,
    digits: int = 2,
) -> str:
    """Say in words how the first cell compares with the second.

    "Better" and "worse" need both `p_holm` below `alpha` and an interval on one side of zero; the
    numbers are the interval's ends. All else is "indistinguishable", which isn't "equal": the
    interval says how large a difference could still hide. Where six seeds or more all agree on
    the direction, that is said too: one seed far off can hide from the t test what all show.

    Parameters
    ----------
    difference : Difference
        What to put into words.
    unit : str
        Follows the numbers; may be empty.
    scale : float
        What the values are multiplied by: 100 makes points of shares.
    higher_is_better : bool
        False for losses and times.
    alpha : float
        The level of Holm's test.
    digits : int
        Decimals of the numbers.

    Examples
    --------
    >>> d = Difference("0.1", "1", 0.005, 0.0042, 0.0061, 0.001, 0.003, seeds=10, wins=10)
    >>> verdict(d)
    'better by 0.42 to 0.61 points'
    >>> verdict(d, higher_is_better=False)
    'worse by 0.42 to 0.61 points'
    >>> verdict(d, alpha=0.001)
    'indistinguishable with ten seeds, though higher in each'
    """
    low, high = difference.low, difference.high
    if not difference.told_apart(alpha):
        seeds, every = difference.seeds, ""
        if seeds >= _MANY and difference.mean != 0:  # one seed far off hides what all agree on
            words = {seeds: ", though higher in each", 0: ", though lower in each"}
            every = words.get(difference.wins, "")
        return f"indistinguishable with {number_word(seeds)} seeds{every}"
    word = "better" if (low > 0) == higher_is_better else "worse"
    least, most = (f"{scale * end:.{digits}f}" for end in sorted((abs(low), abs(high))))
    amount = least if least == most else f"{least} to {most}"
    return f"{word} by {amount} {unit}".rstrip()


def number_word(number: int) -> str:
    """Return a count in letters up to twelve, and in figures beyond.

    Examples
    --------
    >>> number_word(10), number_word(13)
    ('ten', '13')
    """
    return _WORDS[number] if 0 <= number < len(_WORDS) else str(number)
