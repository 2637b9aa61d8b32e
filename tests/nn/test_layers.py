"""One table for every layer: a new layer costs one row."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet as gn
import reference
from glassnet.nn import LAYERS, Cache, Layer, Parameter, layer_from_config

Slow = Callable[[Layer, list[list[float]]], list[list[float]]]


def each(function: Callable[[float], float]) -> Slow:
    return lambda layer, x: [[function(value) for value in row] for row in x]


def slow_dense(layer: Layer, x: list[list[float]]) -> list[list[float]]:
    assert isinstance(layer, gn.Dense)
    b = layer.b.value.tolist() if layer.use_bias else [0.0] * layer.units
    return reference.dense_forward(x, layer.W.value.tolist(), b)


def slow_prelu(layer: Layer, x: list[list[float]]) -> list[list[float]]:
    assert isinstance(layer, gn.PReLU)
    slopes = layer.a.value.tolist()
    return [
        [reference.leaky_relu(row[i], slopes[i % len(slopes)]) for i in range(len(row))]
        for row in x
    ]


def slow_standardize(layer: Layer, x: list[list[float]]) -> list[list[float]]:
    assert isinstance(layer, gn.Standardize)
    mean, deviation = layer.mean.tolist(), layer.deviation.tolist()
    copies = len(x[0]) // len(mean)  # of the channels, in a row of pixels
    return [reference.standardized(row, mean * copies, deviation * copies) for row in x]


def on_images(
    shape: tuple[int, ...], slow: Callable[[Layer, list[list[list[float]]]], object]
) -> Slow:
    """A slow loop over images, for rows that are images laid out."""
    return lambda layer, x: [
        np.ravel(slow(layer, np.reshape(row, shape).tolist())).tolist()  # type: ignore[call-overload]
        for row in x
    ]


def as_pair(value: object) -> object:
    return (value, value) if isinstance(value, int) else value


def windows_of(layer: Layer, shape: tuple[int, ...]) -> reference.Windows:
    """The windows that the arguments of a layer ask for, found by the slow loop."""
    kernel = as_pair(getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None))
    strides = as_pair(getattr(layer, "strides", 1) or kernel)
    padding = as_pair(getattr(layer, "padding", "valid"))
    dilation = as_pair(getattr(layer, "dilation", 1))
    return reference.window_entries(
        shape[:2],  # type: ignore[arg-type]
        kernel,  # type: ignore[arg-type]
        strides=strides,  # type: ignore[arg-type]
        padding=padding,  # type: ignore[arg-type]
        dilation=dilation,  # type: ignore[arg-type]
    )


def slow_convolution(layer: Layer, image: reference.Image) -> reference.Image:
    assert isinstance(layer, gn.Conv2D)
    b = layer.b.value.tolist() if layer.use_bias else [0.0] * layer.filters
    windows = windows_of(layer, np.shape(image))
    return reference.conv2d(image, layer.W.value.tolist(), b, windows, layer.groups)


def slow_depthwise(layer: Layer, image: reference.Image) -> reference.Image:
    assert isinstance(layer, gn.DepthwiseConv2D)
    W = layer.W.value
    b = layer.b.value.tolist() if layer.use_bias else [0.0] * math.prod(W.shape[2:])
    windows = windows_of(layer, np.shape(image))
    return reference.depthwise_conv2d(image, W.tolist(), b, windows)


def slow_whitening(layer: Layer, image: reference.Image) -> reference.Image:
    assert isinstance(layer, gn.Whitening2D)
    windows = windows_of(layer, np.shape(image))
    return reference.conv2d(image, layer.filters.tolist(), layer.b.value.tolist(), windows)


def slow_pooling(pool: Callable[[list[float]], float]) -> Callable[..., reference.Image]:
    return lambda layer, image: reference.pooled(image, windows_of(layer, np.shape(image)), pool)


def slow_global(pool: Callable[[list[float]], float]) -> Callable[..., list[float]]:
    return lambda layer, image: [
        pool(np.ravel(plane).tolist()) for plane in np.moveaxis(image, 2, 0)
    ]


def slow_padding(top: int, bottom: int, left: int, right: int) -> Callable[..., reference.Image]:
    def slow(layer: Layer, image: reference.Image) -> reference.Image:
        empty = [0.0] * len(image[0][0])
        width = left + len(image[0]) + right
        lines = [[empty] * left + line + [empty] * right for line in image]
        return [[empty] * width] * top + lines + [[empty] * width] * bottom

    return slow


def scale_and_shift(layer: Layer, channels: int) -> tuple[list[float], list[float]]:
    assert isinstance(layer, gn.BatchNormalization | gn.LayerNormalization)
    gamma = layer.gamma.value.tolist() if layer.scale else [1.0] * channels
    return gamma, layer.beta.value.tolist() if layer.center else [0.0] * channels


def slow_batch_normalization(layer: Layer, x: list[list[float]]) -> list[list[float]]:
    """After training: with the running statistics."""
    assert isinstance(layer, gn.BatchNormalization)
    channels = layer.running_mean.size
    gamma, beta = scale_and_shift(layer, channels)
    mean = layer.running_mean.tolist()
    deviation = [math.sqrt(v + layer.epsilon) for v in layer.running_variance.tolist()]
    copies = len(x[0]) // channels
    return [
        [
            gamma[i % channels] * value + beta[i % channels]
            for i, value in enumerate(
                reference.standardized(row, mean * copies, deviation * copies)
            )
        ]
        for row in x
    ]


def slow_layer_normalization(layer: Layer, x: list[list[float]]) -> list[list[float]]:
    assert isinstance(layer, gn.LayerNormalization)
    features = layer.gamma.shape[0]
    pixels = np.reshape(x, (-1, features)).tolist()
    gamma, beta = scale_and_shift(layer, features)
    y, _, _ = reference.normalized(pixels, gamma, beta, layer.epsilon, by_column=False)
    return np.reshape(y, np.shape(x)).tolist()  # type: ignore[no-any-return]


def slow_residual(layer: Layer, image: reference.Image) -> np.ndarray:
    """Convolutions, ReLU behind the first of two."""
    assert isinstance(layer, gn.Residual)
    branch, shortcut = image, image
    for number, inner in enumerate(layer.layers):
        branch = slow_convolution(inner, branch)
        if number < len(layer.layers) - 1:
            branch = np.maximum(branch, 0.0).tolist()
    for inner in layer.shortcut or ():
        shortcut = slow_convolution(inner, shortcut)
    return np.add(branch, shortcut)


@dataclass
class Row:
    make: Callable[[], Layer]
    slow: Slow
    input_shape: tuple[int, ...] = (4,)
    output_shape: tuple[int, ...] = (4,)
    parameters: dict[str, tuple[int, ...]] = field(default_factory=dict)
    alone: bool = True
    """Whether an example gives the same in training whatever others are in its batch: not where a
    layer looks at the whole batch, nor where it draws random numbers for it."""


def convolution(
    make: Callable[[], Layer],
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...],
    W: tuple[int, ...],
    *,
    bias: bool = True,
) -> Row:
    """The row of a convolution."""
    slow = slow_depthwise if isinstance(make(), gn.DepthwiseConv2D) else slow_convolution
    parameters = {"W": W} | ({"b": output_shape[-1:]} if bias else {})
    return Row(make, on_images(input_shape, slow), input_shape, output_shape, parameters)


def pooling(
    make: Callable[[], Layer], input_shape: tuple[int, ...], output_shape: tuple[int, ...]
) -> Row:
    """The row of a pooling layer."""
    pool = max if isinstance(make(), gn.MaxPooling2D) else reference.mean
    return Row(make, on_images(input_shape, slow_pooling(pool)), input_shape, output_shape)


TABLE = {
    "Dense(3)": Row(
        lambda: gn.Dense(3), slow_dense, output_shape=(3,), parameters={"W": (4, 3), "b": (3,)}
    ),
    "Dense, one unit": Row(
        lambda: gn.Dense(1, weight_initializer="he_normal", bias_initializer="standard_normal"),
        slow_dense,
        output_shape=(1,),
        parameters={"W": (4, 1), "b": (1,)},
    ),
    "Dense, no bias": Row(
        lambda: gn.Dense(3, use_bias=False),
        slow_dense,
        output_shape=(3,),
        parameters={"W": (4, 3)},
    ),
    "Flatten, image": Row(
        gn.Flatten, each(reference.identity), input_shape=(2, 3, 2), output_shape=(12,)
    ),
    "Flatten, vector": Row(gn.Flatten, each(reference.identity)),
    "Standardize, feature": Row(gn.Standardize, slow_standardize),
    "Standardize, channel": Row(
        lambda: gn.Standardize("channel"), slow_standardize, (2, 3, 2), (2, 3, 2)
    ),
    "Identity": Row(gn.Identity, each(reference.identity)),
    "Sigmoid": Row(gn.Sigmoid, each(reference.sigmoid)),
    "Sigmoid, image": Row(gn.Sigmoid, each(reference.sigmoid), (2, 3, 2), (2, 3, 2)),
    "Tanh": Row(gn.Tanh, each(reference.tanh)),
    "ReLU": Row(gn.ReLU, each(reference.relu)),
    "ReLU, image": Row(gn.ReLU, each(reference.relu), (2, 3, 2), (2, 3, 2)),
    "LeakyReLU": Row(gn.LeakyReLU, each(lambda z: reference.leaky_relu(z, 0.01))),
    "LeakyReLU(0.3)": Row(lambda: gn.LeakyReLU(0.3), each(lambda z: reference.leaky_relu(z, 0.3))),
    "PReLU": Row(gn.PReLU, slow_prelu, parameters={"slope": (1,)}),
    "PReLU, per feature": Row(
        lambda: gn.PReLU(0.1, shared=False), slow_prelu, parameters={"slope": (4,)}
    ),
    "PReLU, image": Row(gn.PReLU, slow_prelu, (2, 3, 2), (2, 3, 2), {"slope": (1,)}),
    "PReLU, per channel": Row(
        lambda: gn.PReLU(shared=False), slow_prelu, (2, 3, 2), (2, 3, 2), {"slope": (2,)}
    ),
    "Softmax": Row(gn.Softmax, lambda layer, x: [reference.softmax(row) for row in x]),
    "GELU": Row(gn.GELU, each(reference.gelu)),
    "GELU, approximate": Row(lambda: gn.GELU(approximate=True), each(reference.tanh_gelu)),
    "GELU, image": Row(gn.GELU, each(reference.gelu), (2, 3, 2), (2, 3, 2)),
    "SiLU": Row(gn.SiLU, each(reference.silu)),
    "ELU": Row(gn.ELU, each(lambda z: reference.elu(z, 1.0))),
    "ELU(0.5)": Row(lambda: gn.ELU(0.5), each(lambda z: reference.elu(z, 0.5))),
    "Softplus": Row(gn.Softplus, each(reference.softplus)),
    "Conv2D": convolution(lambda: gn.Conv2D(3, 3), (5, 6, 2), (3, 4, 3), (3, 3, 2, 3)),
    "Conv2D, same": convolution(
        lambda: gn.Conv2D(3, 3, padding="same"), (4, 5, 2), (4, 5, 3), (3, 3, 2, 3)
    ),
    "Conv2D, same, even kernel": convolution(
        lambda: gn.Conv2D(2, (2, 4), padding="same"), (3, 5, 2), (3, 5, 2), (2, 4, 2, 2)
    ),
    "Conv2D, same, strides": convolution(
        lambda: gn.Conv2D(2, 3, padding="same", strides=2), (4, 5, 2), (2, 3, 2), (3, 3, 2, 2)
    ),
    "Conv2D, strides that leave pixels over": convolution(
        lambda: gn.Conv2D(2, 2, strides=(3, 2)), (6, 5, 1), (2, 2, 2), (2, 2, 1, 2)
    ),
    "Conv2D, padded by numbers": convolution(
        lambda: gn.Conv2D(2, 3, padding=(2, 0)), (2, 4, 2), (4, 2, 2), (3, 3, 2, 2)
    ),
    "Conv2D, padded by more than the kernel": convolution(
        lambda: gn.Conv2D(2, 2, padding=3), (2, 3, 1), (7, 8, 2), (2, 2, 1, 2)
    ),
    "Conv2D, dilation": convolution(
        lambda: gn.Conv2D(2, (2, 3), dilation=(3, 2), padding=1),
        (4, 5, 2),
        (3, 3, 2),
        (2, 3, 2, 2),
    ),
    "Conv2D, dilation and strides": convolution(
        lambda: gn.Conv2D(2, 2, dilation=2, strides=2, padding="same"),
        (5, 4, 2),
        (3, 2, 2),
        (2, 2, 2, 2),
    ),
    "Conv2D, groups": convolution(
        lambda: gn.Conv2D(6, 3, groups=2, padding="same"), (4, 3, 4), (4, 3, 6), (3, 3, 2, 6)
    ),
    "Conv2D, groups, strides, no bias": convolution(
        lambda: gn.Conv2D(3, 2, groups=3, strides=2, use_bias=False),
        (4, 5, 3),
        (2, 2, 3),
        (2, 2, 1, 3),
        bias=False,
    ),
    "Conv2D, 1x1": convolution(lambda: gn.Conv2D(3, 1), (3, 2, 4), (3, 2, 3), (1, 1, 4, 3)),
    "Conv2D, 1x1, strides": convolution(
        lambda: gn.Conv2D(3, 1, strides=2), (5, 4, 2), (3, 2, 3), (1, 1, 2, 3)
    ),
    "Conv2D, 1x1, groups": convolution(
        lambda: gn.Conv2D(4, 1, groups=2), (3, 2, 4), (3, 2, 4), (1, 1, 2, 4)
    ),
    "Conv2D, as large as the image": convolution(
        lambda: gn.Conv2D(3, (4, 3)), (4, 3, 2), (1, 1, 3), (4, 3, 2, 3)
    ),
    "DepthwiseConv2D": convolution(
        lambda: gn.DepthwiseConv2D(3), (4, 5, 3), (2, 3, 3), (3, 3, 3, 1)
    ),
    "DepthwiseConv2D, multiplier": convolution(
        lambda: gn.DepthwiseConv2D((2, 3), multiplier=2, padding="same", strides=2),
        (4, 5, 3),
        (2, 3, 6),
        (2, 3, 3, 2),
    ),
    "DepthwiseConv2D, dilation, no bias": convolution(
        lambda: gn.DepthwiseConv2D(2, dilation=2, padding=1, use_bias=False),
        (4, 3, 2),
        (4, 3, 2),
        (2, 2, 2, 1),
        bias=False,
    ),
    "MaxPooling2D": pooling(gn.MaxPooling2D, (4, 6, 2), (2, 3, 2)),
    "MaxPooling2D, pixels left over": pooling(gn.MaxPooling2D, (5, 3, 2), (2, 1, 2)),
    "MaxPooling2D, overlapping": pooling(
        lambda: gn.MaxPooling2D(3, strides=2, padding=1), (5, 6, 2), (3, 3, 2)
    ),
    "MaxPooling2D, same": pooling(
        lambda: gn.MaxPooling2D((2, 3), padding="same"), (5, 4, 2), (3, 2, 2)
    ),
    "MaxPooling2D, apart": pooling(lambda: gn.MaxPooling2D(1, strides=2), (4, 5, 2), (2, 3, 2)),
    "AveragePooling2D": pooling(gn.AveragePooling2D, (4, 6, 2), (2, 3, 2)),
    "AveragePooling2D, overlapping": pooling(
        lambda: gn.AveragePooling2D(3, strides=2, padding=1), (5, 6, 2), (3, 3, 2)
    ),
    "AveragePooling2D, same": pooling(
        lambda: gn.AveragePooling2D((2, 3), padding="same"), (5, 4, 2), (3, 2, 2)
    ),
    "GlobalAveragePooling2D": Row(
        gn.GlobalAveragePooling2D,
        on_images((3, 2, 2), slow_global(reference.mean)),
        (3, 2, 2),
        (2,),
    ),
    "GlobalMaxPooling2D": Row(
        gn.GlobalMaxPooling2D, on_images((3, 2, 2), slow_global(max)), (3, 2, 2), (2,)
    ),
    "BatchNormalization": Row(
        gn.BatchNormalization,
        slow_batch_normalization,
        parameters={"gamma": (4,), "beta": (4,)},
        alone=False,
    ),
    "BatchNormalization, image": Row(
        lambda: gn.BatchNormalization(0.6, 1e-3),
        slow_batch_normalization,
        (3, 2, 2),
        (3, 2, 2),
        {"gamma": (2,), "beta": (2,)},
        alone=False,
    ),
    "BatchNormalization, no scale": Row(
        lambda: gn.BatchNormalization(scale=False),
        slow_batch_normalization,
        (3, 2, 2),
        (3, 2, 2),
        {"beta": (2,)},
        alone=False,
    ),
    "BatchNormalization, no shift": Row(
        lambda: gn.BatchNormalization(center=False),
        slow_batch_normalization,
        (3, 2, 2),
        (3, 2, 2),
        {"gamma": (2,)},
        alone=False,
    ),
    "LayerNormalization": Row(
        gn.LayerNormalization, slow_layer_normalization, parameters={"gamma": (4,), "beta": (4,)}
    ),
    "LayerNormalization, image": Row(
        lambda: gn.LayerNormalization(1e-3),
        slow_layer_normalization,
        (3, 2, 4),
        (3, 2, 4),
        {"gamma": (4,), "beta": (4,)},
    ),
    "LayerNormalization, no scale, no shift": Row(
        lambda: gn.LayerNormalization(scale=False, center=False), slow_layer_normalization
    ),
    "Dropout": Row(lambda: gn.Dropout(0.4), each(reference.identity), alone=False),
    "Dropout, image": Row(
        lambda: gn.Dropout(0.4), each(reference.identity), (3, 2, 2), (3, 2, 2), alone=False
    ),
    "Dropout(0)": Row(lambda: gn.Dropout(0), each(reference.identity)),
    "GaussianNoise": Row(lambda: gn.GaussianNoise(0.3), each(reference.identity), alone=False),
    "SpatialDropout2D": Row(
        lambda: gn.SpatialDropout2D(0.4),
        each(reference.identity),
        (3, 2, 4),
        (3, 2, 4),
        alone=False,
    ),
    "Reshape": Row(lambda: gn.Reshape((2, 3, 2)), each(reference.identity), (12,), (2, 3, 2)),
    "Reshape, one axis open": Row(
        lambda: gn.Reshape((-1, 2)), each(reference.identity), (2, 3, 2), (6, 2)
    ),
    "Reshape, to a vector": Row(lambda: gn.Reshape(12), each(reference.identity), (2, 6), (12,)),
    "ZeroPadding2D": Row(
        gn.ZeroPadding2D, on_images((2, 3, 2), slow_padding(1, 1, 1, 1)), (2, 3, 2), (4, 5, 2)
    ),
    "ZeroPadding2D, two numbers": Row(
        lambda: gn.ZeroPadding2D((0, 2)),
        on_images((2, 3, 2), slow_padding(0, 0, 2, 2)),
        (2, 3, 2),
        (2, 7, 2),
    ),
    "ZeroPadding2D, four numbers": Row(
        lambda: gn.ZeroPadding2D(((0, 1), (2, 3))),
        on_images((2, 3, 2), slow_padding(0, 1, 2, 3)),
        (2, 3, 2),
        (3, 8, 2),
    ),
    "Rescaling": Row(lambda: gn.Rescaling(2.0, -1.0), each(lambda x: 2.0 * x - 1.0)),
    "Rescaling, no offset": Row(lambda: gn.Rescaling(0.5), each(lambda x: 0.5 * x)),
    "Whitening2D": Row(
        gn.Whitening2D,
        on_images((3, 4, 2), slow_whitening),
        (3, 4, 2),
        (2, 3, 16),
        {"b": (16,)},
    ),
    "Residual": Row(
        lambda: gn.Residual(
            [gn.Conv2D(3, 3, "relu", padding="same"), gn.Conv2D(2, 1, use_bias=False)]
        ),
        on_images((3, 4, 2), slow_residual),
        (3, 4, 2),
        (3, 4, 2),
        {"conv2d_1.W": (3, 3, 2, 3), "conv2d_1.b": (3,), "conv2d_2.W": (1, 1, 3, 2)},
    ),
    "Residual, shortcut": Row(
        lambda: gn.Residual([gn.Conv2D(3, 2, strides=2)], [gn.Conv2D(3, 1, strides=2)]),
        on_images((4, 4, 2), slow_residual),
        (4, 4, 2),
        (2, 2, 3),
        {
            "conv2d_1.W": (2, 2, 2, 3),
            "conv2d_1.b": (3,),
            "conv2d_2.W": (1, 1, 2, 3),
            "conv2d_2.b": (3,),
        },
    ),
}


@pytest.fixture(params=TABLE)
def row(request: pytest.FixtureRequest) -> Row:
    return TABLE[request.param]


def placed(row: Row, dtype: str = "float64") -> Layer:
    """A layer in a network of its own, with parameters and state that are not the initial ones."""
    layer = row.make()
    network = gn.Network([layer], input_shape=row.input_shape, dtype=dtype)
    rng = np.random.default_rng(1)
    network.theta[...] = rng.uniform(0.1, 1.0, network.theta.shape)
    for _, array in network.named_state():
        array[...] = rng.uniform(0.5, 2.0, array.shape)
    return layer


def parameters_of(layer: Layer) -> list[Parameter]:
    """Its own, and those of the layers inside it."""
    inside = [part for inner in layer.inner for part in inner.parts]
    return [*layer.parameters, *(q for part in inside for q in parameters_of(part))]


def fresh_cache() -> Cache:
    """A cache whose random numbers are always the same."""
    cache = Cache()
    cache.rng = np.random.default_rng(4)
    return cache


def inputs(row: Row, batch: int = 3, dtype: str = "float64", seed: int = 2) -> np.ndarray:
    """Inputs of both signs, none within 0.1 of a kink at 0."""
    rng = np.random.default_rng(seed)
    shape = (batch, *row.input_shape)
    return (rng.uniform(0.1, 2.0, shape) * rng.choice([-1.0, 1.0], shape)).astype(dtype)


def run(
    layer: Layer, x: np.ndarray, weights: np.ndarray, cache: Cache | None = None
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Copies of y, dx and the gradients of the parameters, for the scalar Σ weights y."""
    cache = Cache() if cache is None else cache
    cache.rng = np.random.default_rng(4)
    for parameter in parameters_of(layer):
        parameter.grad[...] = np.nan
    y = layer.forward(x, cache, training=True).copy()
    dx = layer.backward(weights.copy(), cache, need_dx=True)
    assert dx is not None
    return y, dx.copy(), [parameter.grad.copy() for parameter in parameters_of(layer)]


