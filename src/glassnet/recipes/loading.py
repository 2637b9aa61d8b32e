"""The data that a recipe names, read as its table says."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from glassnet.data import (
    DATASETS,
    Dataset,
    load_dataset,
    read_csv,
    read_image_folder,
    stream_image_folder,
)
from glassnet.data.download import Progress
from glassnet.data.loading import SPLIT_SEED, TEST_FRACTION
from glassnet.recipes.recipe import DataTable
from glassnet.recipes.settings import RecipeError

_OF_TABLES = {"label", "regression", "delimiter"}
_OF_FOLDERS = {"size", "stream"}


def load_data(
    table: DataTable,
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> tuple[Dataset, Dataset]:
    """Return the training and the test part, as `glassnet.load_dataset` does.

    Parameters
    ----------
    table : DataTable
        Of a recipe: ``recipe.data``.
    data_dir, progress
        As in `prepare`.

    Raises
    ------
    ValueError, OSError
        If the data is missing or wrong, or a key doesn't suit it.

    Examples
    --------
    >>> train, test = load_data(DataTable(name="digits"))
    >>> len(train), len(test)
    (1438, 359)
    """
    path = Path(table.name).expanduser()
    of_table = table.model_dump(include=_OF_TABLES, exclude_none=True)
    if not of_table and table.size is None and not table.stream:
        return load_dataset(table.name, data_dir=data_dir, progress=progress)
    named = table.name in DATASETS
    if of_table and (named or path.suffix.lower() != ".csv"):
        raise RecipeError(f"data.{next(iter(of_table))} is for .csv files, got {table.name}")
    if table.size is not None and (named or not path.is_dir()):
        raise RecipeError(f"data.size is for folders of images, got {table.name}")
    if table.stream and (named or not path.is_dir()):
        raise RecipeError(f"data.stream is for folders of images, got {table.name}")
    if of_table:
        return _split(read_csv(path, **of_table))
    size = None if table.size is None else (table.size[0], table.size[1])
    return _read_images(path, size, stream=bool(table.stream))


def table_of(table: DataTable, name: str) -> DataTable:
    """Return the table for other data that is read in the same way, as far as its kind allows.

    Parameters
    ----------
    table : DataTable
        Of a recipe: ``recipe.data``.
    name : str
        Of the other data: of the catalogue, or a path.

    Examples
    --------
    >>> table = DataTable(name="wine.csv", delimiter=";", regression=True)
    >>> table_of(table, "new.csv").delimiter, table_of(table, "digits").delimiter
    (';', None)
    """
    path = Path(name).expanduser()
    keys: set[str] = set()
    if name not in DATASETS and path.suffix.lower() == ".csv":
        keys = _OF_TABLES
    elif name not in DATASETS and path.is_dir():
        keys = _OF_FOLDERS
    return DataTable(name=name, **table.model_dump(include=keys))


def _read_images(
    path: Path, size: tuple[int, int] | None, *, stream: bool
) -> tuple[Dataset, Dataset]:
    read = stream_image_folder if stream else read_image_folder
    parts = path / "train", path / "test"
    if not all(part.is_dir() for part in parts):
        train, test = _split(read(path, size=size))
        return train, Dataset(np.asarray(test.x), test.y, test.class_names, test.name)
    train = read(parts[0], size=size)
    test = read_image_folder(parts[1], size=size, color=train.input_shape[-1] == 3)
    if train.class_names != test.class_names:
        raise RecipeError(
            f"{path}: the parts train and test must have the same class_names, "
            f"got {train.class_names} and {test.class_names}"
        )
    return train, test


def _split(data: Dataset) -> tuple[Dataset, Dataset]:
    return data.split(TEST_FRACTION, seed=SPLIT_SEED)
