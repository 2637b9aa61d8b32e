"""``glassnet data``: the data sets that have a name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glassnet.cli import options
from glassnet.cli.console import add, out, say, table
from glassnet.cli.progress import downloads
from glassnet.data import DATASETS, fetch_dataset, find_dataset, load_dataset

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


@app.command(epilog="Example:\n\nglassnet data show digits --out digits.png")
def show(
    name: Annotated[str, typer.Argument(help="Name of a data set, or the path of one.")],
    file: Annotated[
        Path | None,
        typer.Option("--out", help="The picture. Default: NAME-samples.png.", show_default=False),
    ] = None,
    data_dir: options.DataDir = None,
) -> None:
    """Draw examples of every class of a data set of images."""
    from glassnet import figures

    with downloads() as progress:
        train, _ = load_dataset(name, data_dir=data_dir, progress=progress)
    say(repr(train))
    figure = figures.samples(train.x, train.y, train.class_names)
    path = file or Path(f"{Path(name).stem}-samples.png")
    figures.save(figure, path)
    say(f"{path}")