def output_weights(row: Row, batch: int = 3, dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(3).normal(size=(batch, *row.output_shape)).astype(dtype)


def slopes(scalar: Callable[[], float], array: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """Central differences of `scalar` by each entry of `array`."""
    result = np.empty_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + step
        above = scalar()
        array[index] = kept - step
        below = scalar()
        array[index] = kept
        result[index] = (above - below) / (2.0 * step)
    return result


def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max() / max(np.abs(a).max(), np.abs(b).max(), 1e-12))


def test_the_table_has_every_layer() -> None:
    assert {type(row.make()).__name__ for row in TABLE.values()} == set(LAYERS)


def test_the_layer_declares_its_output_shape(row: Row) -> None:
    assert row.make().build(row.input_shape) == row.output_shape


def test_the_layer_declares_its_parameters(row: Row) -> None:
    network = gn.Network([row.make()], input_shape=row.input_shape)
    shapes = {name.partition(".")[2]: q.shape for name, q in network.named_parameters()}
    assert shapes == row.parameters


def test_forward_equals_the_slow_loop(row: Row) -> None:
    layer, x = placed(row), inputs(row)
    y = layer.forward(x, Cache(), training=False)
    assert y.shape == (3, *row.output_shape)
    expected = row.slow(layer, x.reshape(3, -1).tolist())
    np.testing.assert_allclose(y.reshape(3, -1), expected, rtol=1e-13, atol=1e-15)


def test_the_gradient_by_the_input_is_what_differences_say(row: Row) -> None:
    layer, x, weights = placed(row), inputs(row), output_weights(row)
    _, dx, _ = run(layer, x, weights)

    def scalar() -> float:
        return float((weights * layer.forward(x, fresh_cache(), training=True)).sum())

    assert relative_error(dx, slopes(scalar, x)) < 1e-6


def test_the_gradients_by_the_parameters_are_what_differences_say(row: Row) -> None:
    layer, x, weights = placed(row), inputs(row), output_weights(row)
    _, _, gradients = run(layer, x, weights)
    assert len(gradients) == len(row.parameters)

    def scalar() -> float:
        return float((weights * layer.forward(x, fresh_cache(), training=True)).sum())

    for parameter, gradient in zip(parameters_of(layer), gradients, strict=True):
        assert relative_error(gradient, slopes(scalar, parameter.value)) < 1e-6, parameter.name


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.alone])
def test_a_batch_gives_what_its_examples_give_alone(name: str) -> None:
    row = TABLE[name]
    layer, x, weights = placed(row), inputs(row), output_weights(row)
    y, dx, gradients = run(layer, x, weights)
    alone = [run(layer, x[i : i + 1], weights[i : i + 1]) for i in range(3)]
    np.testing.assert_allclose(y, np.concatenate([one[0] for one in alone]), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(
        dx, np.concatenate([one[1] for one in alone]), rtol=1e-13, atol=1e-14
    )
    for i, gradient in enumerate(gradients):
        np.testing.assert_allclose(
            gradient, sum(one[2][i] for one in alone), rtol=1e-12, atol=1e-13
        )


def test_a_reused_cache_equals_a_fresh_one_while_the_batch_size_changes(row: Row) -> None:
    layer, cache = placed(row), Cache()
    for turn, batch in enumerate((3, 3, 5, layer.least_batch, 3)):
        x, weights = inputs(row, batch, seed=10 + turn), output_weights(row, batch)
        reused, fresh = run(layer, x, weights, cache), run(layer, x, weights)
        np.testing.assert_array_equal(reused[0], fresh[0])
        np.testing.assert_array_equal(reused[1], fresh[1])
        for a, b in zip(reused[2], fresh[2], strict=True):
            np.testing.assert_array_equal(a, b)


def test_another_pass_between_forward_and_backward_harms_nothing(row: Row) -> None:
    layer, x, weights = placed(row), inputs(row), output_weights(row)
    _, expected, _ = run(layer, x, weights)
    cache = fresh_cache()
    layer.forward(x, cache, training=True)
    layer.forward(inputs(row, 5, seed=9), Cache(), training=False)
    dx = layer.backward(weights.copy(), cache, need_dx=True)
    np.testing.assert_array_equal(dx, expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_stays(row: Row, dtype: str) -> None:
    layer = placed(row, dtype)
    y, dx, gradients = run(layer, inputs(row, dtype=dtype), output_weights(row, dtype=dtype))
    values = [parameter.value for parameter in parameters_of(layer)]
    assert {str(array.dtype) for array in (y, dx, *gradients, *values)} == {dtype}


def test_float32_gives_what_float64_gives(row: Row) -> None:
    single, double = placed(row, "float32"), placed(row)
    y32, dx32, _ = run(single, inputs(row, dtype="float32"), output_weights(row, dtype="float32"))
    y64, dx64, _ = run(double, inputs(row), output_weights(row))
    np.testing.assert_allclose(y32, y64, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(dx32, dx64, rtol=1e-5, atol=1e-6)


def test_gradients_overwrite_and_never_accumulate(row: Row) -> None:
    layer, x, weights = placed(row), inputs(row), output_weights(row)
    _, _, expected = run(layer, x, weights)  # written over NaN
    assert all(np.isfinite(gradient).all() for gradient in expected)
    cache = fresh_cache()
    layer.forward(x, cache, training=True)
    layer.backward(weights.copy(), cache, need_dx=True)  # written over what is there
    for parameter, gradient in zip(parameters_of(layer), expected, strict=True):
        np.testing.assert_array_equal(parameter.grad, gradient)


def test_without_need_dx_the_parameters_learn_and_none_comes_back(row: Row) -> None:
    layer, x, weights = placed(row), inputs(row), output_weights(row)
    _, _, expected = run(layer, x, weights)
    cache = fresh_cache()
    layer.forward(x, cache, training=True)
    for parameter in parameters_of(layer):
        parameter.grad[...] = np.nan
    assert layer.backward(weights.copy(), cache, need_dx=False) is None
    for parameter, gradient in zip(parameters_of(layer), expected, strict=True):
        np.testing.assert_array_equal(parameter.grad, gradient)


def test_neither_pass_changes_the_input_or_the_parameters(row: Row) -> None:
    layer, x = placed(row), inputs(row)
    kept, values = x.copy(), [parameter.value.copy() for parameter in parameters_of(layer)]
    run(layer, x, output_weights(row))
    np.testing.assert_array_equal(x, kept)
    for parameter, value in zip(parameters_of(layer), values, strict=True):
        np.testing.assert_array_equal(parameter.value, value)


def test_the_repr_evaluates_back(row: Row) -> None:
    layer = row.make()
    again = eval(repr(layer), dict(LAYERS))
    assert type(again) is type(layer)
    assert again.config() == layer.config()


def test_the_configuration_makes_the_round_trip_through_json(row: Row) -> None:
    layer = row.make()
    again = layer_from_config(json.loads(json.dumps(layer.config())))
    assert type(again) is type(layer)
    assert again.config() == layer.config()


@settings(max_examples=25, deadline=None)
@given(batch=st.integers(1, 7), features=st.integers(1, 9), units=st.integers(1, 9))
def test_dense_backward_equals_the_slow_loop_for_any_shape(
    batch: int, features: int, units: int
) -> None:
    row = Row(lambda: gn.Dense(units), slow_dense, (features,), (units,))
    layer, x, delta = placed(row), inputs(row, batch), output_weights(row, batch)
    assert isinstance(layer, gn.Dense)
    _, dx, (dW, db) = run(layer, x, delta)
    expected = reference.dense_backward(x.tolist(), layer.W.value.tolist(), delta.tolist())
    for fast, slow in zip((dW, db, dx), expected, strict=True):
        np.testing.assert_allclose(fast, slow, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1)])
def test_dense_names_the_shape_that_it_cannot_take_and_what_to_do(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ValueError, match=r"Dense\(5\) expects a vector .* put Flatten\(\)"
    ) as caught:
        gn.Dense(5).build(shape)
    assert str(shape) in str(caught.value)


@pytest.mark.parametrize("shape", [(3,), (3, 5), (2, 3, 4)])
def test_standardize_names_the_shapes_of_inputs_that_it_cannot_adapt_to(
    shape: tuple[int, ...],
) -> None:
    layer = gn.Standardize()
    gn.Network([layer], input_shape=4)
    with pytest.raises(ValueError, match=r"expects inputs of shape \(n, 4\), got shape") as caught:
        layer.adapt(np.ones(shape))
    assert str(shape) in str(caught.value)


WRONG_SETTINGS: list[tuple[Callable[[], Layer], type[Exception], str]] = [
    (lambda: gn.Dense(0), ValueError, "units must be a whole number of at least 1, got 0"),
    (lambda: gn.Dense(2.5), TypeError, "units must be a whole number .* got 2.5"),  # type: ignore[arg-type]
    (lambda: gn.Dense(3, "rellu"), ValueError, "unknown activation 'rellu'; did you mean 'relu'"),
    (lambda: gn.Dense(3, gn.ReLU), TypeError, "a name or an Activation, got <class"),  # type: ignore[arg-type]
    (lambda: gn.Dense(3, weight_initializer="he"), ValueError, "unknown initializer 'he'"),
    (lambda: gn.Dense(3, bias_initializer="zero"), ValueError, "did you mean 'zeros'"),
    (lambda: gn.LeakyReLU(1.0), ValueError, "slope .* at least 0 and below 1, got 1.0"),
    (lambda: gn.LeakyReLU(-0.1), ValueError, "slope .* got -0.1"),
    (lambda: gn.PReLU(math.nan), ValueError, "slope must be a finite number, got nan"),
    (lambda: gn.Standardize("row"), ValueError, "axis must be 'feature' or 'channel', got 'row'"),
    (lambda: gn.ELU(0.0), ValueError, "alpha must be a finite number, above 0, got 0.0"),
    (lambda: gn.Conv2D(0, 3), ValueError, "filters must be .* at least 1, got 0"),
    (lambda: gn.Conv2D(8, 0), ValueError, "kernel_size must be .* at least 1, got 0"),
    (lambda: gn.Conv2D(8, (3, 3, 3)), ValueError, "kernel_size must be one .* or two, got"),  # type: ignore[arg-type]
    (lambda: gn.Conv2D(8, (3, 2.5)), TypeError, "kernel_size must be .* got 2.5"),  # type: ignore[arg-type]
    (lambda: gn.Conv2D(8, 3, strides=0), ValueError, "strides must be .* got 0"),
    (lambda: gn.Conv2D(8, 3, dilation=0), ValueError, "dilation must be .* got 0"),
    (lambda: gn.Conv2D(8, 3, padding="full"), ValueError, "'valid', 'same', a whole .* 'full'"),
    (lambda: gn.Conv2D(8, 3, padding=-1), ValueError, "padding must be .* at least 0, got -1"),
    (lambda: gn.Conv2D(8, 3, padding=None), TypeError, "padding must be .* got None"),  # type: ignore[arg-type]
    (lambda: gn.Conv2D(8, 3, groups=3), ValueError, "3 groups cannot share 8 filters"),
    (lambda: gn.Conv2D(8, 3, "rellu"), ValueError, "unknown activation 'rellu'"),
    (lambda: gn.Conv2D(8, 3, weight_initializer="he"), ValueError, "unknown initializer 'he'"),
    (lambda: gn.DepthwiseConv2D(3, multiplier=0), ValueError, "multiplier must be .* got 0"),
    (lambda: gn.MaxPooling2D(0), ValueError, "pool_size must be .* got 0"),
    (lambda: gn.AveragePooling2D(2, strides=0), ValueError, "strides must be .* got 0"),
    (lambda: gn.BatchNormalization(1.0), ValueError, "momentum must be .* below 1, got 1.0"),
    (lambda: gn.BatchNormalization(epsilon=0), ValueError, "epsilon must be .* above 0, got 0"),
    (lambda: gn.LayerNormalization(-1e-5), ValueError, "epsilon must be .* got -1e-05"),
    (lambda: gn.Dropout(1.0), ValueError, "rate must be .* at least 0 and below 1, got 1.0"),
    (lambda: gn.SpatialDropout2D(-0.1), ValueError, "rate must be .* got -0.1"),
    (lambda: gn.Reshape(()), ValueError, r"shape must have axes, .* got \(\)"),
    (lambda: gn.Reshape((-1, -1)), ValueError, "at most one of them -1"),
    (lambda: gn.Reshape((2, 0)), ValueError, "each axis of shape must be .* got 0"),
    (lambda: gn.ZeroPadding2D(-1), ValueError, "padding must be .* got -1"),
    (lambda: gn.ZeroPadding2D(((1, 1),)), ValueError, "padding must be .*above, below"),  # type: ignore[arg-type]
    (lambda: gn.Rescaling(math.inf), ValueError, "scale must be a finite number, got inf"),
    (lambda: gn.GaussianNoise(-1.0), ValueError, "standard_deviation must be .* got -1.0"),
    (lambda: gn.Whitening2D(epsilon=0.0), ValueError, "epsilon must be .* above 0, got 0.0"),
    (lambda: gn.Whitening2D(examples=0), ValueError, "examples must be .* got 0"),
]


@pytest.mark.parametrize(("make", "error", "message"), WRONG_SETTINGS)
def test_a_setting_out_of_range_is_named(
    make: Callable[[], Layer], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"type": "Dens", "units": 3}, "unknown layer 'Dens'; did you mean 'Dense'"),
        ({"type": "Dense", "unit": 3}, "unknown argument of Dense 'unit'; did you mean 'units'"),
        ({"type": "Dense"}, "Dense needs units"),
        ({"units": 3}, "layer must be a table with a type"),
        ("Dense", "layer must be a table with a type"),
    ],
)
def test_a_wrong_configuration_says_what_is_wrong(config: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        layer_from_config(config)  # type: ignore[arg-type]


def test_an_activation_inside_a_configuration_becomes_an_object() -> None:
    layer = layer_from_config(gn.Dense(3, gn.LeakyReLU(0.2)).config())
    assert isinstance(layer, gn.Dense)
    assert isinstance(layer.activation, gn.LeakyReLU)
    assert layer.activation.slope == 0.2


@pytest.mark.parametrize(
    ("activation", "square"),
    [
        ("relu", 6 / 300),  # He: 6 / fan_in
        ("prelu", 6 / 300),
        ("leaky_relu", 6 / 300),
        ("gelu", 6 / 300),
        ("silu", 6 / 300),
        ("elu", 6 / 300),
        ("tanh", 6 / 500),  # Glorot: 6 / (fan_in + fan_out)
        ("sigmoid", 6 / 500),
        (None, 6 / 500),
    ],
)
def test_dense_draws_its_weights_from_the_distribution_that_fits_the_activation(
    activation: str | None, square: float
) -> None:
    layer = gn.Dense(200, activation)
    gn.Network([layer], input_shape=300)
    limit = math.sqrt(square)
    assert 0.999 * limit < np.abs(layer.W.value).max() <= limit * (1 + 1e-6)


FLOATS = [np.float32, np.float64]
EXTREME = [-np.inf, -1e4, 0.0, 1e4, np.inf]


def activate(
    activation: Layer, z: list[float], dtype: type[np.floating]
) -> tuple[np.ndarray, np.ndarray]:
    """Output and derivative for one row of pre-activations."""
    gn.Network([activation], input_shape=len(z), dtype=np.dtype(dtype).name)
    cache = Cache()
    a = activation.forward(np.array([z], dtype), cache, training=True)
    dz = activation.backward(np.ones_like(a), cache, need_dx=True)
    assert dz is not None
    return a[0], dz[0]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("make", "outputs", "derivatives"),
    [
        (gn.Identity, EXTREME, [1, 1, 1, 1, 1]),
        (gn.Sigmoid, [0, 0, 0.5, 1, 1], [0, 0, 0.25, 0, 0]),
        (gn.Tanh, [-1, -1, 0, 1, 1], [0, 0, 1, 0, 0]),
        (gn.ReLU, [0, 0, 0, 1e4, np.inf], [0, 0, 0, 1, 1]),
        (gn.LeakyReLU, [-np.inf, -100, 0, 1e4, np.inf], [0.01, 0.01, 1, 1, 1]),
        (gn.PReLU, [-np.inf, -2500, 0, 1e4, np.inf], [0.25, 0.25, 1, 1, 1]),
        (gn.GELU, [0, 0, 0, 1e4, np.inf], [0, 0, 0.5, 1, 1]),
        (lambda: gn.GELU(approximate=True), [0, 0, 0, 1e4, np.inf], [0, 0, 0.5, 1, 1]),
        (gn.SiLU, [0, 0, 0, 1e4, np.inf], [0, 0, 0.5, 1, 1]),
        (lambda: gn.ELU(0.5), [-0.5, -0.5, 0, 1e4, np.inf], [0, 0, 0.5, 1, 1]),
        (gn.Softplus, [0, 0, math.log(2.0), 1e4, np.inf], [0, 0, 0.5, 1, 1]),
    ],
)
def test_activations_reach_their_limits_without_a_warning(
    make: Callable[[], Layer], outputs: list[float], derivatives: list[float], dtype: type
) -> None:
    a, derivative = activate(make(), EXTREME, dtype)
    np.testing.assert_allclose(a, outputs, rtol=1e-6, atol=1e-35)
    np.testing.assert_allclose(derivative, derivatives, rtol=1e-6, atol=1e-35)


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_sigmoid_is_never_subnormal_and_never_outside_0_and_1(dtype: type) -> None:
    a, _ = activate(gn.Sigmoid(), np.linspace(-800, 800, 3201).tolist(), dtype)
    assert a.min() >= np.finfo(dtype).tiny
    assert a.max() <= 1.0
    assert (np.diff(a) >= 0).all()


