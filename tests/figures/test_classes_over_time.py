import numpy as np
import pytest

from glassnet.figures import style
from glassnet.figures.classes_over_time import UnitPanel, awakening

STEPS = np.arange(4)
RECALLS = np.array([[0.9, 0.0, 0.8], [0.9, 0.0, 0.8], [0.95, 0.1, 0.8], [0.95, 0.7, 0.8]])
NAMES = ["0", "1", "2"]


def line(axes, label):
    return next(item for item in axes.lines if item.get_label() == label)


def test_recalls_are_per_cents_and_the_emphasised_class_is_strong():
    (axes,) = awakening(STEPS, RECALLS, NAMES, 1).axes
    assert line(axes, "1").get_ydata() == pytest.approx([0, 0, 10, 70])
    assert line(axes, "1").get_color() == style.VERMILION
    assert line(axes, "1").get_linewidth() > line(axes, "0").get_linewidth()


def test_all_classes_are_named_at_their_ends():
    (axes,) = awakening(STEPS, RECALLS, NAMES, 1).axes
    assert sorted(text.get_text() for text in axes.texts) == NAMES
    (strong,) = [text for text in axes.texts if text.get_fontweight() == "bold"]
    assert strong.get_text() == "1"


def test_of_many_classes_only_the_emphasised_one_is_named():
    (axes,) = awakening(STEPS, np.tile(RECALLS, 10), [f"c{k}" for k in range(30)], 7).axes
    assert [text.get_text() for text in axes.texts] == ["c7"]


def test_panels_below_share_the_axis_of_time():
    figure = awakening(
        STEPS, RECALLS, NAMES, 1,
        unit_panels=[
            ("pre-activation", [-9, -6, -1, 2], False),
            ("norm", [1e-6, 1e-3, 1, 1], True),
        ],
    )  # fmt: skip
    top, pre, norm = figure.axes
    assert [axes.get_title(loc="left") for axes in (pre, norm)] == ["pre-activation", "norm"]
    assert [axes.get_yscale() for axes in (top, pre, norm)] == ["linear", "linear", "log"]
    assert top.get_xlim() == pre.get_xlim() == norm.get_xlim()
    assert [axes.get_xlabel() for axes in (top, pre, norm)] == ["", "", "step"]


def test_quantities_of_all_units_emphasise_the_same_class():
    values = np.arange(12.0).reshape(4, 3)
    panel = awakening(STEPS, RECALLS, NAMES, 1, unit_panels=[UnitPanel("z", values)]).axes[1]
    (strong,) = [item for item in panel.lines if item.get_color() == style.VERMILION]
    assert strong.get_ydata().tolist() == values[:, 1].tolist()


def test_a_panel_without_a_value_says_so():
    figure = awakening(STEPS, RECALLS, NAMES, 1, unit_panels=[UnitPanel("z", [0] * 4, log=True)])
    assert [text.get_text() for text in figure.axes[1].texts] == ["no value to show"]


def test_marks_go_through_all_panels_with_their_text_on_top():
    figure = awakening(
        STEPS, RECALLS, NAMES, 1, unit_panels=[("z", STEPS, False)], marks=[(1.5, "it wakes")]
    )
    for axes in figure.axes:
        assert [1.5, 1.5] in [list(item.get_xdata()) for item in axes.lines]
    assert ["it wakes" in [t.get_text() for t in axes.texts] for axes in figure.axes] == [1, 0]


def test_recalls_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="a row for each x and a column for each class"):
        awakening(STEPS, RECALLS.T, NAMES, 1)


def test_a_class_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="there is no class 3; emphasise one of 0 to 2"):
        awakening(STEPS, RECALLS, NAMES, 3)


def test_values_of_another_shape_are_refused_by_their_panel():
    with pytest.raises(ValueError, match=r"'z' has values of shape \(2,\); give \(4,\)"):
        awakening(STEPS, RECALLS, NAMES, 1, unit_panels=[UnitPanel("z", [1, 2])])
