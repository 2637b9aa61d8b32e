from __future__ import annotations

import copy
import gc
import pickle
import weakref
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet as gn
import reference
from glassnet.nn import LayerError


def small(**settings: object) -> gn.Network:
    layers = [gn.Dense(4, "relu"), gn.Dense(3, "softmax")]
    return gn.Network(layers, input_shape=2, **settings)  # type: ignore[arg-type]


def everything(dtype: str = "float32") -> gn.Network:
    """A network with state, a learned activation, and parameters that are not the initial ones."""
    standardize = gn.Standardize()
    layers = [standardize, gn.Flatten(), gn.Dense(5, gn.PReLU(shared=False)), gn.Dense(2, "tanh")]
    network = gn.Network(layers, input_shape=(2, 2), seed=3, dtype=dtype, class_names=["a", "b"])
    standardize.adapt(np.random.default_rng(0).normal(3.0, 2.0, (10, 2, 2)))
    network.theta += 0.125
    return network


# What is refused


@pytest.mark.parametrize("layers", [[], ()])
def test_a_network_without_layers_is_refused(layers: list[gn.Layer]) -> None:
    with pytest.raises(ValueError, match="at least one layer"):
        gn.Network(layers, input_shape=2)


@pytest.mark.parametrize("wrong", ["relu", gn.Dense, None, 10])
def test_what_is_no_layer_is_refused_and_shown(wrong: object) -> None:
    with pytest.raises(TypeError, match="layers must be layer objects such as Dense") as caught:
        gn.Network([gn.Dense(3), wrong], input_shape=2)  # type: ignore[list-item]
    assert repr(wrong) in str(caught.value)


@pytest.mark.parametrize("make", [lambda: gn.Dense(2), gn.ReLU, gn.Flatten, gn.Standardize])
def test_the_same_layer_object_twice_is_refused(make: Callable[[], gn.Layer]) -> None:
    layer = make()
    with pytest.raises(ValueError, match="belongs to one place in one network"):
        gn.Network([layer, layer], input_shape=2)


def test_the_same_activation_object_in_two_layers_is_refused() -> None:
    activation = gn.PReLU()
    with pytest.raises(ValueError, match="belongs to one place in one network"):
        gn.Network([gn.Dense(2, activation), gn.Dense(2, activation)], input_shape=2)


@pytest.mark.parametrize("make", [lambda: gn.Dense(2), gn.ReLU, gn.Flatten, gn.Standardize])
def test_a_layer_of_another_network_is_refused(make: Callable[[], gn.Layer]) -> None:
    layer = make()
    gn.Network([layer], input_shape=2)
    with pytest.raises(ValueError, match="belongs to one place in one network"):
        gn.Network([layer], input_shape=2)


def test_after_a_refusal_the_same_layers_may_be_used() -> None:
    layers = [gn.ReLU(), gn.Dense(2)]
    with pytest.raises(ValueError, match="put Flatten"):
        gn.Network(layers, input_shape=(2, 2))
    assert gn.Network(layers, input_shape=4).output_shape == (2,)


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1)])
def test_a_dense_layer_after_an_image_is_named_with_the_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"layer dense_1: Dense\(7\) expects a vector") as caught:
        gn.Network([gn.ReLU(), gn.Dense(7)], input_shape=shape)
    assert str(shape) in str(caught.value)


def test_a_layer_that_does_not_fit_is_counted_as_it_was_given() -> None:
    with pytest.raises(LayerError, match=r"layer dense_2: .* got shape") as caught:
        gn.Network([gn.Dense(12), gn.Reshape((3, 4)), gn.Dense(2)], input_shape=(2, 3))
    assert caught.value.index == 2  # though a Flatten was put before the first


