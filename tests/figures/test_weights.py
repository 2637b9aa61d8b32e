import numpy as np
import pytest

from glassnet.figures import first_layer_weights

RNG = np.random.default_rng(0)


def sheet_texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_units_come_with_the_largest_norm_first_below_their_numbers():
    W = np.array([[1.0, 3.0, -2.0]] * 4)
    figure = first_layer_weights(W, (2, 2, 1))
    assert sheet_texts(figure) == ["all 3 units, largest norm first", "1", "2", "0"]
    assert [float(image.get_array()[0, 0]) for image in figure.axes[0].images] == [3, -2, 1]


def test_a_tile_has_the_shape_of_the_input():
    W = np.arange(6.0).reshape(6, 1)
    figure = first_layer_weights(W, (2, 3))
    assert figure.axes[0].images[0].get_array().tolist() == [[0, 1, 2], [3, 4, 5]]
    assert sheet_texts(figure)[0] == "the only unit"


def test_colours_are_centred_on_zero_and_shared():
    W = RNG.standard_normal((16, 5))
    W[0, 0] = 10
    limits = {image.get_clim() for image in first_layer_weights(W, (4, 4, 1)).axes[0].images}
    ((low, high),) = limits
    assert low == -high
    assert high == pytest.approx(np.quantile(np.abs(W), 0.995))


def test_grey_images_have_one_colour_bar_of_weights():
    figure = first_layer_weights(RNG.standard_normal((16, 5)), (4, 4, 1))
    assert [axes.get_xlabel() for axes in figure.axes[1:]] == ["weight"]


def test_colour_images_have_grey_for_zero_and_no_bar():
    W = np.zeros((12, 2))
    W[:, 0] = 0.5
    figure = first_layer_weights(W, (2, 2, 3))
    assert len(figure.axes) == 1
    first, second = (np.asarray(image.get_array()) for image in figure.axes[0].images)
    assert first.tolist() == np.ones((2, 2, 3)).tolist()
    assert second.tolist() == np.full((2, 2, 3), 0.5).tolist()
    assert sheet_texts(figure)[0].endswith("; grey is 0, full colour ±0.5")


def test_only_the_largest_n_units_are_drawn():
    figure = first_layer_weights(np.tile(np.arange(100.0), (4, 1)), (2, 2, 1), n=64)
    assert len(figure.axes[0].images) == 64
    assert sheet_texts(figure)[:2] == ["64 of 100 units, largest norm first", "99"]


def test_weights_of_zero_are_drawn():
    figure = first_layer_weights(np.zeros((4, 2)), (2, 2, 1))
    assert figure.axes[0].images[0].get_clim() == (-1, 1)


@pytest.mark.parametrize(("units", "columns"), [(64, 8), (32, 8), (3, 3), (1, 1)])
def test_tiles_fill_their_rows(units, columns):
    figure = first_layer_weights(RNG.standard_normal((4, units)), (2, 2, 1))
    lefts = {round(image.get_extent()[0], 3) for image in figure.axes[0].images}
    assert len(lefts) == columns


def test_features_give_a_heat_map_of_features_by_units():
    W = np.array([[1.0, 2.0], [0.0, 3.0], [0.0, 0.0]])
    heat = first_layer_weights(W, (3,)).axes[0]
    assert heat.images[0].get_array().tolist() == [[2, 1], [3, 0], [0, 0]]
    assert [text.get_text() for text in heat.get_xticklabels()] == ["1", "0"]
    assert (heat.get_xlabel(), heat.get_ylabel()) == ("unit", "feature")
    assert heat.get_title(loc="left") == "all 2 units, largest norm first"


def test_features_are_called_by_their_names():
    heat = first_layer_weights(np.eye(2), (2,), feature_names=["$age$", "height"]).axes[0]
    assert [text.get_text() for text in heat.get_yticklabels()] == ["$age$", "height"]
    assert not heat.get_yticklabels()[0].get_parse_math()
    assert heat.get_ylabel() == ""


def test_too_many_features_for_names_are_numbered():
    names = [f"f{i}" for i in range(200)]
    heat = first_layer_weights(np.ones((200, 2)), (200,), feature_names=names).axes[0]
    assert heat.get_ylabel() == "feature"


def test_only_units_with_room_have_their_numbers_below_a_heat_map():
    heat = first_layer_weights(np.ones((3, 100)), (3,), n=100).axes[0]
    places = heat.get_xticks()
    assert 10 < len(places) < 60
    assert [text.get_text() for text in heat.get_xticklabels()] == [str(p) for p in places]


@pytest.mark.parametrize("shape", [(16, 16, 1), (16, 16, 3), (300,), (3,)])
def test_nothing_is_cut_off_at_the_edges(shape):
    figure = first_layer_weights(RNG.standard_normal((int(np.prod(shape)), 40)), shape)
    figure.draw_without_rendering()
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert min(box.x0, box.y0) >= -0.001
    assert box.x1 <= width + 0.001
    assert box.y1 <= height + 0.001


@pytest.mark.parametrize(
    ("weights", "shape", "options", "message"),
    [
        (np.ones((5, 2)), (2, 2, 1), {}, r"shape \(4, units\) for inputs of shape \(2, 2, 1\)"),
        (np.ones(4), (4,), {}, r"got \(4,\)"),
        (np.ones((4, 0)), (4,), {}, r"got \(4, 0\)"),
        (np.full((4, 2), np.nan), (4,), {}, "not finite; the training diverged"),
        (np.ones((8, 2)), (2, 2, 2), {}, r"inputs of shape \(2, 2, 2\) can't be drawn"),
        (np.ones((8, 2)), (2, 2, 2, 1), {}, "can't be drawn"),
        (np.ones((4, 2)), (4,), {"n": 0}, "n must be at least 1, got 0"),
        (np.ones((4, 2)), (4,), {"feature_names": ["a"]}, "1 feature_names for 4 inputs"),
    ],
)
def test_what_can_not_be_drawn_is_refused(weights, shape, options, message):
    with pytest.raises(ValueError, match=message):
        first_layer_weights(weights, shape, **options)
