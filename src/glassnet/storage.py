"""Files put in place whole: a kill at any moment leaves the old file or the new one."""

from __future__ import annotations

import math
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a binary file that takes the place of `path` only when the block ends without error.

    The bytes go to a temporary file in the same folder, reach the disk, and are then renamed over
    `path` in one step. On any error, a full disk included, the temporary file is removed and what
    stood at `path` still stands.

    Parameters
    ----------
    path : path-like
        Where the file shall be. Its folder must exist.

    Raises
    ------
    OSError
        If the folder is missing or read-only, or the disk is full.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_write(Path(folder) / "a.txt") as file:
    ...         _ = file.write(b"whole")
    ...     (Path(folder) / "a.txt").read_text()
    'whole'
    """
    path = Path(path)
    require_folder(path)
    descriptor, temporary = tempfile.mkstemp(
        prefix=f".{path.name}.", suffix=".tmp", dir=path.parent
    )
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())  # mkstemp's own 0600 would hide it from the group
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def require_folder(path: str | os.PathLike[str]) -> None:
    """Refuse the path of a file whose folder does not exist.

    Raises
    ------
    FileNotFoundError
        If so; the message names the folder.
    """
    folder = Path(path).parent
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder} to put {Path(path).name} in")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_npz(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray]) -> None:
    """Put an ``.npz`` of these arrays in place whole. Same arrays, same bytes.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    with atomic_write(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_npz(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read all arrays of an ``.npz`` that `write_npz` wrote.

    Nothing in it is executed, and it takes no more memory than the file has bytes: compressed
    arrays, which `write_npz` never makes, are refused.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no ``.npz``, is damaged, is compressed, or holds pickled objects.
    """
    name = os.fspath(path)
    with Path(path).open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return _read_members(archive, os.fstat(file.fileno()).st_size)
        except _DAMAGE as error:
            raise ValueError(f"{name} is not an .npz file, or is damaged: {error}") from error
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error


_DAMAGE = (zipfile.BadZipFile, OSError, EOFError, MemoryError, RuntimeError, SyntaxError)
"""What zipfile and NumPy raise, besides ValueError, for bytes that make no sense."""


def _read_members(archive: zipfile.ZipFile, size: int) -> dict[str, np.ndarray]:
    members = archive.infolist()
    compressed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
    if compressed or sum(member.file_size for member in members) > size:
        raise ValueError(f"it is compressed, or claims more than its {size:,} bytes; refused")
    return {
        member.filename.removesuffix(".npy"): _read_member(archive, member) for member in members
    }


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """Read one array, after its header was found to agree with the size of the member."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0), (3, 0)):
            raise ValueError(f"{member.filename} has an unknown format version {version}")
        read_header = np.lib.format.read_array_header_2_0
        if version == (1, 0):
            read_header = np.lib.format.read_array_header_1_0
        shape, fortran_order, dtype = read_header(file)
        if dtype.hasobject:
            raise ValueError(f"{member.filename} holds pickled Python objects; refused")
        size = math.prod(shape) * dtype.itemsize
        data = file.read(size + 1) if size <= member.file_size else b""
    if len(data) != size:
        raise ValueError(f"{member.filename} promises {size:,} bytes of data and holds others")
    array = np.frombuffer(bytearray(data), dtype)
    return array.reshape(shape, order="F" if fortran_order else "C")
