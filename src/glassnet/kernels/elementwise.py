"""Compiled elementwise functions: activations, their derivatives, and those of losses.

Each does in one pass over memory what NumPy does in several, for float32 and float64.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from glassnet.kernels.compilation import SETTINGS, compiled, part

IDENTITY, SIGMOID, TANH, RELU, LEAKY_RELU, PRELU, SOFTMAX = range(7)
"""Codes of the activations."""

_EXACT: Any = SETTINGS | {"fastmath": {"contract", "nsz"}}


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
        n = np.floor(x * np.float32(1.4426950408889634) + np.float32(0.5))
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
    """Return tanh(x); for float32 as ``x P(x²) / Q(x²)``, which has no branch and vectorises.

    The coefficients are a least-squares fit, weighted until the relative error is even over
    ``0 < x < 9.02``: 2.1e-8 before rounding. Beyond, the result is 1 in float32.
    """
    return math.tanh(x)


@overload(tanh, jit_options=_EXACT, strict=False)
def _tanh(x: types.Type) -> Any:  # noqa: ANN401
    if x != types.float32:
        return lambda x: math.tanh(x)  # noqa: PLW0108 Numba wants a function of its own

    def tanh32(x: Any) -> Any:  # noqa: ANN401
        x = min(max(x, np.float32(-9.02)), np.float32(9.02))
        s = x * x
        p = np.float32(1.331905626e-8) * s + np.float32(2.058347234e-5)
        p = p * s + np.float32(3.494034145e-3)
        p = p * s + np.float32(1.337971767e-1)
        p = p * s + np.float32(9.999999791e-1)
        q = np.float32(7.762013725e-7) * s + np.float32(3.283092061e-4)
        q = q * s + np.float32(2.587107182e-2)
        q = q * s + np.float32(4.671303293e-1)
        q = q * s + np.float32(1.0)
        return min(max(x * p / q, np.float32(-1.0)), np.float32(1.0))

    return tanh32


# NumPy's own assignments and sums of whole arrays take Numba seconds to compile.


@part
def fill(a: np.ndarray, value: float) -> None:
    """Write `value` everywhere."""
    for i in range(a.size):
        a[i] = value


@part
def copy(source: np.ndarray, a: np.ndarray) -> None:
    """Write `source` to `a`, of the same size."""
    for i in range(a.size):
        a[i] = source[i]


@part
def add(source: np.ndarray, a: np.ndarray) -> None:
    """Add `source` to `a`, of the same size."""
    for i in range(a.size):
        a[i] += source[i]


@part
def scale(a: np.ndarray, factor: float) -> None:
    """Multiply by `factor`."""
    for i in range(a.size):
        a[i] *= factor


@compiled
def activate(code: int, slope: np.ndarray, n: int, z: np.ndarray, a: np.ndarray) -> None:
    """Write the activation of `z` to `a`, both of shape (rows * n,): row after row.

    `slope`, shape (1,) or (n,), is that of the leaky ReLU or of the PReLU.
    """
    zero, one = z.dtype.type(0), z.dtype.type(1)
    if code == IDENTITY:
        for i in range(z.size):
            a[i] = z[i]
    elif code == SIGMOID:
        for i in range(z.size):
            a[i] = one / (one + exp(-z[i]))
    elif code == TANH:
        for i in range(z.size):
            a[i] = tanh(z[i])
    elif code == RELU:
        for i in range(z.size):
            a[i] = z[i] if not z[i] <= zero else zero  # NaN stays
    elif code == SOFTMAX:
        _softmax(n, z, a)
    elif slope.size == 1:
        for i in range(z.size):
            a[i] = z[i] if z[i] >= zero else slope[0] * z[i]
    else:
        for row in range(0, z.size, n):
            for j in range(n):
                a[row + j] = z[row + j] if z[row + j] >= zero else slope[j] * z[row + j]


@compiled
def _softmax(n: int, z: np.ndarray, a: np.ndarray) -> None:
    """Write the softmax of each row of `z` to `a`."""
    one = z.dtype.type(1)
    # Within a slice the compiler knows that no index is negative.
    for start in range(0, z.size, n):
        z_row, a_row = z[start : start + n], a[start : start + n]
        largest = z_row[0]
        for j in range(1, n):
            largest = max(largest, z_row[j])
        for j in range(n):
            a_row[j] = z_row[j] - largest
    for i in range(a.size):
        a[i] = exp(a[i])
    for start in range(0, a.size, n):
        a_row = a[start : start + n]
        total = a_row[0]
        for j in range(1, n):
            total += a_row[j]
        scale(a_row, one / total)


@compiled
def chain(
    code: int, slope: np.ndarray, n: int, z: np.ndarray, a: np.ndarray, d: np.ndarray
) -> None:
    """Turn the gradient by `a` into that by `z`, in place in `d`; all of shape (rows * n,)."""
    zero, one = a.dtype.type(0), a.dtype.type(1)
    if code == SIGMOID:
        for i in range(a.size):
            d[i] *= a[i] * (one - a[i])
    elif code == TANH:
        for i in range(a.size):
            d[i] *= one - a[i] * a[i]
    elif code == RELU:
        for i in range(a.size):
            d[i] = d[i] if a[i] > zero else zero
    elif code == SOFTMAX:
        for row in range(0, a.size, n):
            dot = zero
            for j in range(n):
                dot += d[row + j] * a[row + j]
            for j in range(n):
                d[row + j] = (d[row + j] - dot) * a[row + j]
    elif code != IDENTITY and slope.size == 1:
        for i in range(z.size):
            d[i] = d[i] if z[i] >= zero else slope[0] * d[i]
    elif code != IDENTITY:
        for row in range(0, z.size, n):
            for j in range(n):
                d[row + j] = d[row + j] if z[row + j] >= zero else slope[j] * d[row + j]


@compiled
def slope_gradient(n: int, z: np.ndarray, d: np.ndarray, out: np.ndarray) -> None:
    """Write the gradient by the PReLU's slope to `out`, (1,) or (n,); `d` is that by ``a``."""
    fill(out, 0)
    for row in range(0, z.size, n):
        for j in range(n):
            if z[row + j] < 0:
                out[j if out.size > 1 else 0] += z[row + j] * d[row + j]


