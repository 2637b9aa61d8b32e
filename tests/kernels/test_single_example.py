"""The steps of single examples, against the equations."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="the compiled kernels need the extra fast")
pytest.importorskip("scipy", reason="the compiled kernels need the extra fast")

from numba import njit

from glassnet.kernels.single_example import _move_and_add_four_rows

X, X_NEXT = (0.5, 0.0, -1.0, 2.0), (1.0, -2.0, 0.0, 0.25)
MOMENTUM, RATE, NEGLIGIBLE = 0.6, 0.1, 1e-30


def four_rows(n, w, v, z, d):
    _move_and_add_four_rows(
        n, w, 0, w, n, w, 2 * n, w, 3 * n, v, 0, v, n, v, 2 * n, v, 3 * n, z, 0, d, 0,
        *X, *X_NEXT, MOMENTUM, RATE, NEGLIGIBLE,
    )  # fmt: skip


@pytest.mark.parametrize("function", [four_rows, njit(four_rows)], ids=["python", "compiled"])
@pytest.mark.parametrize("n", [1, 8, 13])
def test_four_rows_make_their_step_and_are_multiplied_with_the_next_example(n, function) -> None:
    rng = np.random.default_rng(n)
    w, v = rng.normal(size=(4, n)), rng.normal(size=(4, n))
    z, d = rng.normal(size=n), rng.normal(size=n)
    velocity = MOMENTUM * v + np.outer(X, d)
    moved = w - RATE * velocity
    sums = z + np.array(X_NEXT) @ moved
    function(n, w.reshape(-1), v.reshape(-1), z, d)
    np.testing.assert_allclose(w, moved)
    np.testing.assert_allclose(v, velocity)
    np.testing.assert_allclose(z, sums)
