"""The reference has every public name."""

import re
from pathlib import Path

import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

import glassnet
from glassnet import data, estimators, export, figures, study

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = (DOCS / "api").glob("*.md")
_BLOCK = re.compile(r"currentmodule:: (\S+).*?:toctree: generated\n\n(.*?)```", re.DOTALL)
LISTED = {
    f"{module}.{name}"
    for page in PAGES
    for module, names in _BLOCK.findall(page.read_text("utf-8"))
    for name in names.split()
}
TABLES = re.compile(r"[A-Z_0-9]+")  # of names, such as LAYERS, and constants
MODULES = {module.__name__: module for module in (glassnet, data, export, figures, study)}


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


def documented(name):
    module, _, attribute = name.rpartition(".")
    return getattr(MODULES[module], attribute).__doc__


@pytest.mark.parametrize("name", sorted(LISTED))
def test_what_the_reference_lists_has_an_example_that_runs(name):
    assert ">>> " in documented(name)


def test_the_page_of_export_has_the_table_that_a_layer_of_ones_own_is_entered_in():
    page = (DOCS / "api" / "export.md").read_text("utf-8")
    assert f".. py:data:: {export.__name__}.OPERATORS" in page


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
        "seed_",
    }