HALF_SQUARED, MEAN_SQUARED, BINARY, CATEGORICAL = range(4)
"""Codes of the losses."""


@compiled
def loss_gradient(
    code: int, paired: bool, n: int, batch: int, p: np.ndarray, y: np.ndarray, d: np.ndarray
) -> None:
    """Write the gradient of the mean loss to `d`: by `p`, or if `paired` by the pre-activation.

    `p`, `y` and `d` have shape (rows * n,). The mean is that over `batch` examples, of which these
    may be some.
    """
    one = p.dtype.type(1)
    by_row, by_output = one / p.dtype.type(batch), one / p.dtype.type(batch * n)
    if paired or code in (HALF_SQUARED, MEAN_SQUARED):
        scale = by_output if code == BINARY else by_row
        if code == MEAN_SQUARED:
            scale = by_output + by_output
        for i in range(p.size):
            d[i] = (p[i] - y[i]) * scale
        return
    tiny = p.dtype.type(_TINY32) if p.itemsize == 4 else p.dtype.type(_TINY64)
    least = p.dtype.type(_LEAST32) if p.itemsize == 4 else p.dtype.type(_LEAST64)  # of 1 - p
    for i in range(p.size):
        if code == BINARY:
            no = (one - y[i]) / max(one - p[i], least)
            d[i] = (no - y[i] / max(p[i], tiny)) * by_output
        else:
            d[i] = -y[i] / max(p[i], tiny) * by_row


_TINY32, _TINY64 = float(np.finfo(np.float32).tiny), float(np.finfo(np.float64).tiny)
_LEAST32, _LEAST64 = float(np.finfo(np.float32).epsneg), float(np.finfo(np.float64).epsneg)