@pytest.mark.parametrize(
    ("shape", "error", "message"),
    [
        ((), ValueError, r"input_shape must have at least one axis, got \(\)"),
        (0, ValueError, "each axis of input_shape must be a whole number of at least 1, got 0"),
        ((28, -1), ValueError, "each axis of input_shape .* got -1"),
        ((2.5,), TypeError, "each axis of input_shape .* got 2.5"),
        ((True,), TypeError, "each axis of input_shape .* got True"),
    ],
)
def test_a_wrong_input_shape_is_refused(
    shape: tuple[int, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        gn.Network([gn.Dense(2)], input_shape=shape)


@pytest.mark.parametrize("dtype", ["float16", "int32", "float3", None, "", "0)f4", {"names": [1]}])
def test_another_dtype_is_refused(dtype: object) -> None:
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float64', got"):
        small(dtype=dtype)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a"], "must be 3 names, one per output, got 1"),
        (["a", "b", "c", "d"], "must be 3 names, one per output, got 4"),
        (["a", "b", "a"], "must differ from each other, got 'a' twice"),
    ],
)
def test_class_names_that_do_not_fit_the_outputs_are_refused(
    names: list[str], message: str
) -> None:
    with pytest.raises(ValueError, match=f"class_names {message}"):
        small(class_names=names)


@pytest.mark.parametrize("names", [[], ["yes"], ["no", "yes"]])
def test_one_output_may_have_the_names_of_two_classes(names: list[str]) -> None:
    network = gn.Network([gn.Dense(1, "sigmoid")], input_shape=2, class_names=names)
    assert network.class_names == tuple(names)


def test_one_output_has_no_three_class_names() -> None:
    with pytest.raises(ValueError, match="must be 1 or 2 names for 1 output, got 3"):
        gn.Network([gn.Dense(1)], input_shape=2, class_names=["a", "b", "c"])


def test_a_configuration_from_before_keeps_its_class_names() -> None:
    config = small().config() | {"class_names": ["a", "a"]}
    assert gn.Network.from_config(config).class_names == ("a", "a")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_an_input_that_is_not_finite_is_refused_with_its_place(value: float) -> None:
    x = np.zeros((3, 2))
    x[2, 1] = value
    with pytest.raises(ValueError, match=r"1 values that are NaN or infinite .* at \(2, 1\)"):
        small().predict(x)


def test_bytes_of_images_are_refused_for_nobody_knows_their_scale() -> None:
    network = gn.Network([gn.Flatten(), gn.Dense(1)], input_shape=(2, 2))
    with pytest.raises(ValueError, match=r"bytes.*scale_to_unit\(x\), or x.astype"):
        network.predict(np.zeros((1, 2, 2), np.uint8))
    assert small().predict(np.zeros((1, 2), np.uint8)).shape == (1, 3)  # a table's are numbers


@pytest.mark.parametrize("shape", [(2,), (3,), (5, 3), (5, 2, 1), ()])
def test_an_input_of_the_wrong_shape_is_refused_with_both_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ValueError, match=r"examples of shape \(2,\).* \(n, 2\), got shape"
    ) as caught:
        small().predict(np.zeros(shape))
    assert str(caught.value).endswith(f"got shape {shape}")


def test_the_message_writes_the_shape_of_an_image_as_one_writes_it() -> None:
    network = gn.Network([gn.Dense(2)], input_shape=(28, 28, 1))
    with pytest.raises(ValueError, match=r"an array of shape \(n, 28, 28, 1\), got"):
        network.predict(np.zeros((28, 28, 1)))


def test_a_batch_size_of_0_is_refused() -> None:
    with pytest.raises(ValueError, match=r"batch_size .* at least 1, got 0"):
        small().predict(np.zeros((1, 2)), batch_size=0)


def test_examples_and_targets_of_different_number_are_refused() -> None:
    loss = gn.MeanSquaredError()
    with pytest.raises(ValueError, match="got 3 examples and 1 targets"):
        small().gradient(np.zeros((3, 2)), np.zeros((1, 3)), loss)


# How it is put together


