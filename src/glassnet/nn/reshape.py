"""Layers that move nothing: the same numbers in another shape."""

from __future__ import annotations

import math

import numpy as np

from glassnet.nn.layer import Cache, Layer, Shape


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
