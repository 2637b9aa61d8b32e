"""The data that a recipe names, read as its table says."""

from __future__ import annotations

from pathlib import Path

from glassnet.data import DATASETS, Dataset, load_dataset, read_csv, read_image_folder
from glassnet.data.download import Progress
from glassnet.data.loading import SPLIT_SEED, TEST_FRACTION
from glassnet.recipes.recipe import DataTable, RecipeError


def load_data(
    table: DataTable,
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> tuple[Dataset, Dataset]:
    """Return the training and the test part, as `glassnet.load_dataset` does.

    Raises
    ------
    ValueError, OSError
        If the data is missing or wrong, or a key doesn't suit it.
    """
    path = Path(table.name).expanduser()
    of_table = table.model_dump(include={"label", "regression", "delimiter"}, exclude_none=True)
    if not of_table and table.size is None:
        return load_dataset(table.name, data_dir=data_dir, progress=progress)
    named = table.name in DATASETS
    if of_table and (named or path.suffix.lower() != ".csv"):
        raise RecipeError(f"data.{next(iter(of_table))} is for .csv files, got {table.name}")
    if table.size is not None and (named or not path.is_dir()):
        raise RecipeError(f"data.size is for folders of images, got {table.name}")
    if table.size is None:
        return _split(read_csv(path, **of_table))
    height, width = table.size
    return _read_images(path, (height, width))


def _read_images(path: Path, size: tuple[int, int]) -> tuple[Dataset, Dataset]:
    parts = path / "train", path / "test"
    if not all(part.is_dir() for part in parts):
        return _split(read_image_folder(path, size=size))
    train = read_image_folder(parts[0], size=size)
    test = read_image_folder(parts[1], size=size, color=train.input_shape[-1] == 3)
    if train.class_names != test.class_names:
        raise RecipeError(
            f"{path}: the parts train and test must have the same class_names, "
            f"got {train.class_names} and {test.class_names}"
        )
    return train, test


def _split(data: Dataset) -> tuple[Dataset, Dataset]:
    return data.split(TEST_FRACTION, seed=SPLIT_SEED)
