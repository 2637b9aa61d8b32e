"""Which cells are compared where runs are missing, and what is said of it."""

from __future__ import annotations

import pytest

from glassnet.study import Failed, Finished, Study, analyse
from glassnet.study.comparison import paired_differences

NUMBERS = {"a": [0.1, 0.2, 0.35], "b": [0.2, 0.35, 0.4], "c": [0.5, 0.55, 0.7]}


@pytest.fixture
def study(tmp_path):
    """Make a study of these cells, whose runs at the given (cell, seed) are missing or failed."""

    def make(*, missing=(), failed=(), seeds=3, **more) -> Study:
        cells = [
            {"label": label, "changes": {RATE: r}} for label, r in zip("abc", RATES, strict=True)
        ]
        table = {"name": "s", "cells": cells, "seeds": seeds, "value": "test_accuracy"} | more
        made = Study(table, folder=tmp_path)
        for cell in made.cells:
            for spec in cell.specs:
                where = cell.label + str(spec.seed)
                test = {"accuracy": NUMBERS[cell.label][spec.seed]}
                epochs = [{"epoch": 1, "steps": 1, "seconds": 1.0, "loss": 0.5}]
                if where in failed:
                    made.archive.keep(spec, Failed("it diverged", ""))
                elif where not in missing:
                    made.archive.keep(spec, Finished({}, epochs, test, 1.0, {}, {}))
        return made

    return make


RATE, RATES = "training.phases.0.optimizer.learning_rate", (0.1, 0.2, 0.3)


def pairs(analysis) -> list[str]:
    return [d.first + d.second for d in analysis.differences]


def test_all_pairs_of_a_study_that_is_complete_are_corrected_together(study) -> None:
    analysis = analyse(study())
    values = {cell: dict(enumerate(numbers)) for cell, numbers in NUMBERS.items()}
    assert analysis.differences == paired_differences(values)
    assert analysis.remarks == []


def test_a_cell_with_one_run_is_named_and_the_others_are_compared(study) -> None:
    analysis = analyse(study(missing=("b1", "b2")))
    assert pairs(analysis) == ["ac"]
    assert analysis.differences[0].p_holm == analysis.differences[0].p
    assert analysis.remarks == ["Not compared, with fewer than two seeds in common: b."]


def test_a_pair_with_other_seeds_is_named(study) -> None:
    analysis = analyse(study(missing=("a0", "b2")))
    assert pairs(analysis) == ["ac", "bc"]
    assert analysis.remarks == ["Not compared, with fewer than two seeds in common: a with b."]


def test_a_baseline_without_runs_leaves_nothing_to_compare(study) -> None:
    analysis = analyse(study(missing=("a0", "a1", "a2"), baseline="a"))
    assert pairs(analysis) == []
    assert analysis.remarks[0].startswith("No cells are compared: that takes two finished runs")


def test_survivors_are_told_from_cells_that_are_whole(study) -> None:
    analysis = analyse(study(failed=("c2", "b0", "b1", "b2")))
    assert pairs(analysis) == ["ac"]
    assert analysis.remarks == [
        "b: 3 of 3 runs failed.",
        "c: 1 of 3 runs failed; its number is of the 2 that survived.",
        "Not compared, with fewer than two seeds in common: b.",
    ]


def test_one_seed_and_no_run_at_all_are_no_error(study) -> None:
    everything = [label + "0" for label in "abc"]
    assert analyse(study(seeds=1, missing=everything)).remarks == []
    assert analyse(study(seeds=1)).remarks[0].startswith("No cells are compared")
