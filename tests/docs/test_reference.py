"""The reference has every public name."""

import re
from pathlib import Path

import pytest

import glassnet
from glassnet import data, estimators, export, figures, study

PAGES = (Path(__file__).resolve().parents[2] / "docs" / "api").glob("*.md")
_BLOCK = re.compile(r"currentmodule:: (\S+).*?:toctree: generated\n\n(.*?)```", re.DOTALL)
LISTED = {
    f"{module}.{name}"
    for page in PAGES
    for module, names in _BLOCK.findall(page.read_text("utf-8"))
    for name in names.split()
}
TABLES = re.compile(r"[A-Z_0-9]+")  # of names, such as LAYERS, and constants


@pytest.mark.parametrize(
    ("module", "missing"),
    [
        (glassnet, set()),
        (data, {"CatalogEntry", "DownloadError", "RemoteFile"}),
        (estimators, set()),
        (export, set()),
        (figures, set()),
        (study, {"StudyTable"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_reference_lists_what_is_public(module, missing):
    short = {name.rpartition(".")[2] for name in LISTED}
    public = {
        name
        for name in module.__all__
        if not TABLES.fullmatch(name) or name in {"SGD", "ELU", "GELU"}
    }
    assert public - short == missing


def test_what_the_reference_lists_is_there():
    modules = {module.__name__: module for module in (glassnet, data, export, figures, study)}
    for name in LISTED:
        module, _, attribute = name.rpartition(".")
        assert getattr(modules[module], attribute).__doc__
