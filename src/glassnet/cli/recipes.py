"""``glassnet recipes``: what can be trained right away."""

from __future__ import annotations

from typing import Annotated

import typer

from glassnet.cli.console import add, out, say, table
from glassnet.recipes import load_recipe, shipped_recipes

NAME = "recipes"
EXAMPLES = """Examples:

glassnet recipes

glassnet recipes digits > mine.toml   (then edit it, and: glassnet train mine.toml)"""


def command(
    name: Annotated[str | None, typer.Argument(help="Print this recipe's file.")] = None,
) -> None:
    """List the recipes that come with glassnet, or print one."""
    if name is not None:
        say(load_recipe(name).to_toml().rstrip())
        return
    made = table("recipe", "data", "what")
    for recipe in shipped_recipes().values():
        add(made, recipe.name, recipe.data.name, recipe.title)
    out.print(made)
    say()
    say("Train one with: glassnet train RECIPE")
