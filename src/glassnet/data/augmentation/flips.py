"""Mirror images, left to right."""

from __future__ import annotations

import numpy as np

from glassnet.checks import real
from glassnet.data.augmentation.augmentation import Augmentation, Draw, Drawn
from glassnet.randomness import stream


class RandomFlip(Augmentation):
    """Mirror each image, left to right, with some probability.

    Parameters
    ----------
    probability : float
        In [0, 1].

    Examples
    --------
    >>> from glassnet.data.augmentation import augment
    >>> augment(RandomFlip(1.0), np.array([[[1, 2, 3]]])).tolist()
    [[[3.0, 2.0, 1.0]]]
    """

    def __init__(self, probability: float = 0.5) -> None:
        self.probability = real("probability", probability, at_least=0, at_most=1)

    def draw(self, draw: Draw) -> Drawn:
        """Draw which images are mirrored."""
        return (draw.rng.random(len(draw.rows)) < self.probability,)

    def apply(self, x: np.ndarray, drawn: Drawn) -> np.ndarray:
        """Mirror them."""
        return _mirrored(x, drawn[0])


class AlternatingFlip(Augmentation):
    """Mirror each image in every other epoch: half of them, drawn once, in the first.

    So two epochs in a row show each image both ways, where `RandomFlip` shows half of the images
    twice the same way: fewer epochs do.

    References
    ----------
    K. Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", arXiv 2404.00498, section 3.6.

    Examples
    --------
    >>> from glassnet.data.augmentation import augment
    >>> image = np.array([[[1, 2, 3]]])
    >>> [augment(AlternatingFlip(), image, epoch=epoch).ravel().tolist() for epoch in (0, 1, 2)]
    [[1.0, 2.0, 3.0], [3.0, 2.0, 1.0], [1.0, 2.0, 3.0]]
    """

    def draw(self, draw: Draw) -> Drawn:
        """Look up which images are mirrored in this epoch."""
        once = stream(draw.seed, "augmentation").random(draw.examples)[draw.rows] < 0.5
        return (once ^ bool(draw.epoch % 2),)

    def apply(self, x: np.ndarray, drawn: Drawn) -> np.ndarray:
        """Mirror them."""
        return _mirrored(x, drawn[0])


def _mirrored(x: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Mirror the marked images in place."""
    rows = np.flatnonzero(which)
    x[rows] = np.take(x, rows, axis=0)[:, :, ::-1]
    return x
