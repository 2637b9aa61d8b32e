from __future__ import annotations

import math

import numpy as np
import pytest

from glassnet.nn.error_function import normal_distribution


def of(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cdf, density, *work = np.empty((4, x.size), x.dtype)
    normal_distribution(x, cdf, density, *work)
    return cdf, density


@pytest.mark.parametrize(
    ("dtype", "absolute", "tail"), [("f4", 1.5e-7, 1e-4), ("f8", 3e-16, 1e-13)]
)
def test_both_functions_have_the_precision_of_the_dtype(
    dtype: str, absolute: float, tail: float
) -> None:
    edges = math.sqrt(2.0) * np.array([0.46875, 4.0])  # where one formula takes over
    near = np.concatenate([edges + step for step in (-1e-9, 0.0, 1e-9)])
    x = np.concatenate([np.linspace(-9.0, 9.0, 20_001), near, -near]).astype(dtype)
    cdf, density = of(x)
    exact = np.array([math.erfc(-value / math.sqrt(2.0)) / 2.0 for value in x.tolist()])
    np.testing.assert_allclose(cdf, exact, rtol=0.0, atol=absolute)
    np.testing.assert_allclose(cdf, exact, rtol=tail)
    exact = np.exp(-(x.astype("f8") ** 2) / 2.0) / math.sqrt(2.0 * math.pi)
    np.testing.assert_allclose(density, exact, rtol=tail)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_zero_of_either_sign_is_in_the_middle(dtype: str) -> None:
    cdf, _ = of(np.array([0.0, -0.0], dtype))
    np.testing.assert_array_equal(cdf, 0.5)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_it_rises_from_0_to_1(dtype: str) -> None:
    cdf, density = of(np.linspace(-15.0, 15.0, 3001).astype(dtype))
    assert (np.diff(cdf) >= -2.0 * np.finfo(dtype).eps).all()
    assert cdf[0] < 1e-30
    assert cdf[-1] == 1.0
    assert (density >= 0.0).all()
