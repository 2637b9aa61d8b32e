"""Convolution: the same small filters at every place of an image."""

from __future__ import annotations

import numpy as np

from glassnet.checks import whole
from glassnet.names import lookup
from glassnet.nn.activation import Activation
from glassnet.nn.activations import Identity, activation_named
from glassnet.nn.initializers import INITIALIZERS, Initializer
from glassnet.nn.layer import Cache, Layer, Parameter, Shape
from glassnet.nn.lowering import correlate, correlate_back, correlate_filters
from glassnet.nn.windows import Pair, checked_padding, checked_pair, windows_for


class Conv2D(Layer):
    """Slide filters over an image: each output sees a small window of all channels.

    Parameters
    ----------
    filters : int
        Number of output channels, at least 1.
    kernel_size : int or (int, int)
        Height and width of the window.
    activation : str or Activation, optional
        What follows: a name such as ``"relu"``, or an activation's object. It is a layer of its
        own, which the network runs after this one.
    strides : int or (int, int)
        How far the windows are apart.
    padding : {"valid", "same"}, int or (int, int)
        Zeros around the image. ``"valid"``: none. ``"same"``: so many that there are
        ceil(size / stride) windows; where their number is odd, one more below and on the right (as
        in TensorFlow and Keras). A number: so many on each side (as in PyTorch).
    dilation : int or (int, int)
        How far the pixels of a window are apart.
    groups : int
        Inputs and filters are divided into so many groups; a filter sees its group's inputs alone.
    use_bias : bool
        Whether each filter has a bias. Before a batch normalisation it has no effect.
    weight_initializer : str, optional
        A name in `INITIALIZERS`. By default the one that fits the activation: ``"he_uniform"`` for
        the ReLU family, ``"glorot_uniform"`` otherwise.
    bias_initializer : str
        A name in `INITIALIZERS`.

    Raises
    ------
    ValueError
        For an unknown name or a number out of range; in `build`, if the input is no image, the
        kernel does not fit on it, or the groups do not divide its channels.

    Notes
    -----
    For an image ``x`` of shape (height, width, channels), padded,
    ``z[p, q, f] = Σ_{i, j, c} x[s p + d i, s q + d j, c] W[i, j, c, f] + b[f]``: a correlation, as
    in all libraries. Parameters: ``W``, shape (kernel_height, kernel_width, channels / groups,
    filters), and ``b``, shape (filters,).

    References
    ----------
    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.1 and 9.5. Lowering to a matrix
    product: Chellapilla, Puri, Simard, "High Performance Convolutional Neural Networks for Document
    Processing", 2006.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Conv2D(16, 3, "relu")], input_shape=(28, 28, 1))
    >>> network.output_shape, network.theta.size
    ((26, 26, 16), 160)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Pair,
        activation: str | Activation | None = None,
        *,
        strides: int | Pair = 1,
        padding: str | int | Pair = "valid",
        dilation: int | Pair = 1,
        groups: int = 1,
        use_bias: bool = True,
        weight_initializer: str | None = None,
        bias_initializer: str = "zeros",
    ) -> None:
        self.filters = whole("filters", filters, at_least=1)
        self.kernel_size = checked_pair("kernel_size", kernel_size, at_least=1)
        self.activation = activation_named(activation)
        self.strides = checked_pair("strides", strides, at_least=1)
        self.padding = checked_padding(padding)
        self.dilation = checked_pair("dilation", dilation, at_least=1)
        self.groups = whole("groups", groups, at_least=1)
        self.use_bias = bool(use_bias)
        self.weight_initializer = weight_initializer
        self.bias_initializer = bias_initializer
        if weight_initializer is None:
            weight_initializer = (self.activation or Identity()).fitting_initializer
        self._initialize_weight = lookup(INITIALIZERS, weight_initializer, "initializer")
        self._initialize_bias = lookup(INITIALIZERS, bias_initializer, "initializer")
        if self.filters % self.groups:
            raise ValueError(
                f"{self.groups} groups cannot share {self.filters} filters equally in {self!r}"
            )

    @property
    def parts(self) -> tuple[Layer, ...]:
        """The convolution, then the activation if there is one."""
        return (self,) if self.activation is None else (self, self.activation)

    def build(self, input_shape: Shape) -> Shape:
        """Declare ``W`` and ``b`` for images of shape (height, width, channels)."""
        self.windows = windows_for(
            self,
            input_shape,
            kernel=self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            dilation=self.dilation,
        )
        channels = input_shape[2]
        if channels % self.groups:
            raise ValueError(
                f"{self!r} cannot divide the {channels} channels of shape {input_shape} into "
                f"{self.groups} groups of the same size"
            )
        shape = (*self.windows.kernel, channels // self.groups, self.filters)
        self._declare(shape, self.groups)
        return (*self.windows.output, self.filters)

    def _declare(self, shape: Shape, groups: int) -> None:
        height, width, inputs, filters = shape
        fans = height * width * inputs, height * width * filters // groups
        self.W = Parameter(
            "W", shape, lambda rng: _draw(self._initialize_weight, rng, shape, groups)
        )
        self.b = Parameter(
            "b",
            (filters,),
            lambda rng: self._initialize_bias(rng, (filters,), *fans),
            decays=False,
        )
        self.parameters = (self.W, self.b) if self.use_bias else (self.W,)

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:  # noqa: ARG002
        """Return ``z``, shape (batch, out_height, out_width, filters)."""
        cache["x"] = x
        z = cache.array("z", (len(x), *self.windows.output, self.filters), x.dtype)
        correlate(x, self.W.value, self.windows, z, groups=self.groups)
        if self.use_bias:
            z += self.b.value
        return z

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Overwrite ``dW`` and ``db``; return ``dx``, shape (batch, height, width, channels)."""
        x = cache["x"]
        correlate_filters(x, dy, self.windows, self.W.grad, groups=self.groups)
        if self.use_bias:
            np.add.reduce(dy.reshape(-1, self.filters), axis=0, out=self.b.grad)
        if not need_dx:
            return None
        dx = cache.array("dx", x.shape, x.dtype)
        correlate_back(dy, self.W.value, self.windows, dx, groups=self.groups)
        return dx


