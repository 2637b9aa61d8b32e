"""Files put in place whole: a kill at any moment leaves the old file or the new one."""

from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from tokenize import TokenError
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

# What works on files is imported where it is used: glassnet itself is imported far more often than
# anything is saved, and pathlib, tempfile and zipfile take 6 ms.
if TYPE_CHECKING:
    import zipfile


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a binary file that takes the place of `path` only when the block ends without error.

    The bytes go to a temporary file in the same folder, reach the disk, and are then renamed over
    `path` in one step. On any error, a full disk included, the temporary file is removed and what
    stood at `path` still stands. Where `path` is a link, the file that it leads to is replaced; to
    a device or a pipe the bytes are written as they come.

    Parameters
    ----------
    path : path-like
        Where the file shall be. Its folder must exist.

    Raises
    ------
    OSError
        If the folder is missing or read-only, `path` is a folder itself, or the disk is full.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_write(Path(folder) / "a.txt") as file:
    ...         _ = file.write(b"whole")
    ...     (Path(folder) / "a.txt").read_text()
    'whole'
    """
    import tempfile  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    require_folder(path)
    link, path = Path(path), Path(os.path.realpath(path))
    require_folder(path)
    if path.is_dir():
        raise IsADirectoryError(f"{link} is a folder; name a file in it")
    if path.exists() and not path.is_file():  # a device or a pipe: it can't be replaced
        with path.open("wb") as file:
            yield file
        return
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
    from pathlib import Path  # noqa: PLC0415

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
    ValueError
        If an array holds Python objects, which only a pickle could store.
    """
    for name, array in arrays.items():
        if np.asarray(array).dtype.hasobject:
            raise ValueError(f"object arrays cannot be saved without pickles, and {name!r} is one")
    with atomic_write(path) as file:
        np.savez(file, **dict[str, Any](arrays))


def read_npz(
    path: str | os.PathLike[str],
    *,
    only: Collection[str] | None = None,
    limit: int | None = None,
) -> dict[str, np.ndarray]:
    """Read the arrays of an ``.npz``, without trusting it: nothing in it is ever executed.

    Parameters
    ----------
    path : path-like
    only : collection of str, optional
        Names of the arrays to read, where there; by default all are.
    limit : int, optional
        Bytes that the arrays may take together. By default it is the size of the file, and
        compressed arrays, which `write_npz` never makes, are refused.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no ``.npz``, is damaged, holds pickled objects, claims more than the limit, or is
        compressed where that is refused.
    """
    import zipfile  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    name = os.fspath(path)
    with Path(path).open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                members = {
                    key: info
                    for info in archive.infolist()
                    if (key := info.filename.removesuffix(".npy")) in (only or (key,))
                }
                _check_sizes(members.values(), os.fstat(file.fileno()).st_size, limit)
                return {key: _read_member(archive, info) for key, info in members.items()}
        except (zipfile.BadZipFile, *_DAMAGE) as error:
            raise ValueError(f"{name} is not an .npz file, or is damaged: {error}") from error
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error


_NONSENSE = (ArithmeticError, LookupError, RecursionError, SyntaxError, TokenError, TypeError)
"""What NumPy raises, besides ValueError, for a header that makes no sense."""

_DAMAGE = (
    *(zlib.error, struct.error),
    *(OSError, EOFError, MemoryError, RuntimeError, UnicodeError),
)
"""What zipfile raises, besides ValueError and its own, for bytes that make no sense."""


def _check_sizes(members: Collection[zipfile.ZipInfo], size: int, limit: int | None) -> None:
    import zipfile  # noqa: PLC0415

    known = (zipfile.ZIP_STORED,) if limit is None else (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    for member in members:
        if member.compress_type not in known:
            raise ValueError(f"{member.filename} is compressed by a method that is not read here")
    claimed, limit = sum(member.file_size for member in members), size if limit is None else limit
    if claimed > limit:
        raise ValueError(f"claims {claimed:,} bytes, the limit is {limit:,} bytes")


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """Read one array, after its header was found to agree with the size of the member."""
    name = member.filename
    with archive.open(member) as file:
        try:
            version = np.lib.format.read_magic(file)
            if version not in ((1, 0), (2, 0)):
                raise ValueError(f"version {version} of the format, expected 1.0 or 2.0")
            read_header = getattr(np.lib.format, f"read_array_header_{version[0]}_0")
            shape, fortran_order, dtype = read_header(file)
        except (ValueError, *_NONSENSE) as error:
            raise ValueError(f"{name} has no valid header: {error}") from error
        if dtype.hasobject:
            raise ValueError(
                f"{name} holds pickled objects, which could run any code and are never loaded; "
                "save it as an array of numbers or strings"
            )
        promised, stored = math.prod(shape) * dtype.itemsize, member.file_size - file.tell()
        if promised != stored or dtype.itemsize == 0:
            raise ValueError(
                f"{name} promises shape {shape} of {dtype}, {promised} bytes, and holds {stored}"
            )
        data, filled = np.empty(promised, np.uint8), 0
        while piece := file.read(2**20):
            data[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
            filled += len(piece)
    if filled != promised:
        raise ValueError(f"{name} is cut short: expected {promised} bytes, found {filled}")
    array: np.ndarray = data.view(dtype)
    return array.reshape(shape, order="F" if fortran_order else "C")
