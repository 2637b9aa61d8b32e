import numpy as np
import pytest

from glassnet.figures import style
from glassnet.figures.scales import set_x, set_y, short


@pytest.fixture
def axes():
    return style.new_figure(4, 3).add_subplot()


def test_numbers_beyond_three_digits_have_powers():
    assert [short(v) for v in (0, 0.001, 5e-4, 1e-6, 1e5, -2e6)] == [
        "0", "0.001", "5·10⁻⁴", "10⁻⁶", "10⁵", "-2·10⁶",
    ]  # fmt: skip


def test_whole_places_have_whole_ticks(axes):
    set_x(axes, np.array([1.0, 2.0, 3.0]), log=False, width=3)
    assert all(tick == round(tick) for tick in axes.get_xticks())


def test_ticks_of_a_logarithmic_axis_leave_each_other_room(axes):
    set_x(axes, np.array([100.0, 101.0, 200.0]), log=True, width=3)
    assert axes.get_xticks().tolist() == [100, 200]


def test_limits_hold_all_finite_values(axes):
    set_y(axes, np.array([np.nan, 3.0, 7.0, np.inf]))
    low, high = axes.get_ylim()
    assert 2.5 < low < 3
    assert 7 < high < 7.5


def test_a_logarithmic_axis_leaves_out_what_is_not_positive(axes):
    set_y(axes, np.array([-1.0, 0.0, 0.01, 10.0]), log=True)
    assert 0 < axes.get_ylim()[0] < 0.01


def test_about_a_decade_of_a_logarithmic_axis_has_more_ticks(axes):
    set_y(axes, np.array([0.06, 0.47]), log=True)
    low, high = axes.get_ylim()
    ticks = [tick for tick in axes.get_yticks() if low <= tick <= high]
    assert ticks == pytest.approx([0.07, 0.1, 0.2, 0.3, 0.5])


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("values", [[np.nan], [5.0], [0.0]])
def test_without_a_range_there_are_limits_still(axes, values, log):
    set_y(axes, np.array(values), log=log)
    low, high = axes.get_ylim()
    assert low < high
