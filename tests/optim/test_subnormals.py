from __future__ import annotations

import numpy as np
import pytest

from glassnet.optim.subnormals import NEGLIGIBLE, flush


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_negligible_becomes_0_and_all_else_stays(dtype: type) -> None:
    below, above = dtype(0.9 * NEGLIGIBLE), dtype(1.1 * NEGLIGIBLE)
    average = np.array([below, -below, 0.0, above, -above, 3.0, np.inf, np.nan], dtype)
    flush(average, np.empty_like(average))
    expected = np.array([0.0, 0.0, 0.0, above, -above, 3.0, np.inf, np.nan], dtype)
    np.testing.assert_array_equal(average, expected)


def test_flushing_leaves_the_dtype_alone() -> None:
    average = np.full(3, 1e-38, np.float32)
    scratch = np.empty_like(average)
    flush(average, scratch)
    assert (average.dtype, scratch.dtype) == (np.float32, np.float32)
    assert not average.any()
