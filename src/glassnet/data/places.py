"""Where on this machine the files of a data set may lie."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
from pathlib import Path

from glassnet.data.bounded import open_bounded
from glassnet.data.catalog import DATASETS, CatalogEntry
from glassnet.data.cifar import CIFAR10_FOLDER
from glassnet.extras import MissingExtraError, installed, require
from glassnet.names import lookup

#: Environment variable that names the folder of the user's own data.
DATA_VARIABLE = "GLASSNET_DATA"
_LABELS_LIMIT = 2**20


def find_dataset(name: str, *, data_dir: str | os.PathLike[str] | None = None) -> Path | None:
    """Say where a data set's files are, without downloading them.

    Looked at, in this order: `data_dir`, the folder that the environment variable
    ``GLASSNET_DATA`` names, and the user's cache directory; in each first the subfolder called
    like the data set, then the folder itself.

    Parameters
    ----------
    name : str
        One of `DATASETS`.
    data_dir : path-like, optional
        A folder of one's own.

    Returns
    -------
    place : Path or None
        The folder that holds all files; for CIFAR-10 its archive, or the unpacked folder; for
        the digits the installed scikit-learn. None if there is none.

    Raises
    ------
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> find_dataset("mnist", data_dir="my/data")  # doctest: +SKIP
    PosixPath('my/data/mnist')
    """
    entry = lookup(DATASETS, name, "data set")
    if not entry.files:
        spec = importlib.util.find_spec("sklearn") if installed("sklearn") else None
        return Path(spec.origin).parent if spec is not None and spec.origin else None
    places = (find_in(root, entry) for root in search_roots(data_dir))
    return next((place for place in places if place is not None), None)


def search_roots(data_dir: str | os.PathLike[str] | None) -> list[Path]:
    """List the folders under which data is looked for: the user's own ones, then the cache."""
    named = [data_dir, os.environ.get(DATA_VARIABLE)]
    with contextlib.suppress(MissingExtraError):
        named.append(cache_dir())
    return list(dict.fromkeys(Path(root).expanduser() for root in named if root))


def cache_dir() -> Path:
    """Return the user's cache directory.

    Raises
    ------
    MissingExtraError
        If the package that knows it is not installed.
    """
    platformdirs = require("platformdirs", "cli")
    return Path(platformdirs.user_cache_dir("glassnet", appauthor=False))


def find_in(root: Path, entry: CatalogEntry) -> Path | None:
    """Return what `find_dataset` does, for one folder."""
    for folder in (root / entry.name, root):
        if entry.name == "cifar10":
            for place in (folder / CIFAR10_FOLDER, folder):
                if (place / "test_batch.bin").is_file():
                    return place
            archive = file_in(folder, entry.files[0].name)
            if archive is not None:
                return archive
            continue
        found = [file_in(folder, file.name) for file in entry.files]
        if all(file is not None and not _is_of_another(file, entry) for file in found):
            return folder
    return None


def file_in(folder: Path, name: str) -> Path | None:
    """Return the file `name` of a folder, or its unpacked twin without ``.gz``, or None."""
    for candidate in (folder / name, folder / name.removesuffix(".gz")):
        if candidate.is_file():
            return candidate
    return None


def _is_of_another(file: Path, entry: CatalogEntry) -> bool:
    """Whether the labels in `file` are the published ones of a data set that names files alike.

    MNIST and Fashion-MNIST do; one would be loaded for the other without a word.
    """
    others = {
        digest
        for twin in DATASETS.values()
        if twin.name != entry.name
        for other in twin.files
        if Path(other.name).stem == file.name.removesuffix(".gz")
        for digest in (other.md5, other.unpacked_md5)
    }
    if "labels" not in file.name or file.stat().st_size > _LABELS_LIMIT:
        return False
    try:
        with open_bounded(file, limit=_LABELS_LIMIT) as reader:
            unpacked = reader.read(_LABELS_LIMIT)
    except ValueError:
        return False  # for the reader to complain about
    return not others.isdisjoint({_md5(file.read_bytes()), _md5(unpacked)})


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
