from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn import Cache, threads


def test_where_numbers_are_equal_the_first_gets_the_gradient() -> None:
    layer = gn.MaxPooling2D(2)
    layer.build((2, 4, 1))
    cache = Cache()
    x = np.array([[[1.0, 1.0, 0.0, 3.0], [1.0, 1.0, 3.0, 0.0]]])[..., np.newaxis]
    layer.forward(x, cache, training=True)
    dx = layer.backward(np.array([[[5.0, 7.0]]])[..., np.newaxis], cache, need_dx=True)
    assert dx is not None
    np.testing.assert_array_equal(dx[0, ..., 0], [[5.0, 0.0, 0.0, 7.0], [0.0, 0.0, 0.0, 0.0]])


def test_padding_never_wins_and_is_never_counted() -> None:
    x = np.full((1, 3, 3, 1), -2.0)
    for layer in (gn.MaxPooling2D(2, padding="same"), gn.AveragePooling2D(2, padding="same")):
        layer.build((3, 3, 1))
        np.testing.assert_array_equal(layer.forward(x, Cache(), training=False), -2.0)


def test_overlapping_windows_add_up_their_gradients() -> None:
    layer = gn.MaxPooling2D(2, strides=1)
    layer.build((3, 3, 1))
    x = np.zeros((1, 3, 3, 1))
    x[0, 1, 1] = 1.0  # in all four windows
    cache = Cache()
    layer.forward(x, cache, training=True)
    dx = layer.backward(np.ones((1, 2, 2, 1)), cache, need_dx=True)
    np.testing.assert_array_equal(dx, 4.0 * x)


@pytest.mark.parametrize("make", [gn.MaxPooling2D, gn.AveragePooling2D])
@pytest.mark.parametrize("padding", [2, (0, 2), 3])
def test_padding_as_wide_as_a_window_is_refused(make: type[gn.Layer], padding: object) -> None:
    with pytest.raises(ValueError, match="padding must be smaller than pool_size"):
        make(2, padding=padding)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "layer",
    [
        gn.MaxPooling2D(2),
        gn.MaxPooling2D(3, strides=2, padding=1),
        gn.AveragePooling2D(2),
        gn.AveragePooling2D(3, strides=2, padding=1),
    ],
    ids=repr,
)
def test_blocks_and_threads_change_nothing(
    layer: gn.Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = layer.build((9, 8, 3))
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(7, 9, 8, 3)), rng.normal(size=(7, *shape))

    def both() -> tuple[np.ndarray, np.ndarray]:
        cache = Cache()
        y = layer.forward(x, cache, training=True)
        dx = layer.backward(dy.copy(), cache, need_dx=True)
        assert dx is not None
        return y, dx

    expected = both()
    monkeypatch.setattr(threads, "available_threads", lambda: 3)
    monkeypatch.setattr(threads, "LEAST_WORTH", 1.0)
    monkeypatch.setattr(threads, "BLOCK_BYTES", 1)
    for array, other in zip(both(), expected, strict=True):
        np.testing.assert_array_equal(array, other)
