import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from glassnet.study.comparison import Difference, holm, number_word, paired_differences, verdict

A = {1: 0.91, 2: 0.93, 3: 0.95, 4: 0.92}
B = {1: 0.90, 2: 0.93, 3: 0.91, 4: 0.91}
C = {1: 0.80, 2: 0.85, 3: 0.81, 4: 0.88}
CLEAR = Difference("a", "b", 0.005, 0.0042, 0.0061, 0.001, 0.002, seeds=10, wins=10)


def test_a_pair_is_tested_as_scipy_tests_it():
    [difference] = paired_differences({"a": A, "b": B}, level=0.9)
    test = stats.ttest_rel(list(A.values()), list(B.values()))
    ends = test.confidence_interval(0.9)
    assert difference.mean == pytest.approx(0.015)
    assert (difference.low, difference.high) == pytest.approx((ends.low, ends.high))
    assert difference.p == pytest.approx(test.pvalue)
    assert difference.p_holm == difference.p
    assert (difference.seeds, difference.wins) == (4, 3)


def test_without_a_baseline_all_pairs_are_compared():
    pairs = [(d.first, d.second) for d in paired_differences({"a": A, "b": B, "c": C})]
    assert pairs == [("a", "b"), ("a", "c"), ("b", "c")]


def test_a_baseline_is_subtracted_from_each_other_cell():
    differences = paired_differences({"a": A, "b": B, "c": C}, against="b")
    assert [(d.first, d.second) for d in differences] == [("a", "b"), ("c", "b")]
    assert differences[0].mean > 0 > differences[1].mean


def test_the_family_of_holm_is_what_was_compared_together():
    differences = paired_differences({"a": A, "b": B, "c": C})
    assert [d.p_holm for d in differences] == holm([d.p for d in differences])
    pair, *_ = paired_differences({"a": A, "b": B, "c": C}, against="b")
    assert pair.p == differences[0].p


def test_seeds_are_paired_by_name_and_those_of_one_cell_alone_left_out():
    shuffled = {4: 0.91, 9: 0.1, 3: 0.91, 2: 0.93, 1: 0.90}
    [difference] = paired_differences({"a": A, "b": shuffled})
    [expected] = paired_differences({"a": A, "b": B})
    assert difference.seeds == 4
    assert difference.mean == pytest.approx(expected.mean)
    assert difference.p == pytest.approx(expected.p)


@pytest.mark.parametrize(("shift", "p", "wins"), [(0.0, 1, 0), (0.5, 0, 4)])
def test_a_difference_without_spread_is_certain_or_none(shift, p, wins):
    base = {1: 0.25, 2: 0.5, 3: 0.75, 4: 0.125}
    moved = {seed: value + shift for seed, value in base.items()}
    [difference] = paired_differences({"a": moved, "b": base})
    assert (difference.p, difference.wins) == (p, wins)
    assert difference.low == difference.mean == difference.high == shift


def test_a_constant_difference_is_known_by_its_values_not_by_its_rounded_spread():
    [difference] = paired_differences(
        {"a": dict.fromkeys(range(3), 0.1), "b": dict.fromkeys(range(3), 0)}
    )
    assert np.std([0.1] * 3, ddof=1) > 0
    assert difference.p == 0


@given(
    st.lists(st.tuples(st.floats(-10, 10), st.floats(-10, 10)), min_size=2, max_size=8),
    st.sampled_from([0.8, 0.95, 0.99]),
)
def test_the_interval_holds_zero_just_when_the_test_is_not_significant(pairs, level):
    first, second = zip(*pairs, strict=True)
    [d] = paired_differences(
        {"a": dict(enumerate(first)), "b": dict(enumerate(second))}, level=level
    )
    if abs(d.p - (1 - level)) > 1e-6 and d.high - d.low > 1e-9:
        assert (d.p > 1 - level) == (d.low < 0 < d.high)


