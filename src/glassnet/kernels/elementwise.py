"""Compiled elementwise functions: activations, their derivatives, the optimizer's update.

Each does in one pass over memory what NumPy does in several, for float32 and float64.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from glassnet.kernels.compilation import SETTINGS, compiled

IDENTITY, SIGMOID, TANH, RELU, LEAKY_RELU, PRELU, SOFTMAX = range(7)
"""Codes of the activations."""

_EXACT: Any = SETTINGS | {"fastmath": {"contract", "nsz"}, "cache": False}


def exp(x: float) -> float:
    """Return exp(x) in the precision of `x`; the float32 version has no branch and vectorises.

    ``exp(x) = 2^n exp(r)`` with ``|r| <= ln 2 / 2``; n becomes the bits of the exponent. The
    polynomial's coefficients are those of the Cephes library (S. Moshier, expf.c); the relative
    error is below 1e-7. Beyond ±87 the result stays at its value there: finite, and normal.
    """
    return math.exp(x)


@overload(exp, jit_options=_EXACT, strict=False)
def _exp(x: types.Type) -> Any:  # noqa: ANN401
    if x != types.float32:
        return lambda x: math.exp(min(max(x, -708.0), 708.0))

    def exp32(x: Any) -> Any:  # noqa: ANN401 a float32 of Numba's
        x = min(max(x, np.float32(-87.0)), np.float32(87.0))
        n = math.floor(x * np.float32(1.4426950408889634) + np.float32(0.5))
        r = x - n * np.float32(0.693359375)
        r = r + n * np.float32(2.12194440e-4)
        p = np.float32(1.9875691500e-4)
        p = p * r + np.float32(1.3981999507e-3)
        p = p * r + np.float32(8.3334519073e-3)
        p = p * r + np.float32(4.1665795894e-2)
        p = p * r + np.float32(1.6666665459e-1)
        p = p * r + np.float32(5.0000001201e-1)
        p = p * r * r + r + np.float32(1.0)
        bits = np.int32((np.int32(n) + np.int32(127)) << np.int32(23))
        return p * bits.view(np.float32)

    return exp32


def tanh(x: float) -> float:
    """Return tanh(x); for float32 from `exp`, and near 0 from a polynomial (Cephes, tanhf.c)."""
    return math.tanh(x)


@overload(tanh, jit_options=_EXACT, strict=False)
def _tanh(x: types.Type) -> Any:  # noqa: ANN401
    if x != types.float32:
        return lambda x: math.tanh(x)  # noqa: PLW0108 Numba wants a function of its own

    def tanh32(x: Any) -> Any:  # noqa: ANN401
        s = x * x
        p = np.float32(-5.70498872745e-3)
        p = p * s + np.float32(2.06390887954e-2)
        p = p * s + np.float32(-5.37397155531e-2)
        p = p * s + np.float32(1.33314422036e-1)
        p = p * s + np.float32(-3.33332819422e-1)
        near = x + x * s * p
        far: Any = np.float32(1.0) - np.float32(2.0) / (
            exp(np.float32(2.0) * abs(x)) + np.float32(1.0)
        )
        far = math.copysign(far, x)
        return near if s < np.float32(0.390625) else far

    return tanh32


@compiled
def activate(code: int, slope: np.ndarray, z: np.ndarray, a: np.ndarray) -> None:
    """Write the activation of `z` to `a`, both of shape (rows, n).

    `slope`, shape (1,) or (n,), is that of the leaky ReLU or of the PReLU.
    """
    rows, n = z.shape
    zero, one = z.dtype.type(0), z.dtype.type(1)
    for i in range(rows):
        if code == IDENTITY:
            for j in range(n):
                a[i, j] = z[i, j]
        elif code == SIGMOID:
            for j in range(n):
                a[i, j] = one / (one + exp(-z[i, j]))
        elif code == TANH:
            for j in range(n):
                a[i, j] = tanh(z[i, j])
        elif code == RELU:
            for j in range(n):
                a[i, j] = z[i, j] if not z[i, j] <= zero else zero  # NaN stays
        elif code == LEAKY_RELU or (code == PRELU and slope.size == 1):
            for j in range(n):
                a[i, j] = z[i, j] if z[i, j] >= zero else slope[0] * z[i, j]
        elif code == PRELU:
            for j in range(n):
                a[i, j] = z[i, j] if z[i, j] >= zero else slope[j] * z[i, j]
        else:
            largest = z[i, 0]
            for j in range(n):
                largest = max(largest, z[i, j])
            total = zero
            for j in range(n):
                a[i, j] = exp(z[i, j] - largest)
                total += a[i, j]
            for j in range(n):
                a[i, j] /= total


@compiled
def chain(code: int, slope: np.ndarray, z: np.ndarray, a: np.ndarray, d: np.ndarray) -> None:
    """Turn the gradient by `a` into that by `z`, in place in `d`; all of shape (rows, n)."""
    rows, n = z.shape
    zero, one = z.dtype.type(0), z.dtype.type(1)
    for i in range(rows):
        if code == SIGMOID:
            for j in range(n):
                d[i, j] *= a[i, j] * (one - a[i, j])
        elif code == TANH:
            for j in range(n):
                d[i, j] *= one - a[i, j] * a[i, j]
        elif code == RELU:
            for j in range(n):
                d[i, j] = d[i, j] if a[i, j] > zero else zero
        elif code == LEAKY_RELU or (code == PRELU and slope.size == 1):
            for j in range(n):
                d[i, j] = d[i, j] if z[i, j] >= zero else slope[0] * d[i, j]
        elif code == PRELU:
            for j in range(n):
                d[i, j] = d[i, j] if z[i, j] >= zero else slope[j] * d[i, j]
        elif code == SOFTMAX:
            dot = zero
            for j in range(n):
                dot += d[i, j] * a[i, j]
            for j in range(n):
                d[i, j] = (d[i, j] - dot) * a[i, j]


@compiled
def slope_gradient(z: np.ndarray, d: np.ndarray, out: np.ndarray) -> None:
    """Write the gradient by the PReLU's slope to `out`, (1,) or (n,); `d` is that by ``a``."""
    out[:] = 0
    rows, n = z.shape
    for i in range(rows):
        for j in range(n):
            if z[i, j] < 0:
                out[j if out.size > 1 else 0] += z[i, j] * d[i, j]


