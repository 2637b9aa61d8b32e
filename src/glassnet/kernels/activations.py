"""Activations and their derivatives, number by number, as parts of passes that do more.

A pass over images costs the memory that it reads and writes, so that an activation is computed
where its pre-activation is. Which one is a type of its own: each pass is compiled once for each.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numba import types
from numba.extending import overload
from numba.np.numpy_support import as_dtype

from glassnet.kernels.compilation import SETTINGS
from glassnet.kernels.elementwise import exp, tanh

_EXACT: Any = SETTINGS | {"fastmath": {"contract", "nsz"}}


class Identity(NamedTuple):
    """``z``."""

    slope: float = 0.0


class ReLU(NamedTuple):
    """``max(0, z)``; the derivative at 0 is 0."""

    slope: float = 0.0


class LeakyReLU(NamedTuple):
    """``z``, times the slope where it is negative; the derivative at 0 is 1."""

    slope: float = 0.0


class ELU(NamedTuple):
    """``z``, or ``slope (exp(z) - 1)`` where it is negative."""

    slope: float = 1.0


class Sigmoid(NamedTuple):
    """``1 / (1 + exp(-z))``."""

    slope: float = 0.0


class Tanh(NamedTuple):
    """``tanh(z)``."""

    slope: float = 0.0


class SiLU(NamedTuple):
    """``z / (1 + exp(-z))``."""

    slope: float = 0.0


class GELU(NamedTuple):
    """``z Φ(z)``, where ``Φ`` is the normal distribution's."""

    slope: float = 0.0


class TanhGELU(NamedTuple):
    """``z (1 + tanh(√(2/π) (z + 0.044715 z³))) / 2``."""

    slope: float = 0.0


Kind: TypeAlias = Identity | ReLU | LeakyReLU | ELU | Sigmoid | Tanh | SiLU | GELU | TanhGELU

_ROOT, _CUBE = math.sqrt(2 / math.pi), 0.044715


def normal(z: float) -> float:
    """Return ``Φ(z)``; for float32 as ``1/2 + z P(z²) / Q(z²)``, which has no branch.

    The coefficients are a least-squares fit, weighted until the error relative to ``Φ(|z|)`` is
    even over ``|z| < 5.4``: 1.3e-8 before rounding. Beyond, the result is 0 or 1.
    """
    return (1 + math.erf(z * math.sqrt(0.5))) / 2


def gelu_slope(z: float) -> float:
    """Return the derivative of ``z Φ(z)``; for float32 as ``1/2 + z P(z²) / Q(z²)``.

    The coefficients are found as those of `normal`; the error is even over ``|z| < 6``: 1.4e-7
    before rounding. Beyond, the result is 0 or 1.
    """
    return normal(z) + z * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


@overload(normal, jit_options=_EXACT, strict=False)
def _normal(z: types.Type) -> Any:  # noqa: ANN401
    if z != types.float32:
        return lambda z: 0.5 * (1.0 + math.erf(z * math.sqrt(0.5)))

    def normal32(z: Any) -> Any:  # noqa: ANN401 a float32 of Numba's
        s = min(z * z, np.float32(5.4**2))
        p = np.float32(2.359099049e-08) * s + np.float32(6.323730759e-06)
        p = p * s + np.float32(1.606959268e-04)
        p = p * s + np.float32(4.628969356e-03)
        p = p * s + np.float32(3.302945942e-02)
        p = p * s + np.float32(3.989422619e-01)
        q = np.float32(1.219824412e-06) * s + np.float32(7.117322821e-05)
        q = q * s + np.float32(1.838659984e-03)
        q = q * s + np.float32(2.818014845e-02)
        q = q * s + np.float32(2.494590431e-01)
        q = q * s + np.float32(1.0)
        near = np.float32(0.5) + z * (p / q)
        near = np.float32(0.0) if z < np.float32(-5.4) else near
        return np.float32(1.0) if z > np.float32(5.4) else near

    return normal32


@overload(gelu_slope, jit_options=_EXACT, strict=False)
def _gelu_slope(z: types.Type) -> Any:  # noqa: ANN401
    if z != types.float32:
        return lambda z: normal(z) + z * math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)

    def slope32(z: Any) -> Any:  # noqa: ANN401
        s = min(z * z, np.float32(36.0))
        p = np.float32(1.908850464e-07) * s + np.float32(3.585057129e-05)
        p = p * s + np.float32(2.418429176e-05)
        p = p * s + np.float32(1.420917362e-02)
        p = p * s + np.float32(-3.074344434e-02)
        p = p * s + np.float32(7.978845239e-01)
        q = np.float32(8.887476724e-06) * s + np.float32(1.935199107e-04)
        q = q * s + np.float32(3.528762842e-03)
        q = q * s + np.float32(4.106469825e-02)
        q = q * s + np.float32(2.948057055e-01)
        q = q * s + np.float32(1.0)
        near = np.float32(0.5) + z * (p / q)
        near = np.float32(0.0) if z < np.float32(-6.0) else near
        return np.float32(1.0) if z > np.float32(6.0) else near

    return slope32


def minus_one(x: float) -> float:
    """Return ``exp(x) - 1`` for ``x <= 0``, as exact near 0 as elsewhere; see `exp`."""
    return math.expm1(x)


