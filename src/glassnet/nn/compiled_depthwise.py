"""The compiled twin of the convolution of each channel by itself."""

from __future__ import annotations

import numpy as np

from glassnet.kernels import activations as kinds
from glassnet.kernels import depthwise
from glassnet.nn.compiled_layers import (
    CompiledActivation,
    Engine,
    Stage,
    flat,
    named,
    run,
)
from glassnet.nn.compiled_pooling import pooling_windows
from glassnet.nn.depthwise import DepthwiseConv2D
from glassnet.nn.layer import Cache, Layer, Shape


class CompiledDepthwise(Stage):
    """A depthwise convolution with one filter a channel, with the activation that follows it."""

    def __init__(self, parts: tuple[Layer, ...], kind: kinds.Kind | None, engine: Engine) -> None:
        layer = parts[0]
        assert isinstance(layer, DepthwiseConv2D)  # noqa: S101 (for mypy)
        self.parts, self._engine, self._layer = parts, engine, layer
        self.name = named(parts)
        channels = layer.W.shape[2]
        windows = pooling_windows(layer.windows, channels)
        self._output: Shape = (*layer.windows.output, channels)
        self._taps = depthwise.taps_of(
            windows, layer.windows.dilation, engine.team.size, engine.dtype
        )
        self._bias = layer.b if layer.use_bias else None
        self._nothing = np.empty(0, engine.dtype)
        self._activation = None
        if kind is not None:
            self._activation = CompiledActivation(
                parts[1:], kind, engine, channels=channels, bias=self._bias
            )

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:
        """Return the activations, shape (batch, out_height, out_width, channels)."""
        z = cache.array("conv", (len(x), *self._output), x.dtype)
        cache["x"], cache["shape"] = flat(x), x.shape
        bias = self._nothing
        if self._bias is not None and self._activation is None:
            bias = self._bias.value
        images, out, W, taps = (
            cache["x"],
            z.reshape(-1),
            self._layer.W.value.reshape(-1),
            self._taps,
        )
        run(
            self._engine.team,
            z.size,
            lambda me: depthwise.depthwise(me, images, W, bias, out, taps),
        )
        if self._activation is None:
            return z
        after = cache.inner(1)[0]
        if self._activation.in_place:
            return self._activation.write(z, z, after)
        return self._activation.forward(z, after, training=training)

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Overwrite the gradients; return that by the images."""
        db = self._nothing if self._bias is None else self._bias.grad
        if self._activation is not None:
            dy, db = self._activation.chain(dy, cache.inner(1)[0]), self._nothing
        team, taps, images, dz = self._engine.team, self._taps, cache["x"], flat(dy)
        W, dW = self._layer.W.value.reshape(-1), self._layer.W.grad.reshape(-1)
        run(
            team,
            dz.size,
            lambda me: depthwise.depthwise_gradients(me, images, dz, dW, db, taps),
        )
        if not need_dx:
            return None
        dx = cache.gradient(cache["shape"], dy.dtype)
        out = dx.reshape(-1)
        run(team, dz.size, lambda me: depthwise.depthwise_back(me, dz, W, out, taps))
        return dx
