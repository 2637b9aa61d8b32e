"""``glassnet data``: the data sets that have a name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from glassnet.cli import options
from glassnet.cli.console import add, out, say, table
from glassnet.cli.progress import downloads
from glassnet.data import DATASETS, Dataset, fetch_dataset, find_dataset
from glassnet.data.augmentation import (
    AUGMENTATIONS,
    Augmentation,
    augment,
    augmentation_from_config,
)
from glassnet.names import unknown
from glassnet.recipes import DataTable, RecipeError, load_data, load_recipe, parse_setting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_IMAGES, _EPOCHS = 10, 7
"""Drawn by ``data show --augment``."""

app = typer.Typer(
    help="Data sets: list them, fetch them, look at them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list", epilog="Example:\n\nglassnet data list")
def list_(data_dir: options.DataDir = None) -> None:
    """List the data sets that glassnet knows by name, and whether they are on this machine."""
    made = table("name", "train", "test", "shape", "here", "what", numbers=("train", "test"))
    for name, entry in DATASETS.items():
        here = not entry.files or find_dataset(name, data_dir=data_dir) is not None
        download = f"no, {entry.download_bytes / 1e6:.0f} MB"
        shape = "×".join(map(str, entry.input_shape))
        add(
            made,
            name,
            f"{entry.n_train:,}",
            f"{entry.n_test:,}",
            shape,
            "yes" if here else download,
            entry.title,
        )
    out.print(made)


@app.command(
    epilog="Examples:\n\nglassnet data fetch mnist\n\nglassnet data fetch cifar10 --data-dir data"
)
def fetch(
    name: Annotated[str, typer.Argument(help="Name of a data set.")],
    data_dir: options.DataDir = None,
) -> None:
    """Download a data set, checksums verified, into the user's cache or --data-dir."""
    with downloads() as progress:
        folder = fetch_dataset(name, data_dir=data_dir, progress=progress)
    say(f"{name} is in {folder}")


@app.command(
    epilog="Examples:\n\nglassnet data show digits --out digits.png\n\n"
    'glassnet data show mnist --augment "RandomRotation degrees=15"\n\n'
    "glassnet data show cifar10 --augment my-recipe.toml\n\n"
    "glassnet data show photos --size 64 64"
)
def show(
    name: Annotated[str, typer.Argument(help="Name of a data set, or the path of one.")],
    *,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--augment",
            help="Show what a training does to images: a recipe, or such as "
            '"RandomTranslation pixels=2", as often as wanted.',
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="What --augment draws from.", min=0)] = 0,
    file: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="The picture. Default: NAME-samples.png, or NAME-augmented.png.",
            show_default=False,
        ),
    ] = None,
    size: Annotated[
        tuple[int, int] | None,
        typer.Option(
            help="Of a folder of images: height and width that all are resized to.",
            min=1,
            metavar="HEIGHT WIDTH",
            show_default=False,
        ),
    ] = None,
    data_dir: options.DataDir = None,
) -> None:
    """Draw examples of every class of a data set, or what augmentation makes of images."""
    from glassnet import figures

    augmentations = _augmentations(changes) if changes else []
    with downloads() as progress:
        table = DataTable(name=name, size=None if size is None else list(size))
        train, _ = load_data(table, data_dir=data_dir, progress=progress)
    say(repr(train))
    if augmentations:
        figure, what = _draw_augmented(train, augmentations, seed), "augmented"
    else:
        figure, what = figures.samples(train.x, train.y, train.class_names), "samples"
    path = file or Path(f"{Path(name).stem}-{what}.png")
    figures.save(figure, path)
    say(f"{path}")


def _augmentations(texts: list[str]) -> list[Augmentation]:
    """Return what recipes and descriptions, ``"Cutout size=8"``, ask for, in this order."""
    found: list[Augmentation] = []
    for text in texts:
        kind, *settings = text.split()
        if Path(text).suffix == ".toml" or not kind[:1].isupper():
            tables = load_recipe(text).training.augmentation
            if not tables:
                raise RecipeError(f"the recipe {text} has no augmentation")
            found += map(augmentation_from_config, tables)
            continue
        if kind not in AUGMENTATIONS:
            raise RecipeError(unknown(kind, AUGMENTATIONS, "augmentation"))
        if not all("=" in setting for setting in settings):
            raise RecipeError(f"--augment {text!r}: settings have names, as in 'Cutout size=8'")
        try:
            config = {"type": kind, **dict(map(parse_setting, settings))}
            found.append(augmentation_from_config(config))
        except (TypeError, ValueError) as error:
            raise RecipeError(f"--augment {text!r}: {error}") from None
    return found


def _draw_augmented(train: Dataset, augmentations: list[Augmentation], seed: int) -> Figure:
    """Draw an example of each of the first classes, and what becomes of it."""
    from glassnet import figures

    for augmentation in augmentations:
        augmentation.check(train.input_shape)
    labels = train.y if train.n_classes else np.zeros(len(train), np.int64)
    classes, rows = np.unique(labels, return_index=True)
    if len(rows) == 1:
        rows = np.arange(min(len(train), _IMAGES))
    images = train.x[rows[:_IMAGES]]
    versions = [augment(augmentations, images, epoch=e, seed=seed) for e in range(_EPOCHS)]
    names = [train.class_names[c] for c in classes] if len(classes) > 1 else [""] * len(rows)
    how = [repr(augmentation) for augmentation in augmentations]
    return figures.augmented(images, np.array(versions), names[:_IMAGES], how=how)
