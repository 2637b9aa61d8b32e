"""Averages that decay towards 0 are stopped before they become subnormal numbers.

With those a processor calculates many times more slowly.
"""

from __future__ import annotations

import math

import numpy as np

NEGLIGIBLE = 1e-30
"""What is smaller becomes 0, or where only 0 would be too small for a square root, this."""

_DECADES = math.log(NEGLIGIBLE / float(np.finfo(np.float32).tiny))


def steps_between_flushes(kept: float) -> int:
    """Return how many steps it takes to decay from negligible to subnormal, at least 1.

    Parameters
    ----------
    kept : float
        Part of an average that stays from step to step, in [0, 1).

    Examples
    --------
    >>> steps_between_flushes(0.9), steps_between_flushes(0.0)
    (173, 1)
    """
    return max(1, int(_DECADES / -math.log(kept))) if kept > 0 else 1


def flush(average: np.ndarray, scratch: np.ndarray) -> None:
    """Set what is negligible to 0; `scratch`, of the same shape and dtype, is overwritten."""
    np.abs(average, out=scratch)
    np.greater_equal(scratch, NEGLIGIBLE, out=scratch)  # 1 for what stays, 0 for the rest
    np.multiply(average, scratch, out=average)
