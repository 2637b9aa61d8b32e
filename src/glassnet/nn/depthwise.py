"""Convolution of each channel by itself."""

from __future__ import annotations

import numpy as np

from glassnet.checks import whole
from glassnet.nn.activation import Activation
from glassnet.nn.channel_rows import ChannelRows
from glassnet.nn.convolution import Convolution
from glassnet.nn.initializers import draw_filters
from glassnet.nn.layer import Cache, Parameter, Shape
from glassnet.nn.windows import Pair


class DepthwiseConv2D(Convolution):
    """A convolution of each channel by itself.

    Followed by a 1x1 `Conv2D`, which mixes the channels, it does much of what a full convolution
    does with far fewer multiplications.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Height and width of the window.
    activation : str or Activation, optional
        As in `Conv2D`.
    multiplier : int
        Filters for each channel. The output has channels * multiplier channels: those of the first
        input channel come first.
    strides, padding, dilation, use_bias, weight_initializer, bias_initializer
        As in `Conv2D`.

    Notes
    -----
    ``z[p, q, c m + k] = Σ_{i, j} x[s p + d i, s q + d j, c] W[i, j, c, k] + b[c m + k]`` with the
    multiplier ``m``. Parameters: ``W``, shape (kernel_height, kernel_width, channels, multiplier),
    and ``b``, shape (channels * multiplier,).

    References
    ----------
    Howard et al., "MobileNets", arXiv 1704.04861, Eq. 3. Chollet, "Xception", arXiv 1610.02357.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.DepthwiseConv2D(3), gn.Conv2D(32, 1)], input_shape=(16, 16, 8))
    >>> network.output_shape, network.theta.size
    ((14, 14, 32), 368)
    """

    def __init__(
        self,
        kernel_size: int | Pair,
        activation: str | Activation | None = None,
        *,
        multiplier: int = 1,
        strides: int | Pair = 1,
        padding: str | int | Pair = "valid",
        dilation: int | Pair = 1,
        use_bias: bool = True,
        weight_initializer: str | None = None,
        bias_initializer: str = "zeros",
    ) -> None:
        super().__init__(
            kernel_size,
            activation,
            strides=strides,
            padding=padding,
            dilation=dilation,
            use_bias=use_bias,
            weight_initializer=weight_initializer,
            bias_initializer=bias_initializer,
        )
        self.multiplier = whole("multiplier", multiplier, at_least=1)

    def build(self, input_shape: Shape) -> Shape:
        """Declare ``W`` and ``b`` for images of shape (height, width, channels)."""
        self.windows = self._windows_on(input_shape)
        channels, (height, width) = input_shape[2], self.windows.kernel
        self._filters = filters = channels * self.multiplier
        shape = (height, width, channels, self.multiplier)
        grouped = (height, width, 1, filters)
        # a function that held the layer would keep all of its memory alive
        weight = self._initialize_weight
        W = Parameter(
            "W",
            shape,
            lambda rng: draw_filters(weight, rng, grouped, channels).reshape(shape),
            unit_axes=2,
        )
        self._declare(W, filters, fans=(height * width, height * width * self.multiplier))
        return (*self.windows.output, self._filters)

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:  # noqa: ARG002
        """Return ``z``, shape (batch, out_height, out_width, channels * multiplier)."""
        windows, W = self.windows, self.W.value
        padded = cache["padded_x"] = windows.pad(x, cache, "padded")
        z = cache.array("z", (len(x), *windows.output, self._filters), x.dtype)
        by_channel = z.reshape(*z.shape[:3], x.shape[3], self.multiplier)
        product = cache.array("product", by_channel.shape, x.dtype)
        by_channel[...] = self.b.value.reshape(W.shape[2:]) if self.use_bias else 0.0
        for i, j in np.ndindex(windows.kernel):
            pixels = windows.at(padded, i, j)[..., np.newaxis]
            by_channel += np.multiply(pixels, W[i, j], out=product)
        return z

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Overwrite ``dW`` and ``db``; return ``dx``, shape (batch, height, width, channels)."""
        windows, W, padded = self.windows, self.W.value, cache["padded_x"]
        by_channel = dy.reshape(*dy.shape[:3], *W.shape[2:])
        if self.use_bias:
            self.b.grad[...] = ChannelRows(dy).sums()
        dpadded = cache.array("dpadded", padded.shape, dy.dtype)
        dpadded[...] = 0.0
        for i, j in np.ndindex(windows.kernel):
            pixels = windows.at(padded, i, j)
            self.W.grad[i, j] = np.einsum("npqc,npqck->ck", pixels, by_channel)
            if need_dx:
                entry = windows.at(dpadded, i, j)
                entry += np.einsum("npqck,ck->npqc", by_channel, W[i, j])
        if not need_dx:
            return None
        dx = cache.gradient((len(dy), *windows.image, W.shape[2]), dy.dtype)
        np.copyto(dx, dpadded[windows.inside])
        return dx
