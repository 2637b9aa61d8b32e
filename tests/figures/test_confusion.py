import numpy as np
import pytest

from glassnet.figures import confusion_matrix

TRUE = [0, 0, 0, 0, 1, 1, 2]
PREDICTED = [0, 0, 0, 2, 0, 1, 2]
NAMES = ["cat", "dog", "bird"]


def counts(axes):
    """Return the numbers written in the cells: (row, column) -> text."""
    return {
        (round(y), round(x)): text.get_text()
        for text in axes.texts
        for x, y in [text.get_position()]
        if text.get_transform() == axes.transData
    }


def all_texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_cells_hold_the_counts_and_empty_ones_nothing():
    matrix = confusion_matrix(TRUE, PREDICTED, NAMES).axes[0]
    assert counts(matrix) == {(0, 0): "3", (0, 2): "1", (1, 0): "1", (1, 1): "1", (2, 2): "1"}


def test_colour_is_the_per_cent_of_the_row_without_the_diagonal():
    matrix = confusion_matrix(TRUE, PREDICTED, NAMES).axes[0]
    shown = matrix.images[0].get_array()
    assert shown.mask.tolist() == np.eye(3, dtype=bool).tolist()
    assert shown.filled(-1).tolist() == [[-1, 0, 25], [50, -1, 0], [0, 0, -1]]
    assert matrix.images[0].norm.vmax == 50


def test_rows_are_true_classes_and_columns_predicted_ones():
    matrix = confusion_matrix(TRUE, PREDICTED, NAMES).axes[0]
    assert [text.get_text() for text in matrix.get_yticklabels()] == NAMES
    assert [text.get_text() for text in matrix.get_xticklabels()] == NAMES
    assert {"true class", "predicted class"} <= {text.get_text() for text in matrix.texts}


def test_the_recall_of_each_class_stands_at_its_side():
    recalls = confusion_matrix(TRUE, PREDICTED, NAMES).axes[1]
    assert [bar.get_width() for bar in recalls.patches] == [75, 50, 100]
    assert [text.get_text() for text in recalls.texts] == ["recall", "75.0 %", "50.0 %", "100.0 %"]


def test_a_class_without_examples_has_a_dash_for_a_recall():
    recalls = confusion_matrix([0, 0], [0, 1], ["cat", "dog"]).axes[1]
    assert [text.get_text() for text in recalls.texts] == ["recall", "50.0 %", "–"]


def test_the_heading_counts_the_errors():
    assert "2 of 7 examples wrong (28.6 %)" in all_texts(confusion_matrix(TRUE, PREDICTED, NAMES))


def test_a_perfect_classifier_gives_a_matrix_without_errors():
    figure = confusion_matrix([0, 1, 2], [0, 1, 2], NAMES)
    assert "0 of 3 examples wrong (0.0 %)" in all_texts(figure)
    assert figure.axes[0].images[0].get_array().max() == 0


def test_a_single_class_is_drawn():
    matrix = confusion_matrix([0, 0], [0, 0], ["all"]).axes[0]
    assert counts(matrix) == {(0, 0): "2"}


def test_the_colour_bar_says_what_it_measures():
    bar = confusion_matrix(TRUE, PREDICTED, NAMES).axes[2]
    assert bar.get_xlabel() == "errors (% of the true class)"


def test_the_darkest_errors_have_white_numbers():
    matrix = confusion_matrix(TRUE, PREDICTED, NAMES).axes[0]
    colours = {
        text.get_position(): text.get_color() for text in matrix.texts if text.get_text() == "1"
    }
    assert colours[(0, 1)] == "white"
    assert colours[(2, 0)] != "white"


def test_twenty_classes_have_counts_and_twenty_one_have_not():
    few = confusion_matrix(range(20), range(20), [f"c{i}" for i in range(20)])
    many = confusion_matrix(range(21), range(21), [f"c{i}" for i in range(21)])
    assert len(counts(few.axes[0])) == 20
    assert counts(many.axes[0]) == {}


def test_a_hundred_classes_are_all_named():
    names = [f"class {i}" for i in range(100)]
    figure = confusion_matrix(range(100), range(100), names)
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == names
    assert max(figure.get_size_inches()) < 12


def test_a_thousand_classes_have_numbered_axes():
    figure = confusion_matrix(range(1000), range(1000), ["x"] * 1000)
    assert "x" not in [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert max(figure.get_size_inches()) < 12


def test_names_wider_than_a_cell_stand_upright():
    matrix = confusion_matrix([0, 1], [0, 1], ["a rather long name", "b"]).axes[0]
    assert {text.get_rotation() for text in matrix.get_xticklabels()} == {90}
    matrix = confusion_matrix([0, 1], [0, 1], ["a", "b"]).axes[0]
    assert {text.get_rotation() for text in matrix.get_xticklabels()} == {0}


def test_a_name_without_end_is_shortened():
    matrix = confusion_matrix([0, 1], [0, 1], ["long " * 100, "b"]).axes[0]
    shown = matrix.get_yticklabels()[0].get_text()
    assert shown.startswith("long long")
    assert shown.endswith("…")


def test_dollars_in_names_are_no_mathematics():
    matrix = confusion_matrix([0, 1], [0, 1], ["$a$", "b"]).axes[0]
    assert not any(text.get_parse_math() for text in matrix.get_yticklabels())
    assert not any(text.get_parse_math() for text in matrix.get_xticklabels())


@pytest.mark.parametrize("n", [1, 2, 10, 30])
def test_nothing_is_cut_off_at_the_edges(n):
    figure = confusion_matrix(range(n), range(n), [f"a long class name {i}" for i in range(n)])
    figure.draw_without_rendering()
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert min(box.x0, box.y0) >= 0
    assert box.x1 <= width
    assert box.y1 <= height


def test_labels_of_different_length_are_refused():
    with pytest.raises(ValueError, match="2 true_labels but 1 predicted_labels"):
        confusion_matrix([0, 1], [0], NAMES)


def test_no_example_is_refused():
    with pytest.raises(ValueError, match="no example to count"):
        confusion_matrix([], [], NAMES)
