"""The table of trained recipes."""

from __future__ import annotations

import json

import pytest

from benchmarks import results
from glassnet.recipes import RunFolder, load_recipe


def a_run(path, *, seed=0, accuracy=0.9, augmented=None, status="finished", **changes):
    folder = RunFolder.create(path)
    recipe = load_recipe("digits").changed({"training.seed": seed, **changes})
    folder.write(folder.recipe, recipe.to_toml())
    test = {"examples": 1000, "accuracy": accuracy}
    if augmented is not None:
        test["test_time_accuracy"] = augmented
    told = {"status": status, "seconds": 60.0 * (seed + 1), "epochs": 40, "parameters": 4810}
    folder.write(folder.result, json.dumps({**told, "test": test}))
    return path


def row_of(*runs):
    (row,) = results.results_table(results.grouped([results.read_run(p) for p in runs])).rows
    return row


def test_runs_of_a_recipe_make_a_row_with_mean_and_range(tmp_path):
    row = row_of(
        a_run(tmp_path / "b", seed=1, accuracy=0.92, augmented=0.94),
        a_run(tmp_path / "a", seed=0, accuracy=0.90, augmented=0.92),
    )
    assert row == [
        "`digits`",
        "**91.00 %** (90.00 to 92.00)",
        "**93.00 %** (92.00 to 94.00)",
        "90",
        "40",
        "1.5 min (1.0 to 2.0)",
        "4,810",
        "`glassnet train digits --seed S`, S = 0, 1",
    ]


def test_a_run_without_test_time_augmentation_has_a_dash(tmp_path):
    assert row_of(a_run(tmp_path / "a"))[2] == "–"


def test_a_run_that_was_stopped_is_refused(tmp_path):
    with pytest.raises(ValueError, match="has not finished; go on: glassnet train --resume"):
        results.read_run(a_run(tmp_path / "a", status="stopped"))


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="not the folder of a run"):
        results.read_run(tmp_path)


def test_the_same_seed_twice_is_refused(tmp_path):
    runs = [results.read_run(a_run(tmp_path / name)) for name in "ab"]
    with pytest.raises(ValueError, match="two runs of digits have the same seed"):
        results.grouped(runs)


def test_runs_that_differ_in_more_than_the_seed_are_refused(tmp_path):
    first = results.read_run(a_run(tmp_path / "a"))
    other = a_run(tmp_path / "b", seed=1, **{"training.phases.0.epochs": 3})
    with pytest.raises(ValueError, match="differ in more than the seed"):
        results.grouped([first, results.read_run(other)])


def test_the_command_puts_the_table_into_a_page(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- begin results -->\nold\n<!-- end results -->\nafter\n")
    results.main([str(a_run(tmp_path / "a")), "--into", str(page)])
    text = page.read_text("utf-8")
    assert "| `digits` | **90.00 %** |" in text
    assert "old" not in text
    assert text.startswith("before")
    assert text.endswith("after\n")


def test_the_command_prints_the_table(tmp_path, capsys):
    results.main([str(a_run(tmp_path / "a"))])
    assert "| `digits` | **90.00 %** |" in capsys.readouterr().out


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    with pytest.raises(SystemExit):
        results.main([str(tmp_path)])
    assert "not the folder of a run" in capsys.readouterr().err
