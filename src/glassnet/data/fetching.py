"""Bring the files of a data set to this machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from glassnet.data.catalog import DATASETS, CatalogEntry
from glassnet.data.download import DownloadError, Progress, download
from glassnet.data.places import DATA_VARIABLE, cache_dir, find_in, search_roots
from glassnet.extras import MissingExtraError, require
from glassnet.names import lookup


def fetch_dataset(
    name: str,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    mirrors: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Download a data set, verify its checksums, and say where it is.

    What is there already stays: in the cache directory if its checksum is right, in a folder of
    one's own as it is. A download that was broken off goes on where it ended.

    Parameters
    ----------
    name : str
        One of `DATASETS`.
    data_dir : path-like, optional
        Where to put the files, in a subfolder called like the data set. Default: the user's
        cache directory.
    mirrors : sequence of str, optional
        Addresses to download from instead of the catalogue's.
    progress : callable, optional
        Called with a file's name, the bytes that are there and the bytes in total.

    Returns
    -------
    folder : Path
        The folder that holds the files.

    Raises
    ------
    ValueError
        If the name is unknown.
    DownloadError
        If no mirror gives a file, or the folder can't be written to. It is an OSError.
    MissingExtraError
        If a package is missing; the message has the command that installs it.

    Examples
    --------
    >>> fetch_dataset("mnist", data_dir="my/data")  # doctest: +SKIP
    PosixPath('my/data/mnist')
    """
    entry = lookup(DATASETS, name, "data set")
    if not entry.files:
        return Path(str(require("sklearn", "sklearn").__file__)).parent
    if data_dir is None:
        root = cache_dir()
    else:
        root = Path(data_dir).expanduser()
        place = find_in(root, entry)
        if place is not None:
            return place if place.is_dir() else place.parent
    folder = root / entry.name
    for file in entry.files:
        sources = entry.mirrors if mirrors is None else mirrors
        download(file, folder, mirrors=sources, progress=progress)
    return folder


def fetch_missing(
    entry: CatalogEntry,
    *,
    data_dir: str | os.PathLike[str] | None,
    mirrors: Sequence[str] | None,
    progress: Progress | None,
) -> Path:
    """Fetch what was found nowhere into the cache; if that fails, say all that was tried."""
    try:
        return fetch_dataset(entry.name, mirrors=mirrors, progress=progress)
    except (DownloadError, MissingExtraError) as error:
        looked_in = [str(p) for root in search_roots(data_dir) for p in (root / entry.name, root)]
        message = "\n".join(
            (
                f"{entry.name} is not on this machine and could not be downloaded.",
                f"Looked in: {', '.join(looked_in) or 'no folder'}",
                f"Download: {error}",
                f"Put {', '.join(file.name for file in entry.files)} into one folder and name it",
                f"with data_dir, --data-dir or the environment variable {DATA_VARIABLE}.",
            )
        )
        raise type(error)(message) from error
