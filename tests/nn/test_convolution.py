from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import glassnet as gn
import reference
from glassnet.nn import Cache, lowering, threads

PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))


def placed(layer: gn.Layer, shape: tuple[int, ...], dtype: str = "float64") -> gn.Layer:
    network = gn.Network([layer], input_shape=shape, dtype=dtype)
    network.theta[...] = np.random.default_rng(1).normal(size=network.theta.shape)
    return layer


def passes(layer: gn.Layer, x: np.ndarray, dy: np.ndarray | None = None) -> list[np.ndarray]:
    """Copies of y, dx, dW and db."""
    cache = Cache()
    y = layer.forward(x, cache, training=True).copy()
    dy = np.random.default_rng(2).normal(size=y.shape).astype(x.dtype) if dy is None else dy
    dx = layer.backward(dy.copy(), cache, need_dx=True)
    assert dx is not None
    return [y, dx.copy(), *(parameter.grad.copy() for parameter in layer.parameters)]


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 6),
    width=st.integers(1, 6),
    kernel=PAIRS,
    strides=PAIRS,
    dilation=PAIRS,
    padding=st.one_of(st.just("valid"), st.just("same"), st.tuples(*[st.integers(0, 3)] * 2)),
    groups=st.integers(1, 3),
)
def test_both_passes_equal_the_slow_loops_for_any_geometry(  # noqa: PLR0917
    height: int,
    width: int,
    kernel: tuple[int, int],
    strides: tuple[int, int],
    dilation: tuple[int, int],
    padding: str | tuple[int, int],
    groups: int,
) -> None:
    windows = reference.window_entries(
        (height, width), kernel, strides=strides, padding=padding, dilation=dilation
    )
    assume(windows and windows[0])
    shape = (height, width, 2 * groups)
    layer = gn.Conv2D(
        2 * groups, kernel, strides=strides, padding=padding, dilation=dilation, groups=groups
    )
    placed(layer, shape)
    x = np.random.default_rng(3).normal(size=(2, *shape))
    W, b = layer.W.value.tolist(), layer.b.value.tolist()
    expected = [reference.conv2d(image, W, b, windows, groups) for image in x.tolist()]
    dy = np.random.default_rng(4).normal(size=np.shape(expected))
    y, dx, dW, db = passes(layer, x, dy)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-13)
    slow = [
        reference.conv2d_backward(image, W, dz, windows, groups)
        for image, dz in zip(x.tolist(), dy.tolist(), strict=True)
    ]
    for fast, index in ((dW, 0), (db, 1)):
        total = np.sum([np.array(of_image[index]) for of_image in slow], axis=0)
        np.testing.assert_allclose(fast, total, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(dx, [of_image[2] for of_image in slow], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("workspace", [1, 2_000, 20_000])
@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("groups", [1, 2])
def test_blocks_of_any_size_give_the_same(
    workspace: int, strides: int, groups: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = gn.Conv2D(4, 3, padding="same", strides=strides, groups=groups)
    placed(layer, (7, 5, 2))
    x = np.random.default_rng(0).normal(size=(5, 7, 5, 2))
    expected = passes(layer, x)
    monkeypatch.setattr(lowering, "WORKSPACE_BYTES", workspace)
    monkeypatch.setattr(lowering, "ROWS", 1)
    for array, other in zip(passes(layer, x), expected, strict=True):
        np.testing.assert_allclose(array, other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("strides", [1, 2])
def test_threads_give_the_same_and_the_same_bits_each_time(
    strides: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = gn.Conv2D(8, 3, padding="same", strides=strides)
    placed(layer, (16, 16, 8), "float32")
    x = np.random.default_rng(0).normal(size=(9, 16, 16, 8)).astype(np.float32)
    monkeypatch.setattr(threads, "available_threads", lambda: 1)
    alone = passes(layer, x)
    monkeypatch.setattr(threads, "available_threads", lambda: 3)
    monkeypatch.setattr(threads, "LEAST_WORTH", 1.0)
    shared = passes(layer, x)
    for array, other in zip(shared, alone, strict=True):
        np.testing.assert_allclose(array, other, rtol=1e-4, atol=1e-4)
    for array, other in zip(passes(layer, x), shared, strict=True):
        np.testing.assert_array_equal(array, other)


def test_a_view_of_a_larger_array_is_a_good_input() -> None:
    layer = placed(gn.Conv2D(2, 1), (3, 4, 2))
    x = np.random.default_rng(0).normal(size=(6, 3, 4, 4))[::2, ..., ::2]
    for array, other in zip(passes(layer, x), passes(layer, x.copy()), strict=True):
        np.testing.assert_allclose(array, other, rtol=1e-13)


def test_same_padding_adds_the_odd_row_below_and_on_the_right() -> None:
    layer = gn.Conv2D(1, 2, padding="same", use_bias=False)
    gn.Network([layer], input_shape=(2, 2, 1), dtype="float64")
    layer.W.value[...] = np.array([[1.0, 10.0], [100.0, 1000.0]])[..., np.newaxis, np.newaxis]
    x = np.array([[1.0, 2.0], [3.0, 4.0]])[np.newaxis, ..., np.newaxis]
    y = layer.forward(x, Cache(), training=False)
    np.testing.assert_array_equal(y[0, ..., 0], [[4321.0, 402.0], [43.0, 4.0]])


def test_biases_do_not_decay_and_filters_do() -> None:
    for layer in (gn.Conv2D(2, 1), gn.DepthwiseConv2D(1)):
        placed(layer, (2, 2, 1))
        assert [parameter.decays for parameter in layer.parameters] == [True, False]


WRONG_SHAPES = [
    (
        gn.Conv2D(8, 3),
        (784,),
        r"Conv2D\(8, 3\) expects an image .* got shape \(784,\); put Reshape",
    ),
    (gn.Conv2D(8, 5), (4, 6, 1), r"Conv2D\(8, 5\) needs .* at least 5 x 5, got shape \(4, 6, 1\)"),
    (
        gn.Conv2D(8, 9, padding=1),
        (6, 7, 1),
        r"at least 9 x 9, got shape \(6, 7, 1\), 8 x 9 with padding",
    ),
    (
        gn.Conv2D(8, 3, dilation=4),
        (8, 9, 1),
        r"at least 9 x 9 \(with dilation \(4, 4\)\), got shape \(8, 9, 1\)",
    ),
    (
        gn.Conv2D(6, 3, groups=3),
        (8, 8, 4),
        r"Conv2D\(6, 3, groups=3\) cannot divide the 4 channels of shape \(8, 8, 4\) into 3",
    ),
    (gn.DepthwiseConv2D(3), (2, 9, 1), r"DepthwiseConv2D\(3\) needs .* got shape \(2, 9, 1\)"),
    (gn.DepthwiseConv2D(3), (9, 1), r"expects an image .* got shape \(9, 1\)"),
    (gn.MaxPooling2D(2), (1, 8, 4), r"MaxPooling2D\(\) needs .* 2 x 2, got shape \(1, 8, 4\)"),
    (gn.AveragePooling2D(4), (8, 3, 4), r"AveragePooling2D\(4\) needs .* got shape \(8, 3, 4\)"),
    (gn.GlobalAveragePooling2D(), (8,), r"expects an image .* got shape \(8,\)"),
    (gn.GlobalMaxPooling2D(), (8, 2), r"expects an image .* got shape \(8, 2\)"),
    (gn.SpatialDropout2D(0.5), (8,), r"expects an image .* got shape \(8,\)"),
    (gn.ZeroPadding2D(1), (8,), r"expects an image .* got shape \(8,\)"),
    (gn.Whitening2D(3), (2, 2, 3), r"Whitening2D\(3\) needs .* got shape \(2, 2, 3\)"),
    (
        gn.Reshape((2, 3)),
        (7,),
        r"Reshape\(\(2, 3\)\) cannot take shape \(7,\): .* 7 numbers, .* room for 6",
    ),
    (gn.Reshape((2, -1)), (7,), r"room for a multiple of 2"),
]


@pytest.mark.parametrize(
    ("layer", "shape", "message"), WRONG_SHAPES, ids=[repr(layer) for layer, _, _ in WRONG_SHAPES]
)
def test_a_shape_that_does_not_fit_is_refused_with_the_layer_and_both_shapes(
    layer: gn.Layer, shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        layer.build(shape)


def test_the_network_says_which_of_its_layers_has_no_room() -> None:
    layers = [gn.Conv2D(4, 3), gn.MaxPooling2D(), gn.Conv2D(4, 3), gn.MaxPooling2D()]
    with pytest.raises(ValueError, match=r"layer maxpooling2d_2: MaxPooling2D\(\) needs"):
        gn.Network(layers, input_shape=(8, 8, 1))


@pytest.mark.parametrize("activation", ["relu", "gelu", "silu", "elu", None])
def test_filters_start_from_the_distribution_that_fits_the_activation(
    activation: str | None,
) -> None:
    layer = gn.Conv2D(64, 3, activation)
    gn.Network([layer], input_shape=(8, 8, 32))
    limit = math.sqrt(6.0 / (9 * 32) if activation else 6.0 / (9 * 96))  # He, or Glorot
    assert 0.999 * limit < np.abs(layer.W.value).max() <= limit * (1 + 1e-6)
