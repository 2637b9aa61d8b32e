"""Machine code for the processor's vector registers, where the compiler's own is not good enough.

Before the compiler runs a loop on vectors, it makes sure that arrays don't overlap; and it computes
what is left of a row one number at a time. That is too slow for the short rows of small networks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from glassnet.kernels.compilation import SETTINGS

Code: TypeAlias = Any
"""A type, value or builder of LLVM's, for which there are no Python types."""

Row: TypeAlias = Any
"""In an operation on rows, a row or a number that goes with it: an array, or a vector in code that
is being written."""


def _vector_bytes() -> int:
    """Return the size of this processor's vector registers."""
    features = llvm.get_host_cpu_features()
    return 64 if features.get("avx512f") else 32 if features.get("avx") else 16


VECTOR_BYTES = _vector_bytes()

_LINE_BYTES = 64
"""Of the cache."""


class VectorCode:
    """Writes code for vectors of numbers; `number` is their LLVM type, `size` that of a vector."""

    def __init__(self, builder: Code, number: Code, size: int = VECTOR_BYTES) -> None:
        bits = 32 if number == ir.FloatType() else 64
        self.builder, self.align, self.lanes = builder, bits // 8, size * 8 // bits
        self.type, self.name = ir.VectorType(number, self.lanes), f"v{self.lanes}f{bits}"
        self.zeros = ir.Constant(self.type, None)

    def mask(self, count: Code) -> Code:
        """Return which lanes of a vector are among the first `count`."""
        lanes = ir.Constant(ir.VectorType(count.type, self.lanes), list(range(self.lanes)))
        return self.builder.icmp_signed("<", lanes, self.repeated(count))

    def load(self, data: Code, at: Code, mask: Code | None = None) -> Code:
        """Return the vector at ``data[at]``, with 0 where it is masked."""
        pointer = self._pointer(data, at)
        if mask is None:
            return self.builder.load(pointer, align=self.align)
        align, name = ir.IntType(32)(self.align), f"masked.load.{self.name}.p0"
        return self._call(name, self.type, pointer, align, mask, self.zeros)

    def store(self, value: Code, data: Code, at: Code, mask: Code | None = None) -> None:
        """Write the vector to ``data[at]``, but not where it is masked."""
        pointer = self._pointer(data, at)
        if mask is None:
            self.builder.store(value, pointer, align=self.align)
        else:
            align = ir.IntType(32)(self.align)
            name = f"masked.store.{self.name}.p0"
            self._call(name, ir.VoidType(), value, pointer, align, mask)

    def repeated(self, value: Code) -> Code:
        """Return a vector with this number in each lane."""
        undefined = ir.Constant(ir.VectorType(value.type, self.lanes), ir.Undefined)
        vector = self.builder.insert_element(undefined, value, ir.IntType(32)(0))
        order = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), None)
        return self.builder.shuffle_vector(vector, vector, order)

    def multiply_add(self, a: Code, b: Code, c: Code) -> Code:
        """Return ``a b + c``, rounded once."""
        return self._call(f"fma.{self.name}", self.type, a, b, c)

    def _pointer(self, data: Code, at: Code) -> Code:
        return self.builder.bitcast(self.builder.gep(data, [at]), self.type.as_pointer())

    def _call(self, name: str, result: Code, *arguments: Code) -> Code:
        kind = ir.FunctionType(result, [argument.type for argument in arguments])
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.{name}")
        return self.builder.call(function, arguments)


def prefetch(n: int, array: np.ndarray, at: int) -> None:
    """Have ``array[at : at + n]`` fetched into the cache, for later, without waiting for it."""


