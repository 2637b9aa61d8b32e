import numpy as np
import pytest

from glassnet.figures.interactions import interaction_grid

VALUES = [[0.9, 0.92], [np.nan, 0.9551]]


def grid(values=VALUES, a=("0.1", "1"), b=("0", "0.8"), **settings):
    return interaction_grid(values, a, b, name_a="rate", name_b="momentum", **settings)


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_cells_have_their_values_and_those_not_run_a_dash():
    assert texts(grid(digits=2))[:4] == ["90.00", "92.00", "–", "95.51"]


def test_rows_are_levels_of_a_and_columns_of_b():
    axes = grid().axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["0.1", "1"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0", "0.8"]
    assert texts(axes.figure)[-3:] == ["mean test accuracy (%)", "momentum", "rate"]


def test_the_best_cell_has_a_frame():
    (frame,) = grid().axes[0].patches
    assert frame.get_xy() == (0.5, 0.5)


def test_a_failed_cell_does_not_take_the_colours_from_the_others():
    values = np.array([[0.90, 0.92, 0.93], [0.94, 0.945, 0.1]])
    image = grid(values, b=("0", "0.4", "0.8")).axes[0].images[0]
    assert image.get_clim()[0] > 85


def test_one_cell_is_drawn():
    assert texts(grid([[0.5]], a=("1",), b=("0",)))[0] == "50.0"


def test_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"shape \(2, 2\), but there are 1 levels_a and 2"):
        grid(a=("1",))


def test_nothing_finite_is_refused():
    with pytest.raises(ValueError, match="run at least one cell"):
        grid(np.full((2, 2), np.nan))