def test_p_values_are_corrected_step_by_step():
    # 4 * 0.005; max(0.02, 3 * 0.01); 2 * 0.03; max(0.06, 0.04)
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_keeps_the_order_and_rejects_between_bonferroni_and_no_correction(p):
    corrected = holm(p)
    assert [x for _, x in sorted(zip(p, corrected, strict=True))] == sorted(corrected)
    assert all(x >= raw for raw, x in zip(p, corrected, strict=True))
    assert all(x <= min(1, len(p) * max(p)) for x in corrected)
    assert min(corrected) == pytest.approx(min(1, len(p) * min(p)))


@pytest.mark.parametrize(
    ("values", "against", "message"),
    [
        ({"a": A}, None, r"two cells or more can be compared, got 1: \['a'\]"),
        ({"a": A, "b": B}, "A", "unknown cell 'A'; did you mean 'a'"),
        ({"a": A, "b": {1: 0.9, 7: 0.9}}, None, "'a' and 'b' have one seed in common.*same seeds"),
        ({"a": A, "b": {7: 0.9, 8: 0.9}}, None, "'a' and 'b' have no seed in common"),
        ({"a": A, "b": B | {3: np.nan}}, None, "cell 'b' has nan at seed 3; leave that run out"),
        ({"a": A, "b": B | {9: np.inf}}, None, "cell 'b' has inf at seed 9"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(values, against, message):
    with pytest.raises(ValueError, match=message):
        paired_differences(values, against=against)


def test_a_verdict_has_the_interval_in_points():
    assert verdict(CLEAR) == "better by 0.42 to 0.61 points"


def test_a_difference_below_zero_is_worse_and_its_numbers_are_positive():
    below = dataclasses.replace(CLEAR, mean=-0.005, low=-0.0061, high=-0.0042)
    assert verdict(below) == "worse by 0.42 to 0.61 points"
    assert verdict(below, higher_is_better=False) == "better by 0.42 to 0.61 points"


def test_unit_scale_and_digits_are_the_callers():
    assert verdict(CLEAR, unit="", scale=1, digits=4) == "better by 0.0042 to 0.0061"


def test_ends_that_look_the_same_are_written_once():
    assert verdict(CLEAR, digits=0, scale=1000, unit="‰") == "better by 4 to 6 ‰"
    assert verdict(CLEAR, digits=0, scale=100) == "better by 0 to 1 points"
    constant = dataclasses.replace(CLEAR, low=0.005, high=0.005)
    assert verdict(constant) == "better by 0.50 points"


def test_a_difference_that_holm_does_not_let_pass_is_indistinguishable():
    tamed = dataclasses.replace(CLEAR, p_holm=0.05)
    assert verdict(dataclasses.replace(tamed, wins=9)) == "indistinguishable with ten seeds"
    assert verdict(tamed, alpha=0.06).startswith("better")


def test_an_interval_on_both_sides_of_zero_is_never_better_or_worse():
    wide = dataclasses.replace(CLEAR, low=-0.001, p_holm=0.07, seeds=13)
    assert not wide.distinct
    assert verdict(wide, alpha=0.1) == "indistinguishable with 13 seeds"


def test_what_all_of_many_seeds_agree_on_is_said_though_it_is_not_proved():
    one_far_off = dataclasses.replace(CLEAR, low=-0.8, p_holm=0.3)
    assert verdict(one_far_off) == "indistinguishable with ten seeds, though higher in each"
    lower = dataclasses.replace(one_far_off, mean=-0.005, wins=0)
    assert verdict(lower) == "indistinguishable with ten seeds, though lower in each"
    few = dataclasses.replace(one_far_off, seeds=5, wins=5)
    assert verdict(few) == "indistinguishable with five seeds"


@pytest.mark.parametrize(
    ("number", "word"), [(0, "no"), (2, "two"), (12, "twelve"), (13, "13"), (100, "100")]
)
def test_counts_are_words_up_to_twelve(number, word):
    assert number_word(number) == word