HALF_SQUARED, MEAN_SQUARED, BINARY, CATEGORICAL = range(4)
"""Codes of the losses."""


@compiled
def loss_gradient(code: int, paired: bool, p: np.ndarray, y: np.ndarray, d: np.ndarray) -> None:
    """Write the gradient of the mean loss to `d`: by `p`, or if `paired` by the pre-activation."""
    rows, n = p.shape
    one = p.dtype.type(1)
    tiny = p.dtype.type(_TINY32) if p.itemsize == 4 else p.dtype.type(_TINY64)
    least = p.dtype.type(_LEAST32) if p.itemsize == 4 else p.dtype.type(_LEAST64)  # of 1 - p
    by_row, by_output = one / p.dtype.type(rows), one / p.dtype.type(rows * n)
    for i in range(rows):
        for j in range(n):
            if code == HALF_SQUARED or (paired and code == CATEGORICAL):
                d[i, j] = (p[i, j] - y[i, j]) * by_row
            elif code == MEAN_SQUARED:
                d[i, j] = (p[i, j] - y[i, j]) * (by_output + by_output)
            elif paired:
                d[i, j] = (p[i, j] - y[i, j]) * by_output
            elif code == BINARY:
                no = (one - y[i, j]) / max(one - p[i, j], least)
                d[i, j] = (no - y[i, j] / max(p[i, j], tiny)) * by_output
            else:
                d[i, j] = -y[i, j] / max(p[i, j], tiny) * by_row


_TINY32, _TINY64 = float(np.finfo(np.float32).tiny), float(np.finfo(np.float64).tiny)
_LEAST32, _LEAST64 = float(np.finfo(np.float32).epsneg), float(np.finfo(np.float64).epsneg)


@compiled
def sgd_update(
    theta: np.ndarray,
    grad: np.ndarray,
    velocity: np.ndarray,
    rate: float,
    momentum: float,
    nesterov: bool,
    weight_decay: float,
) -> None:
    """Make a step of SGD in one pass; the arrays are of shape (P,), the numbers of their dtype."""
    negligible, zero = theta.dtype.type(1e-30), theta.dtype.type(0)
    if momentum == zero:
        for k in range(theta.size):
            theta[k] -= rate * (grad[k] + weight_decay * theta[k])
    elif nesterov:
        for k in range(theta.size):
            g = grad[k] + weight_decay * theta[k]
            v = momentum * velocity[k] + g
            velocity[k] = zero if abs(v) < negligible else v
            theta[k] -= rate * (g + momentum * v)
    else:
        for k in range(theta.size):
            v = momentum * velocity[k] + (grad[k] + weight_decay * theta[k])
            v = zero if abs(v) < negligible else v
            velocity[k] = v
            theta[k] -= rate * v
