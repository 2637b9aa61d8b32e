"""Where recipes are found: those that come with glassnet, and files."""

from __future__ import annotations

import tomllib
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from glassnet.names import unknown
from glassnet.recipes.recipe import Recipe, recipe_from_dict
from glassnet.recipes.settings import RecipeError
from glassnet.recipes.tables import read_table

_ORDER = (
    "digits",
    "mnist-mlp",
    "mnist-cnn",
    "cifar10-mlp",
    "cifar10-quick",
    "cifar10-94",
    "mnist-thesis",
    "cifar10-thesis",
)


def shipped_files() -> dict[str, Traversable]:
    """Return the files of the shipped recipes by the recipes' names, the usual ones first."""
    entries = sorted(resources.files("glassnet.recipes").iterdir(), key=lambda entry: entry.name)
    known = {e.name.removesuffix(".toml"): e for e in entries if e.name.endswith(".toml")}
    return {name: known.pop(name) for name in _ORDER} | known


def shipped_recipes() -> dict[str, Recipe]:
    """Return the recipes that come with glassnet, by name.

    Examples
    --------
    >>> recipes = shipped_recipes()
    >>> list(recipes)[:3], recipes["mnist-cnn"].data.name
    (['digits', 'mnist-mlp', 'mnist-cnn'], 'mnist')
    """
    return {name: _shipped(file) for name, file in shipped_files().items()}


def load_recipe(name: str | Path) -> Recipe:
    """Return a shipped recipe by name, or one from a TOML file.

    Raises
    ------
    RecipeError
        If there is no such recipe or file, or it is wrong.

    Examples
    --------
    >>> recipe = load_recipe("digits")
    >>> recipe.title, recipe.network.layers[1]["units"]
    ('Handwritten digits, 8 x 8 pixels', 64)
    """
    path = Path(name)
    shipped = shipped_files()
    if str(name) in shipped:
        return _shipped(shipped[str(name)])
    if not (path.suffix or path.is_file() or len(path.parts) > 1):
        raise RecipeError(unknown(str(name), shipped, "recipe") + ", or the path of a .toml file")
    tree = read_table(path, what="recipe", hint="see: glassnet recipes", error=RecipeError)
    return recipe_from_dict(tree, str(path))


def _shipped(file: Traversable) -> Recipe:
    return recipe_from_dict(tomllib.loads(file.read_text("utf-8")), file.name)
