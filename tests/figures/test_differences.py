import math

import pytest

from glassnet.figures import style
from glassnet.figures.differences import Difference, differences

BETTER = Difference("momentum 0.8 − 0", 0.0071, 0.0048, 0.0085, "better by 0.48 points", True)
EQUAL = Difference("momentum 0.4 − 0", 0.0004, -0.0003, 0.0012, "indistinguishable")
WORSE = Difference("batch 50 − 1", -0.0049, -0.0101, -0.0009, "worse", True)


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def drawn(figure, label):
    return [line for line in figure.axes[0].lines if line.get_label() == label]


def test_values_stand_in_points_with_their_sign():
    assert texts(differences([BETTER, WORSE])) == [
        "mean", "95 % interval",
        "momentum 0.8 − 0", "+0.71", "+0.48 to +0.85", "better by 0.48 points",
        "batch 50 − 1", "−0.49", "−1.01 to −0.09", "worse",
    ]  # fmt: skip


def test_intervals_and_means_lie_at_their_values():
    figure = differences([BETTER])
    assert drawn(figure, "interval")[0].get_xdata() == pytest.approx([0.48, 0.85])
    assert drawn(figure, "mean")[0].get_xdata() == pytest.approx([0.71])


def test_zero_is_always_within_the_axis():
    low, high = differences([BETTER]).axes[0].get_xlim()
    assert low < 0
    assert high > 0.85


def test_only_emphasised_differences_are_filled_and_coloured():
    better, equal, worse = drawn(differences([BETTER, EQUAL, WORSE]), "mean")
    assert better.get_color() == style.BLUE
    assert worse.get_color() == style.VERMILION
    assert (equal.get_color(), equal.get_markeredgecolor()) == ("white", style.FAINT)


def test_of_a_loss_the_smaller_is_the_better():
    (mean,) = drawn(differences([WORSE], should_rise=False), "mean")
    assert mean.get_color() == style.BLUE


def test_rows_come_from_top_to_bottom():
    first, second = drawn(differences([BETTER, WORSE]), "mean")
    axes = first.axes
    assert axes.yaxis_inverted()
    assert first.get_ydata()[0] < second.get_ydata()[0]


def test_what_rounds_to_nothing_has_no_sign():
    assert "0.00" in texts(differences([Difference("a", -0.00001, -0.01, 0.01)]))


def test_no_estimate_is_a_dash():
    figure = differences([BETTER, Difference("diverged", math.nan, math.nan, math.nan)])
    assert texts(figure)[-3:] == ["diverged", "–", "no interval"]
    assert len(drawn(figure, "mean")) == 1


def test_intervals_beyond_given_limits_end_in_arrows():
    figure = differences([Difference("a", 0.1, -0.5, 0.9)], limits=(-20, 20))
    assert drawn(figure, "interval")[0].get_xdata() == pytest.approx([-20, 20])
    assert {line.get_marker() for line in figure.axes[0].lines} >= {"<", ">"}


def test_no_row_is_refused():
    with pytest.raises(ValueError, match="give at least one difference"):
        differences([])


def test_a_mean_outside_of_its_interval_is_refused():
    with pytest.raises(ValueError, match="'a': the mean 0 is not within 1 to 2; give mean, low"):
        differences([Difference("a", 0.0, 1.0, 2.0)])
