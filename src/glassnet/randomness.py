"""One seed, one independent random stream for each purpose."""

from __future__ import annotations

from typing import Literal

import numpy as np

Purpose = Literal["initialisation", "shuffling", "dropout", "split"]
_PURPOSES: tuple[Purpose, ...] = ("initialisation", "shuffling", "dropout", "split")


def stream(seed: int, purpose: Purpose) -> np.random.Generator:
    """Return the generator that `seed` gives for one purpose.

    Streams of different purposes are independent, so that using more of one (a deeper network)
    leaves the others (the order of the examples) as they were.

    Parameters
    ----------
    seed : int
        0 or more.
    purpose : {"initialisation", "shuffling", "dropout", "split"}
        What the numbers are for.

    Examples
    --------
    >>> stream(0, "shuffling").integers(100) == stream(0, "shuffling").integers(100)
    np.True_
    """
    if seed != int(seed) or seed < 0:
        raise ValueError(f"seed must be a whole number of at least 0, got {seed!r}")
    children = np.random.SeedSequence(int(seed)).spawn(len(_PURPOSES))
    return np.random.default_rng(children[_PURPOSES.index(purpose)])
