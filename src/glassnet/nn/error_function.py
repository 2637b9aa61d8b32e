"""The normal distribution's density and distribution function, in NumPy alone."""

from __future__ import annotations

import math

import numpy as np

Coefficients = tuple[tuple[float, ...], tuple[float, ...]]

# Coefficients of W. J. Cody, "Rational Chebyshev Approximations for the Error Function",
# Mathematics of Computation 23, 1969, pages 631 to 637, as in his program CALERF; highest power
# first.
_SMALL = (  # erf(y) / y, in powers of y², for y <= 0.46875
    (
        1.85777706184603153e-1,
        3.16112374387056560e00,
        1.13864154151050156e02,
        3.77485237685302021e02,
        3.20937758913846947e03,
    ),
    (
        1.0,
        2.36012909523441209e01,
        2.44024637934444173e02,
        1.28261652607737228e03,
        2.84423683343917062e03,
    ),
)
_MIDDLE = (  # erfc(y) exp(y²), in powers of y, for y <= 4
    (
        2.15311535474403846e-8,
        5.64188496988670089e-1,
        8.88314979438837594e00,
        6.61191906371416295e01,
        2.98635138197400131e02,
        8.81952221241769090e02,
        1.71204761263407058e03,
        2.05107837782607147e03,
        1.23033935479799725e03,
    ),
    (
        1.0,
        1.57449261107098347e01,
        1.17693950891312499e02,
        5.37181101862009858e02,
        1.62138957456669019e03,
        3.29079923573345963e03,
        4.36261909014324716e03,
        3.43936767414372164e03,
        1.23033935480374942e03,
    ),
)
_LARGE = (  # (1/√π - y erfc(y) exp(y²)) y², in powers of 1/y², for y > 4
    (
        1.63153871373020978e-2,
        3.05326634961232344e-1,
        3.60344899949804439e-1,
        1.25781726111229246e-1,
        1.60837851487422766e-2,
        6.58749161529837803e-4,
    ),
    (
        1.0,
        2.56852019228982242e00,
        1.87295284992346047e00,
        5.27905102951428412e-1,
        6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)


def normal_distribution(
    x: np.ndarray, cdf: np.ndarray, density: np.ndarray, y: np.ndarray, divisor: np.ndarray
) -> None:
    """Write to `cdf` how probable it is that a standard normal number is below `x`.

    Parameters
    ----------
    x : ndarray
        float32 or float64, of numbers whose square is finite.
    cdf, density : ndarray
        Shaped like `x`. The probabilities, and the density.
    y, divisor : ndarray
        Like them; to calculate in.

    Notes
    -----
    ``cdf(x) = erfc(-x / √2) / 2``, with an absolute error of about the dtype's rounding.

    References
    ----------
    Cody, "Rational Chebyshev Approximations for the Error Function", Mathematics of Computation 23,
    1969.

    Examples
    --------
    >>> x = np.array([0.0, 1.0])
    >>> cdf, density, y, divisor = np.empty((4, 2))
    >>> normal_distribution(x, cdf, density, y, divisor)
    >>> cdf.round(4).tolist(), density.round(4).tolist()
    ([0.5, 0.8413], [0.3989, 0.242])
    """
    np.abs(x, out=y)
    y *= math.sqrt(0.5)
    np.square(y, out=density)
    np.negative(density, out=density)
    np.exp(density, out=density)
    if x.dtype == np.float32:
        # as exact as float32 in the other ranges too
        _rational(_MIDDLE, y, cdf, divisor)
        cdf *= density
    else:
        cdf[...] = _erfc(y, density)
    cdf *= 0.5  # so far what is below -|x|
    np.copysign(cdf, x, out=cdf)
    positive = divisor.reshape(-1).view(np.bool_)[: x.size].reshape(x.shape)
    np.signbit(x, out=positive)
    np.logical_not(positive, out=positive)
    np.subtract(positive, cdf, out=cdf)  # 1 - cdf where x is positive, and 0 - -cdf where not
    density *= 1.0 / math.sqrt(2.0 * math.pi)


def _erfc(y: np.ndarray, exponential: np.ndarray) -> np.ndarray:
    """Return erfc(y) for y >= 0 and exp(-y²), to the precision of float64."""

    def rational(coefficients: Coefficients, y: np.ndarray) -> np.ndarray:
        out = np.empty_like(y)
        _rational(coefficients, y, out, np.empty_like(y))
        return out

    small = np.minimum(y, 0.46875)
    middle = np.clip(y, 0.46875, 4.0)
    large = np.maximum(y, 4.0)
    inverse = 1.0 / np.square(large)
    beyond = (1.0 / math.sqrt(math.pi) - inverse * rational(_LARGE, inverse)) / large
    return np.where(
        y <= 0.46875,
        1.0 - small * rational(_SMALL, np.square(small)),
        exponential * np.where(y <= 4.0, rational(_MIDDLE, middle), beyond),
    )


def _rational(
    coefficients: Coefficients, y: np.ndarray, out: np.ndarray, divisor: np.ndarray
) -> None:
    """Write a quotient of two polynomials to `out`."""
    above, below = coefficients
    _polynomial(above, y, out)
    _polynomial(below, y, divisor)
    out /= divisor


def _polynomial(coefficients: tuple[float, ...], y: np.ndarray, out: np.ndarray) -> None:
    """Write ``(c_0 y + c_1) y + c_2 ...`` to `out` (Horner)."""
    np.multiply(y, coefficients[0], out=out)
    out += coefficients[1]
    for coefficient in coefficients[2:]:
        out *= y
        out += coefficient
