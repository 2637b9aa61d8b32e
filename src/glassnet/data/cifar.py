"""CIFAR-10, the binary version: records of one label byte and 3 planes of 32 x 32 bytes."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.bounded import BoundedReader, open_bounded
from glassnet.data.dataset import Dataset

if TYPE_CHECKING:
    import numpy.typing as npt

#: The most that a CIFAR-10 archive may unpack to, or one of its files hold: 1 GiB.
MAX_CIFAR_BYTES = 2**30
#: Name of the folder that the official archive holds.
CIFAR10_FOLDER = "cifar-10-batches-bin"
CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
_TEST = "test_batch.bin"
_META = "batches.meta.txt"
_WANTED = re.compile(r"data_batch_\d+\.bin|test_batch\.bin|batches\.meta\.txt")
_IMAGE_BYTES = 3 * 32 * 32
_RECORD_BYTES = 1 + _IMAGE_BYTES


def read_cifar10(path: str | os.PathLike[str]) -> tuple[Dataset, Dataset]:
    """Read the binary version of CIFAR-10.

    Parameters
    ----------
    path : path-like
        ``cifar-10-binary.tar.gz``, or the folder ``cifar-10-batches-bin`` unpacked from it. The
        archive is read in memory, nothing is written.

    Returns
    -------
    train, test : Dataset
        With `x` of shape (n, 32, 32, 3), float32 in [0, 1], channels red, green, blue; the
        official files hold 50,000 and 10,000 images.

    Raises
    ------
    ValueError
        If a file is missing, broken or no CIFAR-10, or the archive holds links or paths that
        lead out of it, or unpacks to more than `MAX_CIFAR_BYTES`.
    OSError
        If a file can't be read.

    Examples
    --------
    >>> train, test = read_cifar10("cifar-10-binary.tar.gz")  # doctest: +SKIP
    >>> train.x.shape  # doctest: +SKIP
    (50000, 32, 32, 3)
    """
    path = Path(path)
    files = _files_of_folder(path) if path.is_dir() else _files_of_archive(path)
    names = _class_names(files.pop(_META, b""), path)
    # Numbers, not letters, order the batches, should there ever be ten of them.
    batches = sorted((name for name in files if name != _TEST), key=lambda name: (len(name), name))
    if not batches or _TEST not in files:
        raise ValueError(
            f"{path}: no binary CIFAR-10: expected data_batch_1.bin to data_batch_5.bin and "
            f"{_TEST}, found {', '.join(sorted(files)) or 'none of them'}"
        )
    train = _dataset([_records(files.pop(name), name, path) for name in batches], names)
    test = _dataset([_records(files.pop(_TEST), _TEST, path)], names)
    return train, test


def _files_of_folder(folder: Path) -> dict[str, bytes]:
    files = {}
    for file in sorted(folder.iterdir()):
        if _WANTED.fullmatch(file.name) and file.is_file():
            if file.stat().st_size > MAX_CIFAR_BYTES:
                raise ValueError(f"{file}: holds more than the limit of {MAX_CIFAR_BYTES} bytes")
            files[file.name] = file.read_bytes()
    return files


def _files_of_archive(path: Path) -> dict[str, bytes]:
    import tarfile  # noqa: PLC0415 - only here, and it costs the import of glassnet 4 ms

    files = {}
    # The bound lies below tarfile, so that it holds for headers as well as for files.
    with open_bounded(path, limit=MAX_CIFAR_BYTES) as stream:
        try:
            with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
                for member in archive:
                    inner = PurePosixPath(member.name)
                    if inner.is_absolute() or ".." in inner.parts:
                        raise ValueError(f"{path}: the member {member.name!r} leads out of it")
                    if not (member.isfile() or member.isdir()):
                        raise ValueError(f"{path}: the member {member.name!r} is no plain file")
                    content = archive.extractfile(member)
                    if content is not None and _WANTED.fullmatch(inner.name):
                        files[inner.name] = content.read()
        except tarfile.TarError as error:
            raise ValueError(f"{path}: no tar archive, or a broken one: {error}") from error
        _drain(stream)
    return files


def _drain(stream: BoundedReader) -> None:
    while stream.read(2**20):  # gzip's own checksum stands at the very end
        pass


def _class_names(meta: bytes, path: Path) -> tuple[str, ...]:
    names = tuple(meta.decode("ascii", errors="replace").split())
    if names and len(names) != len(CIFAR10_CLASSES):
        raise ValueError(f"{path}: {_META} must name 10 classes, got {len(names)}: {names[:20]}")
    return names or CIFAR10_CLASSES


def _records(content: bytes, name: str, path: Path) -> npt.NDArray[np.uint8]:
    if not content or len(content) % _RECORD_BYTES:
        raise ValueError(
            f"{path}: {name} must hold records of {_RECORD_BYTES} bytes, got {len(content)} bytes"
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD_BYTES)
    if records[:, 0].max() >= len(CIFAR10_CLASSES):
        index = int(np.argmax(records[:, 0] >= len(CIFAR10_CLASSES)))
        raise ValueError(
            f"{path}: {name} must hold labels in 0..9, got {records[index, 0]} in record {index}"
        )
    return records


def _dataset(batches: list[npt.NDArray[np.uint8]], class_names: tuple[str, ...]) -> Dataset:
    labels = np.concatenate([records[:, 0] for records in batches])
    x = np.empty((len(labels), 32, 32, 3), np.float32)
    start = 0
    for records in batches:
        planes = records[:, 1:].reshape(-1, 3, 32, 32)
        stop = start + len(planes)
        np.divide(planes.transpose(0, 2, 3, 1), np.float32(255), out=x[start:stop])
        start = stop
    return Dataset(x, labels, class_names, "cifar10")
