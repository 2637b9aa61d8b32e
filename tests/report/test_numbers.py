import math

import pytest

from glassnet.report.numbers import duration, is_number, number, percent, plural, wilson_interval


def test_the_interval_solves_wilsons_equation():
    # Its ends are the shares p for which the measured share lies exactly z standard errors away.
    for p in wilson_interval(684, 797):
        error = math.sqrt(p * (1 - p) / 797)
        assert abs(684 / 797 - p) / error == pytest.approx(1.959963984540054)


@pytest.mark.parametrize(("right", "end", "bound"), [(10, 1, 1.0), (0, 0, 0.0)])
def test_the_interval_of_all_or_nothing_has_a_width_and_stays_within_bounds(right, end, bound):
    interval = wilson_interval(right, 10)
    assert interval[end] == pytest.approx(bound, abs=1e-12)
    assert 0 <= interval[0] < interval[1] <= 1
    assert interval[1] - interval[0] == pytest.approx(0.27753, abs=1e-5)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (-1, 5), (6, 5)])
def test_an_impossible_count_is_refused(successes, trials):
    with pytest.raises(ValueError, match=f"{successes} successes of {trials} trials"):
        wilson_interval(successes, trials)


@pytest.mark.parametrize("value", [None, "1", True, math.nan, math.inf, [1]])
def test_what_is_no_finite_number_is_none(value):
    assert not is_number(value)
    assert percent(value) == "–"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10000, "10,000"),
        (0, "0"),
        (0.0001, "0.0001"),
        (123456.0, "1.235e+05"),
        (True, "–"),
        (math.nan, "not finite"),
    ],
)
def test_numbers_are_written_to_be_read(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.5, "500 ms"),
        (1, "1 s"),
        (99.9, "99.9 s"),
        (99.96, "1 min 40 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 0 min"),
        (90000, "25 h 0 min"),
        (None, "–"),
    ],
)
def test_time_spans_have_the_units_that_fit(seconds, text):
    assert duration(seconds) == text


def test_a_noun_follows_its_count():
    assert (plural(1, "class"), plural(2, "class", "classes")) == ("1 class", "2 classes")
