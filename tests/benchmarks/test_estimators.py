from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import estimators


def test_both_are_fitted_with_every_seed_and_for_the_same_epochs(monkeypatch) -> None:
    epochs = []
    fitted = estimators.fitted

    def noted(*arguments):
        result = fitted(*arguments)
        epochs.append(result[0].n_iter_)
        return result

    monkeypatch.setattr(estimators, "fitted", noted)
    row = estimators.compare(
        "wine", "adam (the defaults)", seeds=2, repeats=3, epochs=3, engine="numpy"
    )
    assert epochs == [3] * (2 + 2 * 2 * 3)  # one of each is not counted
    assert [len(scores) for scores in row.scores] == [2, 2]
    assert [len(seconds) for seconds in row.seconds] == [6, 6]
    assert row.scores[0] == pytest.approx(row.scores[1], abs=0.1)
    assert row.speedup > 0.0


def test_only_ours_is_told_of_the_engine() -> None:
    with pytest.raises(ValueError, match="unknown engine 'abacus'"):
        estimators.compare(
            "wine", "adam (the defaults)", seeds=1, repeats=1, epochs=1, engine="abacus"
        )


def test_the_table_has_a_line_for_each_row_and_means_of_each_setting() -> None:
    adam, sgd = estimators.SETTINGS
    rows = [
        estimators.Row("toy", adam, 1000, ([0.9], [0.8]), ([1.0], [4.0])),
        estimators.Row("toy", sgd, 1000, ([0.9, 0.7], [0.8, 0.8]), ([1.0, 1.0], [9.0, 9.0])),
    ]
    lines = estimators.table(rows).markdown().splitlines()
    assert lines[2].startswith(f"| toy, {adam} | 1,000 | 0.9000 ± nan | 0.8000 ± nan | 1.000 | 4.0")
    assert lines[3].endswith(" | 0.8000 ± 0.0000 | 1.000 | 9.000 | 9.00 |")
    means = [(line.split(" | ")[0], line.split(" | ")[-1]) for line in lines[4:]]
    assert means == [
        (f"| geometric mean, {adam}", "**4.00** |"),
        (f"| geometric mean, {sgd}", "**9.00** |"),
        ("| geometric mean, all", "**6.00** |"),
    ]


def test_the_houses_are_like_those_of_california() -> None:
    x, y = estimators.houses(2000)
    assert x.shape == (2000, 8)
    assert 1.0 < y.mean() < 3.0
    assert y.max() <= 5.0
    assert 32.0 < x[:, 6].mean() < 42.0


def test_the_command_puts_the_table_into_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Before.\n\n<!-- begin estimators -->\nold\n<!-- end estimators -->\n")
    effort = ["--seeds", "1", "--repeats", "1", "--epochs", "2", "--engine", "numpy"]
    estimators.main([*effort, "--data", "diabetes", "--into", str(page)])
    written = page.read_text()
    assert written.count("| diabetes, ") == len(estimators.SETTINGS)
    assert "geometric mean, all" in written
    assert "s with nothing compiled yet" in written
    assert "old" not in written
