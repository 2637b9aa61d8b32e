"""Compiled twins of layers: what they calculate, in fewer passes over memory, by a team of threads.

A twin stands for one part of a network or for some that follow each other. It reads and writes
their parameters and state, and keeps what it remembers of a pass in the pass' cache.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from glassnet.kernels import activations as kinds
from glassnet.kernels import normalization
from glassnet.kernels.convolution import Convolution
from glassnet.kernels.scratch import Scratch
from glassnet.kernels.team import LEFT, Member, Team
from glassnet.nn.activations import Identity, LeakyReLU, ReLU, Sigmoid, Tanh
from glassnet.nn.convolution import Conv2D
from glassnet.nn.layer import Cache, Layer, Parameter, Shape
from glassnet.nn.smooth_activations import ELU, GELU, SiLU
from glassnet.nn.whitening import Whitening2D
from glassnet.nn.windows import Windows

LEAST_SHARED = 2**14
"""Numbers; with fewer to work on, one thread is done before another has begun."""


class Stage(ABC):
    """What is run in place of some consecutive parts of a network."""

    name: str
    """What it is, in words."""
    parts: tuple[Layer, ...]
    """What it stands for."""

    @abstractmethod
    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:
        """Return the output; see `Layer.forward`."""

    @abstractmethod
    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Return the gradient by the input, perhaps in the memory of `dy`; see `Layer.backward`."""


class Engine(NamedTuple):
    """Who does the work, and on what."""

    team: Team
    batch: int
    """The most examples at a time."""
    dtype: np.dtype[Any]
    """Of the network."""
    scratch: Scratch
    """The layers', which work one after the other."""


class Plain(Stage):
    """A part that is run as it is."""

    def __init__(self, part: Layer) -> None:
        self.parts, self.name = (part,), repr(part)

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:
        """Run it."""
        return self.parts[0].forward(x, cache, training=training)

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Run it backwards."""
        return self.parts[0].backward(dy, cache, need_dx=need_dx)


def run(team: Team, numbers: int, function: Callable[[Member], Any]) -> None:
    """Call a function in all threads of the team, or in this one alone if there is little to do."""
    if numbers < LEAST_SHARED:
        function(Member(0, 1, np.zeros(LEFT + 8, np.int64)))
    else:
        team.run(function)


def mine(array: np.ndarray, member: Member) -> slice:
    """Return which of the array's numbers are the thread's."""
    start, end = (array.size * (member.rank + i) // member.size for i in range(2))
    return slice(start, end)


def flat(array: np.ndarray) -> np.ndarray:
    """Return the numbers as compiled code expects them: in one piece."""
    return np.ascontiguousarray(array).reshape(-1)


def named(parts: tuple[Layer, ...]) -> str:
    """Return the name of a stage for these parts."""
    return " + ".join(type(part).__name__ for part in parts) + ", compiled"


def kind_of(activation: Layer | None, dtype: np.dtype[Any]) -> kinds.Kind | None:
    """Return what an activation is to compiled code; None if there is nothing compiled for it."""
    one = dtype.type
    if isinstance(activation, LeakyReLU):
        return kinds.LeakyReLU(one(activation.slope))
    if isinstance(activation, ELU):
        return kinds.ELU(one(activation.alpha))
    if isinstance(activation, GELU) and activation.approximate:
        return kinds.TanhGELU(one(0))
    known: dict[type[Layer | None], Callable[..., kinds.Kind]] = {
        type(None): kinds.Identity,
        Identity: kinds.Identity,
        ReLU: kinds.ReLU,
        Sigmoid: kinds.Sigmoid,
        Tanh: kinds.Tanh,
        SiLU: kinds.SiLU,
        GELU: kinds.GELU,
    }
    make = known.get(type(activation))
    return None if make is None else make(one(0))


class CompiledActivation(Stage):
    """An activation, after adding a bias to each channel if there is one.

    The gradient by the bias is written to `bias.grad`.
    """

    def __init__(
        self,
        parts: tuple[Layer, ...],
        kind: kinds.Kind,
        engine: Engine,
        *,
        channels: int = 1,
        bias: Parameter | None = None,
    ) -> None:
        self.parts, self._kind, self._engine, self._bias = parts, kind, engine, bias
        self.name = named(parts)
        self._channels = channels
        zeros, ones = np.zeros(channels, engine.dtype), np.ones(channels, engine.dtype)
        nothing = np.zeros(channels)
        offset, slope = (zeros, zeros.copy()) if bias is None else (bias.value, bias.grad)
        ignored = zeros.copy()
        self._norm = normalization.Norm(ones, offset, nothing, nothing, ignored, slope)
        self._without_bias = self._norm._replace(offset=zeros)
        # for its derivative the output is as good as the input
        self.in_place = isinstance(kind, kinds.ReLU)

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:  # noqa: ARG002
        """Return the activations."""
        y = cache.array("a", x.shape, x.dtype)
        return self.write(x, y, cache)

    def write(self, x: np.ndarray, y: np.ndarray, cache: Cache) -> np.ndarray:
        """Write the activations to `y`, which may be `x` for a ReLU."""
        work = cache.get("unit")
        if work is None:
            work = normalization.workspace(
                self._channels, self._engine.team.size, self._engine.dtype
            )
            work.saved[self._channels :] = 1.0
            cache["unit"] = work
        cache["z"], cache["in place"] = (y, True) if self.in_place else (x, False)
        kind, norm, z, a = self._kind, self._norm, flat(x), y.reshape(-1)
        run(
            self._engine.team,
            x.size,
            lambda me: normalization.normalize(me, kind, z, a, norm, work),
        )
        return y

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Write the gradient by the pre-activations to `dy`."""
        return self.chain(dy, cache) if need_dx else None

    def chain(self, dy: np.ndarray, cache: Cache) -> np.ndarray:
        """Do that, and overwrite the gradient by the bias."""
        norm = self._without_bias if cache["in place"] else self._norm
        kind, work, z, d = self._kind, cache["unit"], flat(cache["z"]), flat(dy)
        batch = need_dx = False  # what is normalised here stays as it is
        run(
            self._engine.team,
            dy.size,
            lambda me: normalization.normalize_back(me, kind, z, d, norm, work, batch, need_dx),
        )
        return d.reshape(dy.shape)


