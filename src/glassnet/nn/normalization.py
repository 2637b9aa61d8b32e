"""Layers that give their inputs mean 0 and variance 1: over the batch, or over each example."""

from __future__ import annotations

import math

import numpy as np

from glassnet.checks import flag, real
from glassnet.nn.channel_rows import ChannelRows
from glassnet.nn.layer import Cache, Layer, Parameter, Shape


class BatchNormalization(Layer):
    """Give each channel mean 0 and variance 1 over the batch, then a scale and shift to learn.

    In training, mean and variance are those of the batch, over all examples and pixels. Otherwise
    they are running means of what the batches had, which are saved with the network.

    Parameters
    ----------
    momentum : float
        The part of the running statistics that stays at each step, in [0, 1):
        ``running = momentum running + (1 - momentum) batch``. This is the momentum of Keras;
        PyTorch's is 1 - ours.
    epsilon : float
        Added to the variance, above 0.
    scale, center : bool
        Whether there are a ``gamma`` and a ``beta``.

    Notes
    -----
    ``y = gamma (x - mean) / sqrt(variance + epsilon) + beta`` for each entry of the last axis.
    The batch is normalised by its own variance, and the running one takes the unbiased estimate
    (divided by m - 1), as in PyTorch. With ``x̂`` the normalised input and means over the m numbers
    of a channel, ``dx = gamma / sqrt(variance + epsilon) (dy - mean(dy) - x̂ mean(dy x̂))``.
    A training pass needs two numbers for a channel: two examples where they are vectors.

    Parameters: ``gamma``, ``beta``, shape (channels,). State: ``running_mean``,
    ``running_variance``, shape (channels,).

    References
    ----------
    Ioffe, Szegedy, "Batch Normalization", arXiv 1502.03167, Algorithm 1 and 2.

    Examples
    --------
    >>> import glassnet as gn
    >>> layer = gn.BatchNormalization()
    >>> network = gn.Network([layer], input_shape=1)
    >>> x = np.array([[1.0], [3.0]], np.float32)
    >>> network.forward(x, training=True).round(4).tolist()
    [[-1.0], [1.0]]
    >>> layer.running_mean.round(4).tolist(), layer.running_variance.round(4).tolist()
    ([0.2], [1.1])
    """

    def __init__(
        self,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        *,
        scale: bool = True,
        center: bool = True,
    ) -> None:
        self.momentum = real("momentum", momentum, at_least=0, below=1)
        self.epsilon = real("epsilon", epsilon, above=0)
        self.scale = flag("scale", scale)
        self.center = flag("center", center)

    def build(self, input_shape: Shape) -> Shape:
        """Declare ``gamma`` and ``beta``, and the running statistics."""
        self.gamma, self.beta = _scale_and_shift(input_shape[-1:])
        self.parameters = (self.gamma,) * self.scale + (self.beta,) * self.center
        self.running_mean = np.broadcast_to(0.0, input_shape[-1:])
        self.running_variance = np.broadcast_to(1.0, input_shape[-1:])
        self.least = {"running_variance": 0.0}
        self.least_batch = 2 if math.prod(input_shape[:-1]) == 1 else 1
        return input_shape

    @property
    def state(self) -> dict[str, np.ndarray]:
        """The running statistics."""
        return {"running_mean": self.running_mean, "running_variance": self.running_variance}

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:
        """Return the normalised input; in training, take the batch into the running statistics."""
        rows = ChannelRows(x)
        if training:
            if rows.count < 2:
                raise ValueError(
                    f"{self!r} needs two numbers or more of each channel to train on, got an array "
                    f"of shape {x.shape}; take a larger batch"
                )
            mean, variance = rows.moments()
            self.take_in(mean, variance, rows.count)
        else:
            mean, variance = self.running_mean, self.running_variance
        rate = 1.0 / np.sqrt(variance + self.epsilon)
        cache["x"], cache["of_batch"], cache["mean"], cache["rate"] = x, training, mean, rate
        factor = rows.wide(rate * self.gamma.value if self.scale else rate)
        mean, beta = rows.wide(mean), rows.wide(self.beta.value if self.center else 0.0 * mean)
        y = cache.array("y", x.shape, x.dtype)

        def normalize(x: np.ndarray, y: np.ndarray) -> None:
            np.subtract(x, mean, out=y)
            y *= factor
            y += beta

        rows.each((x, y), normalize)
        return y

    def take_in(self, mean: np.ndarray, variance: np.ndarray, m: int) -> None:
        """Move the running statistics towards those of a batch with m numbers a channel.

        Parameters
        ----------
        mean, variance : ndarray, shape (channels,)
            The variance is the biased one, divided by m.
        m : int
        """
        stays = self.momentum
        self.running_mean *= stays
        self.running_mean += (1.0 - stays) * mean
        self.running_variance *= stays
        self.running_variance += (1.0 - stays) * m / (m - 1) * variance

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Overwrite the gradients by ``gamma`` and ``beta``; return that by the input."""
        x, mean, rate = cache["x"], cache["mean"], cache["rate"]
        rows = ChannelRows(x)
        by_beta, along = rows.sums_along(dy, mean)  # Σ dy, Σ dy (x - mean)
        if self.scale:
            np.multiply(along, rate, out=self.gamma.grad, casting="same_kind")
        if self.center:
            self.beta.grad[...] = by_beta
        if not need_dx:
            return None
        factor = rate * self.gamma.value if self.scale else rate
        if not cache["of_batch"]:  # mean and variance were constants
            by_beta, along = 0.0 * by_beta, 0.0 * along
        # dx = factor (dy - mean(dy) - (x - mean) rate² mean(dy (x - mean)))
        tilt = rows.wide(-factor * np.square(rate) * along / rows.count)
        shift = rows.wide(-factor * by_beta / rows.count)
        mean, factor = rows.wide(mean), rows.wide(factor)
        dx = cache.gradient(x.shape, x.dtype)

        def differentiate(x: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
            np.subtract(x, mean, out=dx)
            dx *= tilt
            dx += shift
            dx += dy * factor

        rows.each((x, dy, dx), differentiate)
        return dx


class LayerNormalization(Layer):
    """Give each example mean 0 and variance 1 over its last axis, then a scale and shift to learn.

    It does the same in training and after it, and examples don't influence each other.

    Parameters
    ----------
    epsilon : float
        Added to the variance, above 0.
    scale, center : bool
        Whether there are a ``gamma`` and a ``beta``.

    Notes
    -----
    ``y = gamma (x - mean) / sqrt(variance + epsilon) + beta``, mean and variance over the last
    axis: of an image, each pixel is normalised over its channels. Parameters: ``gamma``, ``beta``,
    shape (features,).

    References
    ----------
    Ba, Kiros, Hinton, "Layer Normalization", arXiv 1607.06450, Eq. 3.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.LayerNormalization()], input_shape=2)
    >>> network.predict(np.array([[1.0, 3.0], [10.0, 50.0]])).round(4).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """

    def __init__(self, epsilon: float = 1e-5, *, scale: bool = True, center: bool = True) -> None:
        self.epsilon = real("epsilon", epsilon, above=0)
        self.scale = flag("scale", scale)
        self.center = flag("center", center)

    def build(self, input_shape: Shape) -> Shape:
        """Declare ``gamma`` and ``beta``."""
        self.gamma, self.beta = _scale_and_shift(input_shape[-1:])
        self.parameters = (self.gamma,) * self.scale + (self.beta,) * self.center
        return input_shape

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:  # noqa: ARG002
        """Return the normalised input."""
        normalized = cache.array("normalized", x.shape, x.dtype)
        np.subtract(x, x.mean(axis=-1, keepdims=True), out=normalized)
        variance = np.square(normalized).mean(axis=-1, keepdims=True)
        cache["rate"] = rate = 1.0 / np.sqrt(variance + x.dtype.type(self.epsilon))
        normalized *= rate
        if not (self.scale or self.center):
            return normalized
        y = cache.array("y", x.shape, x.dtype)
        np.multiply(normalized, self.gamma.value if self.scale else 1.0, out=y)
        if self.center:
            y += self.beta.value
        return y

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Overwrite the gradients by ``gamma`` and ``beta``; return that by the input."""
        normalized = cache["normalized"]
        dx = cache.gradient(dy.shape, dy.dtype)
        axes = tuple(range(dy.ndim - 1))
        if self.center:
            np.add.reduce(dy, axis=axes, out=self.beta.grad)
        if self.scale:
            np.add.reduce(np.multiply(dy, normalized, out=dx), axis=axes, out=self.gamma.grad)
        if not need_dx:
            return None
        # as batch normalisation, but over the last axis, and gamma comes before the means
        np.multiply(dy, self.gamma.value if self.scale else 1.0, out=dx)
        mean = dx.mean(axis=-1, keepdims=True)
        along = (dx * normalized).mean(axis=-1, keepdims=True)
        dx -= mean
        dx -= normalized * along
        dx *= cache["rate"]
        return dx


def _scale_and_shift(shape: Shape) -> tuple[Parameter, Parameter]:
    """Return ``gamma`` and ``beta``, not declared yet."""
    return (
        Parameter("gamma", shape, lambda rng: np.ones(shape), decays=False),  # noqa: ARG005
        Parameter("beta", shape, lambda rng: np.zeros(shape), decays=False),  # noqa: ARG005
    )
