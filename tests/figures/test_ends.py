import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.figures import style
from glassnet.figures.ends import draw_marks, spread, wrap

PLACES = st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 0.1)), min_size=1, max_size=9)


@given(PLACES)
def test_spread_intervals_keep_apart_in_order_and_inside(intervals):
    centres, sizes = np.array(intervals).T
    placed = spread(centres, sizes)
    order = np.argsort(centres, kind="stable")
    starts = (placed - sizes / 2)[order]
    ends = (placed + sizes / 2)[order]
    assert (starts[1:] >= ends[:-1] - 1e-9).all()
    assert starts[0] >= -1e-9
    assert ends[-1] <= 1 + 1e-9


def test_intervals_with_room_stay_where_they_are():
    assert spread([0.8, 0.2, 0.5], [0.1, 0.2, 0.1]).tolist() == pytest.approx([0.8, 0.2, 0.5])


def test_too_many_intervals_grow_beyond_the_upper_end():
    assert spread([0.5] * 3, [0.5] * 3).tolist() == pytest.approx([0.25, 0.75, 1.25])


def test_text_breaks_at_blanks_and_its_last_line_is_shortened():
    lines = wrap("one two three four five six seven", 0.6, 8).split("\n")
    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert all(style.text_width(line, 8) <= 0.6 for line in lines)


def test_a_word_wider_than_the_line_is_shortened():
    assert wrap("m" * 50 + " b", 0.6, 8).split("\n")[0].endswith("…")


def test_nothing_wraps_to_nothing():
    assert wrap("", 1.0, 8) == ""


def test_texts_of_near_marks_take_rows():
    axes = style.new_figure(4, 3).add_subplot()
    axes.set_xlim(0, 10)
    assert draw_marks(axes, [(1, "a long text"), (1.2, "another"), (9, "far")], width=3) == 2
    heights = {t.get_text(): t.xyann[1] for t in axes.texts}
    assert heights["another"] > heights["a long text"] == heights["far"]


def test_marks_without_texts_take_no_row():
    axes = style.new_figure(4, 3).add_subplot()
    assert draw_marks(axes, [(0.5, "text")], width=3, texts=False) == 0
    assert len(axes.lines) == 1
