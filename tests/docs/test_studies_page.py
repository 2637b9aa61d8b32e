"""The page about studies: its files can be run, and its tables have every key."""

import re
import tomllib
from pathlib import Path

import pytest

from glassnet.study import Study
from glassnet.study.definition import CellTable, FactorTable, RecordTable, StudyTable
from glassnet.study.search import Search
from glassnet.study.space import HyperparameterTable, SearchTable

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "studies.md").read_text("utf-8")
FILES = [tomllib.loads(text) for text in re.findall(r"^```toml\n(.*?)^```$", PAGE, re.M | re.S)]
STUDIES = [tree for tree in FILES if "recipe" in tree and "space" not in tree]
SEARCHES = [tree for tree in FILES if "space" in tree]


def test_the_page_shows_files_of_both_kinds() -> None:
    assert (len(STUDIES), len(SEARCHES)) == (2, 1)


@pytest.mark.parametrize("tree", STUDIES, ids=lambda tree: tree["title"])
def test_a_study_on_the_page_can_be_run(tree) -> None:
    assert Study({"name": "page", **tree}).cells


@pytest.mark.parametrize("tree", [tree for tree in FILES if "recipe" not in tree])
def test_a_part_of_a_study_on_the_page_fits_into_one(tree) -> None:
    assert len(Study({"name": "page", **tree}).cells) == 3


@pytest.mark.parametrize("tree", SEARCHES, ids=lambda tree: tree["title"])
def test_a_search_on_the_page_can_be_run(tree) -> None:
    assert Search({"name": "page", **tree}).table.distributions


@pytest.mark.parametrize(
    ("heading", "table"),
    [
        ("The file of a study", StudyTable),
        ("The file of a study", FactorTable),
        ("The file of a study", CellTable),
        ("The file of a study", RecordTable),
        ("Search instead of a grid", SearchTable),
        ("Search instead of a grid", HyperparameterTable),
    ],
)
def test_the_page_has_every_key_of_a_file(heading, table) -> None:
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = (row.split("|")[1] for row in section.splitlines() if row.startswith("| `"))
    assert set(table.model_fields) <= set(re.findall(r"`([a-z_]+)`", " ".join(cells)))
