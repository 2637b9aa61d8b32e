from __future__ import annotations

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
    row = estimators.compare("wine", "adam (the defaults)", seeds=2, epochs=3)
    assert epochs == [3] * 5  # and the first of ours, apart
    assert [len(scores) for scores in row.scores] == [2, 2]
    assert row.scores[0] == pytest.approx(row.scores[1], abs=0.1)
    assert row.first > 0.0
    assert row.speedup > 0.0


def test_the_table_has_a_line_for_each_row() -> None:
    row = estimators.Row("toy", "none", 1000, 0.5, ([0.9], [0.8]), ([1.0], [4.0]))
    line = estimators.table([row]).splitlines()[-1]
    assert line.startswith("| toy | 1,000 | none | 0.9000 ± nan | 0.8000 ± nan | 1.000 | 4.000 ")
    assert line.endswith("| 4.00 | 0.50 |")
    assert estimators.geometric_mean([2.0, 8.0]) == pytest.approx(4.0)


def test_the_houses_are_like_those_of_california() -> None:
    x, y = estimators.houses(2000)
    assert x.shape == (2000, 8)
    assert 1.0 < y.mean() < 3.0
    assert y.max() <= 5.0
    assert 32.0 < x[:, 6].mean() < 42.0


def test_the_command_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    estimators.main(["--seeds", "1", "--epochs", "2", "--data", "diabetes"])
    printed = capsys.readouterr().out
    assert printed.count("| diabetes |") == len(estimators.SETTINGS)
    assert "geometric mean" in printed
