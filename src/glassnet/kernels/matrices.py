"""Matrices in flat arrays, and their products.

BLAS copies both factors into a layout of its own before it multiplies, which pays for large ones.
Matrices that fit in the cache are multiplied here where they lie: tile by tile of the result, each
tile held in the processor's vector registers while its sums grow.

References
----------
Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", ACM Transactions on
Mathematical Software 34(3), 2008, sections 4.2 and 6.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import NamedTuple

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, overload
from numba.np import numpy_support

from glassnet.kernels.compilation import SETTINGS, compiled, part
from glassnet.kernels.vectors import VECTOR_BYTES, Code, VectorCode, data_of


class Matrix(NamedTuple):
    """A matrix whose element (i, j) is ``values[at + i * row + j * column]``."""

    values: np.ndarray
    at: int
    row: int
    column: int


Panel = Callable[[Matrix, Matrix, Matrix, Matrix, int, int, int, int, int], None]


def _panel(rows: int, vectors: int, *, whole: bool, vector_bytes: int) -> Panel:
    """Make the function that computes columns `j` to ``j + width`` of ``c = a b + bias``.

    It does so from row `first` to `last`, `rows` at a time, where `depth` is the number of rows of
    `b`; the columns of `b`, `bias` and `c` lie side by side. The width is that of so many vector
    registers, of which the last is filled in part if they are not `whole`.
    """

    def panel(
        a: Matrix, b: Matrix, bias: Matrix, c: Matrix,
        first: int, last: int, j: int, width: int, depth: int,
    ) -> None:  # fmt: skip
        for i in range(first, last):
            total = bias.values[bias.at + j :][:width].copy()
            for k in range(depth):
                factor = a.values[a.at + i * a.row + k * a.column]
                total += factor * b.values[b.at + k * b.row + j :][:width]
            c.values[c.at + i * c.row + j :][:width] = total

    @intrinsic
    def machine_panel(
        _: Code, a: Code, b: Code, bias: Code, c: Code,
        first: Code, last: Code, j: Code, width: Code, depth: Code,
    ) -> tuple[Code, Code]:  # fmt: skip
        def generate(context: Code, builder: Code, signature: Code, values: Code) -> Code:
            def matrix(n: int) -> tuple[Code, ...]:
                array, at, row, column = cgutils.unpack_tuple(builder, values[n])
                return data_of(context, builder, signature.args[n].types[0], array), at, row, column

            def place(at: Code, k: Code, step: Code) -> Code:
                return builder.add(at, builder.mul(k, step))

            def along(at: Code) -> list[tuple[Code, Code | None]]:
                return [(builder.add(at, j.type(v * code.lanes)), masks[v]) for v in range(vectors)]

            (a, a_at, a_row, a_column), (b, b_at, b_row, _) = matrix(0), matrix(1)
            (bias, bias_at, _, _), (c, c_at, c_row, _) = matrix(2), matrix(3)
            first, last, j, width, depth = values[4:]
            code = VectorCode(builder, c.type.pointee, vector_bytes)
            masks: list[Code | None] = [None] * vectors
            if not whole:
                masks[-1] = code.mask(builder.sub(width, width.type((vectors - 1) * code.lanes)))
            start = [code.load(bias, *part) for part in along(builder.add(bias_at, j))]
            chains = max(1, 4 // rows)  # of sums for each row: few rows have to wait for each other
            sums = [
                [[cgutils.alloca_once(builder, code.type) for _ in masks] for _ in range(chains)]
                for _ in range(rows)
            ]
            even = builder.sub(depth, builder.srem(depth, depth.type(chains)))

            def add_products(k: Code, chain: int) -> None:
                right = [
                    code.load(b, *part) for part in along(builder.add(place(b_at, k, b_row), j))
                ]
                a_part = place(a_rows, k, a_column)
                for r in range(rows):
                    at = place(a_part, j.type(r), a_row)
                    left = code.repeated(builder.load(builder.gep(a, [at])))
                    for value, total in zip(right, sums[r][chain], strict=True):
                        builder.store(code.multiply_add(left, value, builder.load(total)), total)

            with cgutils.for_range_slice(builder, first, last, j.type(rows)) as (i, _):
                for chain, totals in ((c, t) for row in sums for c, t in enumerate(row)):
                    for value, total in zip(start, totals, strict=True):
                        builder.store(code.zeros if chain else value, total)
                a_rows = place(a_at, i, a_row)
                zero, one = j.type(0), j.type(1)
                with cgutils.for_range_slice(builder, zero, even, j.type(chains)) as (k, _):
                    for chain in range(chains):
                        add_products(builder.add(k, j.type(chain)), chain)
                with cgutils.for_range_slice(builder, even, depth, one) as (k, _):
                    add_products(k, 0)
                for r in range(rows):
                    row = builder.add(i, j.type(r))
                    c_part = along(builder.add(place(c_at, row, c_row), j))
                    for parts, place_in_c in zip(zip(*sums[r], strict=True), c_part, strict=True):
                        total = reduce(builder.fadd, map(builder.load, parts))
                        code.store(total, c, *place_in_c)
            return context.get_dummy_value()

        return types.void(a, b, bias, c, *[types.intp] * 5), generate

    @overload(panel, jit_options=SETTINGS, strict=False)
    def compiled_panel(
        a: Code, b: Code, bias: Code, c: Code,
        first: Code, last: Code, j: Code, width: Code, depth: Code,
    ) -> Code:  # fmt: skip
        def call(
            a: Matrix, b: Matrix, bias: Matrix, c: Matrix,
            first: int, last: int, j: int, width: int, depth: int,
        ) -> None:  # fmt: skip
            machine_panel(a, b, bias, c, first, last, j, width, depth)

        return call

    return panel


def _panels(vectors: int, *, whole: bool, vector_bytes: int = VECTOR_BYTES) -> Callable[..., None]:
    """Make the function that computes a panel for any number of rows."""
    # Eight sums keep both multipliers of a processor busy, and fit into 16 registers. Of the widest
    # there are 32, and with more rows the right matrix is read less often.
    tall = 8 if VECTOR_BYTES == 64 else 8 // vectors
    panel = {
        rows: _panel(rows, vectors, whole=whole, vector_bytes=vector_bytes)
        for rows in {1, 2, 3, 4, tall}
    }
    one, two, three, four, tallest = (panel[rows] for rows in (1, 2, 3, 4, tall))

    def panels(
        a: Matrix, b: Matrix, bias: Matrix, c: Matrix, rows: int, j: int, width: int, depth: int
    ) -> None:
        done = rows - rows % tall
        tallest(a, b, bias, c, 0, done, j, width, depth)
        if rows - done >= 4:
            four(a, b, bias, c, done, done + 4, j, width, depth)
            done += 4
        if rows - done == 3:
            three(a, b, bias, c, done, rows, j, width, depth)
        elif rows - done == 2:
            two(a, b, bias, c, done, rows, j, width, depth)
        elif rows - done == 1:
            one(a, b, bias, c, done, rows, j, width, depth)

    made: Callable[..., None] = njit(**SETTINGS)(panels)
    return made


_whole_panels = _panels(2, whole=True)
_wide_panels = _panels(2, whole=False)
_narrow_panels = _panels(1, whole=False)
# Some processors multiply two vectors of half the size at a time.
_slim_panels = _panels(1, whole=False, vector_bytes=max(16, VECTOR_BYTES // 2))


@compiled
def small_product(
    a: Matrix, b: Matrix, bias: Matrix, c: Matrix, rows: int, columns: int, depth: int
) -> None:
    """Write ``a b + bias`` to `c`, shape (rows, columns); `depth` is the number of rows of `b`.

    The columns of `b` and `c` lie side by side; `bias` is one row, added to each.
    """
    lanes = VECTOR_BYTES // c.values.itemsize
    for j in range(0, columns, 2 * lanes):
        width = min(2 * lanes, columns - j)
        if width == 2 * lanes:
            _whole_panels(a, b, bias, c, rows, j, width, depth)
        elif width > lanes:
            _wide_panels(a, b, bias, c, rows, j, width, depth)
        elif width <= lanes // 2:
            _slim_panels(a, b, bias, c, rows, j, width, depth)
        else:
            _narrow_panels(a, b, bias, c, rows, j, width, depth)


MOST_BYTES_APART = 4096
"""Rows that lie so far apart, or farther, get in each other's way in the cache."""


