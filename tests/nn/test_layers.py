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
from glassnet.nn import LAYERS, Cache, Layer, layer_from_config

Slow = Callable[[Layer, list[list[float]]], list[list[float]]]


def each(function: Callable[[float], float]) -> Slow:
    return lambda layer, x: [[function(value) for value in row] for row in x]


def slow_dense(layer: Layer, x: list[list[float]]) -> list[list[float]]:
    assert isinstance(layer, gn.Dense)
    return reference.dense_forward(x, layer.W.value.tolist(), layer.b.value.tolist())


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


@dataclass
class Row:
    make: Callable[[], Layer]
    slow: Slow
    input_shape: tuple[int, ...] = (4,)
    output_shape: tuple[int, ...] = (4,)
    parameters: dict[str, tuple[int, ...]] = field(default_factory=dict)


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
    for parameter in layer.parameters:
        parameter.grad[...] = np.nan
    y = layer.forward(x, cache, training=True).copy()
    dx = layer.backward(weights.copy(), cache, need_dx=True)
    assert dx is not None
    return y, dx.copy(), [parameter.grad.copy() for parameter in layer.parameters]


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
    layer = row.make()
    layer.build(row.input_shape)
    assert {parameter.name: parameter.shape for parameter in layer.parameters} == row.parameters


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
        return float((weights * layer.forward(x, Cache(), training=True)).sum())

    assert relative_error(dx, slopes(scalar, x)) < 1e-6


def test_the_gradients_by_the_parameters_are_what_differences_say(row: Row) -> None:
    layer, x, weights = placed(row), inputs(row), output_weights(row)
    _, _, gradients = run(layer, x, weights)
    assert len(gradients) == len(row.parameters)

    def scalar() -> float:
        return float((weights * layer.forward(x, Cache(), training=True)).sum())

    for parameter, gradient in zip(layer.parameters, gradients, strict=True):
        assert relative_error(gradient, slopes(scalar, parameter.value)) < 1e-6, parameter.name


def test_a_batch_gives_what_its_examples_give_alone(row: Row) -> None:
    layer, x, weights = placed(row), inputs(row), output_weights(row)
    y, dx, gradients = run(layer, x, weights)
    alone = [run(layer, x[i : i + 1], weights[i : i + 1]) for i in range(3)]
    np.testing.assert_allclose(y, np.concatenate([one[0] for one in alone]), rtol=1e-13)
    np.testing.assert_allclose(dx, np.concatenate([one[1] for one in alone]), rtol=1e-13)
    for i, gradient in enumerate(gradients):
        np.testing.assert_allclose(gradient, sum(one[2][i] for one in alone), rtol=1e-12)


def test_a_reused_cache_equals_a_fresh_one_while_the_batch_size_changes(row: Row) -> None:
    layer, cache = placed(row), Cache()
    for turn, batch in enumerate((3, 3, 5, 1, 3)):
        x, weights = inputs(row, batch, seed=10 + turn), output_weights(row, batch)
        reused, fresh = run(layer, x, weights, cache), run(layer, x, weights)
        np.testing.assert_array_equal(reused[0], fresh[0])
        np.testing.assert_array_equal(reused[1], fresh[1])
        for a, b in zip(reused[2], fresh[2], strict=True):
            np.testing.assert_array_equal(a, b)


def test_another_pass_between_forward_and_backward_harms_nothing(row: Row) -> None:
    layer, x, weights = placed(row), inputs(row), output_weights(row)
    _, expected, _ = run(layer, x, weights)
    cache = Cache()
    layer.forward(x, cache, training=True)
    layer.forward(inputs(row, 5, seed=9), Cache(), training=False)
    dx = layer.backward(weights.copy(), cache, need_dx=True)
    np.testing.assert_array_equal(dx, expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_stays(row: Row, dtype: str) -> None:
    layer = placed(row, dtype)
    y, dx, gradients = run(layer, inputs(row, dtype=dtype), output_weights(row, dtype=dtype))
    values = [parameter.value for parameter in layer.parameters]
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
    cache = Cache()
    layer.forward(x, cache, training=True)
    layer.backward(weights.copy(), cache, need_dx=True)  # written over what is there
    for parameter, gradient in zip(layer.parameters, expected, strict=True):
        np.testing.assert_array_equal(parameter.grad, gradient)


def test_without_need_dx_the_parameters_learn_and_none_comes_back(row: Row) -> None:
    layer, x, weights = placed(row), inputs(row), output_weights(row)
    _, _, expected = run(layer, x, weights)
    cache = Cache()
    layer.forward(x, cache, training=True)
    for parameter in layer.parameters:
        parameter.grad[...] = np.nan
    assert layer.backward(weights.copy(), cache, need_dx=False) is None
    for parameter, gradient in zip(layer.parameters, expected, strict=True):
        np.testing.assert_array_equal(parameter.grad, gradient)


def test_neither_pass_changes_the_input_or_the_parameters(row: Row) -> None:
    layer, x = placed(row), inputs(row)
    kept, values = x.copy(), [parameter.value.copy() for parameter in layer.parameters]
    run(layer, x, output_weights(row))
    np.testing.assert_array_equal(x, kept)
    for parameter, value in zip(layer.parameters, values, strict=True):
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
    ],
)
def test_activations_reach_their_limits_without_a_warning(
    make: Callable[[], Layer], outputs: list[float], derivatives: list[float], dtype: type
) -> None:
    a, derivative = activate(make(), EXTREME, dtype)
    np.testing.assert_allclose(a, outputs, rtol=1e-6, atol=1e-37)
    np.testing.assert_allclose(derivative, derivatives, rtol=1e-6, atol=1e-37)


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
