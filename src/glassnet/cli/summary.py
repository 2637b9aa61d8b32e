"""``glassnet summary``: the layers of a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glassnet.cli import model, options
from glassnet.cli.console import add, out, say, table
from glassnet.nn import Network
from glassnet.recipes import load_recipe, prepare, shipped_recipes

NAME = "summary"
EXAMPLES = """Examples:

glassnet summary runs/digits

glassnet summary mnist-mlp"""


def command(
    target: Annotated[
        str, typer.Argument(help="Folder of a run, a model file (.npz), or a recipe.")
    ],
    data_dir: options.DataDir = None,
) -> None:
    """Show the layers of a model, or of a recipe's network before it is trained."""
    is_recipe = target in shipped_recipes() or Path(target).suffix == ".toml"
    if is_recipe and not Path(target).is_dir():
        print_summary(prepare(load_recipe(target), data_dir=data_dir).network)
    else:
        print_summary(model.load(Path(target))[0])


def print_summary(network: Network) -> None:
    """Print the table of layers."""
    summary = network.summary()
    made = table("name", "layer", "output shape", "parameters", numbers=("parameters",))
    for row in summary.rows:
        add(made, row.name, row.layer, row.output_shape, f"{row.parameters:,}")
    add(made, "total", "", "", f"{summary.parameters:,}")
    out.print(made)
    say()
