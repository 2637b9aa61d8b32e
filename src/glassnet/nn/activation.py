"""What an activation function is: the contract that all keep."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from glassnet.nn.layer import Cache, Layer, Shape


class Activation(Layer):
    """A layer without a shape of its own: its output has its input's shape.

    Examples
    --------
    >>> import glassnet as gn
    >>> class Square(Activation):
    ...     def activate(self, z, cache, out):
    ...         cache["z"] = z
    ...         return np.multiply(z, z, out=out)
    ...
    ...     def chain(self, da, cache, out):
    ...         np.multiply(cache["z"], 2.0, out=out)
    ...         out *= da
    ...         return out
    >>> gn.Network([Square()], input_shape=2).predict(np.array([[1.0, -3.0]])).tolist()
    [[1.0, 9.0]]
    """

    fitting_initializer: ClassVar[str] = "glorot_uniform"
    """How the weights of a layer before this activation start, unless they are told otherwise."""

    def build(self, input_shape: Shape) -> Shape:
        """Return the same shape."""
        return input_shape

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:  # noqa: ARG002
        """Return the activation ``a`` of the pre-activation `x`."""
        return self.activate(x, cache, cache.array("a", x.shape, x.dtype))

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Return ``dy ⊙ σ'(z)``."""
        self.parameter_gradients(dy, cache)
        if not need_dx:
            return None
        return self.chain(dy, cache, cache.gradient(dy.shape, dy.dtype))

    @abstractmethod
    def activate(self, z: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        """Write the activation of `z` to `out`; return it. What else is needed goes to `cache`."""

    @abstractmethod
    def chain(self, da: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        """Write the gradient by ``z`` to `out`; return it. ``cache["a"]`` holds the output."""

    def parameter_gradients(self, da: np.ndarray, cache: Cache) -> None:
        """Overwrite the gradients of the activation's own parameters, if it has any."""
