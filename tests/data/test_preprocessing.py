import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data import one_hot, scale_to_unit


@given(st.lists(st.integers(0, 6), max_size=20))
def test_one_hot_rows_have_their_one_at_the_class(labels) -> None:
    rows = one_hot(labels, 7)
    assert rows.shape == (len(labels), 7)
    assert rows.dtype == np.float32
    assert (rows.sum(axis=1) == 1).all()
    assert rows.argmax(axis=1).tolist() == labels


def test_one_hot_gives_the_dtype_asked_for() -> None:
    assert one_hot([0], 2, np.float64).dtype == np.float64


@pytest.mark.parametrize(("labels", "message"), [([0, 3], "got 3 at index 1"), ([-1], "got -1")])
def test_one_hot_refuses_what_is_no_class(labels, message) -> None:
    with pytest.raises(ValueError, match=message):
        one_hot(labels, 3)


@pytest.mark.parametrize("labels", [[0.0, 1.0], [[0, 1]], ["a"]])
def test_one_hot_refuses_what_is_no_row_of_integers(labels) -> None:
    with pytest.raises(ValueError, match=r"integers of shape"):
        one_hot(labels, 3)


def test_bytes_scale_exactly() -> None:
    every = np.arange(256, dtype=np.uint8)
    scaled = scale_to_unit(every)
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled, (every / 255).astype(np.float32))


@pytest.mark.parametrize("images", [np.zeros(3), np.zeros(3, np.uint16), [0, 255]])
def test_images_that_are_no_bytes_are_refused(images) -> None:
    with pytest.raises(TypeError, match=r"expects an array of uint8, got"):
        scale_to_unit(images)
