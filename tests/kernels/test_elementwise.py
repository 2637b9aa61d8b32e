"""The compiled elementwise functions, against NumPy in float64."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="the compiled kernels need the extra fast")
pytest.importorskip("scipy", reason="the compiled kernels need the extra fast")

from numba import njit

from glassnet.kernels import elementwise as kernels

X = np.concatenate([np.linspace(-87, 87, 4001), np.geomspace(1e-30, 1, 200), [0.0]])


@njit
def exp_of(x):
    return np.array([kernels.exp(value) for value in x])


@njit
def tanh_of(x):
    return np.array([kernels.tanh(value) for value in x])


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-7), ("float64", 1e-15)])
def test_exp_is_right_over_its_range(dtype, tolerance) -> None:
    x = X.astype(dtype)
    np.testing.assert_allclose(exp_of(x), np.exp(x.astype(float)), rtol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 4e-7), ("float64", 1e-15)])
def test_tanh_is_right_near_and_far_from_zero(dtype, tolerance) -> None:
    x = np.concatenate([-X, X]).astype(dtype)
    np.testing.assert_allclose(tanh_of(x), np.tanh(x.astype(float)), rtol=tolerance, atol=1e-37)


def test_beyond_its_range_exp_stays_finite_and_normal() -> None:
    low, high = exp_of(np.array([-1e30, 1e30], np.float32))
    assert low >= np.finfo(np.float32).tiny
    assert np.isfinite(high)


@pytest.mark.parametrize("function", [exp_of, tanh_of])
def test_nan_stays_nan(function) -> None:
    assert np.isnan(function(np.array([np.nan], np.float32))).all()
