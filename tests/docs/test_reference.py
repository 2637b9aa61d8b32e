"""The reference has every public name."""

import pkgutil
import re
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

import glassnet
from glassnet import estimators

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = [page.read_text("utf-8") for page in sorted((DOCS / "api").glob("*.md"))]
_BLOCK = re.compile(r"currentmodule:: (\S+).*?:toctree: generated\n\n(.*?)```", re.DOTALL)
_DATA = re.compile(r"py:data:: (\S+)\n(.*?)(?=\n\.\. |```)", re.DOTALL)
LISTED = {
    f"{module}.{name}"
    for page in PAGES
    for module, names in _BLOCK.findall(page)
    for name in names.split()
}
TABLES = {name: entry for page in PAGES for name, entry in _DATA.findall(page)}
PACKAGES = [
    import_module(f"glassnet.{module.name}")
    for module in pkgutil.iter_modules(glassnet.__path__)
    if module.ispkg
]
PUBLIC = [package for package in (glassnet, *PACKAGES) if hasattr(package, "__all__")]


def named(name):
    module, _, attribute = name.rpartition(".")
    return getattr(import_module(module), attribute)


@pytest.mark.parametrize("package", PUBLIC, ids=lambda package: package.__name__)
def test_the_reference_lists_what_is_public(package):
    told = {id(named(name)) for name in (*LISTED, *TABLES)}
    assert {name for name in package.__all__ if id(getattr(package, name)) not in told} == set()


def test_every_package_that_users_import_from_is_looked_at():
    names = {package.__name__.removeprefix("glassnet.") for package in PUBLIC}
    assert names >= {"nn", "optim", "training", "recipes", "report", "notebook", "tracking"}


@pytest.mark.parametrize("name", sorted(TABLES.keys() - {"glassnet.export.OPERATORS"}))
def test_the_reference_has_all_names_of_a_table(name):
    table = named(name)  # or the name that one is
    names = [table] if isinstance(table, str) else table
    assert [key for key in names if f"``{key}``" not in TABLES[name].replace('"', "")] == []


@pytest.mark.parametrize("name", sorted(LISTED))
def test_what_the_reference_lists_has_an_example_that_runs(name):
    assert ">>> " in named(name).__doc__


def test_the_page_of_estimators_has_what_a_fitted_one_knows():
    x = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0]})
    fitted = estimators.NeuralNetworkClassifier(4, max_iter=1, n_iter_no_change=1)
    with pytest.warns(ConvergenceWarning):
        fitted.fit(x, [0, 1, 0, 1])
    page = (DOCS / "api" / "estimators.md").read_text("utf-8")
    told = set(re.findall(r"`(\w+_)`", page))
    assert all(hasattr(fitted, name) for name in told)
    assert {name for name in dir(fitted) if re.fullmatch(r"[a-z]\w*[a-z]_", name)} <= told | {
        "architecture_",
        "convergence_",
        "optimizer_state_",
        "partial_",
        "seed_",
    }
