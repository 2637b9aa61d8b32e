"""Files that may be gzipped, may be broken, and may lie about their size."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_GZIP_MAGIC = b"\x1f\x8b"
#: DEFLATE can't do better than this, so a gzip file's size bounds what it holds.
DEFLATE_MAX_RATIO = 1032


class BoundedReader:
    """Reads a stream and refuses to give more than `limit` bytes of it."""

    def __init__(self, stream: BinaryIO, *, path: Path, limit: int, capacity: int) -> None:
        self.path = path
        self.limit = limit
        self.capacity = capacity  # no more bytes than this can be in the file
        self._stream = stream
        self._given = 0

    def read(self, size: int) -> bytes:
        """Return `size` bytes, or fewer at the end of the file.

        Raises
        ------
        ValueError
            If the gzip stream is broken or goes on beyond the limit.
        """
        try:
            data = self._stream.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(
                f"{self.path}: the gzip stream is broken after {self._given} bytes: {error}; "
                "get the file again"
            ) from error
        self._given += len(data)
        if self._given > self.limit:
            raise ValueError(f"{self.path}: unpacks to more than the limit of {self.limit} bytes")
        return data


@contextmanager
def open_bounded(path: str | os.PathLike[str], *, limit: int) -> Iterator[BoundedReader]:
    """Open a file, gzipped or not (its first bytes say which), for reading up to `limit` bytes."""
    path = Path(path)
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        magic = file.read(len(_GZIP_MAGIC))
        file.seek(0)
        if magic != _GZIP_MAGIC:
            yield BoundedReader(file, path=path, limit=limit, capacity=size)
            return
        with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
            yield BoundedReader(
                unpacked,  # type: ignore[arg-type]
                path=path,
                limit=limit,
                capacity=size * DEFLATE_MAX_RATIO,
            )
