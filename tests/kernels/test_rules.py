"""The compiled update rules: what is too small does not become subnormal."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="the compiled kernels need the extra fast")

from glassnet.kernels import rules

ONE, HALF, ZERO = np.float32(1), np.float32(0.5), np.float32(0)


def test_velocities_below_1e_30_become_zero() -> None:
    theta, grad = np.ones(2, np.float32), np.zeros(2, np.float32)
    velocity = np.array([1e-31, 1e-3], np.float32)
    rules.sgd_update(theta, grad, velocity, ONE, HALF, False, ZERO)
    assert velocity.tolist() == [0.0, np.float32(5e-4)]


def test_moments_below_1e_30_become_zero_and_1e_30() -> None:
    theta, grad = np.ones(2, np.float32), np.zeros(2, np.float32)
    first, second = np.array([1e-30, 1e-3], np.float32), np.array([1e-30, 1e-3], np.float32)
    rules.adam_update(
        theta, grad, first, second, ONE, ZERO, ONE, ONE, HALF, HALF, ONE, np.float32(1e-8)
    )
    assert first.tolist() == [0.0, np.float32(5e-4)]
    assert second.tolist() == [np.float32(1e-30), np.float32(5e-4)]
    np.testing.assert_allclose(theta, [1.0, 1.0 - 5e-4 / np.sqrt(5e-4)], rtol=1e-6)