class CompiledConvolution(Stage):
    """A convolution, with the activation that follows it."""

    def __init__(
        self,
        parts: tuple[Layer, ...],
        kind: kinds.Kind | None,
        engine: Engine,
    ) -> None:
        layer = parts[0]
        assert isinstance(layer, Conv2D | Whitening2D)  # noqa: S101 (for mypy)
        self.parts, self._engine, self._layer = parts, engine, layer
        if isinstance(layer, Conv2D):
            groups, filters = layer.groups, layer.filters
            channels = layer.W.shape[2] * groups
            self._bias = layer.b if layer.use_bias else None
        elif isinstance(layer, Whitening2D):
            groups, channels, filters = 1, *layer.filters.shape[2:]
            self._bias = layer.b
        windows: Windows = layer.windows
        (top, left), (bottom, right) = windows.before, windows.after
        self._convolution = Convolution(
            (*windows.image, channels),
            windows.kernel,
            filters,
            stride=windows.strides,
            padding=((top, bottom), (left, right)),
            dilation=windows.dilation,
            groups=groups,
            batch=engine.batch,
            dtype=engine.dtype,
            threads=engine.team.size,
            scratch=engine.scratch,
        )
        self._output: Shape = (*windows.output, filters)
        self._activation = None
        if kind is not None:
            self._activation = CompiledActivation(
                parts[1:], kind, engine, channels=filters, bias=self._bias
            )
        names = " + ".join(type(part).__name__ for part in parts)
        self.name = f"{names}, {self._convolution.algorithm}"

    def _weights(self, dtype: np.dtype[Any]) -> np.ndarray:
        if isinstance(self._layer, Whitening2D):
            return self._layer.filters.astype(dtype)
        return self._layer.W.value

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:
        """Return the activations, shape (batch, out_height, out_width, filters)."""
        if isinstance(self._layer, Whitening2D) and not self._layer.adapted:
            return self._layer.forward(x, cache, training=training)  # says what is wrong
        x = np.ascontiguousarray(x)
        cache["x"], cache["weights"] = x, self._weights(x.dtype)
        z = cache.array("conv", (len(x), *self._output), x.dtype)
        bias = self._bias.value if self._bias is not None and self._activation is None else None
        self._convolution.forward(self._engine.team, x, cache["weights"], bias, z)
        if self._activation is None:
            return z
        after = cache.inner(1)[0]
        if self._activation.in_place:
            return self._activation.write(z, z, after)
        return self._activation.forward(z, after, training=training)

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Overwrite the gradients; return that by the images."""
        x, db = cache["x"], None if self._bias is None else self._bias.grad
        if self._activation is not None:
            dy, db = self._activation.chain(dy, cache.inner(1)[0]), None
        dW = self._layer.W.grad if isinstance(self._layer, Conv2D) else None
        dx = cache.gradient(x.shape, x.dtype) if need_dx else None
        if any(wanted is not None for wanted in (dW, db, dx)):
            self._convolution.gradients(
                self._engine.team, x, np.ascontiguousarray(dy), cache["weights"], dW, db, dx
            )
        return dx
