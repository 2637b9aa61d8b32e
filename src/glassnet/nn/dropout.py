"""Dropout: in training, each number is left out with some probability."""

from __future__ import annotations

import numpy as np

from glassnet.checks import real
from glassnet.nn.layer import Cache, Layer, Shape
from glassnet.nn.windows import image_shape


class Dropout(Layer):
    """In training, set each number to 0 with probability `rate`; scale the rest up.

    The rest is divided by 1 - `rate`, so that the mean stays and nothing has to be done when the
    network predicts ("inverted" dropout).

    Parameters
    ----------
    rate : float
        Probability of being left out, in [0, 1).

    Notes
    -----
    ``y = x ⊙ m / (1 - rate)``, where each entry of ``m`` is 1 with probability 1 - rate, else 0; it
    is drawn from the generator of the pass, and the backward pass uses the same.

    References
    ----------
    Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15,
    2014, section 4 and 10.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Dropout(0.5)], input_shape=4)
    >>> network.predict(np.ones((1, 4)))
    array([[1., 1., 1., 1.]], dtype=float32)
    >>> network.forward(np.ones((1, 4), np.float32), training=True)
    array([[2., 2., 2., 0.]], dtype=float32)
    """

    def __init__(self, rate: float) -> None:
        self.rate = real("rate", rate, at_least=0, below=1)

    def build(self, input_shape: Shape) -> Shape:
        """Return the same shape."""
        return input_shape

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:
        """Return the input, with holes if in training."""
        return _drop(x, x.shape, self.rate if training else 0.0, cache)

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Return the gradient with the same holes."""
        return _dropped(dy, cache) if need_dx else None


class SpatialDropout2D(Layer):
    """In training, leave out whole channels of an image with probability `rate`.

    Neighbouring pixels of a channel say nearly the same: leaving out some of them takes little
    away, leaving out the channel does.

    Parameters
    ----------
    rate : float
        Probability of being left out, in [0, 1). As in `Dropout`, the rest is divided by 1 - rate.

    References
    ----------
    Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR 2015, section
    3.2.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.SpatialDropout2D(0.5)], input_shape=(2, 2, 2))
    >>> network.forward(np.ones((1, 2, 2, 2), np.float32), training=True)[0, :, :, 0]
    array([[2., 2.],
           [2., 2.]], dtype=float32)
    """

    def __init__(self, rate: float) -> None:
        self.rate = real("rate", rate, at_least=0, below=1)

    def build(self, input_shape: Shape) -> Shape:
        """Return the same shape."""
        image_shape(self, input_shape)
        return input_shape

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:
        """Return the images, some channels empty if in training."""
        one_a_channel = (len(x), 1, 1, x.shape[-1])
        return _drop(x, one_a_channel, self.rate if training else 0.0, cache)

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Return the gradient with the same channels empty."""
        return _dropped(dy, cache) if need_dx else None


def _drop(x: np.ndarray, shape: Shape, rate: float, cache: Cache) -> np.ndarray:
    """Return ``x ⊙ m / (1 - rate)`` with a mask of this shape; `x` itself if the rate is 0."""
    cache["dropping"] = rate > 0.0
    if rate == 0.0:
        return x
    mask = cache.array("mask", shape, x.dtype)
    # the same numbers for both dtypes, and half the random bits of float64
    drawn = cache.rng.random(shape, np.float32)
    np.multiply(drawn >= np.float32(rate), 1.0 / (1.0 - rate), out=mask, casting="same_kind")
    y = cache.array("y", x.shape, x.dtype)
    np.multiply(x, mask, out=y)
    return y


def _dropped(dy: np.ndarray, cache: Cache) -> np.ndarray:
    if not cache["dropping"]:
        return dy
    dx = cache.gradient(dy.shape, dy.dtype)
    np.multiply(dy, cache["mask"], out=dx)
    return dx