def test_parameters_and_gradients_are_views_into_the_flat_vectors() -> None:
    network = everything()
    start = 0
    for _, parameter in network.named_parameters():
        stretch = slice(start, start + parameter.size)
        for array, flat in ((parameter.value, network.theta), (parameter.grad, network.grad)):
            assert np.shares_memory(array, flat[stretch])
            np.testing.assert_array_equal(array.reshape(-1), flat[stretch])
        start += parameter.size
    assert start == network.theta.size == network.grad.size


def test_parameters_have_the_names_of_their_layers() -> None:
    assert [(name, q.shape) for name, q in everything().named_parameters()] == [
        ("dense_1.W", (4, 5)),
        ("dense_1.b", (5,)),
        ("dense_1.slope", (5,)),
        ("dense_2.W", (5, 2)),
        ("dense_2.b", (2,)),
    ]


def test_state_has_the_names_of_its_layer() -> None:
    assert [name for name, _ in everything().named_state()] == [
        "standardize_1.mean",
        "standardize_1.deviation",
    ]


def test_a_parameter_shows_its_name_and_shape() -> None:
    _, parameter = next(small().named_parameters())
    assert repr(parameter) == "Parameter('W', shape=(2, 4))"


def test_a_dense_layer_at_the_beginning_gets_its_images_flattened() -> None:
    network = gn.Network([gn.Dense(3)], input_shape=(2, 3))
    assert repr(network) == "Network([Flatten(), Dense(3)], input_shape=(2, 3))"
    x = np.random.default_rng(0).normal(size=(4, 2, 3)).astype(np.float32)
    expected = gn.Network([gn.Dense(3)], input_shape=6).predict(x.reshape(4, 6))
    np.testing.assert_array_equal(network.predict(x), expected)


def test_an_integer_is_an_input_shape_of_one_axis() -> None:
    assert gn.Network([gn.Dense(3)], input_shape=np.int64(5)).input_shape == (5,)  # type: ignore[arg-type]


def test_the_seed_decides_the_parameters() -> None:
    np.testing.assert_array_equal(small(seed=5).theta, small(seed=5).theta)
    assert (small(seed=5).theta != small(seed=6).theta).any()


def test_initializing_again_gives_the_first_parameters_back_in_place() -> None:
    network = small(seed=5)
    theta, first = network.theta, network.theta.copy()
    network.theta[...] = 0.0
    network.initialize(5)
    assert network.theta is theta
    np.testing.assert_array_equal(theta, first)


def test_the_dtypes_of_a_network_start_with_the_same_numbers() -> None:
    np.testing.assert_allclose(small().theta, small(dtype="float64").theta, rtol=1e-6)


def test_the_summary_counts_the_parameters_of_every_layer() -> None:
    summary = everything().summary()
    assert [(row.name, row.output_shape, row.parameters) for row in summary.rows] == [
        ("standardize_1", (2, 2), 0),
        ("flatten_1", (4,), 0),
        ("dense_1", (5,), 30),
        ("dense_2", (2,), 12),
    ]
    assert summary.parameters == everything().theta.size == 42


def test_the_printed_summary_is_a_table() -> None:
    assert str(small().summary()).splitlines() == [
        "name     layer                output shape  parameters",
        "dense_1  Dense(4, ReLU())     (4,)                  12",
        "dense_2  Dense(3, Softmax())  (3,)                  15",
        "total                                               27",
    ]


# What it calculates


def test_the_outputs_are_those_of_the_slow_loops() -> None:
    network = small(dtype="float64")
    x = np.random.default_rng(0).normal(size=(6, 2))
    first, second = network.layers
    assert isinstance(first, gn.Dense)
    assert isinstance(second, gn.Dense)
    z = reference.dense_forward(x.tolist(), first.W.value.tolist(), first.b.value.tolist())
    a = [[reference.relu(value) for value in row] for row in z]
    z = reference.dense_forward(a, second.W.value.tolist(), second.b.value.tolist())
    expected = [reference.softmax(row) for row in z]
    np.testing.assert_allclose(network.predict(x), expected, rtol=1e-13)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(0, 20), batch_size=st.integers(1, 25))
