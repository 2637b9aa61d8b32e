import numpy as np
import pytest

from glassnet.figures.example_image import example_image


def test_the_image_is_drawn_pixel_by_pixel():
    pixels = np.linspace(0, 1, 6).reshape(2, 3)
    axes = example_image(pixels, caption="six").axes[0]
    assert axes.images[0].get_array().tolist() == pixels.tolist()
    assert axes.images[0].get_interpolation() == "nearest"
    assert [text.get_text() for text in axes.texts] == ["six"]


def test_colours_and_a_single_channel_are_known():
    assert example_image(np.ones((4, 4, 3))).axes[0].images[0].get_array().shape == (4, 4, 3)
    assert example_image(np.ones((4, 4, 1))).axes[0].images[0].get_array().shape == (4, 4)


def test_a_row_of_features_is_refused():
    with pytest.raises(ValueError, match=r"got \(784,\); give one image, and reshape it"):
        example_image(np.ones(784))


def test_bytes_are_refused():
    with pytest.raises(ValueError, match="bytes divided by 255"):
        example_image(np.full((2, 2), 255))