@overload(minus_one, jit_options=_EXACT, strict=False)
def _minus_one(x: types.Type) -> Any:  # noqa: ANN401
    if x != types.float32:
        return lambda x: math.expm1(x)  # noqa: PLW0108 Numba wants a function of its own

    def minus_one32(x: Any) -> Any:  # noqa: ANN401
        x = min(max(x, np.float32(-87.0)), np.float32(0.0))
        n = np.floor(x * np.float32(1.4426950408889634) + np.float32(0.5))
        r = x - n * np.float32(0.693359375)
        r = r + n * np.float32(2.12194440e-4)
        p = np.float32(1.9875691500e-4)
        p = p * r + np.float32(1.3981999507e-3)
        p = p * r + np.float32(8.3334519073e-3)
        p = p * r + np.float32(4.1665795894e-2)
        p = p * r + np.float32(1.6666665459e-1)
        p = p * r + np.float32(5.0000001201e-1)
        p = p * r * r + r
        bits = np.int32((np.int32(n) + np.int32(127)) << np.int32(23))
        power = bits.view(np.float32)
        return p * power + (power - np.float32(1.0))

    return minus_one32


Formula: TypeAlias = Callable[[Any, Any], Any]
"""Takes a kind, for its slope, and ``z``."""


def _relu(number: Any) -> tuple[Formula, Formula]:  # noqa: ANN401
    zero, one = number(0), number(1)
    return lambda _, z: zero if z <= zero else z, lambda _, z: one if z > zero else zero


def _identity(number: Any) -> tuple[Formula, Formula]:  # noqa: ANN401
    one = number(1)
    return lambda _, z: z, lambda _, __: one


def _leaky_relu(number: Any) -> tuple[Formula, Formula]:  # noqa: ANN401
    zero, one = number(0), number(1)
    return (
        lambda kind, z: kind.slope * z if z < zero else z,
        lambda kind, z: kind.slope if z < zero else one,
    )


def _elu(number: Any) -> tuple[Formula, Formula]:  # noqa: ANN401
    zero, one = number(0), number(1)
    return (
        lambda kind, z: z if z > zero else kind.slope * minus_one(z),
        lambda kind, z: one if z > zero else kind.slope * exp(z),
    )


def _sigmoid(number: Any) -> tuple[Formula, Formula]:  # noqa: ANN401
    one = number(1)

    def slope(_: Any, z: Any) -> Any:  # noqa: ANN401
        a = one / (one + exp(-z))
        return a * (one - a)

    return lambda _, z: one / (one + exp(-z)), slope


def _tanh(number: Any) -> tuple[Formula, Formula]:  # noqa: ANN401
    one = number(1)

    def slope(_: Any, z: Any) -> Any:  # noqa: ANN401
        a = tanh(z)
        return one - a * a

    return lambda _, z: tanh(z), slope


def _silu(number: Any) -> tuple[Formula, Formula]:  # noqa: ANN401
    one = number(1)

    def slope(_: Any, z: Any) -> Any:  # noqa: ANN401
        a = one / (one + exp(-z))
        return a * (one + z * (one - a))

    return lambda _, z: z / (one + exp(-z)), slope


def _gelu(number: Any) -> tuple[Formula, Formula]:  # noqa: ANN401
    return lambda _, z: z * normal(z), lambda _, z: gelu_slope(z)


def _tanh_gelu(number: Any) -> tuple[Formula, Formula]:  # noqa: ANN401
    half, one, root, cube = number(0.5), number(1), number(_ROOT), number(_CUBE)
    three = number(3 * _CUBE)

    def slope(_: Any, z: Any) -> Any:  # noqa: ANN401
        a = tanh(root * z * (one + cube * z * z))
        return half * (one + a) + half * z * (one - a * a) * root * (one + three * z * z)

    return lambda _, z: half * z * (one + tanh(root * z * (one + cube * z * z))), slope


_FORMULAS: dict[Any, Callable[[Any], tuple[Formula, Formula]]] = {
    Identity: _identity,
    ReLU: _relu,
    LeakyReLU: _leaky_relu,
    ELU: _elu,
    Sigmoid: _sigmoid,
    Tanh: _tanh,
    SiLU: _silu,
    GELU: _gelu,
    TanhGELU: _tanh_gelu,
}
"""Make the activation and its derivative for numbers of one type."""


def activated(kind: Kind, z: Any) -> Any:  # noqa: ANN401
    """Return the activation of a number."""
    return _FORMULAS[type(kind)](type(z))[0](kind, z)


def derivative(kind: Kind, z: Any) -> Any:  # noqa: ANN401
    """Return the activation's derivative at `z`."""
    return _FORMULAS[type(kind)](type(z))[1](kind, z)


@overload(activated, jit_options=SETTINGS, strict=False)
def _activated(kind: Any, z: types.Type) -> Any:  # noqa: ANN401
    return _FORMULAS[kind.instance_class](as_dtype(z).type)[0]


@overload(derivative, jit_options=SETTINGS, strict=False)
def _derivative(kind: Any, z: types.Type) -> Any:  # noqa: ANN401
    return _FORMULAS[kind.instance_class](as_dtype(z).type)[1]
