import numpy as np
import pytest

from glassnet.figures import rate_range

RATES = np.geomspace(1e-4, 1.0, 41)
SMOOTHED = (np.log10(RATES) + 1.0) ** 2


def artist(figure, name):
    (found,) = [item for item in figure.axes[0].get_children() if item.get_gid() == name]
    return found


def test_both_losses_are_drawn_by_rate_on_a_logarithmic_axis():
    figure = rate_range(RATES, 2 * SMOOTHED, SMOOTHED)
    assert figure.axes[0].get_xscale() == "log"
    for name, values in (("losses", 2 * SMOOTHED), ("smoothed", SMOOTHED)):
        x, y = artist(figure, name).get_data()
        np.testing.assert_array_equal(x, RATES)
        np.testing.assert_array_equal(y, values)


def test_the_suggestion_and_the_lowest_loss_are_marked():
    figure = rate_range(RATES, SMOOTHED, SMOOTHED, suggestion=0.01)
    assert artist(figure, "suggestion").get_xdata()[0] == 0.01
    assert artist(figure, "suggested rate").get_text().strip() == "0.01"
    assert artist(figure, "lowest").get_xdata()[0] == pytest.approx(0.1)


def test_without_a_suggestion_there_is_no_mark():
    names = [item.get_gid() for item in rate_range(RATES, SMOOTHED, SMOOTHED).axes[0].lines]
    assert "suggestion" not in names


def test_a_note_stands_above_the_panel_in_lines_that_fit():
    figure = rate_range(RATES, SMOOTHED, SMOOTHED, note="the loss did not rise:\n" + "x" * 300)
    first, second = artist(figure, "note").get_text().splitlines()
    assert first == "the loss did not rise:"
    assert second.endswith("…")
    figure.draw_without_rendering()
    box, panel = artist(figure, "note").get_window_extent(), figure.axes[0].get_window_extent()
    assert panel.x0 <= box.x0 < box.x1 <= panel.x1


def test_an_explosion_at_the_end_leaves_the_curve_its_height():
    exploded = np.concatenate([SMOOTHED[:-1], [1e6]])
    assert rate_range(RATES, exploded, exploded).axes[0].get_ylim()[1] < 20


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="of one length, got 41, 40 and 41"):
        rate_range(RATES, SMOOTHED[1:], SMOOTHED)
    with pytest.raises(ValueError, match="no steps to draw"):
        rate_range(np.array([]), np.array([]), np.array([]))
