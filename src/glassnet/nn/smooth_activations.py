"""Activation functions without a kink, or with a smooth negative side."""

from __future__ import annotations

import math

import numpy as np

from glassnet.checks import flag, real
from glassnet.nn.activation import Activation
from glassnet.nn.error_function import normal_distribution
from glassnet.nn.layer import Cache
from glassnet.nn.threads import in_blocks


class GELU(Activation):
    """The Gaussian error linear unit, ``a = z Φ(z)``, Φ the normal distribution function.

    Parameters
    ----------
    approximate : bool
        Use ``z / 2 (1 + tanh(√(2/π) (z + 0.044715 z³)))`` instead, as networks such as GPT-2 do.

    Notes
    -----
    The derivative is ``Φ(z) + z φ(z)``, φ the density. Without `approximate` the function is exact
    to the precision of the dtype.

    References
    ----------
    Hendrycks, Gimpel, "Gaussian Error Linear Units", arXiv 1606.08415, section 2.

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.Network([gn.GELU()], input_shape=3).predict(np.array([[-1.0, 0.0, 1.0]])).round(4)
    array([[-0.1587,  0.    ,  0.8413]], dtype=float32)
    """

    fitting_initializer = "he_uniform"

    def __init__(self, approximate: bool = False) -> None:
        self.approximate = flag("approximate", approximate)

    def activate(self, z: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        slope = cache.array("slope", z.shape, z.dtype)
        formula = _tanh_gelu if self.approximate else _gelu
        in_blocks((z, out, slope), formula, cache, spare=4, worth_each=40.0)
        return out

    def chain(self, da: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        np.multiply(da, cache["slope"], out=out)
        return out


def _gelu(z: np.ndarray, out: np.ndarray, slope: np.ndarray, *spare: np.ndarray) -> None:
    """Write ``z Φ(z)`` to `out` and ``Φ(z) + z φ(z)`` to `slope`."""
    bounded, cdf, *work = spare
    bound = _FLAT[z.dtype.char]  # beyond it, Φ is 0 or 1 to any precision; infinity times 0 is not
    np.clip(z, -bound, bound, out=bounded)
    normal_distribution(bounded, cdf, slope, *work)
    slope *= bounded
    slope += cdf
    np.maximum(z, -bound, out=out)
    out *= cdf


def _tanh_gelu(z: np.ndarray, out: np.ndarray, slope: np.ndarray, *spare: np.ndarray) -> None:
    """Write the approximation to `out` and its derivative to `slope`."""
    bounded, square, half, inner = spare
    bound, factor, cubic = _FLAT[z.dtype.char], math.sqrt(2.0 / math.pi), 0.044715
    np.clip(z, -bound, bound, out=bounded)
    np.square(bounded, out=square)
    np.multiply(square, factor * cubic, out=inner)
    inner += factor
    inner *= bounded
    np.tanh(inner, out=half)
    np.square(half, out=slope)
    np.subtract(1.0, slope, out=slope)
    slope *= bounded
    np.multiply(square, 3.0 * factor * cubic, out=inner)
    inner += factor
    slope *= inner
    slope += half
    slope += 1.0
    slope *= 0.5  # (1 + t + z (1 - t²) ∂(inner)/∂z) / 2
    half += 1.0
    half *= 0.5
    np.maximum(z, -bound, out=out)
    out *= half


_FLAT = {"f": 15.0, "d": 40.0}
"""Where exp(-z²/2) is 0."""


class SiLU(Activation):
    """The sigmoid linear unit, or swish: ``a = z σ(z)``, σ the logistic sigmoid.

    Notes
    -----
    The derivative is ``σ(z) (1 + z (1 - σ(z)))``.

    References
    ----------
    Hendrycks, Gimpel, arXiv 1606.08415, section 4. Ramachandran, Zoph, Le, "Searching for
    Activation Functions", arXiv 1710.05941.

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.Network([gn.SiLU()], input_shape=3).predict(np.array([[-1.0, 0.0, 1.0]])).round(4)
    array([[-0.2689,  0.    ,  0.7311]], dtype=float32)
    """

    fitting_initializer = "he_uniform"

    def activate(self, z: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        slope = cache.array("slope", z.shape, z.dtype)
        in_blocks((z, out, slope), _silu, cache, spare=2, worth_each=20.0)
        return out

    def chain(self, da: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        np.multiply(da, cache["slope"], out=out)
        return out


def _silu(
    z: np.ndarray, out: np.ndarray, slope: np.ndarray, bounded: np.ndarray, sigmoid: np.ndarray
) -> None:
    """Write ``z σ(z)`` to `out` and ``σ(z) (1 + z (1 - σ(z)))`` to `slope`."""
    bound = 87.0 if z.dtype == np.float32 else 708.0  # exp does not overflow
    np.clip(z, -bound, bound, out=bounded)
    np.negative(bounded, out=sigmoid)
    np.exp(sigmoid, out=sigmoid)
    sigmoid += 1.0
    np.reciprocal(sigmoid, out=sigmoid)
    np.subtract(1.0, sigmoid, out=slope)
    slope *= bounded
    slope += 1.0
    slope *= sigmoid
    np.maximum(z, -bound, out=out)
    out *= sigmoid


class ELU(Activation):
    """The exponential linear unit: ``a = z`` above 0, ``alpha (exp(z) - 1)`` below.

    Parameters
    ----------
    alpha : float
        Minus the limit for very negative inputs, above 0.

    Notes
    -----
    The derivative is 1 above 0, and ``a + alpha`` at 0 and below.

    References
    ----------
    Clevert, Unterthiner, Hochreiter, "Fast and Accurate Deep Network Learning by Exponential Linear
    Units", arXiv 1511.07289, Eq. 15.

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.Network([gn.ELU()], input_shape=3).predict(np.array([[-1.0, 0.0, 1.0]])).round(4)
    array([[-0.6321,  0.    ,  1.    ]], dtype=float32)
    """

    fitting_initializer = "he_uniform"

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = real("alpha", alpha, above=0)

    def activate(self, z: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        alpha = self.alpha

        def work(z: np.ndarray, out: np.ndarray, negative: np.ndarray) -> None:
            np.minimum(z, 0.0, out=negative)
            np.expm1(negative, out=negative)
            negative *= alpha
            np.maximum(z, 0.0, out=out)
            out += negative

        in_blocks((z, out), work, cache, spare=1, worth_each=10.0)
        return out

    def chain(self, da: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        alpha = self.alpha

        def work(da: np.ndarray, a: np.ndarray, out: np.ndarray, above: np.ndarray) -> None:
            np.greater(a, 0.0, out=above)
            above *= 1.0 - alpha
            np.minimum(a, 0.0, out=out)
            out += alpha
            out += above
            out *= da

        in_blocks((da, cache["a"], out), work, cache, spare=1, worth_each=4.0)
        return out


class Softplus(Activation):
    """A smooth ReLU: ``a = log(1 + exp(z))``, always above 0.

    Notes
    -----
    It is computed as ``max(0, z) + log(1 + exp(-|z|))``, which does not overflow. The derivative is
    the logistic sigmoid, ``1 - exp(-a)``.

    References
    ----------
    Dugas et al., "Incorporating Second-Order Functional Knowledge for Better Option Pricing", NIPS
    2000, Eq. 3.

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.Network([gn.Softplus()], input_shape=3).predict(np.array([[-1.0, 0.0, 1.0]])).round(4)
    array([[0.3133, 0.6931, 1.3133]], dtype=float32)
    """

    def activate(self, z: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        in_blocks((z, out), _softplus, cache, spare=1, worth_each=20.0)
        return out

    def chain(self, da: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        in_blocks((da, cache["a"], out), _chain_softplus, cache, worth_each=10.0)
        return out


def _softplus(z: np.ndarray, out: np.ndarray, rest: np.ndarray) -> None:
    np.abs(z, out=rest)
    np.negative(rest, out=rest)
    np.exp(rest, out=rest)
    np.log1p(rest, out=rest)
    np.maximum(z, 0.0, out=out)
    out += rest


def _chain_softplus(da: np.ndarray, a: np.ndarray, out: np.ndarray) -> None:
    np.negative(a, out=out)
    np.expm1(out, out=out)
    np.negative(out, out=out)
    out *= da
