import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure

from glassnet.figures import per_class_recall


def names(axes):
    return [text.get_text() for text in axes.get_yticklabels()]


def test_the_worst_class_stands_on_top():
    axes = per_class_recall([0.9, 0.25, 1.0], ["cat", "dog", "bird"]).axes[0]
    assert names(axes) == ["dog", "cat", "bird"]
    assert [bar.get_width() for bar in axes.patches] == [25, 90, 100]
    assert axes.yaxis_inverted()


def test_bars_have_their_values_beside_them():
    axes = per_class_recall([0.9, 0.255], ["cat", "dog"]).axes[0]
    assert [text.get_text() for text in axes.texts] == ["25.5 %", "90.0 %"]
    assert axes.get_xlabel() == "recall (%)"


def test_a_class_without_examples_comes_last_and_says_so():
    axes = per_class_recall([np.nan, 0.5], ["cat", "dog"]).axes[0]
    assert names(axes) == ["dog", "cat"]
    assert axes.texts[1].get_text() == "no example"


def test_the_mean_of_the_classes_is_a_line():
    axes = per_class_recall([0.9, 0.5, np.nan], ["cat", "dog", "bird"]).axes[0]
    assert axes.get_title(loc="left") == "mean of the classes 70.0 %"
    assert axes.lines[0].get_xdata()[0] == pytest.approx(70)


def test_a_single_class_has_no_mean():
    axes = per_class_recall([0.5], ["cat"]).axes[0]
    assert len(axes.lines) == 0


def test_bars_are_drawn_in_given_axes():
    figure = Figure()
    axes = figure.add_subplot()
    assert per_class_recall([0.5, 1.0], ["cat", "dog"], axes=axes) is figure
    assert len(axes.patches) == 2


def test_axes_of_a_subfigure_give_the_figure_around_it():
    figure = Figure()
    axes = figure.subfigures(1, 2)[0].add_subplot()
    assert per_class_recall([0.5, 1.0], ["cat", "dog"], axes=axes) is figure


def test_a_hundred_classes_are_all_named_in_letters_that_fit_their_rows():
    figure = per_class_recall(np.linspace(0, 1, 100), [f"class {i}" for i in range(100)])
    figure.draw_without_rendering()
    labels = figure.axes[0].get_yticklabels()
    assert len({text.get_text() for text in labels}) == 100
    boxes = [text.get_window_extent() for text in labels]
    assert all(a.y0 >= b.y1 - 1 for a, b in itertools.pairwise(boxes))


@pytest.mark.parametrize("recalls", [[0.5], [], [[0.5, 0.5]]])
def test_a_recall_for_each_name_is_needed(recalls):
    with pytest.raises(ValueError, match="there are 2 class_names; give one recall for each"):
        per_class_recall(recalls, ["cat", "dog"])


def test_no_class_is_refused():
    with pytest.raises(ValueError, match="there are 0 class_names"):
        per_class_recall([], [])


def test_per_cents_are_refused():
    with pytest.raises(ValueError, match="shares from 0 to 1, got 50 to 90; divide"):
        per_class_recall([50, 90], ["cat", "dog"])
