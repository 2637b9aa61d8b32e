import numpy as np
import pytest

from glassnet.figures import convolution_filters

RNG = np.random.default_rng(0)


def sheet_texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def arrays(figure):
    return [np.asarray(image.get_array()) for image in figure.axes[0].images]


def test_filters_come_with_the_largest_norm_first_below_their_numbers():
    W = np.ones((3, 2, 1, 3)) * [1.0, -3.0, 2.0]
    figure = convolution_filters(W)
    assert sheet_texts(figure) == ["all 3 filters, largest norm first", "1", "2", "0"]
    assert [array[0, 0] for array in arrays(figure)] == [-3, 2, 1]
    assert arrays(figure)[0].shape == (3, 2)


def test_a_filter_is_drawn_as_it_lies_on_the_image():
    W = np.arange(6.0).reshape(2, 3, 1, 1)
    figure = convolution_filters(W)
    assert arrays(figure)[0].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert sheet_texts(figure)[0] == "the only filter"


def test_colours_are_about_grey_on_one_scale():
    W = np.zeros((2, 2, 3, 2))
    W[..., 0, 0], W[..., 1, 1] = 0.5, -0.25
    red, other = arrays(convolution_filters(W))
    assert red[0, 0].tolist() == [1, 0.5, 0.5]
    assert other[0, 0].tolist() == [0.5, 0.25, 0.5]
    assert sheet_texts(convolution_filters(W))[0].endswith("; grey is 0, full colour ±0.5")


def test_grey_filters_share_a_scale_that_a_bar_shows():
    figure = convolution_filters(RNG.standard_normal((3, 3, 1, 12)))
    ((low, high),) = {image.get_clim() for image in figure.axes[0].images}
    assert low == -high
    assert [axes.get_xlabel() for axes in figure.axes[1:]] == ["weight"]


def test_of_whitening_filters_the_first_half_is_drawn_in_order_each_on_its_own_scale():
    half = np.ones((2, 2, 3, 2)) * [1.0, 8.0]
    figure = convolution_filters(np.concatenate([half, -half], axis=3), whitening=True)
    assert sheet_texts(figure)[1:] == ["0", "1"]
    assert sheet_texts(figure)[0].startswith("all 2 filters, the commonest pattern first")
    assert [array.tolist() for array in arrays(figure)] == [np.ones((2, 2, 3)).tolist()] * 2


def test_only_so_many_are_drawn():
    figure = convolution_filters(RNG.standard_normal((3, 3, 1, 100)), n=20)
    assert len(arrays(figure)) == 20
    assert sheet_texts(figure)[0] == "20 of 100 filters, largest norm first"


@pytest.mark.parametrize(("filters", "columns"), [(64, 8), (24, 8), (16, 8), (12, 6), (3, 3)])
def test_tiles_fill_their_rows(filters, columns):
    figure = convolution_filters(RNG.standard_normal((3, 3, 3, filters)))
    lefts = {round(image.get_extent()[0], 3) for image in figure.axes[0].images}
    assert len(lefts) == columns


def test_filters_of_zero_are_drawn():
    assert arrays(convolution_filters(np.zeros((3, 3, 3, 2)), whitening=True))[0].max() == 0.5


@pytest.mark.parametrize(
    ("weights", "options", "message"),
    [
        (np.ones((3, 3, 2, 4)), {}, r"shape \(height, width, 1 or 3, filters\) .* got \(3, 3, 2"),
        (np.ones((9, 4)), {}, r"got \(9, 4\)"),
        (np.ones((3, 3, 1, 0)), {}, r"got \(3, 3, 1, 0\)"),
        (np.full((3, 3, 1, 1), np.nan), {}, "not finite; the training diverged"),
        (np.ones((3, 3, 1, 1)), {"n": 0}, "n must be at least 1, got 0"),
    ],
)
def test_what_can_not_be_drawn_is_refused(weights, options, message):
    with pytest.raises(ValueError, match=message):
        convolution_filters(weights, **options)
