"""Convolution by products of rows of windows, against that by products of whole windows."""

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn import correlation, lowering, row_lowering, threads
from glassnet.nn.windows import windows_for

GEOMETRIES = [
    # image, kernel, strides, padding, dilation
    ((9, 9), 3, 1, "same", 1),
    ((9, 11), (2, 3), (1, 2), "valid", 1),
    ((12, 8), (3, 5), 1, (2, 0), 1),
    ((10, 10), 5, (1, 3), "same", 1),
    ((11, 9), 3, 1, 1, 2),
    ((13, 9), (3, 2), (1, 2), 0, (2, 3)),
    ((7, 6), (7, 6), 1, "valid", 1),
]


def windows_on(geometry, channels=3):
    image, kernel, strides, padding, dilation = geometry
    layer = gn.Conv2D(1, kernel, strides=strides, padding=padding, dilation=dilation)
    return windows_for(
        layer, (*image, channels), kernel=kernel, strides=strides, padding=padding,
        dilation=dilation,
    )  # fmt: skip


def drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape)


@pytest.fixture(params=[1, 3], ids=["alone", "shared"])
def threads_in_number(request, monkeypatch):
    monkeypatch.setattr(threads, "LEAST_WORTH", 0.0)
    monkeypatch.setattr(threads, "available_threads", lambda: request.param)


@pytest.mark.parametrize("workspace", [1, 2 * 9 * 9 * 9 * 8, 2**20])
@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
@pytest.mark.usefixtures("threads_in_number")
def test_outputs_and_gradients_are_those_of_lowering(geometry, workspace, monkeypatch) -> None:
    monkeypatch.setattr(row_lowering, "WORKSPACE_BYTES", workspace)
    windows = windows_on(geometry)
    x, W, dy = drawn(5, *geometry[0], 3), drawn(*windows.kernel, 3, 4), drawn(5, *windows.output, 4)
    expected, found, of_filters, same = (np.full(a.shape, np.nan) for a in (dy, dy, W, W))
    lowering.correlate(x, W, windows, expected)
    row_lowering.correlate(x, W, windows, found)
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-13 * np.abs(expected).max())
    lowering.correlate_filters(x, dy, windows, of_filters)
    row_lowering.correlate_filters(x, dy, windows, same)
    np.testing.assert_allclose(same, of_filters, rtol=0.0, atol=1e-13 * np.abs(of_filters).max())


def test_images_of_one_block_do_not_mix() -> None:
    windows = windows_on(((9, 9), 3, 1, "same", 1))
    x, W = drawn(4, 9, 9, 3), drawn(3, 3, 3, 2)
    together, alone = np.empty((4, 9, 9, 2)), np.empty((4, 9, 9, 2))
    row_lowering.correlate(x, W, windows, together)
    for i in range(4):
        row_lowering.correlate(x[i : i + 1], W, windows, alone[i : i + 1])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize(
    ("geometry", "channels", "so"),
    [
        (((14, 14), 5, 1, "valid", 1), 6, True),  # the second convolution of LeNet-5
        (((28, 28), 5, 1, "same", 1), 1, False),  # its first: narrow rows
        (((14, 14), 5, 2, "valid", 1), 6, False),  # windows apart
        (((6, 6), 3, 1, "same", 1), 64, False),  # few pixels
        (((14, 14), (1, 5), 1, "valid", 1), 6, False),  # nothing to save
        (((112, 112), 5, 1, "same", 1), 64, False),  # rows that don't stay in the cache
    ],
)
def test_it_is_taken_where_it_pays(geometry, channels, so, monkeypatch) -> None:
    windows = windows_on(geometry, channels)
    assert row_lowering.pays(windows, (*windows.kernel, channels, 8), 4) == so
    taken = []
    monkeypatch.setattr(row_lowering, "correlate", lambda *given: taken.append("rows"))
    monkeypatch.setattr(lowering, "correlate", lambda *given, groups: taken.append("windows"))
    x = np.zeros((1, *windows.image, channels), np.float32)
    W = np.zeros((*windows.kernel, channels, 8), np.float32)
    out = np.zeros((1, *windows.output, 8), np.float32)
    correlation.correlate(x, W, windows, out)
    assert taken == (["rows"] if so else ["windows"])
