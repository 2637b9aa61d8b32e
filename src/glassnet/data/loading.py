"""From a name or a path to examples for training and for testing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from glassnet.data.catalog import DATASETS, CatalogEntry
from glassnet.data.cifar import read_cifar10
from glassnet.data.dataset import Dataset
from glassnet.data.download import Progress
from glassnet.data.fetching import fetch_missing
from glassnet.data.idx import read_idx
from glassnet.data.images import read_image_folder
from glassnet.data.npz import read_npz_parts
from glassnet.data.places import file_in, find_dataset, find_in
from glassnet.data.preprocessing import scale_to_unit
from glassnet.data.tabular import read_csv
from glassnet.extras import require
from glassnet.names import unknown

#: Share of the examples that becomes the test part where the data brings none.
TEST_FRACTION = 0.2
#: The seed that decides which ones, whatever seed the training has.
SPLIT_SEED = 0
#: In the folder of scikit-learn: lines of 64 pixels of 0 to 16 and a label.
DIGITS_FILE = "datasets/data/digits.csv.gz"


def load_dataset(
    name: str | os.PathLike[str],
    *,
    data_dir: str | os.PathLike[str] | None = None,
    mirrors: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> tuple[Dataset, Dataset]:
    """Load a data set by its name, or from one's own files.

    A known name is looked for where `find_dataset` looks, then downloaded to the user's cache
    directory. Files in a folder of the user's own are checked for their format alone, downloads
    against the published checksums.

    Where the data brings no test part (the digits, a table, a folder of images), the same fifth
    of every class becomes one: ``split(0.2, seed=0)``, whatever seed the training has.

    Parameters
    ----------
    name : str or path-like
        One of `DATASETS`; or the path of a ``.csv`` file, of an ``.npz`` file, or of a folder
        with one subfolder of images for each class (or with two such folders, ``train`` and
        ``test``).
    data_dir : path-like, optional
        Where to look first for a known data set.
    mirrors : sequence of str, optional
        Addresses to download from instead of the catalogue's.
    progress : callable, optional
        Called with a file's name, the bytes that are there and the bytes in total.

    Returns
    -------
    train, test : Dataset

    Raises
    ------
    ValueError
        If the name is unknown, or a file is broken; the message names the file.
    OSError
        If a file can't be read, or the data set is nowhere and no mirror gives it.
    MissingExtraError
        If a package is missing; the message has the command that installs it.

    Examples
    --------
    >>> train, test = load_dataset("digits")
    >>> train
    Dataset('digits', 1438 examples of shape (8, 8, 1), 10 classes)
    >>> test
    Dataset('digits', 359 examples of shape (8, 8, 1), 10 classes)
    """
    entry = DATASETS.get(name) if isinstance(name, str) else None
    if entry is None:
        return _load_path(Path(name).expanduser())
    if entry.name == "digits":
        return _load_digits(entry)
    place = find_dataset(entry.name, data_dir=data_dir)
    if place is None:
        folder = fetch_missing(entry, data_dir=data_dir, mirrors=mirrors, progress=progress)
        place = find_in(folder, entry) or folder
    if entry.name == "cifar10":
        return read_cifar10(place)
    return _load_idx(place, entry, "train"), _load_idx(place, entry, "t10k")


def _load_digits(entry: CatalogEntry) -> tuple[Dataset, Dataset]:
    """Read scikit-learn's file where it has always been, for its import takes two seconds."""
    place = find_dataset(entry.name)
    if place is not None and (place / DIGITS_FILE).is_file():
        table = np.loadtxt(place / DIGITS_FILE, delimiter=",")
        pixels, y = table[:, :-1], table[:, -1].astype(np.int64)
    else:
        pixels, y = require("sklearn.datasets", "sklearn").load_digits(return_X_y=True)
    x = (pixels / 16).astype(np.float32).reshape(-1, 8, 8, 1)
    return _split(Dataset(x, y, entry.class_names, entry.name))


def _load_idx(folder: Path, entry: CatalogEntry, part: str) -> Dataset:
    paths = [file_in(folder, file.name) for file in entry.files if file.name.startswith(part)]
    images_path, labels_path = sorted(path for path in paths if path is not None)
    images, labels = read_idx(images_path), read_idx(labels_path)
    if images.ndim != 3 or images.dtype != np.uint8:
        raise ValueError(
            f"{images_path}: expected images, (n, height, width) of uint8, "
            f"found shape {images.shape} of {images.dtype}"
        )
    try:
        return Dataset(scale_to_unit(images)[..., None], labels, entry.class_names, entry.name)
    except ValueError as error:
        raise ValueError(f"{images_path} and {labels_path.name}: {error}") from error


def _load_path(path: Path) -> tuple[Dataset, Dataset]:
    if path.is_dir():
        parts = path / "train", path / "test"
        if all(part.is_dir() for part in parts):
            train = read_image_folder(parts[0])
            test = read_image_folder(parts[1], color=train.input_shape[-1] == 3)
            return _matching(train, test, path)
        return _split(read_image_folder(path))
    if path.suffix.lower() == ".npz":
        data, held_out = read_npz_parts(path)
        return _split(data) if held_out is None else _matching(data, held_out, path)
    if path.suffix.lower() == ".csv":
        return _split(read_csv(path))
    if path.exists():
        raise ValueError(f"{path}: expected a .csv file, an .npz file or a folder of images")
    raise ValueError(
        f"{unknown(str(path), DATASETS, 'data set')}, or the path of a .csv file, of an .npz "
        "file, or of a folder of images"
    )


def _matching(train: Dataset, test: Dataset, path: Path) -> tuple[Dataset, Dataset]:
    for what in ("class_names", "input_shape"):
        of_train, of_test = getattr(train, what), getattr(test, what)
        if of_train != of_test:
            raise ValueError(
                f"{path}: the parts train and test must have the same {what}, "
                f"got {of_train} and {of_test}"
            )
    return train, test


def _split(data: Dataset) -> tuple[Dataset, Dataset]:
    return data.split(TEST_FRACTION, seed=SPLIT_SEED)
