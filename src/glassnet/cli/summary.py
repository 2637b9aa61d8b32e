"""``glassnet summary``: the layers of a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glassnet.cli import model, options
from glassnet.cli.console import add, out, say, table
from glassnet.data import DATASETS
from glassnet.nn import Network
from glassnet.recipes import Recipe, build_network, load_recipe, prepare
from glassnet.recipes.files import shipped_files

NAME = "summary"
EXAMPLES = """Examples:

glassnet summary runs/digits

glassnet summary mnist-mlp --figure network.svg"""


def command(
    target: Annotated[
        str, typer.Argument(help="Folder of a run, a model file (.npz), or a recipe.")
    ],
    figure: Annotated[
        Path | None,
        typer.Option(help="Draw the network: .png, .svg or .pdf.", show_default=False),
    ] = None,
    data_dir: options.DataDir = None,
) -> None:
    """Show the layers of a model, or of a recipe's network before it is trained."""
    is_recipe = target in shipped_files() or Path(target).suffix == ".toml"
    if is_recipe and not Path(target).is_dir():
        network = _untrained(load_recipe(target), data_dir)
    else:
        network = model.load(Path(target))[0]
    print_summary(network)
    if figure is not None:
        _draw(network, figure)
        say(f"{figure}")


def _draw(network: Network, path: Path) -> None:
    from glassnet import figures
    from glassnet.insights import diagram

    figures.save(diagram(network), path)


def _untrained(recipe: Recipe, data_dir: Path | None) -> Network:
    """Return the network of a recipe; the shape of known data needs no loading."""
    entry = DATASETS.get(recipe.data.name)
    if entry is None:
        return prepare(recipe, data_dir=data_dir).network
    return build_network(recipe, entry.input_shape, entry.n_classes)


def print_summary(network: Network) -> None:
    """Print the table of layers."""
    summary = network.summary()
    made = table("name", "layer", "output shape", "parameters", numbers=("parameters",))
    for row in summary.rows:
        add(made, row.name, row.layer, row.output_shape, f"{row.parameters:,}")
    add(made, "total", "", "", f"{summary.parameters:,}")
    out.print(made)
    say()
