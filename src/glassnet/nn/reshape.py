"""Layers that calculate nothing: the same numbers in another shape, or with zeros around them."""

from __future__ import annotations

import math

import numpy as np

from glassnet.checks import whole
from glassnet.nn.layer import Cache, Layer, Shape
from glassnet.nn.windows import Pair, checked_pair, image_shape, pair


class Flatten(Layer):
    """Lay every example out as one vector, in C order: the last axis runs fastest.

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.Flatten().build((28, 28, 1))
    (784,)
    """

    def build(self, input_shape: Shape) -> Shape:
        """Return the vector's shape, (features,)."""
        self._features = math.prod(input_shape)
        return (self._features,)

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:  # noqa: ARG002
        """Return a view of shape (batch, features)."""
        cache["shape"] = x.shape
        return x.reshape(x.shape[0], self._features)

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Return a view in the input's shape."""
        return dy.reshape(cache["shape"]) if need_dx else None


class Reshape(Layer):
    """Give every example another shape; the numbers stay in C order.

    Parameters
    ----------
    shape : int or sequence of int
        Shape of one example. One axis may be -1: what is left.

    Raises
    ------
    ValueError
        In `build`, if the numbers of an example don't fill the shape.

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.Reshape((28, 28, 1)).build((784,))
    (28, 28, 1)
    """

    def __init__(self, shape: int | Shape) -> None:
        axes = tuple(shape) if isinstance(shape, list | tuple) else (shape,)
        self.shape = tuple(
            axis if axis == -1 else whole("each axis of shape", axis, at_least=1) for axis in axes
        )
        if not self.shape or self.shape.count(-1) > 1:
            raise ValueError(f"shape must have axes, at most one of them -1, got {shape!r}")

    def build(self, input_shape: Shape) -> Shape:
        """Return the shape, -1 resolved."""
        size, known = math.prod(input_shape), math.prod(axis for axis in self.shape if axis != -1)
        if size % known or (-1 not in self.shape and size != known):
            raise ValueError(
                f"{self!r} cannot take shape {input_shape}: an example has {size} numbers, and the "
                f"shape has room for {'a multiple of ' if -1 in self.shape else ''}{known}"
            )
        self._output_shape = tuple(size // known if axis == -1 else axis for axis in self.shape)
        return self._output_shape

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:  # noqa: ARG002
        """Return a view of shape (batch, *shape)."""
        cache["shape"] = x.shape
        return x.reshape(x.shape[0], *self._output_shape)

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Return a view in the input's shape."""
        return dy.reshape(cache["shape"]) if need_dx else None


class ZeroPadding2D(Layer):
    """Put rows and columns of zeros around an image.

    Parameters
    ----------
    padding : int, or (int, int), or ((int, int), (int, int))
        On all sides; or (above and below, left and right); or ((above, below), (left, right)).

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.ZeroPadding2D(((0, 1), (2, 2))).build((28, 28, 1))
    (29, 32, 1)
    """

    def __init__(self, padding: int | Pair | tuple[Pair, Pair] = 1) -> None:
        self.padding = _checked_sides(padding)

    def build(self, input_shape: Shape) -> Shape:
        """Return the padded image's shape."""
        height, width, channels = image_shape(self, input_shape)
        vertical, horizontal = pair(self.padding)  # type: ignore[arg-type]
        (top, bottom), (left, right) = pair(vertical), pair(horizontal)
        self._inside = np.s_[:, top : top + height, left : left + width]
        self._padded = (top + height + bottom, left + width + right, channels)
        return self._padded

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:  # noqa: ARG002
        """Return the padded images."""
        y = cache.array("y", (len(x), *self._padded), x.dtype)
        y[...] = 0.0
        y[self._inside] = x
        return y

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Return the gradient without the padding's."""
        if not need_dx:
            return None
        inside = dy[self._inside]
        dx = cache.gradient(inside.shape, dy.dtype)
        np.copyto(dx, inside)
        return dx


def _checked_sides(padding: object) -> int | Pair | tuple[Pair, Pair]:
    if isinstance(padding, list | tuple) and any(isinstance(p, list | tuple) for p in padding):
        if len(padding) != 2:
            raise ValueError(f"padding must be ((above, below), (left, right)), got {padding!r}")
        vertical, horizontal = (checked_pair("padding", p, at_least=0) for p in padding)
        return pair(vertical), pair(horizontal)
    return checked_pair("padding", padding, at_least=0)
