import numpy as np
import pytest

from glassnet.figures.bands import Curve
from glassnet.figures.scaling import Panel, scaling


def curve(label, x, seconds):
    seconds = np.array(seconds)
    return Curve(label, x, [0.9 * seconds, 1.1 * seconds], seconds, 0.9 * seconds, 1.1 * seconds)


FAST = curve("fast", [1, 10], [2.0, 0.5])
SLOW = curve("slow", [1, 10], [20.0, 5.0])


def test_panels_share_their_axis_of_time_and_its_name():
    figure = scaling([Panel("batch size", [FAST]), Panel("units", [SLOW])])
    left, right = figure.axes
    assert left.get_ylim() == right.get_ylim()
    assert (left.get_ylabel(), right.get_ylabel()) == ("seconds an epoch", "")
    assert [axes.get_xlabel() for axes in figure.axes] == ["batch size", "units"]


def test_times_are_seconds():
    axes = scaling([Panel("batch size", [FAST])]).axes[0]
    (line,) = [item for item in axes.lines if item.get_label() == "fast"]
    assert line.get_ydata().tolist() == [2.0, 0.5]


def test_a_name_has_the_same_colour_in_all_panels():
    figure = scaling([Panel("batch size", [FAST, SLOW]), Panel("units", [SLOW])])
    colours = [
        item.get_color() for axes in figure.axes for item in axes.lines
        if item.get_label() == "slow"
    ]  # fmt: skip
    assert colours[0] == colours[1]


def test_panels_stand_in_rows_and_each_row_has_the_name_of_the_y_axis():
    panels = [Panel("batch size", [FAST], title=f"panel {k}") for k in range(3)]
    figure = scaling(panels, columns=2, y_label="s")
    boxes = [axes.get_position() for axes in figure.axes]
    assert boxes[0].y0 == boxes[1].y0 > boxes[2].y1
    assert boxes[0].x0 == boxes[2].x0
    assert [axes.get_ylabel() for axes in figure.axes] == ["s", "", "s"]
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["panel 0", "panel 1", "panel 2"]


def test_zero_is_a_line_and_the_note_says_what_is_repeated():
    figure = scaling([Panel("epoch", [FAST])], log_y=False, zero=True, repeated="seed")
    assert any(list(line.get_ydata()) == [0, 0] for line in figure.axes[0].lines)
    assert "mean of 2 seeds" in figure.texts[0].get_text()


def test_a_panel_may_have_a_linear_axis_that_begins_at_zero():
    figure = scaling([Panel("momentum", [curve("fast", [0, 0.8], [1, 1])], log_x=False)])
    assert figure.axes[0].get_xscale() == "linear"


def test_zero_on_a_logarithmic_axis_is_refused():
    with pytest.raises(ValueError, match=r"'momentum' has 0, .* log_x=False"):
        scaling([Panel("momentum", [curve("fast", [0, 0.8], [1, 1])])])


@pytest.mark.parametrize("panels", [[], [Panel("units", [])]])
def test_nothing_to_draw_is_refused(panels):
    with pytest.raises(ValueError, match="at least one panel, and each a curve"):
        scaling(panels)
