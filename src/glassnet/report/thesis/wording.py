"""Differences, shares and their intervals, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from glassnet.figures.bands import Curve
from glassnet.figures.differences import Difference as DifferenceRow
from glassnet.study.comparison import Difference, number_word, verdict
from glassnet.study.intervals import Interval, mean_interval


def clear(difference: Difference) -> bool:
    """Tell whether a difference is one; what is not needs no other word."""
    return difference.distinct


def amount(
    difference: Difference | Interval,
    *,
    scale: float = 100.0,
    unit: str = "points",
    digits: int = 2,
) -> str:
    """Return a difference with its interval.

    Examples
    --------
    >>> amount(Interval(0.0045, 0.0012, 0.0078))
    '+0.45 points, 95 % interval +0.12 to +0.78'
    >>> amount(Interval(-0.0045, float("nan"), float("nan")))
    '−0.45 points, one seed'
    """
    mean, low, high = (
        signed(scale * v, digits) for v in (difference.mean, difference.low, difference.high)
    )
    told = f"{mean} {unit}".rstrip()
    if math.isnan(difference.low):
        return f"{told}, one seed"
    return f"{told}, 95 % interval {low} to {high}"


def bracketed(difference: Difference | Interval) -> str:
    """Return a difference in points with its interval, for a table.

    Examples
    --------
    >>> bracketed(Difference("a", "b", 0.005, 0.004, 0.006, 0.001, 0.001, seeds=10, wins=10))
    '+0.50 (+0.40 to +0.60)'
    """
    mean, low, high = (signed(100 * v) for v in (difference.mean, difference.low, difference.high))
    return f"{mean} ({low} to {high})"


def compared(difference: Difference) -> str:
    """Return the verdict on a difference of accuracies, and the difference.

    Examples
    --------
    >>> compared(Difference("a", "b", 0.005, 0.004, 0.006, 0.001, 0.001, seeds=10, wins=10))
    'better by 0.40 to 0.60 points (on average +0.50)'
    >>> compared(Difference("a", "b", 0.005, -0.001, 0.011, 0.1, 0.1, seeds=10, wins=7))
    'indistinguishable with ten seeds (+0.50 points, 95 % interval −0.10 to +1.10)'
    >>> compared(Difference("a", "b", 0.5, 0.1, 0.9, 0.03, 0.06, seeds=10, wins=7)).split(" (")[1]
    '+50.00 points, 95 % interval +10.00 to +90.00 before correction)'
    """
    if clear(difference):
        return f"{verdict(difference)} (on average {signed(100 * difference.mean)})"
    alone = "" if difference.low <= 0 <= difference.high else " before correction"
    return f"{verdict(difference)} ({amount(difference)}{alone})"


def summary(found: Sequence[Difference]) -> str:
    """Say of several comparisons with the same thing which are clear, and how small the others are.

    Examples
    --------
    >>> one = Difference("a", "b", 0.005, 0.004, 0.006, 0.001, 0.001, seeds=10, wins=10)
    >>> two = Difference("c", "b", 0.001, -0.001, 0.003, 0.3, 0.3, seeds=10, wins=6)
    >>> summary([one, two])
    'a is better by 0.40 to 0.60 points; c is indistinguishable with ten seeds (on average +0.10)'
    >>> summary([two, two])
    'all indistinguishable with ten seeds (on average +0.10 to +0.10 points)'
    """
    if len(found) > 1 and not any(map(clear, found)):
        means = [100 * d.mean for d in found]
        low, high = signed(min(means)), signed(max(means))
        seeds = number_word(min(d.seeds for d in found))
        return f"all indistinguishable with {seeds} seeds (on average {low} to {high} points)"
    return "; ".join(
        f"{d.first} is {verdict(d)}" + ("" if clear(d) else f" (on average {signed(100 * d.mean)})")
        for d in found
    )


def share_told(interval: Interval, digits: int = 0) -> str:
    """Return a share with its interval.

    Examples
    --------
    >>> share_told(Interval(0.7, 0.397, 0.892))
    '70 % (40 to 89 %)'
    """
    mean, low, high = (f"{100 * v:.{digits}f}".replace("-", "−") for v in interval)
    return f"{mean} %" if math.isnan(interval.low) else f"{mean} % ({low} to {high} %)"


def signed(value: float, digits: int = 2) -> str:
    """Return a number with its sign; a dash for NaN.

    Examples
    --------
    >>> signed(-0.451), signed(0.001), signed(float("nan"))
    ('−0.45', '0.00', '–')
    """
    if math.isnan(value):
        return "–"
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def mean_told(
    values: Mapping[int, float], *, scale: float = 100.0, digits: int = 2, most: float = math.inf
) -> list[str]:
    """Return mean and interval over seeds, as two cells of a table; nothing is beyond `most`.

    Examples
    --------
    >>> mean_told({0: 0.94, 1: 0.95, 2: 0.96})
    ['95.00', '92.52 to 97.48']
    """
    if not values:
        return ["–", "–"]
    mean, low, high = (scale * min(v, most) for v in mean_interval(list(values.values())))
    between = "–" if math.isnan(low) else f"{low:.{digits}f} to {high:.{digits}f}"
    return [f"{mean:.{digits}f}".replace("-", "−"), between.replace("-", "−")]


def change_told(values: Mapping[int, float]) -> str:
    """Return the mean of a change of accuracy over seeds, with its interval."""
    return amount(mean_interval(list(values.values())))


def difference_rows(found: Sequence[Difference], labels: Sequence[str]) -> list[DifferenceRow]:
    """Return differences as the forest plot takes them."""
    return [
        DifferenceRow(label, d.mean, d.low, d.high, verdict(d).split(" ")[0], d.distinct)
        for d, label in zip(found, labels, strict=True)
    ]


def ends_told(curves: Sequence[Curve], unit: str = "%") -> str:
    """Return where curves end, for those who do not see them: "nothing: 95.20 % at the end"."""
    scale, digits = (1.0, 5) if not unit else (100.0, 2)
    told = []
    for curve in curves:
        mean = np.asarray(curve.mean, float)
        last = scale * float(mean[np.isfinite(mean)][-1])
        told.append(f"{curve.label}: {last:.{digits}f} {unit}".rstrip() + " at the end")
    return "; ".join(told)


def listed(parts: Sequence[str]) -> str:
    """Join parts as people do.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def sentence(text: str) -> str:
    """Return text with a capital first letter; nothing else changes."""
    return f"{text[:1].upper()}{text[1:]}"