def test_a_small_sigmoid_keeps_its_relative_precision() -> None:
    z = [-80.0, -50.0, -20.0, -5.0]
    a, _ = activate(gn.Sigmoid(), z, np.float32)
    np.testing.assert_allclose(a, [reference.sigmoid(value) for value in z], rtol=1e-5)


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_softmax_of_huge_logits_is_a_probability(dtype: type) -> None:
    largest = float(np.finfo(dtype).max) / 4
    a, dz = activate(gn.Softmax(), [largest, -largest, largest, 0.0], dtype)
    np.testing.assert_array_equal(a, [0.5, 0.0, 0.5, 0.0])
    np.testing.assert_array_equal(dz, 0.0)


@pytest.mark.parametrize("shift", [-1e4, 1e4])
def test_the_softmax_does_not_change_when_all_logits_move(shift: float) -> None:
    z = np.array([0.5, -1.0, 3.0])
    moved, _ = activate(gn.Softmax(), (z + shift).tolist(), np.float64)
    np.testing.assert_allclose(moved, reference.softmax(z.tolist()), rtol=1e-10)


def test_the_softmax_takes_minus_infinity_as_impossible() -> None:
    a, _ = activate(gn.Softmax(), [-np.inf, 0.0], np.float32)
    np.testing.assert_array_equal(a, [0.0, 1.0])


def test_one_shared_slope_learns_from_all_features() -> None:
    layer = gn.PReLU(0.5)
    gn.Network([layer], input_shape=2, dtype="float64")
    run(layer, np.array([[-1.0, -2.0], [3.0, -4.0]]), np.ones((2, 2)))
    np.testing.assert_array_equal(layer.a.grad, [-7.0])


def test_slopes_of_their_own_learn_from_their_feature_alone() -> None:
    layer = gn.PReLU(0.5, shared=False)
    gn.Network([layer], input_shape=2, dtype="float64")
    run(layer, np.array([[-1.0, -2.0], [3.0, -4.0]]), np.ones((2, 2)))
    np.testing.assert_array_equal(layer.a.grad, [-1.0, -6.0])


def test_at_zero_the_slope_of_prelu_learns_nothing() -> None:
    layer = gn.PReLU()
    gn.Network([layer], input_shape=2, dtype="float64")
    run(layer, np.zeros((1, 2)), np.ones((1, 2)))
    np.testing.assert_array_equal(layer.a.grad, [0.0])
