"""One seed, one independent random stream for each purpose."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from glassnet.checks import whole

Purpose = Literal["initialisation", "shuffling", "dropout", "split", "augmentation"]


def stream(seed: int, purpose: Purpose, *position: int) -> np.random.Generator:
    """Return the generator that `seed` gives for one purpose.

    Streams of different purposes are independent, so that using more of one (a deeper network)
    leaves the others (the order of the examples) as they were.

    Parameters
    ----------
    seed : int
        0 or more.
    purpose : {"initialisation", "shuffling", "dropout", "split", "augmentation"}
        What the numbers are for.
    *position : int
        Where in the training they are used, such as epoch and step: each position has a stream of
        its own, so that a training that goes on needs to know nothing but where it is.

    Examples
    --------
    >>> bool(stream(0, "shuffling").integers(100) == stream(0, "shuffling").integers(100))
    True
    """
    purposes = get_args(Purpose)
    key = (purposes.index(purpose), *position)
    return np.random.default_rng(np.random.SeedSequence(whole("seed", seed), spawn_key=key))
