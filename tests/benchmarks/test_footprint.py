from __future__ import annotations

from benchmarks import footprint


def test_a_plain_installation_of_glassnet_is_numpy_and_itself() -> None:
    assert footprint.required("glassnet") == {"glassnet", "numpy"}


def test_what_is_required_by_what_is_required_counts() -> None:
    assert {"numpy", "scipy", "joblib"} <= footprint.required("scikit-learn")


def test_the_size_is_that_of_the_files_without_compiled_python() -> None:
    assert 0.1 < footprint.size_of("glassnet") / 2**20 < 3
    assert 10 < footprint.size_of("numpy") / 2**20 < 200


def test_sizes_are_known_of_what_is_installed_alone(monkeypatch) -> None:
    names = {"here": "numpy", "not here": "glassnet-has-no-such-package"}
    monkeypatch.setattr(footprint, "DISTRIBUTIONS", names)
    assert list(footprint.installed_mib()) == ["here"]


def test_an_import_is_timed_in_a_process_of_its_own(monkeypatch) -> None:
    names = {
        "here": "import numpy, numpy.linalg",
        "not here": "import glassnet_has_no_such_package",
    }
    monkeypatch.setattr(footprint, "IMPORTS", names)
    times = footprint.import_milliseconds(rounds=1)
    assert list(times) == ["here"]
    assert len(times["here"]) == 1
