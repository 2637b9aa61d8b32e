"""Some augmentations in a row, on any stretch of an epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassnet.data.augmentation.augmentation import Augmentation, Draw, Drawn, Shape
from glassnet.randomness import stream

_GROUP = 256
"""Examples, at least, that one generator draws for: to make one costs as much as some images."""


class Augmenter:
    """Augmentations, one after the other, with what they have to know.

    Parameters
    ----------
    augmentations : sequence of Augmentation
    order : ndarray of int, shape (n,)
        The examples of the epoch as they come: rows of the data set.
    input_shape : tuple of int
        Of an example.
    examples : int
        In the data set.
    batch_size, epoch, seed : int
        See `Draw`.
    """

    def __init__(
        self,
        augmentations: Sequence[Augmentation],
        order: np.ndarray,
        input_shape: Shape,
        examples: int,
        *,
        batch_size: int,
        epoch: int,
        seed: int,
    ) -> None:
        self._augmentations, self._order = tuple(augmentations), order
        self._examples, self._batch_size = examples, batch_size
        self._epoch, self._seed = epoch, seed
        if len(input_shape) in (2, 3):
            self._shape = (*input_shape, 1)[:3]
        else:
            self._shape = (1, 1, int(np.prod(input_shape)))
        self._group = batch_size * max(1, _GROUP // batch_size)

    def draw(self, start: int, stop: int) -> list[Drawn]:
        """Return what is drawn for the examples from `start` to `stop` of the order.

        Parameters
        ----------
        start, stop : int
            Where a batch begins, and where one ends.
        """
        first = start // self._group
        groups = [self._draw_group(i) for i in range(first, -(-stop // self._group))]
        own = slice(start - first * self._group, stop - first * self._group)
        return [
            tuple(np.concatenate(parts)[own] for parts in zip(*of_one, strict=True))
            for of_one in zip(*groups, strict=True)
        ]

    def _draw_group(self, number: int) -> list[Drawn]:
        draw = Draw(
            stream(self._seed, "augmentation", self._epoch, number),
            self._order[number * self._group : (number + 1) * self._group],
            self._shape,
            self._batch_size,
            self._epoch,
            self._examples,
            self._seed,
        )
        return [augmentation.draw(draw) for augmentation in self._augmentations]

    def apply(self, x: np.ndarray, drawn: Sequence[Drawn]) -> np.ndarray:
        """Return the examples, shape (n, *input_shape), float32, as the draws have them."""
        images = x.reshape(len(x), *self._shape)
        for augmentation, of_it in zip(self._augmentations, drawn, strict=True):
            images = augmentation.apply(images, of_it)
        return images.reshape(x.shape)

    def apply_to_targets(self, targets: np.ndarray, drawn: Sequence[Drawn]) -> np.ndarray:
        """Return the targets, shape (n, outputs), that go with them."""
        for augmentation, of_it in zip(self._augmentations, drawn, strict=True):
            targets = augmentation.apply_to_targets(targets, of_it)
        return targets


def augment(
    augmentations: Sequence[Augmentation] | Augmentation,
    images: np.ndarray,
    *,
    epoch: int = 0,
    seed: int = 0,
) -> np.ndarray:
    """Return images as one epoch of a training might show them, for a look.

    Parameters
    ----------
    augmentations : Augmentation or sequence of Augmentation
        Applied in this order.
    images : array-like, shape (n, *input_shape)
        They are left as they are.
    epoch : int
        0 or more: each epoch draws anew.
    seed : int
        0 or more.

    Returns
    -------
    ndarray, shape (n, *input_shape), dtype float32

    Raises
    ------
    ValueError
        If an augmentation is for other shapes.

    Examples
    --------
    >>> from glassnet.data.augmentation import RandomFlip, augment
    >>> augment(RandomFlip(1.0), np.array([[[1, 2, 3]]])).tolist()
    [[[3.0, 2.0, 1.0]]]
    """
    chosen = [augmentations] if isinstance(augmentations, Augmentation) else augmentations
    x = np.array(images, np.float32, order="C")
    for augmentation in chosen:
        augmentation.check(x.shape[1:])
    n = len(x)
    augmenter = Augmenter(
        chosen, np.arange(n), x.shape[1:], n, batch_size=max(n, 1), epoch=epoch, seed=seed
    )
    return augmenter.apply(x, augmenter.draw(0, n)) if n else x
