"""The faster convolution of NumPy's path is the plain one."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn import correlation, lowering, row_lowering, threads, winograd
from glassnet.nn.windows import Windows, windows_for

GEOMETRIES = [((8, 8), 1), ((7, 10), 1), ((6, 5), 0), ((3, 3), 0), ((5, 9), 2), ((1, 1), (1, 2))]


def windows_on(image: tuple[int, int], padding: int | tuple[int, int], channels: int) -> Windows:
    layer = gn.Conv2D(2, 3, padding=padding)
    return windows_for(layer, (*image, channels), kernel=3, strides=1, padding=padding)


def drawn(*shape: int, dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(dtype)


@pytest.fixture(params=[1, 3], ids=["alone", "shared"])
def bands_of_one_row(request, monkeypatch):
    monkeypatch.setattr(winograd, "WORKSPACE_BYTES", 1)
    monkeypatch.setattr(threads, "LEAST_WORTH", 0.0)
    monkeypatch.setattr(threads, "available_threads", lambda: request.param)


@pytest.mark.parametrize(("image", "padding"), GEOMETRIES)
@pytest.mark.usefixtures("bands_of_one_row")
def test_outputs_and_gradients_are_those_of_lowering(image, padding) -> None:
    windows = windows_on(image, padding, 3)
    x, W, dy = drawn(5, *image, 3), drawn(3, 3, 3, 4), drawn(5, *windows.output, 4)
    expected, found = np.empty_like(dy), np.full_like(dy, np.nan)
    lowering.correlate(x, W, windows, expected)
    winograd.correlate(x, W, windows, found)
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-13 * np.abs(expected).max())

    of_filters, same = np.empty_like(W), np.full_like(W, np.nan)
    lowering.correlate_filters(x, dy, windows, of_filters)
    winograd.correlate_filters(x, dy, windows, same)
    np.testing.assert_allclose(same, of_filters, rtol=0.0, atol=1e-13 * np.abs(of_filters).max())


@pytest.mark.parametrize("rows", [2, 3, 100])
def test_images_are_cut_into_bands(rows: int, monkeypatch) -> None:
    windows = windows_on((22, 9), 1, 3)
    monkeypatch.setattr(winograd, "WORKSPACE_BYTES", rows * 36 * 3 * (3 + 4) * 8)
    x, W, dy = drawn(5, 22, 9, 3), drawn(3, 3, 3, 4), drawn(5, 22, 9, 4)
    expected, found, of_filters, same = (np.empty(a.shape) for a in (dy, dy, W, W))
    lowering.correlate(x, W, windows, expected)
    winograd.correlate(x, W, windows, found)
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-13 * np.abs(expected).max())
    lowering.correlate_filters(x, dy, windows, of_filters)
    winograd.correlate_filters(x, dy, windows, same)
    np.testing.assert_allclose(same, of_filters, rtol=0.0, atol=1e-13 * np.abs(of_filters).max())


def test_the_memory_does_not_grow_with_the_image() -> None:
    windows = windows_on((256, 256), 1, 64)
    x, W = np.zeros((1, 256, 256, 64), np.float32), np.zeros((3, 3, 64, 64), np.float32)
    out = np.empty_like(x)
    tracemalloc.start()
    winograd.correlate(x, W, windows, out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * winograd.WORKSPACE_BYTES * threads.available_threads() < x.nbytes * 2


def test_images_of_one_block_do_not_mix() -> None:
    windows = windows_on((6, 6), 1, 2)
    x, W = drawn(4, 6, 6, 2), drawn(3, 3, 2, 3)
    together, alone = (np.empty((4, 6, 6, 3)) for _ in range(2))
    winograd.correlate(x, W, windows, together)
    for i in range(4):
        winograd.correlate(x[i : i + 1], W, windows, alone[i : i + 1])
    np.testing.assert_allclose(together, alone, atol=1e-14)


def test_a_layer_with_many_channels_is_done_so_forwards_and_backwards(monkeypatch) -> None:
    layer = gn.Conv2D(64, 3, padding=1)
    gn.Network([layer], input_shape=(8, 8, 64), dtype="float64")
    x, dy = drawn(8, 8, 8, 64), drawn(8, 8, 8, 64)
    assert winograd.pays(layer.windows, layer.W.value.shape, len(x))

    def passes() -> list[np.ndarray]:
        cache = gn.nn.Cache()
        y = layer.forward(x, cache, training=True).copy()
        dx = layer.backward(dy, cache, need_dx=True)
        assert dx is not None
        return [y, dx.copy(), layer.W.grad.copy()]

    fast = passes()
    called = []
    for name in ("correlate", "correlate_filters"):
        function = getattr(row_lowering, name)
        monkeypatch.setattr(
            correlation.row_lowering,
            name,
            lambda *given, _function=function, **more: called.append(_function(*given, **more)),
        )
    assert all((a == b).all() for a, b in zip(fast, passes(), strict=True))
    assert not called
    monkeypatch.setattr(winograd, "pays", lambda *_: False)
    for a, b in zip(fast, passes(), strict=True):
        np.testing.assert_allclose(a, b, rtol=0.0, atol=1e-13 * np.abs(b).max())
    assert len(called) == 3


@pytest.mark.parametrize("channels", [32, 256])
def test_in_float32_it_rounds_little_more(channels: int) -> None:
    windows = windows_on((8, 8), 1, channels)
    x, W = drawn(2, 8, 8, channels), drawn(3, 3, channels, 16)
    exact, rounded = np.empty((2, 8, 8, 16)), np.empty((2, 8, 8, 16), np.float32)
    lowering.correlate(x, W, windows, exact)
    winograd.correlate(x.astype(np.float32), W.astype(np.float32), windows, rounded)
    assert np.abs(rounded - exact).max() < 5e-6 * np.abs(exact).max()


@pytest.mark.parametrize(
    ("layer", "shape", "images"),
    [
        (gn.Conv2D(64, 5, padding="same"), (16, 16, 64), 64),
        (gn.Conv2D(64, 3, padding="same", strides=2), (16, 16, 64), 64),
        (gn.Conv2D(64, 3, padding="same", dilation=2), (16, 16, 64), 64),
        (gn.Conv2D(64, 3, padding="same"), (16, 16, 3), 64),  # few channels
        (gn.Conv2D(64, 3, padding=1), (1, 1, 64), 64),  # tiles far beyond the output
        (gn.Conv2D(64, 3, padding="same"), (4, 4, 64), 1),  # few images
    ],
)
def test_where_it_does_not_pay(layer: gn.Conv2D, shape: tuple[int, ...], images: int) -> None:
    gn.Network([layer], input_shape=shape)
    assert not winograd.pays(layer.windows, layer.W.value.shape, images)
