from __future__ import annotations

import numpy as np

from glassnet.study.thesis.wording import difference, epochs, percents, points, seeds_told


def test_epochs_are_told_with_their_range_and_those_never_reached() -> None:
    assert epochs([2, 3, 9]) == "epoch 3 (2 to 9)"
    assert epochs([2, 3, np.inf]) == "epoch 3 (2 to never)"
    assert epochs([np.inf, np.inf]) == "never"


def test_numbers_are_told_with_their_range() -> None:
    assert percents([0.94, 0.96]) == "95.00 % (94.00 to 96.00)"
    assert points([-0.01, 0.02]) == "+0.50 points (−1.00 to +2.00)"
    assert seeds_told([False, False, False]) == "in none of three seeds"
    assert seeds_told([True] * 10) == "in all ten seeds"


def test_a_difference_is_told_with_its_interval_and_without_one_for_a_single_seed() -> None:
    first, second = np.array([0.96, 0.95, 0.97]), np.array([0.95, 0.95, 0.95])
    assert difference(first, second) == "+1.00 points, 95 % interval −1.48 to +3.48"
    assert difference(second[:1], first[:1]) == "−1.00 points"
