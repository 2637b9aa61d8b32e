"""Shifts by whole pixels."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from glassnet.checks import whole
from glassnet.data.augmentation.augmentation import Augmentation, Draw, Drawn, Shape
from glassnet.names import lookup

Padding = Literal["zero", "reflect"]
_MODES = {"zero": "constant", "reflect": "reflect"}


class RandomTranslation(Augmentation):
    """Shift each image by up to some whole pixels, up or down and to the left or right.

    It is the same as a random crop of the image with so many pixels of padding on each side:
    PyTorch's ``RandomCrop(32, padding=4)`` for images of 32 x 32 is ``RandomTranslation(4)``.

    Parameters
    ----------
    pixels : int
        At least 1. Each of the shifts, -pixels to pixels, is as likely as the others.
    padding : {"zero", "reflect"}
        What comes in at the edge: black, or the image mirrored at its outermost pixels.

    Examples
    --------
    >>> from glassnet.data.augmentation import augment
    >>> augment(RandomTranslation(1), np.arange(1, 10).reshape(1, 3, 3))[0].astype(int)
    array([[0, 4, 5],
           [0, 7, 8],
           [0, 0, 0]])
    """

    def __init__(self, pixels: int, padding: Padding = "zero") -> None:
        self.pixels = whole("pixels", pixels, at_least=1)
        self.padding = lookup({mode: mode for mode in get_args(Padding)}, padding, "padding")

    def check(self, input_shape: Shape) -> None:
        """Refuse what is no image, and shifts that would push an image out."""
        super().check(input_shape)
        if self.pixels >= min(input_shape[:2]):
            raise ValueError(
                f"{self!r} shifts by as much as an image is large; the images have shape "
                f"{input_shape}"
            )

    def draw(self, draw: Draw) -> Drawn:
        """Draw where in the padded image each image begins, shape (n, 2)."""
        return (draw.rng.integers(0, 2 * self.pixels + 1, (len(draw.rows), 2)),)

    def apply(self, x: np.ndarray, drawn: Drawn) -> np.ndarray:
        """Cut the images out of the padded ones."""
        top, left = drawn[0].T
        windows = sliding_window_view(padded(x, self.pixels, self.padding), x.shape[1:3], (1, 2))
        shifted: np.ndarray = np.moveaxis(windows, 3, -1)[np.arange(len(x)), top, left]
        return shifted


def padded(x: np.ndarray, pixels: int, padding: str) -> np.ndarray:
    """Return images with a margin, shape (n, height + 2 pixels, width + 2 pixels, channels)."""
    sides = (pixels, pixels)
    return np.pad(x, ((0, 0), sides, sides, (0, 0)), mode=_MODES[padding])  # type: ignore[call-overload,no-any-return]
