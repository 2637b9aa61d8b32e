"""The transforms of Winograd's convolution F(4x4, 3x3), on vectors of channels.

Two polynomials of degrees 3 and 2 are multiplied by their values at points, and so is a stretch of
an image with a kernel. With the points 0, a, -a, b, -b and infinity, 6 numbers ``d`` of a row and a
kernel ``g`` of 3 give 4 outputs ``y`` with 6 multiplications instead of 12:

    y = At [(G g) * (Bt d)]

and in two dimensions ``Y = At [(G g Gt) * (Bt d B)] A``, 36 instead of 144. Here are functions for
the three matrices, and for the transposes of two that the gradient by the kernel takes.

References
----------
Winograd, "Arithmetic Complexity of Computations", SIAM 1980.
Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, section 4.
Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural
Networks", ACM Transactions on Mathematical Software 46(4), 2020, on the choice of the points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from glassnet.kernels.compilation import SETTINGS
from glassnet.kernels.vectors import Code, Row, VectorCode, data_of

POINTS = (2 / 3, 3 / 2)
"""The points a and b. Rounding errors are half of those with 1 and 2, and ``a b`` is 1."""

_A, _B = POINTS
_AA, _BB, _AABB = _A * _A, _B * _B, (_A * _B) ** 2
_TO_A, _TO_B = 1 / (2 * _AA * (_AA - _BB)), 1 / (2 * _BB * (_BB - _AA))


class Places(NamedTuple):
    """Where the rows of channels lie that a transform reads or writes: in a table of offsets."""

    values: np.ndarray
    at: int
    table: np.ndarray
    """int32; where it is negative, a row lies in `spare` instead."""
    first: int
    """Where in the table the offsets stand."""
    spare: np.ndarray
    """As long as a row: zeros to read, or memory to write what nobody needs."""


def image(d: Sequence[Row]) -> list[Row]:
    """Return ``Bt d``: values at the points of 6 numbers of the image."""
    even_a, odd_a = d[4] - d[2] * _BB, (d[3] - d[1] * _BB) * _A
    even_b, odd_b = d[4] - d[2] * _AA, (d[3] - d[1] * _AA) * _B
    ends = [d[k] * _AABB - d[k + 2] * (_AA + _BB) + d[k + 4] for k in (0, 1)]
    return [ends[0], even_a + odd_a, even_a - odd_a, even_b + odd_b, even_b - odd_b, ends[1]]


def kernel(g: Sequence[Row]) -> list[Row]:
    """Return ``G g``: values at the points of a kernel of 3."""
    even_a, odd_a = (g[0] + g[2] * _AA) * _TO_A, g[1] * (_A * _TO_A)
    even_b, odd_b = (g[0] + g[2] * _BB) * _TO_B, g[1] * (_B * _TO_B)
    plus_minus = [even_a + odd_a, even_a - odd_a, even_b + odd_b, even_b - odd_b]
    return [g[0] * (1 / _AABB), *plus_minus, g[2]]


def kernel_gradient(u: Sequence[Row]) -> list[Row]:
    """Return ``Gt u``."""
    plus_a, minus_a = (u[1] + u[2]) * _TO_A, (u[1] - u[2]) * (_A * _TO_A)
    plus_b, minus_b = (u[3] + u[4]) * _TO_B, (u[3] - u[4]) * (_B * _TO_B)
    return [
        u[0] * (1 / _AABB) + plus_a + plus_b,
        minus_a + minus_b,
        u[5] + plus_a * _AA + plus_b * _BB,
    ]


def output(m: Sequence[Row]) -> list[Row]:
    """Return ``At m``: 4 outputs from the products at the points."""
    plus_a, minus_a, plus_b, minus_b = m[1] + m[2], m[1] - m[2], m[3] + m[4], m[3] - m[4]
    return [
        m[0] + plus_a + plus_b,
        minus_a * _A + minus_b * _B,
        plus_a * _AA + plus_b * _BB,
        m[5] + minus_a * (_A * _AA) + minus_b * (_B * _BB),
    ]


def output_gradient(y: Sequence[Row]) -> list[Row]:
    """Return ``A y``."""
    even_a, odd_a = y[0] + y[2] * _AA, (y[1] + y[3] * _AA) * _A
    even_b, odd_b = y[0] + y[2] * _BB, (y[1] + y[3] * _BB) * _B
    return [y[0], even_a + odd_a, even_a - odd_a, even_b + odd_b, even_b - odd_b, y[3]]


OneDimension = Callable[[Sequence[Row]], list[Row]]


def _two_dimensions(function: OneDimension, rows: Sequence[Row]) -> list[Row]:
    """Apply a transform down the columns and along the rows of a square of rows of channels."""
    side = int(len(rows) ** 0.5)
    columns = [function(rows[j::side]) for j in range(side)]
    return [row for i in range(len(columns[0])) for row in function([c[i] for c in columns])]


class _Lanes:
    """A vector in code that is being written; a number may stand on the right of an operator."""

    def __init__(self, code: VectorCode, value: Code) -> None:
        self.code, self.value = code, value

    def _new(self, instruction: str, other: _Lanes | float) -> _Lanes:
        if isinstance(other, _Lanes):
            value = other.value
        else:
            value = ir.Constant(self.code.type, [float(other)] * self.code.lanes)
        write = getattr(self.code.builder, instruction)
        return _Lanes(self.code, write(self.value, value, flags=("contract", "nsz")))

    def __add__(self, other: _Lanes) -> _Lanes:
        return self._new("fadd", other)

    def __sub__(self, other: _Lanes) -> _Lanes:
        return self._new("fsub", other)

    def __mul__(self, other: _Lanes | float) -> _Lanes:
        return self if other == 1 else self._new("fmul", other)


Transform = Callable[[int, Places, Places, np.ndarray, int], None]


def transform(
    function: OneDimension, sources: int, targets: int, *, biased: bool = False, adds: bool = False
) -> Transform:
    """Make the compiled function that applies a transform in two dimensions, to all channels.

    Parameters
    ----------
    function : callable
        The transform of one dimension.
    sources, targets : int
        How many rows it reads and writes.
    biased : bool
        Whether a row is added to all that is written.
    adds : bool
        Whether what is written is added to what is there.

    Returns
    -------
    callable
        Takes the number of channels, the `Places` to read and to write, an array, and where in it
        the row to be added begins.
    """

    def apply(n: int, source: Places, target: Places, bias: np.ndarray, bias_at: int) -> None:
        def row(places: Places, k: int) -> np.ndarray:
            offset = places.table[places.first + k]
            if offset < 0:
                return places.spare[:n]
            return places.values[places.at + offset :][:n]

        number = source.values.dtype.type
        rows = [row(source, k) for k in range(sources)]
        for k, new in enumerate(_two_dimensions(function, rows)):
            total = new + bias[bias_at : bias_at + n] if biased else new
            place = row(target, k)
            place[:] = (place + total if adds else total).astype(number)

    @intrinsic
    def machine_apply(
        _: Code, n: Code, source: Code, target: Code, bias: Code, bias_at: Code
    ) -> tuple[Code, Code]:
        def generate(context: Code, builder: Code, signature: Code, values: Code) -> Code:
            n, bias_at = values[0], values[4]
            bias = data_of(context, builder, signature.args[3], values[3])

            def places(k: int) -> Callable[[int], Code]:
                array, at, table, first, spare = cgutils.unpack_tuple(builder, values[k])
                kinds = signature.args[k].types
                base = builder.gep(data_of(context, builder, kinds[0], array), [at])
                table = builder.gep(data_of(context, builder, kinds[2], table), [first])
                spare = data_of(context, builder, kinds[4], spare)

                def pointer(i: int) -> Code:
                    offset = builder.load(builder.gep(table, [ir.IntType(32)(i)]))
                    inside = builder.gep(base, [builder.sext(offset, n.type)])
                    outside = builder.icmp_signed("<", offset, offset.type(0))
                    return builder.select(outside, spare, inside)

                return pointer

            read, written = places(1), places(2)
            code = VectorCode(builder, bias.type.pointee)

            def write(j: Code, mask: Code | None) -> None:
                rows = [_Lanes(code, code.load(read(k), j, mask)) for k in range(sources)]
                if biased:
                    row = _Lanes(code, code.load(bias, builder.add(bias_at, j), mask))
                for k, new in enumerate(_two_dimensions(function, rows)):
                    total = new + row if biased else new
                    pointer = written(k)
                    if adds:
                        total = total + _Lanes(code, code.load(pointer, j, mask))
                    code.store(total.value, pointer, j, mask)

            even = builder.sub(n, builder.srem(n, n.type(code.lanes)))
            with cgutils.for_range_slice(builder, n.type(0), even, n.type(code.lanes)) as (j, _):
                write(j, None)
            rest = builder.sub(n, even)
            with builder.if_then(builder.icmp_signed(">", rest, n.type(0))):
                write(even, code.mask(rest))
            return context.get_dummy_value()

        return types.void(types.intp, source, target, bias, types.intp), generate

    @overload(apply, jit_options=SETTINGS, strict=False)
    def compiled_apply(n: Code, source: Code, target: Code, bias: Code, bias_at: Code) -> Code:
        def call(n: int, source: Places, target: Places, bias: np.ndarray, bias_at: int) -> None:
            machine_apply(n, source, target, bias, bias_at)

        return call

    return apply


image_to_points = transform(image, 36, 36)
kernel_to_points = transform(kernel, 9, 36)
kernel_from_points = transform(kernel_gradient, 36, 9, adds=True)
output_from_points = transform(output, 36, 16, biased=True)
output_to_points = transform(output_gradient, 16, 36)
