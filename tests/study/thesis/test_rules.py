from __future__ import annotations

import numpy as np
import pytest

from glassnet.study.thesis.evidence import MissingRunsError
from glassnet.study.thesis.rules import (
    first_epoch,
    number_verdict,
    roughness,
    share_verdict,
    sudden_rises,
)


@pytest.mark.parametrize(
    ("held", "verdict"),
    [(10, "reproduced"), (9, "reproduced"), (8, "depends on the seed"), (2, "depends on the seed"),
     (1, "not reproduced"), (0, "not reproduced")],
)  # fmt: skip
def test_a_claim_is_judged_by_the_share_of_seeds_for_which_it_holds(held, verdict) -> None:
    assert share_verdict(np.arange(10) < held) == verdict


def test_a_number_is_reproduced_where_one_more_seed_would_come_out() -> None:
    values = 0.95 + 0.001 * np.array([-1.0, 0.0, 1.0])
    reach = 4.302652729911275 * 0.001 * np.sqrt(1 + 1 / 3)  # t of two degrees of freedom
    assert number_verdict(values, 0.95 + 0.99 * reach) == "reproduced"
    assert number_verdict(values, 0.95 + 1.01 * reach) == "not reproduced"
    assert number_verdict(values, 0.95 - 1.01 * reach) == "not reproduced"


def test_a_number_that_scatters_widely_depends_on_the_seed() -> None:
    assert number_verdict([0.91, 0.95, 0.99], 0.95) == "depends on the seed"
    assert number_verdict([28, 31, 34], 31, wide=20) == "reproduced"


def test_a_number_that_some_seeds_never_reach_depends_on_the_seed() -> None:
    assert number_verdict([5, 7, np.inf], 6) == "depends on the seed"
    assert number_verdict([5, 7, np.inf], 4) == "not reproduced"


def test_one_seed_says_nothing_about_a_number() -> None:
    with pytest.raises(MissingRunsError, match="more seeds"):
        number_verdict([0.95], 0.95)


def test_the_first_epoch_counts_from_one_and_is_infinite_where_none_reaches_it() -> None:
    curves = np.array([[0.1, 0.95, 0.2], [0.95, 0.1, 0.1], [0.1, 0.1, 0.1]])
    assert first_epoch(curves, 0.9).tolist() == [2, 1, np.inf]


def test_a_rise_is_sudden_if_it_is_large_and_stands_out_from_its_neighbours() -> None:
    steady = np.array([[0.10, 0.13, 0.16, 0.19]])  # large, and like all others
    small = np.array([[0.500, 0.501, 0.515, 0.516]])
    jump = np.array([[0.80, 0.80, 0.88, 0.89]])
    assert not sudden_rises(steady).any()
    assert not sudden_rises(small).any()
    assert sudden_rises(jump).tolist() == [[False, True, False]]


def test_roughness_is_the_root_mean_square_of_the_changes() -> None:
    assert roughness(np.array([[0.0, 3.0, -1.0]])) == pytest.approx([np.sqrt((9 + 16) / 2)])
