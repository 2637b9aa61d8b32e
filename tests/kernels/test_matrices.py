"""Products of matrices in flat arrays, against NumPy."""

from itertools import product as product_of

import numpy as np
import pytest

pytest.importorskip("numba", reason="the compiled kernels need the extra fast")
pytest.importorskip("scipy", reason="the compiled kernels need the extra fast")

from glassnet.kernels.matrices import Matrix, large_product, lie_close, product, small_product

LANES = 16
"""Numbers of float32 in the widest vector register."""
SIZES = [
    (rows, columns, depth)
    for rows in (1, 2, 3, 4, 5, 7, 8, 13, 16)
    for columns in (
        1,
        LANES // 2,
        LANES // 2 + 1,
        LANES - 1,
        LANES,
        LANES + 1,
        2 * LANES,
        2 * LANES + 3,
        5 * LANES,
    )
    for depth in (0, 1, 9)
]


def filled(rows: int, columns: int, dtype: str, *, seed: int, before: int = 3) -> Matrix:
    """Return a matrix of random numbers that begins within an array and ends before its end."""
    values = np.random.default_rng(seed).normal(size=before + rows * columns + 5).astype(dtype)
    return Matrix(values, before, columns, 1)


def dense(m: Matrix, rows: int, columns: int) -> np.ndarray:
    i, j = np.ogrid[:rows, :columns]
    return m.values[m.at + i * m.row + j * m.column]


def transposed(m: Matrix) -> Matrix:
    return m._replace(row=m.column, column=m.row)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SIZES)
def test_small_products_of_every_size(shape, dtype) -> None:
    rows, columns, depth = shape
    a, b = filled(rows, depth, dtype, seed=1), filled(depth, columns, dtype, seed=2)
    bias, c = filled(1, columns, dtype, seed=3), filled(rows, columns, dtype, seed=4)
    around = c.values.copy()
    small_product(a, b, bias, c, rows, columns, depth)
    expected = dense(a, rows, depth) @ dense(b, depth, columns) + dense(bias, 1, columns)
    np.testing.assert_allclose(dense(c, rows, columns), expected, rtol=1e-5, atol=1e-5)
    inside = np.zeros(len(around), bool)
    inside[c.at : c.at + rows * columns] = True
    np.testing.assert_array_equal(c.values[~inside], around[~inside])


@pytest.mark.parametrize("multiply", [small_product, product], ids=["small", "product"])
def test_the_left_matrix_may_be_transposed(multiply) -> None:
    a, b, c = (filled(*n, "float64", seed=5) for n in [(6, 10), (6, 20), (10, 20)])
    bias = filled(1, 20, "float64", seed=6)
    multiply(transposed(a), b, bias, c, 10, 20, 6)
    expected = dense(a, 6, 10).T @ dense(b, 6, 20) + dense(bias, 1, 20)
    np.testing.assert_allclose(dense(c, 10, 20), expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("a_is_transposed", [False, True])
@pytest.mark.parametrize("b_is_transposed", [False, True])
@pytest.mark.parametrize("shape", [(5, 8, 7), *product_of((1, 6), repeat=3)])
def test_blas_multiplies_matrices_and_transposed_ones(
    shape, dtype, a_is_transposed, b_is_transposed
) -> None:
    rows, columns, depth = shape
    a, b = filled(rows, depth, dtype, seed=1), filled(depth, columns, dtype, seed=2)
    if a_is_transposed:
        a = transposed(filled(depth, rows, dtype, seed=1))
    if b_is_transposed:
        b = transposed(filled(columns, depth, dtype, seed=2))
    c = filled(rows, columns, dtype, seed=4)
    large_product(a, b, c, rows, columns, depth)
    expected = dense(a, rows, depth) @ dense(b, depth, columns)
    np.testing.assert_allclose(dense(c, rows, columns), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("columns", [1023, 1024])
def test_wide_matrices_are_left_to_blas_and_get_their_bias(columns) -> None:
    a, b = filled(3, 4, "float32", seed=1), filled(4, columns, "float32", seed=2)
    bias, c = filled(1, columns, "float32", seed=3), filled(3, columns, "float32", seed=4)
    assert lie_close(a, b) == (columns == 1023)
    product(a, b, bias, c, 3, columns, 4)
    expected = dense(a, 3, 4) @ dense(b, 4, columns) + dense(bias, 1, columns)
    np.testing.assert_allclose(dense(c, 3, columns), expected, rtol=1e-4, atol=1e-5)


def test_nan_comes_through() -> None:
    a, b, c = (filled(4, 4, "float32", seed=n) for n in (1, 2, 3))
    a.values[a.at] = np.nan
    bias = filled(1, 4, "float32", seed=4)
    small_product(a, b, bias, c, 4, 4, 4)
    assert np.isnan(dense(c, 4, 4)).tolist() == [[True] * 4] + [[False] * 4] * 3
