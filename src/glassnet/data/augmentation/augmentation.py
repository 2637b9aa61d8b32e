"""What an augmentation is: the contract that every one keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np

from glassnet.configurable import Configurable

Shape = tuple[int, ...]
Drawn = tuple[np.ndarray, ...]


class Draw(NamedTuple):
    """What is known where chance is drawn: consecutive examples of an epoch, in whole batches."""

    rng: np.random.Generator
    """For these examples alone: it depends on seed, epoch and place, on nothing drawn before."""
    rows: np.ndarray
    """Where in the data set the examples stand, shape (n,), int64."""
    shape: Shape
    """Of an image: (height, width, channels)."""
    batch_size: int
    """Examples in a step. The last batch may be shorter."""
    epoch: int
    """Counted from 0 over all phases of a training."""
    examples: int
    """In the whole data set."""
    seed: int
    """Of the training."""


class Augmentation(Configurable, ABC):
    """Changes the training images at random, anew in every epoch, all images of a chunk at once.

    What chance decides is drawn apart from what is done with it. `draw` gives a few numbers for
    each example, a fixed group of examples at a time, so that they do not depend on how an epoch
    is cut into chunks, nor on where it was stopped and resumed. `apply` takes many such groups in
    one piece and draws nothing.

    See Also
    --------
    augment : Does it to some images, for a look.

    Examples
    --------
    >>> import glassnet as gn
    >>> trainer = gn.Trainer(
    ...     gn.Network([gn.Flatten(), gn.Dense(10, "softmax")], input_shape=(8, 8, 1)),
    ...     loss="categorical_cross_entropy",
    ...     augmentation=[gn.RandomTranslation(1), gn.Cutout(2)],
    ... )
    >>> trainer.augmentation
    (RandomTranslation(1), Cutout(2))
    """

    def check(self, input_shape: Shape) -> None:
        """Refuse examples that are no images, or too small.

        Parameters
        ----------
        input_shape : tuple of int
            Shape of one example.

        Raises
        ------
        ValueError
            If the shape doesn't suit; says which it is.
        """
        if len(input_shape) not in (2, 3):
            raise ValueError(
                f"{type(self).__name__} is for images, of shape (height, width, channels); these "
                f"examples have shape {input_shape}"
            )

    @abstractmethod
    def draw(self, draw: Draw) -> Drawn:
        """Draw what chance decides, from ``draw.rng``.

        Parameters
        ----------
        draw : Draw
            Of n examples.

        Returns
        -------
        tuple of ndarray, each of shape (n, ...)
        """

    @abstractmethod
    def apply(self, x: np.ndarray, drawn: Drawn) -> np.ndarray:
        """Return the changed images; those that are passed in may be overwritten.

        Parameters
        ----------
        x : ndarray, shape (n, height, width, channels), dtype float32
            C-contiguous. What is no image, where `check` allows that, has shape (n, 1, 1, size).
        drawn : tuple of ndarray, each of shape (n, ...)
            From `draw`: one group after the other.

        Returns
        -------
        ndarray, of the shape and dtype of `x`
        """

    def apply_to_targets(self, targets: np.ndarray, drawn: Drawn) -> np.ndarray:  # noqa: ARG002
        """Return the targets that go with the changed images; here the same.

        Parameters
        ----------
        targets : ndarray, shape (n, outputs)
            As the loss takes them.
        drawn : tuple of ndarray
            As for `apply`.
        """
        return targets
