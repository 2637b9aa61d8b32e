"""A network as compiled code runs it: a row of stages, each in place of one part or of some."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from threading import Lock

import numpy as np

from glassnet.kernels import activations as kinds
from glassnet.kernels.compilation import announced
from glassnet.kernels.scratch import Scratch
from glassnet.kernels.team import Team, gathered
from glassnet.nn.activation import Activation
from glassnet.nn.compiled_dense import CompiledDense
from glassnet.nn.compiled_depthwise import CompiledDepthwise
from glassnet.nn.compiled_layers import (
    CompiledActivation,
    CompiledConvolution,
    Engine,
    Plain,
    Stage,
    kind_of,
)
from glassnet.nn.compiled_normalization import (
    RISING,
    CompiledBatchNormalization,
    PooledNormalization,
)
from glassnet.nn.compiled_pooling import CompiledPooling
from glassnet.nn.compiled_residual import CompiledResidual
from glassnet.nn.convolution import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.depthwise import DepthwiseConv2D
from glassnet.nn.global_pooling import GlobalAveragePooling2D
from glassnet.nn.layer import Cache, GradientMemory, Layer
from glassnet.nn.losses import Loss
from glassnet.nn.network import Network
from glassnet.nn.normalization import BatchNormalization
from glassnet.nn.pooling import AveragePooling2D, MaxPooling2D
from glassnet.nn.residual import Residual
from glassnet.nn.threads import available_threads
from glassnet.nn.whitening import Whitening2D


def stages_of(parts: Sequence[Layer], engine: Engine) -> list[Stage]:
    """Return what is run in place of the parts of a network.

    The rule: from the first part on, the longest run of parts that something compiled stands for;
    a part that there is nothing for is run as it is.

    Parameters
    ----------
    parts : sequence of Layer
        Built, in their order.
    engine : Engine
    """
    stages: list[Stage] = []
    while parts:
        make = _MAKERS.get(type(parts[0]), _activation)
        stages.append(make(parts, engine))
        parts = parts[len(stages[-1].parts) :]
    return stages


def _convolution(parts: Sequence[Layer], engine: Engine) -> Stage:
    run, kind = _with_activation(parts, 1, engine)
    return CompiledConvolution(run, kind, engine)


def _dense(parts: Sequence[Layer], engine: Engine) -> Stage:
    run, kind = _with_activation(parts, 1, engine)
    return CompiledDense(run, kind, engine)


def _depthwise(parts: Sequence[Layer], engine: Engine) -> Stage:
    layer = parts[0]
    assert isinstance(layer, DepthwiseConv2D)  # noqa: S101 (for mypy)
    if layer.multiplier > 1:
        return Plain(layer)
    run, kind = _with_activation(parts, 1, engine)
    return CompiledDepthwise(run, kind, engine)


def _max_pooling(parts: Sequence[Layer], engine: Engine) -> Stage:
    pool = parts[0]
    assert isinstance(pool, MaxPooling2D)  # noqa: S101 (for mypy)
    if math.prod(pool.windows.kernel) > 255:
        return Plain(pool)
    if len(parts) > 1 and isinstance(parts[1], BatchNormalization):
        run, kind = _with_activation(parts, 2, engine)
        return PooledNormalization(run, kind or _identity(engine), engine)
    return CompiledPooling(pool, engine)


def _average_pooling(parts: Sequence[Layer], engine: Engine) -> Stage:
    assert isinstance(parts[0], AveragePooling2D | GlobalAveragePooling2D)  # noqa: S101 (for mypy)
    return CompiledPooling(parts[0], engine)


def _batch_normalization(parts: Sequence[Layer], engine: Engine) -> Stage:
    run, kind = _with_activation(parts, 1, engine)
    kind = kind or _identity(engine)
    pool = parts[len(run)] if len(parts) > len(run) else None
    if isinstance(pool, MaxPooling2D) and isinstance(kind, RISING) and _in_quarters(pool):
        return PooledNormalization((*run, pool), kind, engine)
    return CompiledBatchNormalization(run, kind, engine)


def _residual(parts: Sequence[Layer], engine: Engine) -> Stage:
    layer = parts[0]
    assert isinstance(layer, Residual)  # noqa: S101 (for mypy)
    branch, shortcut = (
        stages_of([part for inner in way for part in inner.parts], engine)
        for way in (layer.layers, layer.shortcut or ())
    )
    return CompiledResidual(layer, branch, shortcut, engine)


def _activation(parts: Sequence[Layer], engine: Engine) -> Stage:
    run, kind = _with_activation(parts, 0, engine)
    return Plain(parts[0]) if kind is None else CompiledActivation(run, kind, engine)


_MAKERS: dict[type[Layer], Callable[[Sequence[Layer], Engine], Stage]] = {
    Conv2D: _convolution,
    Dense: _dense,
    DepthwiseConv2D: _depthwise,
    Whitening2D: _convolution,
    MaxPooling2D: _max_pooling,
    AveragePooling2D: _average_pooling,
    GlobalAveragePooling2D: _average_pooling,
    BatchNormalization: _batch_normalization,
    Residual: _residual,
}
"""What makes the stage that begins with a part of this type."""


def _with_activation(
    parts: Sequence[Layer], count: int, engine: Engine
) -> tuple[tuple[Layer, ...], kinds.Kind | None]:
    """Return so many parts, and the activation after them if there is something compiled for it."""
    if len(parts) > count and isinstance(parts[count], Activation):
        kind = kind_of(parts[count], engine.dtype)
        if kind is not None:
            return tuple(parts[: count + 1]), kind
    return tuple(parts[:count]), None


def _identity(engine: Engine) -> kinds.Kind:
    return kinds.Identity(engine.dtype.type(0))


def _in_quarters(pool: MaxPooling2D) -> bool:
    windows = pool.windows
    return windows.kernel == windows.strides == (2, 2) and windows.padded == windows.image


class CompiledRow:
    """Runs a network's forward and backward passes, stage by stage.

    Parameters
    ----------
    network : Network
        Its parameters and state are read and written.
    batch : int
        The most examples at a time.
    team : Team
        Does the work.

    Attributes
    ----------
    stages : list of Stage
    theta, grad : ndarray, shape (P,)
        The network's.
    """

    def __init__(self, network: Network, batch: int, team: Team) -> None:
        self.theta, self.grad = network.theta, network.grad
        parts, last = list(network.parts), network.parts[-1]
        alone = isinstance(last, Activation)  # it may form a pair with the loss
        engine = Engine(team, batch, network.dtype, Scratch(network.dtype))
        self.stages = stages_of(parts[:-1] if alone else parts, engine)
        if alone:
            self.stages.append(Plain(last))
        self._first_learning = network.first_learning
        self._ends = list(accumulate(len(stage.parts) for stage in self.stages))

    def new_cache(self) -> list[Cache]:
        """Return a fresh cache for `forward` and `backward`: one a stage, one for the loss."""
        gradients = GradientMemory()
        return [*(Cache(gradients) for _ in self.stages), Cache()]

    def forward(
        self, x: np.ndarray, cache: list[Cache] | None = None, *, training: bool = False
    ) -> np.ndarray:
        """Return the outputs; see `Network.forward`."""
        if cache is None:
            cache = self.new_cache()
        for stage, stage_cache in zip(self.stages, cache, strict=False):
            x = stage.forward(x, stage_cache, training=training)
        return x

    def backward(
        self,
        p: np.ndarray,
        y: np.ndarray,
        loss: Loss,
        cache: list[Cache],
        first: int | None = None,
    ) -> None:
        """Overwrite `grad` with the gradient of the mean loss; see `Network.backward`."""
        last = len(self.stages) - 1
        first = bisect_right(self._ends, self._first_learning if first is None else first)
        delta = cache[-1].array("dp", p.shape, p.dtype)
        if loss.pairs_with(self.stages[last].parts[-1]):
            delta = loss.pair_gradient(p, y, delta)
            last -= 1
        else:
            delta = loss.gradient(p, y, delta)
        for i in range(last, first - 1, -1):
            delta = self.stages[i].backward(delta, cache[i], need_dx=i > first)  # type: ignore[assignment]

    @property
    def compiled(self) -> bool:
        """Whether there is something compiled for more than products and activations."""
        without = Plain | CompiledActivation | CompiledDense
        return any(not isinstance(stage, without) for stage in self.stages)


class RowPredictor:
    """Predicts with a `CompiledRow`, so many examples at a time that their memory is bounded.

    It may be called from several threads; they take turns.
    """

    def __init__(self, network: Network) -> None:
        self._network, self._rows = network, network.rows_at_a_time
        self._team = Team(available_threads())
        self.row = CompiledRow(network, self._rows, self._team)
        self._cache, self._turn = self.row.new_cache(), Lock()

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs, shape (n, *output_shape); see `Predictor`."""
        x = np.require(self._network.checked_input(x), requirements="W")
        outputs = np.empty((len(x), *self._network.output_shape), self._network.dtype)
        with self._turn, announced(), gathered(self._team, uses_blas=True):
            for start in range(0, len(x), self._rows):
                rows = slice(start, start + self._rows)
                outputs[rows] = self.row.forward(x[rows], self._cache)
        return outputs
