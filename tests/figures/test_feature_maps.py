import numpy as np
import pytest

from glassnet.figures import feature_maps
from glassnet.figures.feature_maps import Stage

RNG = np.random.default_rng(0)
IMAGE = RNG.random((8, 8, 3))


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def arrays(figure):
    return [np.asarray(image.get_array()) for image in figure.axes[0].images]


def test_the_most_active_channels_come_first_below_their_numbers():
    maps = np.ones((4, 4, 3)) * [1.0, -3.0, 2.0]
    figure = feature_maps(IMAGE, [Stage("conv2d_1, ReLU", maps)], n=2)
    assert [array[0, 0] for array in arrays(figure)[1:]] == [-3, 2]
    assert texts(figure)[-4:] == [
        "conv2d_1, ReLU", "4 × 4, 3 channels; the 2 most active", "1", "2",
    ]  # fmt: skip


def test_the_image_comes_first_with_its_caption():
    figure = feature_maps(IMAGE, [Stage("a", np.ones((4, 4, 1)))], caption="A $test$ image")
    assert arrays(figure)[0].tolist() == IMAGE.tolist()
    assert texts(figure)[0] == "A $test$ image"
    assert "4 × 4, 1 channel" in texts(figure)


def test_a_row_has_one_scale_about_zero():
    stages = [Stage("a", RNG.standard_normal((4, 4, 5))), Stage("b", np.full((2, 2, 5), 9.0))]
    limits = [image.get_clim() for image in feature_maps(IMAGE, stages).axes[0].images[1:]]
    assert len(set(limits[:5])) == 1
    assert limits[0][0] == -limits[0][1]
    assert set(limits[5:]) == {(-9, 9)}


def test_of_many_stages_the_first_the_last_and_some_between_are_drawn():
    stages = [Stage(f"stage {k}", np.ones((2, 2, 1))) for k in range(20)]
    figure = feature_maps(IMAGE, stages, rows=3)
    assert [text for text in texts(figure) if text.startswith("stage")] == [
        "stage 0", "stage 10", "stage 19",
    ]  # fmt: skip


def test_a_channel_that_is_silent_is_drawn():
    assert feature_maps(IMAGE, [Stage("a", np.zeros((2, 2, 1)))]).axes[0].images[1].get_clim() == (
        -1,
        1,
    )


@pytest.mark.parametrize("shape", [(8, 8, 1), (6, 12, 3), (12, 6, 1)])
def test_tiles_lie_on_the_sheet_apart_from_each_other(shape):
    stages = [Stage("a", RNG.random((4, 4, 30))), Stage("b", RNG.random((2, 2, 3)))]
    figure = feature_maps(RNG.random(shape), stages)
    boxes = [image.get_extent() for image in figure.axes[0].images]
    width, height = figure.get_size_inches()
    assert all(0 < x0 < x1 < width and 0 < y1 < y0 < height for x0, x1, y0, y1 in boxes)
    for k, (x0, x1, y0, y1) in enumerate(boxes):
        for u0, u1, v0, v1 in boxes[:k]:
            assert x0 >= u1 or u0 >= x1 or y1 >= v0 or v1 >= y0


@pytest.mark.parametrize(
    ("image", "maps", "options", "message"),
    [
        (np.zeros((8, 8)), np.ones((2, 2, 1)), {}, r"image must have shape .* got \(8, 8\)"),
        (np.full((8, 8, 1), 2.0), np.ones((2, 2, 1)), {}, r"images must be in \[0, 1\]"),
        (IMAGE, np.ones((2, 2)), {}, r"maps of a must have shape \(height, width, channels\)"),
        (IMAGE, np.full((2, 2, 1), np.inf), {}, "maps of a has values that are not finite"),
        (IMAGE, np.ones((2, 2, 1)), {"n": 0}, "n and rows must be at least 1, got 0 and 8"),
        (IMAGE, None, {}, "there is no stage to draw"),
    ],
)
def test_what_can_not_be_drawn_is_refused(image, maps, options, message):
    with pytest.raises(ValueError, match=message):
        feature_maps(image, [] if maps is None else [Stage("a", maps)], **options)
