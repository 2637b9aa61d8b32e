"""One seed, one independent random stream for each purpose."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from glassnet.checks import whole

Purpose = Literal["initialisation", "shuffling", "dropout", "split"]


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
    >>> bool(stream(0, "shuffling").integers(100) == stream(0, "shuffling").integers(100))
    True
    """
    purposes = get_args(Purpose)
    children = np.random.SeedSequence(whole("seed", seed)).spawn(len(purposes))
    return np.random.default_rng(children[purposes.index(purpose)])
