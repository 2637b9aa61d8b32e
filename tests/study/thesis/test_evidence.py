from __future__ import annotations

import numpy as np
import pytest

from glassnet.study.thesis.evidence import (
    Evidence,
    MissingRunsError,
    compared,
    epochs,
    first_epoch,
    number_verdict,
    percents,
    points,
    seeds_told,
    share_verdict,
)


@pytest.mark.parametrize(
    ("held", "verdict"),
    [(10, "reproduced"), (9, "reproduced"), (8, "depends on the seed"), (2, "depends on the seed"),
     (1, "not reproduced"), (0, "not reproduced")],
)  # fmt: skip
def test_a_claim_is_judged_by_the_share_of_seeds_for_which_it_holds(held, verdict) -> None:
    assert share_verdict(np.arange(10) < held) == verdict


def test_a_number_is_met_within_the_seeds_range_and_half_a_tenth_of_a_point() -> None:
    assert number_verdict([0.94, 0.95], 0.9504) == "reproduced"
    assert number_verdict([0.94, 0.95], 0.9506) == "not reproduced"
    assert number_verdict([0.94, 0.95], 0.9394) == "not reproduced"


def test_the_first_epoch_counts_from_one_and_is_infinite_where_none_reaches_it() -> None:
    curves = np.array([[0.1, 0.95, 0.2], [0.95, 0.1, 0.1], [0.1, 0.1, 0.1]])
    assert first_epoch(curves, 0.9).tolist() == [2, 1, np.inf]


def test_epochs_are_told_with_their_range_and_those_never_reached() -> None:
    assert epochs([2, 3, 9]) == "epoch 3 (2 to 9)"
    assert epochs([2, 3, np.inf]) == "epoch 3 (2 to never)"
    assert epochs([np.inf, np.inf]) == "never"


def test_numbers_are_told_with_their_range() -> None:
    assert percents([0.94, 0.96]) == "95.00 % (94.00 to 96.00)"
    assert points([-0.01, 0.02]) == "+0.50 points (−1.00 to +2.00)"
    assert seeds_told([False, False, False]) == "in none of three seeds"
    assert seeds_told([True] * 10) == "in all ten seeds"


def test_two_cells_are_told_apart_only_where_the_seeds_agree() -> None:
    second = np.linspace(0.9, 0.95, 10)
    told, distinct, mean = compared(second + 0.01 + 1e-4 * np.arange(10), second, ("a", "b"))
    assert distinct
    assert told.startswith("better by")
    assert mean == pytest.approx(0.01045)
    told, distinct, _ = compared(second + 0.01 * (-1.0) ** np.arange(10), second, ("a", "b"))
    assert not distinct
    assert told.startswith("indistinguishable with ten seeds")


def test_evidence_gives_the_curves_of_a_cell_seed_by_seed(fabricate) -> None:
    def make(cell, seed):
        return [{"validation_accuracy": 0.1 * seed + 0.01 * e, "loss": 1.0}
                for e in range(3)], {"array": np.full(4, seed)}  # fmt: skip

    evidence = Evidence({"figure-12": fabricate("figure-12", make)})
    curves = evidence.curves("figure-12", "batch 1, then 50")
    expected = np.add.outer([0, 0.1, 0.2], [0, 0.01, 0.02])
    assert curves == pytest.approx(expected)
    assert evidence.arrays("figure-12", "batch 1, then 50", "array").shape == (3, 4)
    with pytest.raises(MissingRunsError, match="figure-09"):
        evidence.curves("figure-09", "momentum 0")
