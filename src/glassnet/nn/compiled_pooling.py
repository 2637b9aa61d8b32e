"""The compiled twin of the pooling layers."""

from __future__ import annotations

import numpy as np

from glassnet.kernels import average_pooling, pooling
from glassnet.nn.compiled_layers import Engine, Stage, flat, named, run
from glassnet.nn.global_pooling import GlobalAveragePooling2D
from glassnet.nn.layer import Cache, Shape
from glassnet.nn.pooling import AveragePooling2D, MaxPooling2D
from glassnet.nn.windows import Windows


class CompiledPooling(Stage):
    """The largest numbers, or the means, of windows or of whole images."""

    def __init__(
        self, layer: MaxPooling2D | AveragePooling2D | GlobalAveragePooling2D, engine: Engine
    ) -> None:
        self.parts, self._engine, self._layer = (layer,), engine, layer
        self.name = named(self.parts)
        self._largest = isinstance(layer, MaxPooling2D)

    def _windows(self, shape: Shape) -> pooling.Windows:
        """Return the windows on images of a batch of this shape."""
        if isinstance(self._layer, GlobalAveragePooling2D):
            _, height, width, channels = shape
            none = np.zeros(0, np.uint32)
            return pooling.Windows(height, width, channels, 1, 1, height, width, 1, 1, 0, 0, none)
        return pooling_windows(self._layer.windows, shape[3])

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:  # noqa: ARG002
        """Return the pooled images."""
        cache["shape"], windows = x.shape, self._windows(x.shape)
        output: Shape = (windows.out_height, windows.out_width, windows.channels)
        if isinstance(self._layer, GlobalAveragePooling2D):
            output = output[2:]
        y = cache.array("y", (len(x), *output), x.dtype)
        images, pooled = flat(x), y.reshape(-1)
        if not self._largest:
            run(
                self._engine.team,
                x.size,
                lambda me: average_pooling.pool_mean(me, images, pooled, windows),
            )
            return y
        winner = cache.array("winner", y.shape, np.uint8).reshape(-1)
        run(
            self._engine.team,
            x.size,
            lambda me: pooling.pool_max(me, images, pooled, winner, windows),
        )
        return y

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Return the gradient by the images."""
        if not need_dx:
            return None
        dx, windows = cache.gradient(cache["shape"], dy.dtype), self._windows(cache["shape"])
        d, images = flat(dy), dx.reshape(-1)
        if not self._largest:
            run(
                self._engine.team,
                dx.size,
                lambda me: average_pooling.pool_mean_back(me, d, images, windows),
            )
            return dx
        winner = cache["winner"].reshape(-1)
        run(
            self._engine.team,
            dx.size,
            lambda me: pooling.pool_max_back(me, d, winner, images, windows),
        )
        return dx


def pooling_windows(windows: Windows, channels: int) -> pooling.Windows:
    """Return windows as compiled code has them."""
    first = np.arange(windows.output[1], dtype=np.int32) * windows.strides[1] - windows.before[1]
    places = first[:, np.newaxis] * channels + np.arange(channels, dtype=np.int32)
    return pooling.Windows(
        *windows.image,
        channels,
        *windows.output,
        *windows.kernel,
        *windows.strides,
        *windows.before,
        places.astype(np.uint32).reshape(-1),
    )
