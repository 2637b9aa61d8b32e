"""Numbers as people read them, and how far a measured share can be trusted."""

from __future__ import annotations

import math
from typing import TypeGuard

_Z = 1.959963984540054  # 97.5th percentile of the normal distribution: two tails of 2.5 %

MISSING = "–"


def wilson_interval(successes: float, trials: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a share.

    Parameters
    ----------
    successes : float
        How many of the trials succeeded.
    trials : int
        At least 1.

    Returns
    -------
    low, high : float
        0 to 1.

    Notes
    -----
    Wilson's score interval; unlike the usual plus or minus it stays within 0 and 1 and has a width
    even where every trial succeeded.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of
    the American Statistical Association 22, 1927.

    Examples
    --------
    >>> low, high = wilson_interval(9575, 10000)
    >>> f"{low:.4f} {high:.4f}"
    '0.9534 0.9613'
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials have no interval")
    p = successes / trials
    spread = 1 + _Z**2 / trials
    centre = (p + _Z**2 / (2 * trials)) / spread
    half = _Z * math.sqrt(p * (1 - p) / trials + _Z**2 / (4 * trials**2)) / spread
    return max(0.0, centre - half), min(1.0, centre + half)


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether a value is a finite number (True and False are none).

    Examples
    --------
    >>> is_number(0.5), is_number(None), is_number(float("nan"))
    (True, False, False)
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def percent(value: object, digits: int = 2) -> str:
    """Return a share as per cent; the blank before the sign breaks no line.

    Examples
    --------
    >>> percent(0.9575).split(), percent(None)
    (['95.75', '%'], '–')
    """
    if not is_number(value):
        return MISSING
    return f"{100 * value:.{digits}f}\N{NO-BREAK SPACE}%"


def number(value: object, digits: int = 4) -> str:
    """Return a number: whole ones in groups of three, others to so many significant digits.

    Examples
    --------
    >>> number(25450), number(0.123456), number(1e-7), number(None)
    ('25,450', '0.1235', '1e-07', '–')
    """
    if not is_number(value):
        return "not finite" if isinstance(value, float) else MISSING
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.{digits}g}"


def duration(seconds: object) -> str:
    """Return a time span in the units that fit it.

    Examples
    --------
    >>> duration(0.0123), duration(12.3), duration(125), duration(7384)
    ('12.3 ms', '12.3 s', '2 min 5 s', '2 h 3 min')
    """
    if not is_number(seconds):
        return MISSING
    span = float(seconds)
    if span < 1:
        return f"{1000 * span:.3g} ms"
    if span < 99.95:
        return f"{span:.3g} s"
    whole = round(span)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def plural(count: int, singular: str, several: str | None = None) -> str:
    """Return a count and its noun.

    Examples
    --------
    >>> plural(1, "epoch"), plural(1200, "epoch")
    ('1 epoch', '1,200 epochs')
    """
    return f"{count:,} {singular if count == 1 else several or singular + 's'}"
