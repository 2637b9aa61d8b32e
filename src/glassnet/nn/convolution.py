"""Convolution: the same small filters at every place of an image."""

from __future__ import annotations

import numpy as np

from glassnet.checks import whole
from glassnet.nn.activation import Activation
from glassnet.nn.affine import Affine
from glassnet.nn.channel_rows import ChannelRows
from glassnet.nn.correlation import correlate, correlate_back, correlate_filters
from glassnet.nn.initializers import draw_filters
from glassnet.nn.layer import Cache, Parameter, Shape
from glassnet.nn.windows import Pair, Windows, checked_padding, checked_pair, windows_for


class Convolution(Affine):
    """What convolutions have in common besides: where their windows lie.

    The arguments are those of `Conv2D`.
    """

    def __init__(
        self,
        kernel_size: int | Pair,
        activation: str | Activation | None,
        *,
        strides: int | Pair,
        padding: str | int | Pair,
        dilation: int | Pair,
        use_bias: bool,
        weight_initializer: str | None,
        bias_initializer: str,
    ) -> None:
        super().__init__(
            activation,
            use_bias=use_bias,
            weight_initializer=weight_initializer,
            bias_initializer=bias_initializer,
        )
        self.kernel_size = checked_pair("kernel_size", kernel_size, at_least=1)
        self.strides = checked_pair("strides", strides, at_least=1)
        self.padding = checked_padding(padding)
        self.dilation = checked_pair("dilation", dilation, at_least=1)

    def _windows_on(self, input_shape: Shape) -> Windows:
        """Return where the windows lie on images of shape (height, width, channels)."""
        return windows_for(
            self,
            input_shape,
            kernel=self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            dilation=self.dilation,
        )


class Conv2D(Convolution):
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

    shares_products = True

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
        self.groups = whole("groups", groups, at_least=1)
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
        if self.filters % self.groups:
            raise ValueError(
                f"{self.groups} groups cannot share {self.filters} filters equally in {self!r}"
            )

    def build(self, input_shape: Shape) -> Shape:
        """Declare ``W`` and ``b`` for images of shape (height, width, channels)."""
        self.windows = self._windows_on(input_shape)
        channels = input_shape[2]
        if channels % self.groups:
            raise ValueError(
                f"{self!r} cannot divide the {channels} channels of shape {input_shape} into "
                f"{self.groups} groups of the same size"
            )
        filters, groups, inputs = self.filters, self.groups, channels // self.groups
        height, width = self.windows.kernel
        shape = (height, width, inputs, filters)
        # a function that held the layer would keep all of its memory alive
        weight = self._initialize_weight
        W = Parameter("W", shape, lambda rng: draw_filters(weight, rng, shape, groups))
        fans = height * width * inputs, height * width * filters // groups
        self._declare(W, filters, fans=fans)
        return (*self.windows.output, filters)

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:  # noqa: ARG002
        """Return ``z``, shape (batch, out_height, out_width, filters)."""
        cache["x"] = x
        z = cache.array("z", (len(x), *self.windows.output, self.filters), x.dtype)
        correlate(x, self.W.value, self.windows, z, groups=self.groups)
        if self.use_bias:
            ChannelRows(z).add(self.b.value)
        return z

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Overwrite ``dW`` and ``db``; return ``dx``, shape (batch, height, width, channels)."""
        x = cache["x"]
        correlate_filters(x, dy, self.windows, self.W.grad, groups=self.groups)
        if self.use_bias:
            self.b.grad[...] = ChannelRows(dy).sums()
        if not need_dx:
            return None
        dx = cache.gradient(x.shape, x.dtype)
        correlate_back(dy, self.W.value, self.windows, dx, groups=self.groups)
        return dx
