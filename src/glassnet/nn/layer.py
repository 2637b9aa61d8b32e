"""What a layer is: the contract that every layer keeps, its parameters and its cache."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from glassnet.alignment import aligned_zeros
from glassnet.configurable import Configurable

Shape = tuple[int, ...]
"""Shape of one example, without the batch axis."""


class LayerError(ValueError):
    """A layer that cannot take what the one before it gives.

    Attributes
    ----------
    index : int
        Which of the layers that the network was given it is, from 0.

    Examples
    --------
    >>> import glassnet as gn
    >>> try:
    ...     gn.Network([gn.Dense(4), gn.MaxPooling2D()], input_shape=3)
    ... except LayerError as error:
    ...     print(error.index)
    1
    """

    def __init__(self, message: str, index: int = 0) -> None:
        super().__init__(message)
        self.index = index


class Parameter:
    """An array that is learned: a named view into the flat vectors of its network.

    A layer declares it (name, shape, how it starts); the network then binds `value` and `grad` to
    its flat vectors. From then on both are written in place (``value[...] = x``), never rebound.

    Parameters
    ----------
    name : str
        Name within the layer, the equations' symbol where there is one: ``"W"``.
    shape : tuple of int
        Shape of `value` and of `grad`.
    initialize : callable
        ``initialize(rng) -> ndarray`` of this shape.
    decays : bool
        Whether weight decay and its like apply: not to biases, nor to what scales and shifts a
        normalised input.
    unit_axes : int
        How many of the last axes tell units, or filters, apart; the others are of one's inputs.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Dense(2)], input_shape=3)
    >>> W = network.layers[0].W
    >>> W, W.size, W.decays, network.layers[0].b.decays
    (Parameter('W', shape=(3, 2)), 6, True, False)
    >>> W.value[...] = 1.0
    >>> network.theta.tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    """

    __slots__ = ("decays", "grad", "initialize", "name", "shape", "unit_axes", "value")

    value: np.ndarray
    grad: np.ndarray

    def __init__(
        self,
        name: str,
        shape: Shape,
        initialize: Callable[[np.random.Generator], np.ndarray],
        *,
        decays: bool = True,
        unit_axes: int = 1,
    ) -> None:
        self.name = name
        self.shape = shape
        self.initialize = initialize
        self.decays = decays
        self.unit_axes = unit_axes

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


class GradientMemory:
    """Memory for the gradients that go back through a network: two pieces, in turn.

    While one layer's gradient is computed, only that of the layer after it is still needed. So a
    pass has memory for the two largest, not for all, and they are in the processor's cache sooner.
    """

    def __init__(self) -> None:
        self._pieces = [np.empty(0), np.empty(0)]
        self._turn = 0

    def take(self, shape: Shape, dtype: np.dtype[Any] | type) -> np.ndarray:
        """Return an uninitialised array in the piece that was not taken last."""
        self._turn = 1 - self._turn
        piece, size = self._pieces[self._turn], math.prod(shape)
        if piece.size < size or piece.dtype != dtype:
            piece = self._pieces[self._turn] = aligned_zeros(size, np.dtype(dtype))
        return piece[:size].reshape(shape)


class Cache(dict[str, Any]):
    """What one layer leaves in the forward pass for its backward pass.

    It belongs to the pass and not to the layer, so that evaluating a network between a forward and
    a backward pass harms nothing. Its arrays are reused from step to step.

    Attributes
    ----------
    rng : numpy.random.Generator
        What layers with chance in them draw from in training. Whoever trains sets it for every
        step; until then each fresh cache draws the same, so that a gradient can be checked.

    Examples
    --------
    >>> cache = Cache()
    >>> z = cache.array("z", (4, 3))
    >>> cache["z"] is z, cache.array("z", (4, 3)) is z
    (True, True)
    >>> np.shares_memory(cache.array("z", (2, 3)), z)  # a batch that is shorter
    True
    """

    __slots__ = ("_gradients", "_inner", "_memory", "_rng")

    def __init__(self, gradients: GradientMemory | None = None) -> None:
        super().__init__()
        self._gradients = gradients
        self._memory: dict[str, np.ndarray] = {}
        self._inner: list[Cache] = []
        self._rng: np.random.Generator | None = None

    @property
    def rng(self) -> np.random.Generator:
        """The generator of this pass."""
        if self._rng is None:
            self.rng = np.random.default_rng(0)
        return self._rng  # type: ignore[return-value]

    @rng.setter
    def rng(self, rng: np.random.Generator) -> None:
        self._rng = rng
        for cache in self._inner:
            cache.rng = rng

    def inner(self, count: int) -> list[Cache]:
        """Return the caches of so many layers inside the layer; they draw from its generator."""
        while len(self._inner) < count:
            self._inner.append(Cache())
            self._inner[-1]._rng = self._rng  # noqa: SLF001 (of the same class)
        return self._inner[:count]

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
                lying = aligned_zeros(math.prod(shape), np.dtype(dtype))
                memory = self._memory[name] = lying.reshape(shape)
            array = self[name] = memory[: shape[0]]
        return array

    def gradient(self, shape: Shape, dtype: np.dtype[Any] | type) -> np.ndarray:
        """Return an uninitialised array for the gradient by the layer's input.

        It lies in memory that the layers of a network share, so it is valid until the layer before
        has computed its own.
        """
        if self._gradients is None:
            return self.array("dx", shape, dtype)
        return self._gradients.take(shape, dtype)


class Layer(Configurable, ABC):
    """The contract of every layer. A layer is either abstract or final.

    A layer's constructor keeps its arguments under their own names: that is what `config` saves.
    Arrays have the batch as their first axis; shapes handed to `build` are of one example.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Conv2D(4, 3, "relu")], input_shape=(8, 8, 1))
    >>> layer = network.layers[0]
    >>> [parameter.name for parameter in layer.parameters], layer.parts
    (['W', 'b'], (Conv2D(4, 3, ReLU()), ReLU()))
    """

    parameters: tuple[Parameter, ...] = ()
    inner: tuple[Layer, ...] = ()
    """Layers that this one runs itself; its `build` builds them."""
    shares_products: bool = False
    """Whether threads of the layer's own share its matrix products."""
    least_batch: int = 1
    """Examples that a training pass needs; known once it is built."""
    least: Mapping[str, float] = MappingProxyType({})
    """By the names of arrays of the state, what the numbers in them cannot be below."""
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
