"""Squares cut out of images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassnet.checks import real, whole
from glassnet.data.augmentation.augmentation import Augmentation, Draw, Drawn, Shape


class Cutout(Augmentation):
    """Cut a square out of each image, its centre anywhere: near the edge it is cut off.

    Parameters
    ----------
    size : int
        Side of the square in pixels, at least 1.
    fill : float or sequence of float
        What stands there instead, one value or one for each channel. The authors' zero comes after
        standardising: it is the mean of the training images.

    References
    ----------
    T. DeVries, G. W. Taylor, "Improved Regularization of Convolutional Neural Networks with
    Cutout", arXiv 1708.04552.

    Examples
    --------
    >>> from glassnet.data.augmentation import augment
    >>> augment(Cutout(2), np.ones((1, 4, 4)))[0].astype(int)
    array([[1, 1, 1, 1],
           [1, 1, 1, 1],
           [0, 1, 1, 1],
           [0, 1, 1, 1]])
    """

    def __init__(self, size: int, fill: float | Sequence[float] = 0.0) -> None:
        self.size = whole("size", size, at_least=1)
        if isinstance(fill, list | tuple):
            self.fill: float | tuple[float, ...] = tuple(real("fill", value) for value in fill)
        else:
            self.fill = real("fill", fill)

    def check(self, input_shape: Shape) -> None:
        """Refuse what is no image, one that is smaller, and a fill with other channels."""
        super().check(input_shape)
        if self.size > max(input_shape[:2]):
            raise ValueError(
                f"{self!r} cuts out more than the whole image; the images have shape {input_shape}"
            )
        channels = (*input_shape, 1)[2]
        if isinstance(self.fill, tuple) and len(self.fill) != channels:
            raise ValueError(
                f"{self!r} has {len(self.fill)} values to fill with, and the images {channels} "
                f"channels: their shape is {input_shape}"
            )

    def draw(self, draw: Draw) -> Drawn:
        """Draw the centre of each square, shape (n, 2)."""
        return (draw.rng.integers(0, draw.shape[:2], (len(draw.rows), 2)),)

    def apply(self, x: np.ndarray, drawn: Drawn) -> np.ndarray:
        """Fill the squares."""
        n, height, width, channels = x.shape
        first = drawn[0] - self.size // 2
        in_rows = _between(height, first[:, 0], self.size)
        in_columns = _between(width, first[:, 1], self.size)
        # of all rows of pixels, only those that a square crosses are touched
        rows = x.reshape(n * height, width, channels)
        crossed = np.flatnonzero(in_rows)
        np.copyto(
            part := rows[crossed],
            np.asarray(self.fill, np.float32),
            where=in_columns[crossed // height, :, None],
        )
        rows[crossed] = part
        return x


def _between(length: int, first: np.ndarray, size: int) -> np.ndarray:
    """Mark the positions of each square along one axis, shape (n, length)."""
    at = np.arange(length)
    marked: np.ndarray = (at >= first[:, None]) & (at < first[:, None] + size)
    return marked
