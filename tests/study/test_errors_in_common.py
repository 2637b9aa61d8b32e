import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.study.errors_in_common import Confusion, errors_in_common, most_confused

Y = np.array([0, 0, 1, 1, 2])
PREDICTED = np.array([[0, 1, 1, 2, 2], [0, 1, 1, 1, 0], [0, 2, 1, 2, 2]])
NAMES = ["cat", "dog", "bird"]


def predictions(wrong):
    """Predictions of class 0 that are wrong where `wrong` is."""
    return np.asarray(wrong, dtype=int), np.zeros(np.shape(wrong)[1], dtype=int)


def test_examples_are_counted_by_the_seeds_that_get_them_wrong():
    overlap = errors_in_common(PREDICTED, Y)
    assert overlap.counts.tolist() == [2, 1, 1, 1]
    assert overlap.always_wrong.tolist() == [1]
    # pairs: {1, 3} and {1, 4}; {1, 3} and {1, 3}; {1, 4} and {1, 3}
    assert overlap.overlap == pytest.approx((1 / 3 + 1 + 1 / 3) / 3)


def test_chance_is_the_mean_over_all_ways_to_place_the_errors():
    n, sizes = 4, (1, 2, 3)
    counts, jaccards = [], []
    for sets in itertools.product(*(itertools.combinations(range(n), k) for k in sizes)):
        wrong = np.array([[i in errors for i in range(n)] for errors in sets])
        counts.append(np.bincount(wrong.sum(axis=0), minlength=4))
        pairs = itertools.combinations(map(set, sets), 2)
        jaccards.append(np.mean([len(a & b) / len(a | b) for a, b in pairs]))
    wrong = [[i < k for i in range(n)] for k in sizes]
    overlap = errors_in_common(*predictions(wrong))
    np.testing.assert_allclose(overlap.expected, np.mean(counts, axis=0))
    assert overlap.overlap_expected == pytest.approx(np.mean(jaccards))


@given(st.integers(1, 6), st.integers(1, 30), st.randoms(use_true_random=False))
def test_found_and_expected_counts_hold_the_same_examples_and_errors(seeds, n, random):
    wrong = np.array([[random.random() < 0.3 for _ in range(n)] for _ in range(seeds)])
    overlap = errors_in_common(*predictions(wrong))
    k = np.arange(seeds + 1)
    assert overlap.counts.sum() == n
    assert overlap.expected.sum() == pytest.approx(n)
    assert overlap.counts @ k == wrong.sum()
    assert overlap.expected @ k == pytest.approx(wrong.sum())


def test_the_same_errors_in_all_seeds_overlap_fully_and_more_than_by_chance():
    wrong = np.tile(np.arange(100) < 10, (10, 1))
    overlap = errors_in_common(*predictions(wrong))
    assert overlap.overlap == 1
    assert 0.05 < overlap.overlap_expected < 0.06
    assert overlap.counts[[0, 10]].tolist() == [90, 10]
    assert overlap.expected[10] == pytest.approx(100 * 0.1**10)


def test_errors_that_fall_at_random_overlap_as_expected():
    wrong = np.random.default_rng(0).random((10, 10_000)) < 0.05
    overlap = errors_in_common(*predictions(wrong))
    assert overlap.overlap == pytest.approx(overlap.overlap_expected, rel=0.1)
    np.testing.assert_allclose(overlap.counts, overlap.expected, atol=150)


def test_without_errors_or_with_one_seed_there_is_no_overlap():
    for wrong in (np.zeros((3, 4)), np.ones((1, 4))):
        overlap = errors_in_common(*predictions(wrong))
        assert math.isnan(overlap.overlap)
        assert math.isnan(overlap.overlap_expected)
    assert errors_in_common(*predictions(np.zeros((3, 4)))).counts.tolist() == [4, 0, 0, 0]


def test_pairs_that_are_always_wrong_leave_no_room_for_chance():
    overlap = errors_in_common(*predictions(np.ones((2, 3))))
    assert (overlap.overlap, overlap.overlap_expected) == (1, pytest.approx(1))


def test_the_most_confused_pair_comes_first_with_its_spread_over_seeds():
    confusions = most_confused(PREDICTED, Y, NAMES)
    assert confusions[0] == Confusion(
        "cat", "dog", pytest.approx(2 / 3), pytest.approx(1 / 3), 0, 1
    )
    assert confusions[1] == Confusion(
        "dog", "bird", pytest.approx(2 / 3), pytest.approx(1 / 3), 0, 1
    )
    assert confusions[3].share == pytest.approx(1 / 3)  # one of one bird, in one of three seeds
    assert [(c.true, c.predicted) for c in confusions] == [
        ("cat", "dog"), ("dog", "bird"), ("cat", "bird"), ("bird", "cat"),
    ]  # fmt: skip


def test_at_most_top_pairs_come_back():
    assert len(most_confused(PREDICTED, Y, NAMES, top=2)) == 2
    assert most_confused([Y], Y, NAMES) == []


@pytest.mark.parametrize("function", [errors_in_common, lambda p, y: most_confused(p, y, NAMES)])
@pytest.mark.parametrize(
    ("predicted", "y", "message"),
    [
        ([0, 1], [0, 1], r"predicted must have shape \(seeds, examples\).*\(2,\) and \(2,\)"),
        ([[0, 1]], [0], r"\(1, 2\) and \(1,\)"),
        (np.zeros((0, 2), int), [0, 1], r"at least one of each"),
        ([[0.0, 1.0]], [0, 1], r"predicted must be whole numbers, got float64"),
        ([[0, 1]], [True, False], r"y must be whole numbers, got bool"),
    ],
)
def test_what_is_no_labels_is_refused(function, predicted, y, message):
    with pytest.raises(ValueError, match=message):
        function(predicted, y)


@pytest.mark.parametrize(("label", "name"), [(3, "3"), (-1, "-1")])
def test_a_class_without_a_name_is_refused(label, name):
    with pytest.raises(ValueError, match=f"predicted has class {name}, but there are 3"):
        most_confused([[label]], [0], NAMES)
