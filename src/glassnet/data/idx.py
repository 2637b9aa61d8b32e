"""IDX, the file format of MNIST: a magic number, the shape, and the values, all big-endian."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.bounded import BoundedReader, open_bounded

if TYPE_CHECKING:
    import numpy.typing as npt

#: The most that an IDX file may hold, unpacked: 4 GiB.
MAX_IDX_BYTES = 4 * 2**30
_CHUNK = 2**20
_MAX_RANK = 32
_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: str | os.PathLike[str]) -> npt.NDArray[Any]:
    """Read an IDX file, gzipped or not.

    Parameters
    ----------
    path : path-like
        The file; its name does not matter.

    Returns
    -------
    array : ndarray
        With the file's shape, and its dtype in the machine's byte order: uint8, int8, int16,
        int32, float32 or float64.

    Raises
    ------
    ValueError
        If the file is not IDX, is cut short, goes on after its last value, is broken inside, or
        claims more values than it can hold or than `MAX_IDX_BYTES` allows.
    OSError
        If the file can't be read.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "labels-idx1-ubyte"
    ...     _ = path.write_bytes(bytes([0, 0, 0x08, 1, 0, 0, 0, 3]) + bytes([7, 2, 1]))
    ...     read_idx(path)
    array([7, 2, 1], dtype=uint8)
    """
    with open_bounded(path, limit=MAX_IDX_BYTES) as file:
        dtype, shape, header_bytes = _read_header(file)
        promised = math.prod(shape) * dtype.itemsize
        if promised > min(MAX_IDX_BYTES, file.capacity) - header_bytes:
            raise ValueError(
                f"{file.path}: the header promises shape {shape} of {dtype.name}, {promised} "
                f"bytes, more than {_whose_limit(file)}; the file is cut short or no IDX file"
            )
        values = np.empty(promised, np.uint8)
        filled = 0
        while filled < promised:
            piece = file.read(min(_CHUNK, promised - filled))
            if not piece:
                raise ValueError(
                    f"{file.path}: cut short: the header promises {promised} bytes of values "
                    f"(shape {shape} of {dtype.name}), found {filled}; get the file again"
                )
            values[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
            filled += len(piece)
        if file.read(1):
            raise ValueError(
                f"{file.path}: goes on after the {promised} bytes of values that the header "
                f"promises (shape {shape} of {dtype.name}); get the file again"
            )
    return values.view(dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _read_header(file: BoundedReader) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _DTYPES or magic[3] > _MAX_RANK:
        raise ValueError(
            f"{file.path}: no IDX file: expected it to begin with 00 00, a type "
            f"({', '.join(f'{code:02x}' for code in _DTYPES)}) and a rank of at most "
            f"{_MAX_RANK}, found {magic.hex(' ') or 'nothing'}"
        )
    rank = magic[3]
    sizes = file.read(4 * rank)
    if len(sizes) < 4 * rank:
        raise ValueError(
            f"{file.path}: cut short inside the header: expected {rank} sizes of 4 bytes, "
            f"found {len(sizes)} bytes; get the file again"
        )
    shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
    return np.dtype(_DTYPES[magic[2]]), shape, 4 + 4 * rank


def _whose_limit(file: BoundedReader) -> str:
    if file.capacity < MAX_IDX_BYTES:
        return f"the {file.capacity} bytes that a file of this size can hold"
    return f"the limit of {MAX_IDX_BYTES} bytes"
