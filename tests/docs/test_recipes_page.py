"""The page of a recipe's keys, against what recipes take."""

import re
import tomllib
from pathlib import Path

import pytest

pytest.importorskip("pydantic", reason="recipes need the extra cli")

from glassnet.recipes import recipe as tables
from glassnet.recipes import recipe_from_dict

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text("utf-8")


def keys_under(heading: str) -> set[str]:
    """Return what the first column of the table under a heading names."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return set(re.findall(r"`([^`]+)`", " ".join(cells)))


@pytest.mark.parametrize(
    ("heading", "table", "besides"),
    [
        ("At the top", tables.Recipe, {"data", "network", "training"}),
        ("`[data]`", tables.DataTable, set()),
        ("`[network]`", tables.NetworkTable, set()),
        ("`[training]`", tables.TrainingTable, {"phases"}),
        ("`[[training.phases]]`", tables.PhaseTable, set()),
    ],
)
def test_the_page_has_every_key_and_no_other(heading, table, besides) -> None:
    assert keys_under(heading) | besides == set(table.model_fields)


@pytest.mark.parametrize(
    ("key", "table"),
    [
        ("early_stopping", tables.EarlyStoppingTable),
        ("moving_average", tables.MovingAverageTable),
    ],
)
def test_tables_in_tables_are_told_with_their_defaults(key, table) -> None:
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{key}`"))
    told = dict(re.findall(r"`(\w+)` \(\"?([^)\"]+)\"?\)", row.split("|")[3]))
    assert told == {
        name: str(field.default).lower().removesuffix(".0")
        for name, field in table.model_fields.items()
    }


def test_the_example_is_a_recipe() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    recipe = recipe_from_dict(tomllib.loads(text))
    assert recipe.training.moving_average.decay == 0.99
