"""Operations on rows mean in machine code what they mean on NumPy's arrays."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="the compiled kernels need the extra fast")

from numba import njit

from glassnet.kernels.vectors import flushed, prefetch, row_operation


@row_operation(arrays=3)
def step(w, v, d, x, keep):
    new = flushed(keep * v + x * d, keep * keep * keep)
    return w - new, new


@njit
def compiled_step(n, w, at, v, d, x, keep):  # noqa: PLR0917
    step(n, w, at, v, at, d, 0, x, keep)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [1, 3, 8, 15, 16, 17, 32, 50])
def test_a_row_of_any_length(n, dtype) -> None:
    rng = np.random.default_rng(n)
    w, v, d = (rng.normal(size=n + 9).astype(dtype) for _ in range(3))
    plain_w, plain_v = w.copy(), v.copy()
    numbers = (w.dtype.type(0.25), w.dtype.type(0.5))
    compiled_step(n, w, 4, v, d, *numbers)
    step(n, plain_w, 4, plain_v, 4, d, 0, *numbers)
    np.testing.assert_allclose(w, plain_w, rtol=1e-6)
    np.testing.assert_allclose(v, plain_v, rtol=1e-6)


@pytest.mark.parametrize("function", [compiled_step, compiled_step.py_func])
def test_small_values_are_flushed_on_both_sides_of_zero_and_nan_is_not(function) -> None:
    w, d = np.zeros(4), np.zeros(4)
    v = np.array([0.2, -0.2, 0.3, np.nan])  # times 0.5 is below or above 0.125
    function(4, w, 0, v, d, 1.0, 0.5)
    np.testing.assert_array_equal(v, [0.0, 0.0, 0.15, np.nan])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fetching_a_row_ahead_leaves_it_as_it_is(dtype) -> None:
    @njit
    def fetch(array):
        prefetch(array.size - 3, array, 3)
        return array[3]

    array = np.arange(50, dtype=dtype)
    assert fetch(array) == 3
    np.testing.assert_array_equal(array, np.arange(50))
