"""Pooling of whole images: each channel becomes one number."""

from __future__ import annotations

import numpy as np

from glassnet.nn.layer import Cache, Layer, Shape
from glassnet.nn.windows import image_shape


class GlobalAveragePooling2D(Layer):
    """The mean of each channel over the whole image.

    References
    ----------
    Lin, Chen, Yan, "Network In Network", arXiv 1312.4400, section 3.2.

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.GlobalAveragePooling2D().build((8, 8, 64))
    (64,)
    """

    def build(self, input_shape: Shape) -> Shape:
        """Return the vector's shape, (channels,)."""
        height, width, channels = image_shape(self, input_shape)
        self._pixels = height * width
        return (channels,)

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:  # noqa: ARG002
        """Return the means, shape (batch, channels)."""
        cache["shape"] = x.shape
        y = cache.array("y", (len(x), x.shape[3]), x.dtype)
        np.add.reduce(x.reshape(len(x), self._pixels, -1), axis=1, out=y)
        y /= self._pixels
        return y

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Return the gradient: each mean's, shared by the pixels."""
        if not need_dx:
            return None
        dx = cache.gradient(cache["shape"], dy.dtype)
        np.divide(dy[:, np.newaxis, np.newaxis], self._pixels, out=dx)
        return dx


class GlobalMaxPooling2D(Layer):
    """The largest number of each channel of the whole image.

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.GlobalMaxPooling2D().build((3, 3, 64))
    (64,)
    """

    def build(self, input_shape: Shape) -> Shape:
        """Return the vector's shape, (channels,)."""
        return image_shape(self, input_shape)[2:]

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:  # noqa: ARG002
        """Return the maxima, shape (batch, channels)."""
        cache["x"] = x
        y = cache.array("y", (len(x), x.shape[3]), x.dtype)
        return np.maximum.reduce(x, axis=(1, 2), out=y)

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Return the gradient: where the largest number was, else 0."""
        if not need_dx:
            return None
        x = cache["x"]
        dx = cache.gradient(x.shape, dy.dtype)
        dx[...] = 0.0
        n, _, _, channels = x.shape
        first = x.reshape(n, -1, channels).argmax(axis=1, keepdims=True)
        np.put_along_axis(dx.reshape(n, -1, channels), first, dy[:, np.newaxis], axis=1)
        return dx