@intrinsic
def _prefetch(_: Code, n: Code, array: Code, at: Code) -> tuple[Code, Code]:
    def generate(context: Code, builder: Code, signature: Code, values: Code) -> Code:
        n, array, at = values
        data = data_of(context, builder, signature.args[1], array)
        number, flag, byte = data.type.pointee, ir.IntType(32), ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        line = n.type(_LINE_BYTES // (4 if number == ir.FloatType() else 8))
        with cgutils.for_range_slice(builder, n.type(0), n, line) as (j, _):
            pointer = builder.gep(data, [builder.add(at, j)])
            # to read, into all caches but the first, data
            builder.call(fetch, [builder.bitcast(pointer, byte), flag(0), flag(2), flag(1)])
        return context.get_dummy_value()

    return types.void(types.intp, array, types.intp), generate


@overload(prefetch, jit_options=SETTINGS, strict=False)
def _compiled_prefetch(n: Code, array: Code, at: Code) -> Code:
    def call(n: int, array: np.ndarray, at: int) -> None:
        _prefetch(n, array, at)

    return call


def data_of(context: Code, builder: Code, kind: Code, array: Code) -> Code:
    """Return the pointer to an array's memory; `kind` is the array's Numba type."""
    return context.make_array(kind)(context, builder, array).data


class _Lanes:
    """A vector in code that is being written, for which Python's operators write instructions."""

    def __init__(self, code: VectorCode, value: Code) -> None:
        self.code, self.value = code, value

    def _new(self, instruction: str, other: _Lanes) -> _Lanes:
        write = getattr(self.code.builder, instruction)
        return _Lanes(self.code, write(self.value, other.value, flags=("contract", "nsz")))

    def __add__(self, other: _Lanes) -> _Lanes:
        return self._new("fadd", other)

    def __sub__(self, other: _Lanes) -> _Lanes:
        return self._new("fsub", other)

    def __mul__(self, other: _Lanes) -> _Lanes:
        return self._new("fmul", other)


def flushed(row: Row, negligible: Row) -> Row:
    """Return a row of an operation on rows, with 0 for what is smaller than `negligible`."""
    if not isinstance(row, _Lanes):
        return np.where(abs(row) < negligible, 0, row)
    code, builder = row.code, row.code.builder
    below = builder.fcmp_ordered("<", row.value, negligible.value)
    above = builder.fcmp_ordered(">", row.value, builder.fneg(negligible.value))
    return _Lanes(code, builder.select(builder.and_(below, above), code.zeros, row.value))


RowFunction = Callable[..., tuple[Row, ...]]


def row_operation(*, arrays: int) -> Callable[[RowFunction], Callable[..., None]]:
    """Make a compiled operation on rows from a function that says what happens to their numbers.

    The function takes rows and then numbers, and returns new rows for the first of them. It is
    applied to NumPy's arrays where nothing is compiled, and to vector registers where it is.

    Parameters
    ----------
    arrays : int
        How many of the function's arguments are rows.

    Returns
    -------
    callable
        Takes the length of the rows; for each row an array, shape (n,), and where in it the row
        begins; and the numbers.
    """

    def make(function: RowFunction) -> Callable[..., None]:
        def operation(n: int, *arguments: Any) -> None:  # noqa: ANN401
            places = [(arguments[2 * i], arguments[2 * i + 1]) for i in range(arrays)]
            rows = [array[at : at + n] for array, at in places]
            for row, new in zip(rows, function(*rows, *arguments[2 * arrays :]), strict=False):
                row[:] = new

        @intrinsic
        def machine_operation(_: Code, n: Code, arguments: Code) -> tuple[Code, Code]:
            def generate(context: Code, builder: Code, signature: Code, values: Code) -> Code:
                n, arguments = values[0], cgutils.unpack_tuple(builder, values[1])
                kinds = signature.args[1].types
                rows = [
                    (data_of(context, builder, kinds[i], arguments[i]), arguments[i + 1])
                    for i in range(0, 2 * arrays, 2)
                ]
                code = VectorCode(builder, rows[0][0].type.pointee)
                numbers = [_Lanes(code, code.repeated(v)) for v in arguments[2 * arrays :]]
                lanes = n.type(code.lanes)

                def write(j: Code, mask: Code | None) -> None:
                    places = [(data, builder.add(at, j)) for data, at in rows]
                    old = [_Lanes(code, code.load(*place, mask)) for place in places]
                    for value, place in zip(function(*old, *numbers), places, strict=False):
                        code.store(value.value, *place, mask)

                even = builder.sub(n, builder.srem(n, lanes))
                with cgutils.for_range_slice(builder, n.type(0), even, lanes) as (j, _):
                    write(j, None)
                rest = builder.sub(n, even)
                with builder.if_then(builder.icmp_signed(">", rest, n.type(0))):
                    write(even, code.mask(rest))
                return context.get_dummy_value()

            return types.void(types.intp, arguments), generate

        @overload(operation, jit_options=SETTINGS, strict=False)
        def compiled_operation(n: Code, *arguments: Code) -> Code:
            def call(n: int, *arguments: Any) -> None:  # noqa: ANN401
                machine_operation(n, arguments)

            return call

        return operation

    return make
