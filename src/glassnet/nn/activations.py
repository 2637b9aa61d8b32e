"""Activation functions.

Each works elementwise on the pre-activation ``z`` (softmax: along the last axis) and keeps its
shape. Derivatives are written in terms of the output where that is cheaper: the sigmoid's
``a (1 - a)`` needs no second exponential.
"""

from __future__ import annotations

import math

import numpy as np

from glassnet.checks import real
from glassnet.names import lookup
from glassnet.nn.activation import Activation
from glassnet.nn.layer import Cache, Parameter, Shape
from glassnet.nn.smooth_activations import ELU, GELU, SiLU, Softplus
from glassnet.nn.threads import in_blocks


class Identity(Activation):
    """Leave the pre-activation as it is: ``a = z``. The output of a regression.

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.Network([gn.Identity()], input_shape=2).predict([[-1.0, 2.0]]).tolist()
    [[-1.0, 2.0]]
    """

    def activate(self, z: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        np.copyto(out, z)
        return out

    def chain(self, da: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        np.copyto(out, da)
        return out


class Sigmoid(Activation):
    """The logistic sigmoid, ``a = 1 / (1 + exp(-z))``, in (0, 1).

    Notes
    -----
    The exponent is bounded so that the smallest activation is the smallest normal number of the
    dtype: nothing overflows, and no subnormal numbers slow down what follows.

    References
    ----------
    The thesis, Eq. 10.

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.Network([gn.Sigmoid()], input_shape=3).predict(np.array([[-2.0, 0.0, 2.0]])).round(4)
    array([[0.1192, 0.5   , 0.8808]], dtype=float32)
    """

    def activate(self, z: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        lowest, one = _LOWEST[z.dtype.char], _ONE[z.dtype.char]
        np.maximum(z, lowest, out=out)
        np.negative(out, out=out)
        np.exp(out, out=out)
        out += one
        np.reciprocal(out, out=out)  # (Eq. 10)
        return out

    def chain(self, da: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        a, one = cache["a"], _ONE[da.dtype.char]
        np.subtract(one, a, out=out)  # (Eq. 12) (Eq. 13): da ⊙ σ'(z), with σ' = a (1 - a)
        out *= a
        out *= da
        return out


# Arrays, not numbers: NumPy takes longer to convert a number than to calculate with a small batch.
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
_ONE = {dtype.char: np.array(1.0, dtype) for dtype in _FLOATS}
_LOWEST = {dtype.char: np.array(math.log(np.finfo(dtype).tiny) + 1e-4, dtype) for dtype in _FLOATS}


class Tanh(Activation):
    """The hyperbolic tangent, in (-1, 1); its derivative is ``1 - a²``.

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.Network([gn.Tanh()], input_shape=3).predict(np.array([[-1.0, 0.0, 1.0]])).round(4)
    array([[-0.7616,  0.    ,  0.7616]], dtype=float32)
    """

    def activate(self, z: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        np.tanh(z, out=out)
        return out

    def chain(self, da: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        a, one = cache["a"], _ONE[da.dtype.char]
        np.multiply(a, a, out=out)
        np.subtract(one, out, out=out)
        out *= da
        return out


class ReLU(Activation):
    """The rectified linear unit, ``a = max(0, z)``; the derivative at 0 is 0.

    References
    ----------
    The thesis, Eq. 8.

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.Network([gn.ReLU()], input_shape=3).predict([[-1.0, 0.0, 2.0]]).tolist()
    [[0.0, 0.0, 2.0]]
    """

    fitting_initializer = "he_uniform"

    def activate(self, z: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        in_blocks((z, out), _relu, cache)
        return out

    def chain(self, da: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        positive = cache.array("positive", da.shape, np.bool_)
        in_blocks((da, cache["a"], positive, out), _chain_relu, cache)
        return out


def _relu(z: np.ndarray, out: np.ndarray) -> None:
    np.maximum(z, 0.0, out=out)  # (Eq. 8)


def _chain_relu(da: np.ndarray, a: np.ndarray, positive: np.ndarray, out: np.ndarray) -> None:
    np.greater(a, 0.0, out=positive)
    np.multiply(da, positive, out=out)


class LeakyReLU(Activation):
    """A ReLU that lets a fixed part of the negative side through; the derivative at 0 is 1.

    Parameters
    ----------
    slope : float
        Slope for negative inputs, in [0, 1).

    References
    ----------
    Maas, Hannun, Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013.

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.Network([gn.LeakyReLU(0.25)], input_shape=3).predict([[-2.0, 0.0, 2.0]]).tolist()
    [[-0.5, 0.0, 2.0]]
    """

    fitting_initializer = "he_uniform"

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = real("slope", slope, at_least=0, below=1)

    def activate(self, z: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        cache["z"] = z
        np.multiply(z, self.slope, out=out)
        np.maximum(z, out, out=out)
        return out

    def chain(self, da: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        positive = cache.array("positive", da.shape, np.bool_)
        np.greater_equal(cache["z"], 0.0, out=positive)
        np.maximum(positive, self.slope, out=out, dtype=out.dtype)  # σ' is 1 or the slope
        out *= da
        return out


class PReLU(Activation):
    """A ReLU whose slope on the negative side is learned; the derivative at 0 is 1.

    Parameters
    ----------
    slope : float
        Slope for negative inputs at the start.
    shared : bool
        One slope for all features, or one for each (for each channel of an image).

    Notes
    -----
    Parameter: ``slope``, shape (1,) or (features,). Weight decay leaves it alone, as in
    the paper.

    References
    ----------
    The thesis, Eq. 9. He et al., arXiv 1502.01852, section 2.1.

    Examples
    --------
    >>> import glassnet as gn
    >>> layer = gn.PReLU(slope=0.5, shared=False)
    >>> network = gn.Network([layer], input_shape=2)
    >>> network.predict([[-2.0, 2.0]]).tolist(), layer.a.value.tolist()
    ([[-1.0, 2.0]], [0.5, 0.5])
    """

    fitting_initializer = "he_uniform"

    def __init__(self, slope: float = 0.25, *, shared: bool = True) -> None:
        self.slope = real("slope", slope)
        self.shared = bool(shared)

    def build(self, input_shape: Shape) -> Shape:
        """Declare ``slope``."""
        shape = (1,) if self.shared else input_shape[-1:]
        slope = self.slope  # a function that held the layer would keep all of its memory alive
        self.a = Parameter(
            "slope",
            shape,
            lambda rng: np.full(shape, slope),  # noqa: ARG005
            decays=False,
        )
        self.parameters = (self.a,)
        return input_shape

    def activate(self, z: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        cache["z"] = z
        negative = cache.array("negative", z.shape, z.dtype)
        np.minimum(z, 0.0, out=negative)
        negative *= self.a.value
        np.maximum(z, 0.0, out=out)
        out += negative  # (Eq. 9): max(0, z) + slope ⊙ min(0, z)
        return out

    def chain(self, da: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        sloped = cache.array("sloped", da.shape, np.bool_)
        negative = cache["negative"]
        np.less(cache["z"], 0.0, out=sloped)
        np.multiply(da, sloped, out=negative)  # da where z < 0, else 0
        np.subtract(da, negative, out=out)  # and the other way round
        negative *= self.a.value
        out += negative
        return out

    def parameter_gradients(self, da: np.ndarray, cache: Cache) -> None:
        by_slope = cache["negative"]
        np.minimum(cache["z"], 0.0, out=by_slope)  # ∂a/∂slope = min(0, z)
        by_slope *= da
        rows = by_slope.reshape(-1, self.a.value.size)
        np.add.reduce(rows, axis=0, out=self.a.grad)


class Softmax(Activation):
    """Turn the last axis into probabilities, ``a_i = exp(z_i) / Σ_j exp(z_j)``.

    Notes
    -----
    The largest ``z`` of each example is subtracted first, which changes nothing and keeps the
    exponentials finite.

    References
    ----------
    Bishop, "Pattern Recognition and Machine Learning", 2006, Eq. 4.104 to 4.106.

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.Network([gn.Softmax()], input_shape=3).predict(np.log([[1.0, 2.0, 5.0]])).round(4)
    array([[0.125, 0.25 , 0.625]], dtype=float32)
    """

    def activate(self, z: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        largest = cache.array("largest", (*z.shape[:-1], 1), z.dtype)
        total = cache.array("total", (*z.shape[:-1], 1), z.dtype)
        np.maximum.reduce(z, axis=-1, keepdims=True, out=largest)
        np.subtract(z, largest, out=out)
        np.exp(out, out=out)
        np.add.reduce(out, axis=-1, keepdims=True, out=total)
        out /= total
        return out

    def chain(self, da: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        a = cache["a"]
        mean = cache.array("mean", (*da.shape[:-1], 1), da.dtype)  # of da, weighted by a
        np.multiply(da, a, out=out)
        np.add.reduce(out, axis=-1, keepdims=True, out=mean)
        np.subtract(da, mean, out=out)
        out *= a
        return out


ACTIVATIONS: dict[str, type[Activation]] = {
    "elu": ELU,
    "gelu": GELU,
    "identity": Identity,
    "leaky_relu": LeakyReLU,
    "prelu": PReLU,
    "relu": ReLU,
    "sigmoid": Sigmoid,
    "silu": SiLU,
    "softmax": Softmax,
    "softplus": Softplus,
    "tanh": Tanh,
}
"""Activations by name."""


def activation_named(activation: str | Activation | None) -> Activation | None:
    """Return the activation that a name stands for; objects and None pass through.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If it is neither a name nor an activation.
    """
    if activation is None or isinstance(activation, Activation):
        return activation
    if not isinstance(activation, str):
        raise TypeError(f"activation must be a name or an Activation, got {activation!r}")
    return lookup(ACTIVATIONS, activation, "activation")()
