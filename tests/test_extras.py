from __future__ import annotations

import sys
from pathlib import Path

import pytest

from glassnet.extras import MissingExtraError, require


def test_a_module_that_is_installed_is_imported() -> None:
    import json.decoder

    assert require("json.decoder", "cli") is json.decoder


@pytest.mark.parametrize("module", ["glassnet_has_no_such_package", "no_package_like_this.part"])
def test_a_missing_module_names_the_extra_to_install(module: str) -> None:
    with pytest.raises(
        MissingExtraError, match="not installed; get it with: pip install"
    ) as caught:
        require(module, "study")
    assert str(caught.value).startswith(f"{module} is not installed")
    assert str(caught.value).endswith("'glassnet[study]'")


def test_a_missing_extra_is_an_import_error() -> None:
    with pytest.raises(ImportError):
        require("glassnet_has_no_such_package", "cli")


def test_a_package_that_lacks_something_of_its_own_says_so_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_installed.py").write_text("import its_own_missing_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="its_own_missing_dependency") as caught:
        require("half_installed", "cli")
    assert not isinstance(caught.value, MissingExtraError)


def test_a_package_that_fails_otherwise_says_so_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_on_import.py").write_text("raise ModuleNotFoundError('no name')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no name") as caught:
        require("broken_on_import", "cli")
    assert not isinstance(caught.value, MissingExtraError)


def test_a_module_that_is_blocked_counts_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    with pytest.raises(MissingExtraError, match=r"glassnet\[cli\]"):
        require("sqlite3", "cli")
