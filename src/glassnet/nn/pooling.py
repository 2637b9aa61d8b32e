"""Pooling: each window of an image becomes one number, channel by channel."""

from __future__ import annotations

import numpy as np

from glassnet.nn.layer import Cache, Layer, Shape
from glassnet.nn.threads import by_images
from glassnet.nn.windows import (
    Pair,
    Windows,
    checked_padding,
    checked_pair,
    pair,
    windows_for,
)


class Pooling2D(Layer):
    """What poolings have in common: their windows. The arguments are those of `MaxPooling2D`."""

    def __init__(
        self,
        pool_size: int | Pair = 2,
        *,
        strides: int | Pair | None = None,
        padding: str | int | Pair = "valid",
    ) -> None:
        self.pool_size = checked_pair("pool_size", pool_size, at_least=1)
        self.strides = None if strides is None else checked_pair("strides", strides, at_least=1)
        self.padding = checked_padding(padding)
        _check_padding(self, self.pool_size, self.padding)

    def build(self, input_shape: Shape) -> Shape:
        """Return the shape of the pooled image."""
        self.windows = windows_for(
            self,
            input_shape,
            kernel=self.pool_size,
            strides=self.pool_size if self.strides is None else self.strides,
            padding=self.padding,
        )
        return (*self.windows.output, input_shape[2])


def _check_padding(layer: Layer, pool_size: int | Pair, padding: str | int | Pair) -> None:
    """Refuse windows that would see padding alone."""
    if isinstance(padding, str):
        return
    if any(p >= size for p, size in zip(pair(padding), pair(pool_size), strict=True)):
        raise ValueError(
            f"padding must be smaller than pool_size, or a window would see nothing else; got "
            f"padding {padding!r} and pool_size {pool_size!r} in {layer!r}"
        )


class MaxPooling2D(Pooling2D):
    """The largest number of each window.

    Parameters
    ----------
    pool_size : int or (int, int)
        Height and width of a window.
    strides : int or (int, int), optional
        How far the windows are apart; by default the size of a window.
    padding : {"valid", "same"}, int or (int, int)
        Padding never wins: it counts as minus infinity.

    Notes
    -----
    The gradient goes to the first of the largest numbers of a window, from left to right and from
    top to bottom, as in PyTorch.

    References
    ----------
    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.3.

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.MaxPooling2D(2).build((32, 32, 16))
    (16, 16, 16)
    """

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:  # noqa: ARG002
        """Return the maxima, shape (batch, out_height, out_width, channels)."""
        windows = self.windows
        padded = windows.pad(x, cache, "padded", -np.inf)
        y = cache.array("y", (len(x), *windows.output, x.shape[3]), x.dtype)
        cache["padded_x"] = padded

        def work(padded: np.ndarray, y: np.ndarray) -> None:
            np.copyto(y, windows.at(padded, 0, 0))
            for i, j in list(np.ndindex(windows.kernel))[1:]:
                np.maximum(y, windows.at(padded, i, j), out=y)

        by_images((padded, y), work)
        return y

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Return the gradient: where a window's largest number was, else 0."""
        if not need_dx:
            return None
        windows = self.windows
        apart = windows.kernel == windows.strides
        dpadded = _padded_gradient(windows, dy, cache)

        def work(padded: np.ndarray, y: np.ndarray, dy: np.ndarray, dpadded: np.ndarray) -> None:
            won, left = np.empty(dy.shape, np.bool_), np.ones(dy.shape, np.bool_)
            for i, j in np.ndindex(windows.kernel):
                np.equal(windows.at(padded, i, j), y, out=won)
                won &= left  # it goes to the first of them
                left ^= won
                entry = windows.at(dpadded, i, j)
                if apart:
                    np.multiply(dy, won, out=entry)
                else:
                    entry += dy * won

        by_images((cache["padded_x"], cache["y"], dy, dpadded), work)
        return _without_padding(windows, dpadded, cache)


class AveragePooling2D(Pooling2D):
    """The mean of each window.

    Parameters
    ----------
    pool_size : int or (int, int)
        Height and width of a window.
    strides : int or (int, int), optional
        How far the windows are apart; by default the size of a window.
    padding : {"valid", "same"}, int or (int, int)
        Padding is not counted: the mean is over the pixels of the image (as in Keras; in PyTorch
        with ``count_include_pad=False``).

    References
    ----------
    LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998, section II-A
    (there with a factor and a bias that are learned).

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.AveragePooling2D(2, strides=1).build((6, 6, 16))
    (5, 5, 16)
    """

    def build(self, input_shape: Shape) -> Shape:
        """Return the shape of the pooled image."""
        output_shape = super().build(input_shape)
        # one divided by how many pixels of the image each window sees
        pixels = np.zeros((1, *self.windows.padded, 1))
        pixels[self.windows.inside] = 1.0
        self._weight = 1.0 / self.windows.of(pixels).sum(axis=(3, 4))
        return output_shape

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:  # noqa: ARG002
        """Return the means, shape (batch, out_height, out_width, channels)."""
        windows = self.windows
        padded = windows.pad(x, cache, "padded")
        y = cache.array("y", (len(x), *windows.output, x.shape[3]), x.dtype)
        weight = self._weight.astype(x.dtype)

        def work(padded: np.ndarray, y: np.ndarray) -> None:
            np.copyto(y, windows.at(padded, 0, 0))
            for i, j in list(np.ndindex(windows.kernel))[1:]:
                y += windows.at(padded, i, j)
            y *= weight

        by_images((padded, y), work)
        return y

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Return the gradient: each window's, shared by its pixels."""
        if not need_dx:
            return None
        windows = self.windows
        apart = windows.kernel == windows.strides
        padded = _padded_gradient(windows, dy, cache)
        weight = self._weight.astype(dy.dtype)

        def work(dy: np.ndarray, padded: np.ndarray) -> None:
            share = dy * weight
            for i, j in np.ndindex(windows.kernel):
                entry = windows.at(padded, i, j)
                if apart:
                    np.copyto(entry, share)
                else:
                    entry += share

        by_images((dy, padded), work)
        return _without_padding(windows, padded, cache)


def _padded_gradient(windows: Windows, dy: np.ndarray, cache: Cache) -> np.ndarray:
    """Return an array for the gradient by the padded images: zeros where windows add to it."""
    shape = (len(dy), *windows.padded, dy.shape[3])
    if windows.padded == windows.image:
        padded = cache.gradient(shape, dy.dtype)
    else:
        padded = cache.array("dpadded", shape, dy.dtype)
    covered = tuple(n * k for n, k in zip(windows.output, windows.kernel, strict=True))
    if windows.kernel != windows.strides or covered != windows.padded:
        padded[...] = 0.0
    return padded


def _without_padding(windows: Windows, padded: np.ndarray, cache: Cache) -> np.ndarray:
    if windows.padded == windows.image:
        return padded
    inside = padded[windows.inside]
    dx = cache.gradient(inside.shape, padded.dtype)
    np.copyto(dx, inside)
    return dx
