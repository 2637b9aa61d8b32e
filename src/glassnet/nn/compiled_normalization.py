"""Compiled twins of batch normalisation, with the activation and the pooling next to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.kernels import activations as kinds
from glassnet.kernels import normalization, pooled_normalization
from glassnet.kernels.pooled_normalization import Images
from glassnet.nn.compiled_layers import Engine, Stage, flat, named, run
from glassnet.nn.compiled_pooling import pooling_windows
from glassnet.nn.layer import Cache, Layer
from glassnet.nn.normalization import BatchNormalization
from glassnet.nn.pooling import MaxPooling2D

RISING = (
    kinds.Identity,
    kinds.ReLU,
    kinds.LeakyReLU,
    kinds.ELU,
    kinds.Sigmoid,
    kinds.Tanh,
)
"""Activations that never fall: the largest input gives the largest output."""


class CompiledBatchNormalization(Stage):
    """Batch normalisation, with the activation that follows it."""

    def __init__(
        self,
        parts: tuple[Layer, ...],
        kind: kinds.Kind,
        engine: Engine,
    ) -> None:
        layer = parts[0]
        assert isinstance(layer, BatchNormalization)  # noqa: S101 (for mypy)
        self.parts, self._kind, self._engine, self._layer = parts, kind, engine, layer
        self.name = named(parts)
        self._channels = layer.gamma.shape[0]
        self._norm = norm_of(layer, engine.dtype)

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:
        """Return the activations."""
        layer, kind, norm = self._layer, self._kind, self._norm
        work = work_of(cache, self._channels, self._engine)
        z, y = flat(x), cache.array("y", x.shape, x.dtype)
        cache["x"], cache["of batch"], a = z, training, y.reshape(-1)
        if training:
            settings = layer.momentum, layer.epsilon
            run(
                self._engine.team,
                x.size,
                lambda me: normalization.normalize_batch(me, kind, z, a, norm, work, *settings),
            )
        else:
            use_running(layer, work)
            run(
                self._engine.team,
                x.size,
                lambda me: normalization.normalize(me, kind, z, a, norm, work),
            )
        return y

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Overwrite the gradients by ``gamma`` and ``beta``; write that by the input to `dy`."""
        kind, norm, work = self._kind, self._norm, cache["work"]
        x, d, of_batch = cache["x"], flat(dy), cache["of batch"]
        run(
            self._engine.team,
            dy.size,
            lambda me: normalization.normalize_back(me, kind, x, d, norm, work, of_batch, need_dx),
        )
        return d.reshape(dy.shape) if need_dx else None


class PooledNormalization(Stage):
    """Max pooling and batch normalisation, in either order, with the activation after the latter.

    Where pooling comes last, its windows are 2 x 2 and side by side, and the activation is one of
    the `RISING`.
    """

    def __init__(
        self,
        parts: tuple[Layer, ...],
        kind: kinds.Kind,
        engine: Engine,
    ) -> None:
        self.parts, self._kind, self._engine = parts, kind, engine
        self.name = named(parts)
        self._pool_first = isinstance(parts[0], MaxPooling2D)
        layer, pool = (parts[1], parts[0]) if self._pool_first else (parts[0], parts[-1])
        assert isinstance(layer, BatchNormalization)  # noqa: S101 (for mypy)
        assert isinstance(pool, MaxPooling2D)  # noqa: S101
        self._layer, self._norm = layer, norm_of(layer, engine.dtype)
        self._output = (*pool.windows.output, layer.gamma.shape[0])
        self._windows = pooling_windows(pool.windows, layer.gamma.shape[0])

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:
        """Return the pooled and normalised activations."""
        layer, kind, norm, windows = self._layer, self._kind, self._norm, self._windows
        work = work_of(cache, windows.channels, self._engine)
        shape = (len(x), *self._output)
        kept, winner = (cache.array("kept", shape, x.dtype), cache.array("winner", shape, np.uint8))
        y = cache.array("y", shape, x.dtype)
        images = Images(flat(x), kept.reshape(-1), winner.reshape(-1))
        cache["images"], cache["shape"], cache["of batch"] = images, x.shape, training
        a = y.reshape(-1)
        if training:
            batch = (
                pooled_normalization.pool_normalize_batch
                if self._pool_first
                else pooled_normalization.normalize_pool_batch
            )
            settings = layer.momentum, layer.epsilon
            run(
                self._engine.team,
                x.size,
                lambda me: batch(me, kind, images, a, windows, norm, work, *settings),
            )
            return y
        use_running(layer, work)
        one = (
            pooled_normalization.pool_normalize
            if self._pool_first
            else pooled_normalization.normalize_pool
        )
        run(self._engine.team, x.size, lambda me: one(me, kind, images, a, windows, norm, work))
        return y

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Overwrite the gradients by ``gamma`` and ``beta``; return that by the images."""
        kind, norm, windows, work = self._kind, self._norm, self._windows, cache["work"]
        images, d, of_batch = cache["images"], flat(dy), cache["of batch"]
        dx = cache.gradient(cache["shape"], dy.dtype) if need_dx else None
        out = d[:0] if dx is None else dx.reshape(-1)
        back = (
            pooled_normalization.pool_normalize_back
            if self._pool_first
            else pooled_normalization.normalize_pool_back
        )
        run(
            self._engine.team,
            images.large.size,
            lambda me: back(me, kind, images, d, out, windows, norm, work, of_batch, need_dx),
        )
        return dx


def norm_of(layer: BatchNormalization, dtype: np.dtype[Any]) -> normalization.Norm:
    """Return a layer's numbers, with constants for those that it has not."""
    ignored = np.zeros(layer.gamma.shape, dtype)
    scale = (layer.gamma.value, layer.gamma.grad) if layer.scale else (ignored + 1, ignored)
    offset = (layer.beta.value, layer.beta.grad) if layer.center else (ignored * 0, ignored.copy())
    return normalization.Norm(
        scale[0], offset[0], layer.running_mean, layer.running_variance, scale[1], offset[1]
    )


def work_of(cache: Cache, channels: int, engine: Engine) -> normalization.Workspace:
    """Return the cache's workspace for a normalisation."""
    if "work" not in cache:
        cache["work"] = normalization.workspace(channels, engine.team.size, engine.dtype)
    work: normalization.Workspace = cache["work"]
    return work


def use_running(layer: BatchNormalization, work: normalization.Workspace) -> None:
    """Normalise with the running statistics."""
    channels = len(layer.running_mean)
    work.saved[:channels] = layer.running_mean
    work.saved[channels:] = 1.0 / np.sqrt(layer.running_variance + layer.epsilon)
