from __future__ import annotations

import math

import numpy as np
import pytest

from glassnet.study import Failed, Finished

RATE = "training.phases.0.optimizer.learning_rate"


@pytest.fixture
def kept(tiny):
    """A study with two finished runs, whose numbers are known, of four."""
    study = tiny(seeds=2)
    epochs = [
        {"epoch": 1, "steps": 5, "seconds": 0.5, "loss": 0.75, "per_class_recall": [1.0, 0.5]},
        {"epoch": 2, "steps": 7, "seconds": 0.25, "loss": 0.5, "validation_accuracy": 0.9},
    ]
    test = {"examples": 9, "accuracy": 0.875, "per_class_recall": [1.0, 0.5]}
    for number, spec in enumerate(study.specs[1:3]):
        run = Finished({}, epochs[: 2 - number], {} if number else test, 3.0, {}, {})
        study.archive.keep(spec, run)
    return study


def test_results_have_a_row_for_each_run_and_epoch(kept) -> None:
    found = kept.results()
    assert list(found["cell"]) == ["rate 0.01", "rate 0.01", "rate 0.1"]
    assert list(found["rate"]) == ["0.01", "0.01", "0.1"]
    assert list(found["seed"]) == [1, 1, 0]
    assert list(found["run"]) == [kept.specs[1].key] * 2 + [kept.specs[2].key]
    assert list(found["epoch"]) == [1, 2, 1]
    assert list(found["loss"]) == [0.75, 0.5, 0.75]
    assert "per_class_recall" not in found


def test_steps_and_seconds_are_counted_from_the_beginning_of_each_run(kept) -> None:
    found = kept.results()
    assert list(found["step"]) == [5, 12, 5]
    assert list(found["seconds"]) == [0.5, 0.75, 0.5]
    assert list(found["epoch_seconds"]) == [0.5, 0.25, 0.5]


def test_what_a_record_lacks_is_no_number(kept) -> None:
    accuracy = kept.results()["validation_accuracy"]
    assert [math.isnan(value) for value in accuracy] == [True, False, True]


def test_tests_have_a_row_for_each_run_that_was_measured_at_its_end(kept) -> None:
    found = kept.tests()
    assert found.to_dict("records") == [
        {
            "cell": "rate 0.01",
            "rate": "0.01",
            "seed": 1,
            "run": kept.specs[1].key,
            "test_examples": 9,
            "test_accuracy": 0.875,
            "seconds": 3.0,
        }
    ]


def test_without_runs_the_tables_are_empty_and_have_their_columns(tiny) -> None:
    study = tiny()
    assert list(study.results()) == [
        *("cell", "rate", "seed", "run", "epoch", "step", "seconds", "epoch_seconds")
    ]
    assert list(study.tests()) == ["cell", "rate", "seed", "run", "seconds"]
    assert len(study.results()) == len(study.tests()) == 0


def test_failures_are_told_by_cell_and_seed(kept) -> None:
    kept.archive.keep(kept.specs[3], Failed("it diverged", ""))
    assert kept.failures() == {"rate 0.1, seed 1": "it diverged"}


def test_real_runs_give_all_numbers_of_their_epochs(tiny) -> None:
    study = tiny(seeds=1).run(jobs=1)
    found = study.results()
    assert {"loss", "accuracy", "validation_loss", "validation_accuracy"} < set(found)
    assert list(found["epoch"]) == [1, 2, 1, 2]
    np.testing.assert_array_equal(found["step"], [81, 162, 81, 162])  # 1,294 examples by 16
    assert (study.tests()["test_accuracy"] > 0.5).all()
    assert RATE not in found
