"""Products of matrices whose rows are found by a table of offsets, tile by tile in registers.

A convolution is a product of the weights with a matrix that nobody has to write down: its row for
an output holds the patch of the image below the kernel, which lies in the image in a few stretches.
The table says where each stretch begins; within it numbers lie evenly.

References
----------
Georganas et al., "Anatomy of High-Performance Deep Learning Convolutions on SIMD Architectures",
SC 2018, section II, on convolution as products of tiles that read the image where it lies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from glassnet.kernels.compilation import SETTINGS, compiled
from glassnet.kernels.matrices import Matrix
from glassnet.kernels.vectors import VECTOR_BYTES, Code, VectorCode, data_of

MOST_ROWS = 8 if VECTOR_BYTES == 64 else 6
"""Of a tile: with two vectors in a row, enough sums to keep both multipliers busy. There is room
for more in 32 registers, but twelve rows are no faster, and take longer to compile."""

Panel = Callable[..., None]


def panel_columns(itemsize: int) -> int:
    """Return the columns of a tile: two vectors' of numbers of so many bytes."""
    return 2 * VECTOR_BYTES // itemsize


class _Rows(NamedTuple):
    """A matrix in code that is being written: a pointer, and the way to the next row and column."""

    data: Code
    row: Code
    column: Code

    def from_column(self, builder: Code, j: Code) -> _Rows:
        return self._replace(data=builder.gep(self.data, [builder.mul(j, self.column)]))

    def at(self, builder: Code, i: Code) -> Code:
        return builder.gep(self.data, [builder.mul(i, self.row)])


class _Stretches(NamedTuple):
    """Where those of a row begin."""

    table: Code
    first: Code
    count: Code
    depth: Code


class _Product(NamedTuple):
    """One panel of a product in code that is being written."""

    code: VectorCode
    a: _Rows
    b: _Rows
    start: _Rows
    c: _Rows
    stretches: _Stretches
    across: list[tuple[Code, Code | None]]
    """Where each vector of a row begins, and its mask."""
    sums: list[list[Code]]
    """Where those of each row are kept, which will be registers."""
    pointers: list[Code]
    """And the places in `a` and `b` that are read next."""


def _write_tile(builder: Code, n: int, i: Code, product: _Product) -> None:
    """Write the code that computes `n` rows from row `i`."""
    code, a, b, start, c, stretches, across, sums, (of_a, of_b) = product
    for r in range(n):
        row = start.at(builder, builder.add(i, i.type(r)))
        for total, place in zip(sums[r], across, strict=True):
            builder.store(code.load(row, *place), total)
    builder.store(b.data, of_b)
    steps = [builder.mul(a.row, i.type(r)) for r in range(n)]
    with cgutils.for_range(builder, stretches.count) as stretch:
        at = builder.add(stretches.first, stretch.index)
        offset = builder.load(builder.gep(stretches.table, [at]))
        builder.store(builder.gep(a.at(builder, i), [offset]), of_a)
        with cgutils.for_range(builder, stretches.depth):
            left, right = builder.load(of_a), builder.load(of_b)
            row = [code.load(right, *place) for place in across]
            for r in range(n):
                factor = code.repeated(builder.load(builder.gep(left, [steps[r]])))
                for value, total in zip(row, sums[r], strict=True):
                    builder.store(code.multiply_add(factor, value, builder.load(total)), total)
            builder.store(builder.gep(left, [a.column]), of_a)
            builder.store(builder.gep(right, [b.row]), of_b)
    for r in range(n):
        row = c.at(builder, builder.add(i, i.type(r)))
        for total, place in zip(sums[r], across, strict=True):
            code.store(builder.load(total), row, *place)


def _write_tiles(builder: Code, rows: Code, product: _Product) -> None:
    """Write the code that divides the rows into tiles as high as each other, or one row higher."""
    number = rows.type
    tiles = builder.sdiv(builder.add(rows, number(MOST_ROWS - 1)), number(MOST_ROWS))
    height, more = builder.sdiv(rows, tiles), builder.srem(rows, tiles)
    first = cgutils.alloca_once_value(builder, number(0))
    with cgutils.for_range(builder, tiles) as tile:
        i = builder.load(first)
        higher = builder.icmp_signed("<", tile.index, more)
        n = builder.add(height, builder.zext(higher, number))
        done = builder.append_basic_block("tile.done")
        choice = builder.switch(n, done)
        for size in range(1, MOST_ROWS + 1):
            block = builder.append_basic_block(f"tile.{size}")
            choice.add_case(number(size), block)
            with builder.goto_block(block):
                _write_tile(builder, size, i, product)
                builder.branch(done)
        builder.position_at_end(done)
        builder.store(builder.add(i, n), first)


