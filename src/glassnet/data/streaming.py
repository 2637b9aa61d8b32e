"""Examples that stay where they are, in a file or a folder, until a batch needs them."""

from __future__ import annotations

import math
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.preprocessing import are_image_bytes, scale_to_unit
from glassnet.data.validation import FloatArray, as_floats

if TYPE_CHECKING:
    import numpy.typing as npt

_BLOCK_BYTES = 8 * 2**20


class Source(ABC):
    """Where examples come from that are not in memory; a `Dataset` takes one as its `x`.

    Reading the same row again must give the same values: an epoch reads each once, in random
    order, from a background thread.

    Examples
    --------
    >>> import glassnet as gn
    >>> class Squares(Source):
    ...     shape = (100, 1)
    ...     def read(self, rows, out):
    ...         out[:, 0] = rows**2
    >>> data = gn.Dataset(Squares(), np.zeros((100, 1)))
    >>> data.x[[3, 10]].tolist()
    [[9.0], [100.0]]
    """

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """``(n, *input_shape)``."""

    @abstractmethod
    def read(self, rows: np.ndarray, out: np.ndarray) -> None:
        """Read some examples.

        Parameters
        ----------
        rows : ndarray of int, shape (m,)
            Which, in any order.
        out : ndarray, shape (m, *input_shape), dtype float32
            Where to. Images in [0, 1].
        """

    def checksum(self, rows: np.ndarray, value: int) -> int:
        """Go on with a CRC-32 over these examples, so that a run notices if they were edited.

        Here it reads them all. Where that takes long, something else that tells will do.
        """
        for block in blocks(rows, math.prod(self.shape[1:])):
            values = np.empty((len(block), *self.shape[1:]), np.float32)
            self.read(block, values)
            value = zlib.crc32(values.data.cast("B"), value)
        return value


class MappedArray(Source):
    """An array in a file, as ``numpy.load(path, mmap_mode="r")`` maps it into memory.

    Bytes (uint8) with three or more axes are images and are divided by 255, as in memory.

    Parameters
    ----------
    array : numpy.memmap, shape (n, *input_shape)
        Real numbers.

    Raises
    ------
    ValueError
        If a value is NaN or infinite; read in blocks.
    """

    def __init__(self, array: np.memmap[Any, Any]) -> None:
        self._array = np.asarray(array)
        self._image_bytes = are_image_bytes(self._array)
        if array.dtype.kind == "f":
            for block in blocks(np.arange(len(array)), math.prod(array.shape[1:])):
                as_floats(self._array[block[0] : block[-1] + 1], "x")

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array."""
        return self._array.shape

    def read(self, rows: np.ndarray, out: np.ndarray) -> None:
        """Copy the rows."""
        # np.take would copy all of an array whose axes are in another order than in the file
        if self._array.dtype == out.dtype and self._array.flags.c_contiguous:
            np.take(self._array, rows, axis=0, out=out, mode="clip")
        elif self._image_bytes:
            out[...] = scale_to_unit(self._array[rows])
        else:
            out[...] = self._array[rows]


class StreamedRows:
    """Some rows of a source, in a chosen order: what `Dataset.x` is where it is not in memory.

    It takes indices of rows as an array does (a number, a slice, numbers, or booleans) and gives
    float32 arrays. ``numpy.asarray`` reads all of it.

    Parameters
    ----------
    source : Source
    rows : ndarray of int, shape (n,), optional
        Default: all.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, source: Source, rows: np.ndarray | None = None) -> None:
        self._source = source
        self._rows = np.arange(source.shape[0]) if rows is None else rows

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, *input_shape)``."""
        return (len(self._rows), *self._source.shape[1:])

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self._source.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    def __getitem__(self, key: Any) -> FloatArray:  # noqa: ANN401 whatever NumPy takes
        rows = self._rows[key]
        if rows.ndim > 1:
            raise IndexError(f"expected rows of shape (m,), got indices of shape {rows.shape}")
        values = np.empty((rows.size, *self.shape[1:]), np.float32)
        self._source.read(np.atleast_1d(rows), values)
        return values if rows.ndim else values[0]

    def read(self, rows: np.ndarray, out: np.ndarray) -> None:
        """Read rows into an array, shape (m, *input_shape), dtype float32."""
        self._source.read(self._rows[rows], out)

    def select(self, rows: np.ndarray) -> StreamedRows:
        """Return other rows, by numbers or booleans; nothing is read."""
        return StreamedRows(self._source, self._rows[rows])

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> np.ndarray[Any, Any]:
        if copy is False:
            raise ValueError("examples that are not in memory cannot be had without a copy")
        return np.asarray(self[:], dtype)

    def checksum(self, value: int) -> int:
        """Go on with a CRC-32 over the examples; see `Source.checksum`."""
        return self._source.checksum(self._rows, value)


def blocks(rows: np.ndarray, row_size: int) -> Iterator[np.ndarray]:
    """Cut row numbers into pieces whose examples take some megabytes each, as float32."""
    at_once = max(1, _BLOCK_BYTES // (4 * row_size))
    for start in range(0, len(rows), at_once):
        yield rows[start : start + at_once]
