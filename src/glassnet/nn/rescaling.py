"""A fixed factor and offset."""

from __future__ import annotations

import numpy as np

from glassnet.checks import real
from glassnet.nn.layer import Cache, Layer, Shape


class Rescaling(Layer):
    """Multiply by a fixed factor, then add a fixed offset: ``y = scale x + offset``.

    Parameters
    ----------
    scale, offset : float

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Rescaling(2.0, -1.0)], input_shape=3)  # [0, 1] to [-1, 1]
    >>> network.predict(np.array([[0.0, 0.5, 1.0]]))
    array([[-1.,  0.,  1.]], dtype=float32)
    """

    def __init__(self, scale: float, offset: float = 0.0) -> None:
        self.scale = real("scale", scale)
        self.offset = real("offset", offset)

    def build(self, input_shape: Shape) -> Shape:
        """Return the same shape."""
        return input_shape

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:  # noqa: ARG002
        """Return ``scale x + offset``."""
        y = cache.array("y", x.shape, x.dtype)
        np.multiply(x, self.scale, out=y)
        if self.offset != 0.0:
            y += self.offset
        return y

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Return ``scale dy``."""
        if not need_dx:
            return None
        dx = cache.gradient(dy.shape, dy.dtype)
        np.multiply(dy, self.scale, out=dx)
        return dx
