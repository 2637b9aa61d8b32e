import numpy as np
import pytest

from glassnet.figures import style
from glassnet.figures.bands import Curve, bands

EPOCHS = np.arange(1, 6)
SEEDS = np.linspace(0.7, 0.95, 15).reshape(3, 5)


def curve(label="rate 0.1", seeds=SEEDS, x=EPOCHS, **settings):
    seeds = np.asarray(seeds, dtype=float)
    return Curve(label, x, seeds, seeds.mean(0), seeds.min(0), seeds.max(0), **settings)


def draw(*curves, **settings):
    return bands(curves, x_label="epoch", y_label="test accuracy (%)", **settings)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def lines(axes, label):
    return [line for line in axes.lines if line.get_label() == label]


def test_the_mean_is_drawn_in_per_cent_over_a_thin_line_for_each_seed():
    (axes,) = draw(curve()).axes
    (mean,) = lines(axes, "rate 0.1")
    assert mean.get_ydata() == pytest.approx(100 * SEEDS.mean(0))
    seeds = lines(axes, "_seed")
    assert [line.get_ydata().tolist() for line in seeds] == (100 * SEEDS).tolist()
    assert all(line.get_linewidth() < mean.get_linewidth() / 2 for line in seeds)


def test_the_band_reaches_from_low_to_high():
    (axes,) = draw(curve(), scale=1.0).axes
    (band,) = axes.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (SEEDS.min(), SEEDS.max())


def test_names_stand_at_the_ends_of_lines_in_their_order():
    (axes,) = draw(curve("low", SEEDS - 0.2), curve("high"), curve("middle", SEEDS - 0.1)).axes
    heights = {text.get_text(): text.get_position()[1] for text in axes.texts}
    assert heights["low"] < heights["middle"] < heights["high"]
    assert axes.get_legend() is None


def test_a_single_seed_is_drawn_once_and_the_note_says_so():
    figure = draw(curve(seeds=SEEDS[:1]))
    assert lines(figure.axes[0], "_seed") == []
    assert figure.get_supxlabel() == "one seed"


def test_the_note_counts_the_seeds_that_have_values():
    lost = SEEDS.copy()
    lost[0] = np.nan
    figure = bands(
        [curve(), curve("b")._replace(seeds=lost)], x_label="", y_label="", band_name="range"
    )
    assert figure.get_supxlabel() == (
        "strong: mean of 2 to 3 seeds; light: range; thin: single seeds"
    )


def test_a_line_that_ends_early_is_led_to_its_name():
    mean = SEEDS.mean(0)
    mean[3:] = np.nan
    (axes,) = draw(curve(), curve("diverged")._replace(mean=mean)).axes
    assert "diverged" in texts(axes)
    assert len(lines(axes, "_leader")) >= 1


def test_phases_are_vertical_lines_with_their_text_above():
    (axes,) = draw(curve(), phases=[(2.5, "batch 50 from here")]).axes
    assert [line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1] == [2.5]
    assert "batch 50 from here" in texts(axes)


def test_a_zoomed_panel_shows_a_part_and_points_to_lines_outside():
    figure = draw(curve("good"), curve("poor", SEEDS - 0.5), zoom=(80, 96))
    whole, part = figure.axes
    assert part.get_ylim() == (80, 96)
    assert whole.get_ylim()[0] < 20
    assert texts(part) == ["good", "poor ↓"]


def test_a_zoomed_panel_may_begin_later():
    figure = draw(curve(), zoom=(90.0, 95.0), zoom_from=2)
    whole, detail = figure.axes
    assert whole.get_xlim()[0] < 1
    assert 1.9 < detail.get_xlim()[0] < 2


def test_short_names_stand_beside_both_panels_and_long_ones_beside_the_last():
    short, long = (draw(curve(name), zoom=(90.0, 95.0)).axes for name in ("0.1", "a" * 30))
    assert texts(short[0]) == ["0.1"]
    assert texts(long[0]) == []
    assert len(texts(long[1])) == 1


def test_given_limits_are_kept():
    (axes,) = draw(curve(), limits=(50, 100)).axes
    assert axes.get_ylim() == (50, 100)


def test_places_of_a_logarithmic_axis_are_its_ticks():
    (axes,) = draw(curve(x=[0.01, 0.1, 1, 5, 10]), log_x=True).axes
    assert axes.get_xscale() == "log"
    assert axes.get_xticks().tolist() == [0.01, 0.1, 1, 5, 10]


def test_a_curve_may_bring_its_colour_and_dashes():
    (axes,) = draw(curve("a", colour=style.VERMILION, dashed=True), curve("b")).axes
    (line,) = lines(axes, "a")
    assert line.get_color() == style.VERMILION
    assert line.get_linestyle() == "--"


def test_dashes_tell_lines_apart_where_colours_begin_again():
    (axes,) = draw(*[curve(f"cell {k}", SEEDS - 0.01 * k) for k in range(8)]).axes
    first, last = lines(axes, "cell 0")[0], lines(axes, "cell 7")[0]
    assert first.get_color() == last.get_color()
    assert (first.get_linestyle(), last.get_linestyle()) == ("-", "--")


def test_no_curve_is_refused():
    with pytest.raises(ValueError, match="give at least one cell"):
        draw()


@pytest.mark.parametrize("part", ["seeds", "mean", "low", "high"])
def test_a_part_of_another_length_is_refused_by_name(part):
    with pytest.raises(ValueError, match=rf"'rate 0.1': {part} has \(4,\) points but x has \(5,\)"):
        draw(curve()._replace(**{part: [0.5] * 4}))


def test_a_curve_without_points_or_without_numbers_is_refused():
    with pytest.raises(ValueError, match="x must have shape"):
        draw(Curve("a", [], [[]], [], [], []))
    with pytest.raises(ValueError, match="no finite value; leave this cell out"):
        draw(curve(seeds=np.full((2, 5), np.nan)))