def test_the_batch_size_of_a_prediction_does_not_matter(n: int, batch_size: int) -> None:
    network = small(dtype="float64")
    x = np.random.default_rng(0).normal(size=(n, 2))
    outputs = network.predict(x, batch_size=batch_size)
    assert outputs.shape == (n, 3)
    np.testing.assert_allclose(outputs, network.predict(x), rtol=1e-13)


@pytest.mark.parametrize("layers", [gn.Dense(2), "Dense", None, 3])
def test_what_is_no_list_of_layers_is_refused(layers: object) -> None:
    with pytest.raises(TypeError, match=r"must be a list of layers such as \[Dense\(10\)\], got"):
        gn.Network(layers, input_shape=2)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones((1, 2), complex), "must hold real numbers, got dtype complex128"),
        ([["a", "b"]], "must hold real numbers, got dtype <U1"),
        ([[1.0, 2.0], [3.0]], r"all examples must have the shape \(2,\)"),
    ],
)
def test_inputs_that_are_no_real_numbers_are_refused(x: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small().predict(x)  # type: ignore[arg-type]


def test_lists_and_integers_are_inputs_too() -> None:
    outputs = small().predict([[1, 2], [3, 4]])  # type: ignore[arg-type]
    np.testing.assert_array_equal(outputs, small().predict(np.array([[1.0, 2.0], [3.0, 4.0]])))
    assert outputs.dtype == np.float32


@pytest.mark.parametrize(
    ("output", "loss"),
    [
        ("softmax", "categorical_cross_entropy"),
        ("sigmoid", "binary_cross_entropy"),
        ("softmax", "half_squared_error"),
        (None, "mean_squared_error"),
    ],
)
def test_the_gradient_overwrites_all_that_stood_there(output: str | None, loss: str) -> None:
    network = gn.Network([gn.Dense(4, "prelu"), gn.Dense(3, output)], input_shape=2)
    network.grad[...] = np.nan
    x, y = np.ones((2, 2)), np.array([0, 2])
    first = network.gradient(x, y, gn.nn.loss_named(loss)).copy()
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(network.gradient(x, y, gn.nn.loss_named(loss)), first)


def test_the_gradient_of_a_batch_is_the_mean_of_those_of_its_examples() -> None:
    network = small(dtype="float64")
    loss = gn.CategoricalCrossEntropy()
    x, y = np.random.default_rng(0).normal(size=(5, 2)), np.array([0, 1, 2, 1, 0])
    alone = [network.gradient(x[i : i + 1], y[i : i + 1], loss).copy() for i in range(5)]
    np.testing.assert_allclose(network.gradient(x, y, loss), np.mean(alone, axis=0), rtol=1e-12)


def test_a_network_without_parameters_has_an_empty_gradient() -> None:
    network = gn.Network([gn.Softmax()], input_shape=3)
    gradient = network.gradient(np.ones((1, 3)), np.array([0]), gn.CategoricalCrossEntropy())
    assert gradient.shape == (0,)


def test_the_first_layer_that_learns_never_computes_its_dx(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    backward = gn.Dense.backward

    def spy(self: gn.Dense, dy, cache, *, need_dx):
        asked.append((self.units, need_dx))
        return backward(self, dy, cache, need_dx=need_dx)

    monkeypatch.setattr(gn.Dense, "backward", spy)
    monkeypatch.delattr(gn.Standardize, "backward")
    monkeypatch.setattr(gn.Standardize, "__abstractmethods__", frozenset())
    first = gn.Standardize()
    network = gn.Network([first, gn.Dense(4, "relu"), gn.Dense(3)], input_shape=2)
    first.adapt(np.ones((1, 2)))
    network.gradient(np.ones((1, 2)), np.zeros((1, 3)), gn.MeanSquaredError())
    assert asked == [(3, True), (4, False)]


def test_a_cache_is_used_again_without_new_arrays() -> None:
    network, x = small(), np.ones((4, 2), np.float32)
    cache = network.new_cache()
    assert network.forward(x, cache) is network.forward(x, cache)


# Copies


def test_a_copy_in_another_dtype_has_the_same_numbers_and_its_own_memory() -> None:
    network = everything()
    other = network.astype("float64")
    assert other.theta.dtype == np.float64
    assert other.class_names == ("a", "b")
    np.testing.assert_array_equal(other.theta, network.theta)
    for (_, new), (_, old) in zip(other.named_state(), network.named_state(), strict=True):
        np.testing.assert_array_equal(new, old)
        assert not np.shares_memory(new, old)


@pytest.mark.parametrize(
    "duplicate",
    [copy.deepcopy, copy.copy, lambda network: pickle.loads(pickle.dumps(network))],
    ids=["deepcopy", "copy", "pickle"],
)
def test_a_copy_is_a_network_with_views_of_its_own(
    duplicate: Callable[[gn.Network], gn.Network],
) -> None:
    network = everything()
    x = np.random.default_rng(1).normal(size=(3, 2, 2))
    before = network.predict(x)
    twin = duplicate(network)
    np.testing.assert_array_equal(twin.predict(x), before)
    twin.theta += 1.0
    assert (twin.predict(x) != before).any()
    np.testing.assert_array_equal(network.predict(x), before)


def test_a_configuration_rebuilds_the_network_without_its_numbers() -> None:
    network = everything()
    again = gn.Network.from_config(network.config())
    assert again.config() == network.config()
    np.testing.assert_array_equal(again.theta, 0.0)


def test_an_unknown_key_of_the_configuration_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown network key 'layer'; did you mean 'layers'"):
        gn.Network.from_config({"layer": []})


# The first layer that went wrong


def unhealthy(network: gn.Network, x: np.ndarray) -> str | None:
    cache = network.new_cache()
    with np.errstate(all="ignore"):
        network.forward(x, cache)
    return network.first_unhealthy(cache)


def test_a_healthy_network_has_no_unhealthy_layer() -> None:
    assert unhealthy(everything(), np.ones((1, 2, 2), np.float32)) is None


@pytest.mark.parametrize("name", ["dense_1.W", "dense_1.slope", "dense_2.b"])
def test_the_first_layer_with_a_bad_parameter_is_named(name: str) -> None:
    network = everything()
    dict(network.named_parameters())[name].value.flat[0] = np.nan
    layer, parameter = name.split(".")
    found = unhealthy(network, np.ones((1, 2, 2), np.float32))
    assert found is not None
    assert found.startswith(f"{layer} (Dense(")
    assert found.endswith(f"its {parameter} holds NaN or infinity")


def test_the_first_layer_with_a_bad_output_is_named() -> None:
    network = gn.Network([gn.Dense(2), gn.Dense(2), gn.Dense(2)], input_shape=2)
    network.theta[...] = 1e20
    found = unhealthy(network, np.ones((1, 2), np.float32))
    assert found == "dense_2 (Dense(2)): its output holds NaN or infinity"


def test_the_memory_of_a_network_that_nobody_needs_is_free_at_once() -> None:
    layers = [
        gn.Conv2D(4, 3, "prelu"),
        gn.DepthwiseConv2D(3),
        gn.BatchNormalization(),
        gn.Residual([gn.Conv2D(4, 1)]),
        gn.Flatten(),
        gn.Dense(3, "softmax"),
    ]
    network = gn.Network(layers, input_shape=(8, 8, 2))
    network.gradient(np.ones((2, 8, 8, 2)), np.array([0, 1]), gn.CategoricalCrossEntropy())
    gc.collect()
    gc.disable()  # so that nothing looks for objects that hold each other
    try:
        gone = weakref.ref(network.theta.base)
        del network, layers
        assert gone() is None
    finally:
        gc.enable()
