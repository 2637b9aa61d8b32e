"""Recipes: one file says data, network and training; running it leaves a folder that tells all."""

from glassnet.extras import require

require("pydantic", "cli")
require("tomli_w", "cli")

from glassnet.recipes.files import load_recipe, shipped_recipes  # noqa: E402 after the refusal
from glassnet.recipes.folder import RunFolder  # noqa: E402
from glassnet.recipes.job import Job, build_network, job_on, prepare  # noqa: E402
from glassnet.recipes.loading import load_data  # noqa: E402
from glassnet.recipes.recipe import DataTable, Recipe, recipe_from_dict  # noqa: E402
from glassnet.recipes.run import fit_phases, measure_test, run  # noqa: E402
from glassnet.recipes.settings import RecipeError, parse_setting  # noqa: E402

__all__ = [
    "DataTable",
    "Job",
    "Recipe",
    "RecipeError",
    "RunFolder",
    "build_network",
    "fit_phases",
    "job_on",
    "load_data",
    "load_recipe",
    "measure_test",
    "parse_setting",
    "prepare",
    "recipe_from_dict",
    "run",
    "shipped_recipes",
]
