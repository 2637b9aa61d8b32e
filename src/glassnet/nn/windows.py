"""Windows that slide over an image: their sizes, steps and the padding around the image."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from glassnet.checks import whole
from glassnet.nn.layer import Cache, Layer, Shape

Pair = tuple[int, int]


class Windows(NamedTuple):
    """Where windows lie on images of one size. All pairs are (vertical, horizontal)."""

    kernel: Pair
    strides: Pair
    dilation: Pair
    before: Pair
    """Rows of padding above the image, and columns left of it."""
    after: Pair
    """Rows of padding below, and columns on the right."""
    image: Pair
    output: Pair
    """How many windows there are."""

    @property
    def padded(self) -> Pair:
        """Height and width of the padded image."""
        (top, left), (bottom, right), (height, width) = self.before, self.after, self.image
        return top + height + bottom, left + width + right

    @property
    def inside(self) -> tuple[slice, slice, slice]:
        """Where the image lies in padded images, shape (n, height, width, ...)."""
        (top, left), (height, width) = self.before, self.image
        return slice(None), slice(top, top + height), slice(left, left + width)

    def reversed(self) -> Windows | None:
        """Return windows on the output, one around each pixel of the image.

        The window of a pixel holds the outputs whose windows it lies in, in reverse order. None
        where there is no such thing: where windows are more than a pixel apart, or padding is wider
        than they are.
        """
        spans = [(k - 1) * d for k, d in zip(self.kernel, self.dilation, strict=True)]
        before = spans[0] - self.before[0], spans[1] - self.before[1]
        after = spans[0] - self.after[0], spans[1] - self.after[1]
        if self.strides != (1, 1) or min(*before, *after) < 0:
            return None
        return self._replace(before=before, after=after, image=self.output, output=self.image)

    def of(self, padded: np.ndarray) -> np.ndarray:
        """Return a view of all windows of padded images.

        Parameters
        ----------
        padded : ndarray, shape (n, height, width, channels)

        Returns
        -------
        ndarray, shape (n, out_height, out_width, kernel_height, kernel_width, channels)
            Windows overlap: write only to those that don't.
        """
        n, _, _, channels = padded.shape
        image, row, column, channel = padded.strides
        return np.lib.stride_tricks.as_strided(
            padded,
            (n, *self.output, *self.kernel, channels),
            (
                image,
                row * self.strides[0],
                column * self.strides[1],
                row * self.dilation[0],
                column * self.dilation[1],
                channel,
            ),
        )

    def rows_of(self, padded: np.ndarray) -> np.ndarray:
        """Return a view of the rows of windows that begin in each row of padded images.

        Parameters
        ----------
        padded : ndarray, shape (n, height, width, channels)

        Returns
        -------
        ndarray, shape (n, height, out_width, kernel_width, channels)
            Rows overlap: don't write to them.
        """
        n, height, _, channels = padded.shape
        image, row, column, channel = padded.strides
        return np.lib.stride_tricks.as_strided(
            padded,
            (n, height, self.output[1], self.kernel[1], channels),
            (image, row, column * self.strides[1], column * self.dilation[1], channel),
            writeable=False,
        )

    def at(self, padded: np.ndarray, i: int, j: int) -> np.ndarray:
        """Return a view of entry (i, j) of every window.

        Parameters
        ----------
        padded : ndarray, shape (n, height, width, ...)

        Returns
        -------
        ndarray, shape (n, out_height, out_width, ...)
        """
        (down, right), (rows, columns) = self.strides, self.output
        top, left = i * self.dilation[0], j * self.dilation[1]
        return padded[
            :,
            top : top + down * (rows - 1) + 1 : down,
            left : left + right * (columns - 1) + 1 : right,
        ]

    def pad(self, x: np.ndarray, cache: Cache, name: str, value: float = 0.0) -> np.ndarray:
        """Return images with their padding; `x` itself if there is none."""
        if self.padded == self.image:
            return x
        padded = cache.array(name, (len(x), *self.padded, *x.shape[3:]), x.dtype)
        padded[...] = value
        padded[self.inside] = x
        return padded


def windows_for(
    layer: Layer,
    input_shape: Shape,
    *,
    kernel: int | Pair,
    strides: int | Pair,
    padding: str | int | Pair,
    dilation: int | Pair = 1,
) -> Windows:
    """Return where a layer's windows lie on an image.

    Notes
    -----
    Padding ``"same"`` gives ceil(size / stride) windows, as in TensorFlow and Keras: where the
    number of rows to add is odd, the last one is below (and on the right).

    Raises
    ------
    ValueError
        If there is no image, or no room for one window; the message names layer and shapes.
    """
    height, width, _ = image_shape(layer, input_shape)
    kernel, strides, dilation = pair(kernel), pair(strides), pair(dilation)
    image = (height, width)
    span = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    before, after = [0, 0], [0, 0]
    for axis in range(2):
        if padding == "same":
            count = -(-image[axis] // strides[axis])
            total = max(0, (count - 1) * strides[axis] + span[axis] - image[axis])
            before[axis], after[axis] = total // 2, total - total // 2
        elif padding != "valid":
            before[axis] = after[axis] = pair(padding)[axis]  # type: ignore[arg-type]
    room = [image[axis] + before[axis] + after[axis] - span[axis] for axis in range(2)]
    if min(room) < 0:
        dilated = "" if dilation == (1, 1) else f" (with dilation {dilation})"
        added = f", {height + before[0] + after[0]} x {width + before[1] + after[1]} with padding"
        raise ValueError(
            f"{layer!r} needs an image of at least {span[0]} x {span[1]}{dilated}, got shape "
            f"{input_shape}{added if padding != 'valid' else ''}; take a smaller window or "
            'padding="same", or shrink the image less before it'
        )
    output = tuple(room[axis] // strides[axis] + 1 for axis in range(2))
    return Windows(
        kernel,
        strides,
        dilation,
        (before[0], before[1]),
        (after[0], after[1]),
        image,
        (output[0], output[1]),
    )


def image_shape(layer: Layer, input_shape: Shape) -> tuple[int, int, int]:
    """Return height, width and channels.

    Raises
    ------
    ValueError
        If the shape has not three axes.
    """
    if len(input_shape) != 3:
        raise ValueError(
            f"{layer!r} expects an image (height, width, channels) for each example, got shape "
            f"{input_shape}; put Reshape((height, width, channels)) before it"
        )
    return input_shape


def pair(value: int | Pair) -> Pair:
    """Return a number twice, and two numbers as they are."""
    return value if isinstance(value, tuple) else (value, value)


def checked_pair(name: str, value: object, *, at_least: int) -> int | Pair:
    """Return a whole number, or two of them, as it was given; a list becomes a tuple.

    Raises
    ------
    TypeError, ValueError
        If it is neither, or too small.
    """
    if not isinstance(value, list | tuple):
        return whole(name, value, at_least=at_least)
    if len(value) != 2:
        raise ValueError(f"{name} must be one whole number or two, got {value!r}")
    first, second = value
    return whole(name, first, at_least=at_least), whole(name, second, at_least=at_least)


def checked_padding(value: object) -> str | int | Pair:
    """Return a padding as it was given.

    Raises
    ------
    ValueError, TypeError
        If it is neither "valid", "same", nor numbers of at least 0.
    """
    if isinstance(value, str):
        if value in {"valid", "same"}:
            return value
        raise ValueError(
            f"padding must be 'valid', 'same', a whole number or two of them, got {value!r}"
        )
    return checked_pair("padding", value, at_least=0)