class DepthwiseConv2D(Layer):
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
        self.kernel_size = checked_pair("kernel_size", kernel_size, at_least=1)
        self.activation = activation_named(activation)
        self.multiplier = whole("multiplier", multiplier, at_least=1)
        self.strides = checked_pair("strides", strides, at_least=1)
        self.padding = checked_padding(padding)
        self.dilation = checked_pair("dilation", dilation, at_least=1)
        self.use_bias = bool(use_bias)
        self.weight_initializer = weight_initializer
        self.bias_initializer = bias_initializer
        if weight_initializer is None:
            weight_initializer = (self.activation or Identity()).fitting_initializer
        self._initialize_weight = lookup(INITIALIZERS, weight_initializer, "initializer")
        self._initialize_bias = lookup(INITIALIZERS, bias_initializer, "initializer")

    @property
    def parts(self) -> tuple[Layer, ...]:
        """The convolution, then the activation if there is one."""
        return (self,) if self.activation is None else (self, self.activation)

    def build(self, input_shape: Shape) -> Shape:
        """Declare ``W`` and ``b`` for images of shape (height, width, channels)."""
        self.windows = windows_for(
            self,
            input_shape,
            kernel=self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            dilation=self.dilation,
        )
        channels, (height, width) = input_shape[2], self.windows.kernel
        self._filters = channels * self.multiplier
        fans = height * width, height * width * self.multiplier
        shape = (height, width, channels, self.multiplier)
        grouped = (height, width, 1, self._filters)
        self.W = Parameter(
            "W",
            shape,
            lambda rng: _draw(self._initialize_weight, rng, grouped, channels).reshape(shape),
        )
        self.b = Parameter(
            "b",
            (self._filters,),
            lambda rng: self._initialize_bias(rng, (self._filters,), *fans),
            decays=False,
        )
        self.parameters = (self.W, self.b) if self.use_bias else (self.W,)
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
            np.add.reduce(dy.reshape(-1, self._filters), axis=0, out=self.b.grad)
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
        dx = cache.array("dx", (len(dy), *windows.image, W.shape[2]), dy.dtype)
        np.copyto(dx, dpadded[windows.inside])
        return dx


def _draw(
    initialize: Initializer, rng: np.random.Generator, shape: Shape, groups: int
) -> np.ndarray:
    """Return the filters of all groups, each group drawn for its own inputs and outputs."""
    height, width, inputs, filters = shape
    area, share = height * width, filters // groups
    of_group = (height, width, inputs, share)
    return np.concatenate(
        [initialize(rng, of_group, area * inputs, area * share) for _ in range(groups)], axis=3
    )