def _panel(vectors: int, *, whole: bool, vector_bytes: int = VECTOR_BYTES) -> Panel:
    """Make the function that computes columns `j` to ``j + width`` of `multiply`.

    The width is that of so many vector registers, of which the last is filled in part if they are
    not `whole`.
    """

    def panel(
        a: Matrix, offsets: np.ndarray, first: int, stretches: int, depth: int,
        b: Matrix, start: Matrix, c: Matrix, rows: int, j: int, width: int,
    ) -> None:  # fmt: skip
        b_at, start_at, c_at = (m.at + j * m.column for m in (b, start, c))
        for i in range(rows):
            total = start.values[start_at + i * start.row :][:width].copy()
            for s in range(stretches):
                for k in range(depth):
                    factor = a.values[a.at + offsets[first + s] + i * a.row + k * a.column]
                    total += factor * b.values[b_at + (s * depth + k) * b.row :][:width]
            c.values[c_at + i * c.row :][:width] = total

    @intrinsic
    def machine_panel(
        _: Code, a: Code, offsets: Code, first: Code, stretches: Code, depth: Code,
        b: Code, start: Code, c: Code, rows: Code, j: Code, width: Code,
    ) -> tuple[Code, Code]:  # fmt: skip
        def generate(context: Code, builder: Code, signature: Code, values: Code) -> Code:
            def matrix(n: int) -> _Rows:
                array, at, row, column = cgutils.unpack_tuple(builder, values[n])
                data = data_of(context, builder, signature.args[n].types[0], array)
                return _Rows(builder.gep(data, [at]), row, column)

            table = data_of(context, builder, signature.args[1], values[1])
            first, stretches, depth = values[2:5]
            rows, j, width = values[8:]
            a, b, start, c = (matrix(n) for n in (0, 5, 6, 7))
            code = VectorCode(builder, c.data.type.pointee, vector_bytes)
            masks: list[Code | None] = [None] * vectors
            if not whole:
                masks[-1] = code.mask(builder.sub(width, j.type((vectors - 1) * code.lanes)))
            product = _Product(
                code,
                a,
                b.from_column(builder, j),
                start.from_column(builder, j),
                c.from_column(builder, j),
                _Stretches(table, first, stretches, depth),
                [(j.type(v * code.lanes), masks[v]) for v in range(vectors)],
                [
                    [cgutils.alloca_once(builder, code.type) for _ in range(vectors)]
                    for _ in range(MOST_ROWS)
                ],
                [cgutils.alloca_once(builder, b.data.type) for _ in range(2)],
            )
            with builder.if_then(builder.icmp_signed(">", rows, rows.type(0))):
                _write_tiles(builder, rows, product)
            return context.get_dummy_value()

        integers = [types.intp] * 3
        return types.void(a, offsets, *integers, b, start, c, *integers), generate

    @overload(panel, jit_options=SETTINGS, strict=False)
    def compiled_panel(
        a: Code, offsets: Code, first: Code, stretches: Code, depth: Code,
        b: Code, start: Code, c: Code, rows: Code, j: Code, width: Code,
    ) -> Code:  # fmt: skip
        def call(
            a: Matrix, offsets: np.ndarray, first: int, stretches: int, depth: int,
            b: Matrix, start: Matrix, c: Matrix, rows: int, j: int, width: int,
        ) -> None:  # fmt: skip
            machine_panel(a, offsets, first, stretches, depth, b, start, c, rows, j, width)

        return call

    return panel


_whole_panel = _panel(2, whole=True)
_wide_panel = _panel(2, whole=False)
_narrow_panel = _panel(1, whole=False)
# Some processors multiply two vectors of half the size at a time.
_slim_panel = _panel(1, whole=False, vector_bytes=max(16, VECTOR_BYTES // 2))


@compiled
def multiply(
    a: Matrix,
    offsets: np.ndarray,
    first: int,
    stretches: int,
    depth: int,
    b: Matrix,
    start: Matrix,
    c: Matrix,
    rows: int,
    columns: int,
) -> None:
    """Write ``a b + start`` to `c`, shape (rows, columns).

    Parameters
    ----------
    a : Matrix
        Row `i` holds ``a.values[a.at + offsets[first + s] + i * a.row + k * a.column]`` for all `k`
        below `depth`, for one stretch `s` after the other.
    offsets : ndarray of int64
    first, stretches : int
        Where in `offsets` the stretches stand, and how many there are.
    depth : int
        Numbers in a stretch.
    b : Matrix
        Its row `k` of ``stretches * depth`` begins at ``b.at + k * b.row``. If ``b.column`` is 1,
        columns lie side by side. If it is more, those of each panel of `panel_columns` do, and
        a panel begins ``b.column`` times as many numbers further on as there are columns before.
    start, c : Matrix
        Their columns lie like those of `b`. They may be the same. If ``start.row`` is 0, `start` is
        one row, added to each.
    rows, columns : int
    """
    lanes = VECTOR_BYTES // c.values.itemsize
    for j in range(0, columns, 2 * lanes):
        width = min(2 * lanes, columns - j)
        if width == 2 * lanes:
            _whole_panel(a, offsets, first, stretches, depth, b, start, c, rows, j, width)
        elif width > lanes:
            _wide_panel(a, offsets, first, stretches, depth, b, start, c, rows, j, width)
        elif width <= lanes // 2:
            _slim_panel(a, offsets, first, stretches, depth, b, start, c, rows, j, width)
        else:
            _narrow_panel(a, offsets, first, stretches, depth, b, start, c, rows, j, width)
