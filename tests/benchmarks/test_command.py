from __future__ import annotations

import json
from dataclasses import replace

import pytest

from benchmarks import __main__ as command
from benchmarks.works import WORKS


@pytest.fixture
def short_table(monkeypatch) -> None:
    """Make B7 a matter of a moment."""
    monkeypatch.setitem(WORKS, "B7", replace(WORKS["B7"], examples=320))


def run(*given: str) -> None:
    command.main([*given, "--rounds", "2", "--threads", "1"])


def test_a_work_is_measured_printed_stored_and_made_tables_of(
    short_table, tmp_path, capsys, request
) -> None:
    run("B7", "--contenders", "glassnet numpy", "scikit-learn", "--out", str(tmp_path))
    printed = capsys.readouterr().out
    assert "B7: 30-30-2 tanh, 32 a step, momentum 0.9, 10 steps a round" in printed
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    work = results["works"]["B7"]
    assert work["definition"]["batch_size"] == 32
    assert set(work["ratios"]["glassnet numpy"]["scikit-learn"]) == {"median", "min", "max"}
    assert {"Python", "numpy", "BLAS"} <= set(results["versions"])
    assert {"processor", "processors", "architecture", "system"} == set(results["machine"])

    page = tmp_path / "page.md"
    page.write_text((request.config.rootpath / "docs" / "performance.md").read_text("utf-8"))
    command.main(["--table", str(tmp_path / "results.json"), "--into", str(page)])
    assert "| B7 | 30-30-2 tanh" in page.read_text("utf-8")
    command.main(["--table", str(tmp_path / "results.json")])
    assert "| B7 | 30-30-2 tanh" in capsys.readouterr().out


def test_quick_makes_two_steps_a_round(capsys) -> None:
    run("B7", "--contenders", "glassnet numpy", "--quick")
    assert "32 a step, momentum 0.9, 2 steps a round" in capsys.readouterr().out


def test_results_of_other_circumstances_are_not_mixed(short_table, tmp_path) -> None:
    run("B7", "--contenders", "glassnet numpy", "--out", str(tmp_path))
    path = tmp_path / "results.json"
    results = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(results | {"versions": {"Python": "2.7"}}))
    with pytest.raises(SystemExit, match="other versions"):
        run("B7", "--contenders", "glassnet numpy", "--out", str(tmp_path))


def test_footprint_and_growth_are_stored_and_drawn(monkeypatch, tmp_path, capsys) -> None:
    times = {"median": 90.0, "min": 80.0, "max": 100.0}
    cost = {"import_ms": {"glassnet": times}, "installed_mib": {"glassnet": {"numpy": 50.0}}}
    points = {
        "label": "threads",
        "kept": "784-512-512-10",
        "values": [1, 2],
        "microseconds": {"glassnet numba": [[2.0, 1.0], None]},
    }
    monkeypatch.setattr(command, "measure_footprint", lambda rounds: cost)
    monkeypatch.setattr(command, "measure_growth", lambda **_: iter([("threads", points)]))
    run("B9", "B10", "--out", str(tmp_path))
    printed = capsys.readouterr().out
    assert "B9: import and installed size" in printed
    assert "B10: threads (784-512-512-10)" in printed
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert results["footprint"]["import_ms"] == cost["import_ms"]
    assert results["growth"]["sweeps"]["threads"] == points
    assert (tmp_path / "growth.svg").read_bytes().startswith(b"<?xml")
    assert (tmp_path / "growth.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["B99"], "no work 'B99'"),
        (["B7", "--threads", "0"], "--threads must be 1 to"),
        (["B7", "--quick", "--out", "x"], "--quick measures too little"),
        (["B7", "--rounds", "0"], "--rounds must be at least 1"),
        (["B7", "--contenders", "somebody"], "invalid choice: 'somebody'"),
    ],
)
def test_what_cannot_be_measured_is_refused(given, said, capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        command.main(given)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_data_that_is_not_there_is_said_without_a_traceback(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(command, "measure", lambda *_, **__: (_ for _ in ()).throw(OSError("gone")))
    with pytest.raises(SystemExit, match="benchmarks: gone"):
        run("B1")
