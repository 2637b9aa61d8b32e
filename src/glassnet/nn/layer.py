"""What a layer is: the contract that every layer keeps, its parameters and its cache."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.configurable import Configurable

Shape = tuple[int, ...]
"""Shape of one example, without the batch axis."""


class Parameter:
    """An array that is learned: a named view into the flat vectors of its network.

    A layer declares it (name, shape, how it starts); the network then binds `value` and `grad` to
    its flat vectors. From then on both are written in place (``value[...] = ``), never rebound.

    Parameters
    ----------
    name : str
        Name within the layer, the equations' symbol where there is one: ``"W"``.
    shape : tuple of int
        Shape of `value` and of `grad`.
    initialize : callable
        ``initialize(rng) -> ndarray`` of this shape.
    """

    __slots__ = ("grad", "initialize", "name", "shape", "value")

    value: np.ndarray
    grad: np.ndarray

    def __init__(
        self, name: str, shape: Shape, initialize: Callable[[np.random.Generator], np.ndarray]
    ) -> None:
        self.name = name
        self.shape = shape
        self.initialize = initialize

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    def bind(self, value: np.ndarray, grad: np.ndarray) -> None:
        """Make `value` and `grad` views of these stretches of the network's flat vectors."""
        self.value = value.reshape(self.shape)
        self.grad = grad.reshape(self.shape)

    def __repr__(self) -> str:
        return f"Parameter({self.name!r}, shape={self.shape})"


class Cache(dict[str, Any]):
    """What one layer leaves in the forward pass for its backward pass.

    It belongs to the pass and not to the layer, so that evaluating a network between a forward and
    a backward pass harms nothing. Its arrays are reused from step to step.
    """

    __slots__ = ("_memory",)

    def __init__(self) -> None:
        super().__init__()
        self._memory: dict[str, np.ndarray] = {}

    def array(
        self, name: str, shape: Shape, dtype: np.dtype[Any] | type = np.float32
    ) -> np.ndarray:
        """Return an uninitialised array to write into; the same one as long as the shape stays.

        With fewer rows than before (the last batch of an epoch) it lies in the same memory.
        """
        array: np.ndarray | None = self.get(name)
        if array is None or array.shape != shape or array.dtype != dtype:
            memory = self._memory.get(name)
            if memory is None or memory[: shape[0]].shape != shape or memory.dtype != dtype:
                memory = self._memory[name] = np.empty(shape, dtype)
            array = self[name] = memory[: shape[0]]
        return array


class Layer(Configurable, ABC):
    """The contract of every layer. A layer is either abstract or final.

    A layer's constructor keeps its arguments under their own names: that is what `config` saves.
    Arrays have the batch as their first axis; shapes handed to `build` are of one example.
    """

    parameters: tuple[Parameter, ...] = ()
    in_network: bool = False  # the network that takes it in sets this: one place in one network

    @abstractmethod
    def build(self, input_shape: Shape) -> Shape:
        """Declare the parameters for this input and return the output's shape.

        Raises
        ------
        ValueError
            If the layer cannot take this shape; the message names what it expects and what it got.
        """

    @abstractmethod
    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:
        """Return the output, shape (batch, *output_shape); leave in `cache` what backward needs.

        The output may be an array of the cache: it is valid until the next forward pass with the
        same cache.
        """

    @abstractmethod
    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Overwrite the gradients of the parameters and return the gradient by the input.

        Parameters
        ----------
        dy : ndarray, shape (batch, *output_shape)
            Gradient of the loss by the layer's output. It may be overwritten.
        cache : Cache
            As the forward pass left it.
        need_dx : bool
            If false, nobody reads the gradient by the input: return None and save the work.
        """

    @property
    def parts(self) -> tuple[Layer, ...]:
        """The layers that are run for this one, in order: itself, then its activation if any."""
        return (self,)

    @property
    def state(self) -> dict[str, np.ndarray]:
        """Arrays that are saved with the network but not learned by gradient descent.

        By the names of the attributes that hold them. `build` declares them without taking memory,
        as ``np.broadcast_to(0.0, shape)``; the network replaces them by arrays to write into.
        """
        return {}