@part
def lie_close(a: Matrix, b: Matrix) -> bool:
    """Tell whether both factors of a product are read without trouble where they lie."""
    return max(b.row, a.column) * a.values.itemsize < MOST_BYTES_APART


@part
def product(
    a: Matrix, b: Matrix, bias: Matrix, c: Matrix, rows: int, columns: int, depth: int
) -> None:
    """Write ``a b + bias`` to `c` in the faster way; see `small_product`."""
    if lie_close(a, b):
        small_product(a, b, bias, c, rows, columns, depth)
        return
    large_product(a, b, c, rows, columns, depth)
    for i in range(rows):
        row = c.values[c.at + i * c.row :]
        for j in range(columns):
            row[j] += bias.values[bias.at + j]


def large_product(a: Matrix, b: Matrix, c: Matrix, rows: int, columns: int, depth: int) -> None:
    """Write ``a b`` to `c`, shape (rows, columns), by BLAS; `a` and `b` may be transposed."""
    for i in range(rows):
        total = np.zeros(columns, c.values.dtype)
        for k in range(depth):
            row = b.values[b.at + k * b.row :][: (columns - 1) * b.column + 1 : b.column]
            total += a.values[a.at + i * a.row + k * a.column] * row
        c.values[c.at + i * c.row :][:columns] = total


@overload(large_product, jit_options=SETTINGS, strict=False)
def _large_product(a: Code, b: Code, c: Code, rows: Code, columns: Code, depth: Code) -> Code:
    number = types.CPointer(c.types[0].dtype)
    matrix = (number, types.intp)
    # SciPy's BLAS, as it stands behind Numba's np.dot. It knows columns, not rows: what it computes
    # is the transposed product of the transposed matrices.
    gemm = types.ExternalFunction(
        "numba_xxgemm",
        types.intc(*[types.char] * 3, *[types.intp] * 3, number, *matrix, *matrix, number, *matrix),
    )
    kind = ord("s" if c.types[0].dtype == types.float32 else "d")
    as_it_lies, transposed = ord("n"), ord("t")
    # of what is in c, and of the product
    factors = np.array([0, 1], numpy_support.as_dtype(c.types[0].dtype))

    def call(a: Matrix, b: Matrix, c: Matrix, rows: int, columns: int, depth: int) -> None:
        b_lies, a_lies = b.column == 1, a.column == 1
        gemm(
            np.uint8(kind),
            np.uint8(as_it_lies if b_lies else transposed),
            np.uint8(as_it_lies if a_lies else transposed),
            columns, rows, depth,
            # a matrix of one row may have any distance between rows; BLAS wants a possible one
            factors[1:].ctypes, b.values[b.at :].ctypes,
            max(b.row, columns) if b_lies else max(b.column, depth),
            a.values[a.at :].ctypes,
            max(a.row, depth) if a_lies else max(a.column, rows),
            factors.ctypes, c.values[c.at :].ctypes, max(c.row, columns),
        )  # fmt: skip

    return call
