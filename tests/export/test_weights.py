"""Weights in the layouts of PyTorch and Keras, against loops, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.export import (
    load_keras_weights,
    load_torch_state_dict,
    to_keras_weights,
    to_torch_state_dict,
)


def random_numbers(network: gn.Network, seed: int = 0) -> gn.Network:
    rng = np.random.default_rng(seed)
    for array in network.numbers().values():
        array[...] = rng.uniform(0.5, 1.5, array.shape)
    return network


def everything() -> gn.Network:
    """All layers that have weights."""
    layers = [
        gn.Standardize(), gn.Whitening2D(2), gn.Conv2D(4, 3, "prelu", groups=2),
        gn.Residual([gn.BatchNormalization(), gn.Conv2D(4, 1)], [gn.Conv2D(4, 1, use_bias=False)]),
        gn.DepthwiseConv2D(2, gn.PReLU(shared=False), multiplier=2), gn.LayerNormalization(),
        gn.Flatten(), gn.PReLU(shared=False), gn.BatchNormalization(), gn.Dropout(0.1),
        gn.Dense(5, "relu"), gn.BatchNormalization(scale=False), gn.Dense(3, use_bias=False),
        gn.BatchNormalization(scale=False, center=False), gn.LayerNormalization(center=False),
        gn.LayerNormalization(scale=False),
    ]  # fmt: skip
    return random_numbers(gn.Network(layers, input_shape=(7, 6, 2)))


PAIRS = [
    pytest.param(to_torch_state_dict, load_torch_state_dict, id="torch"),
    pytest.param(to_keras_weights, load_keras_weights, id="keras"),
]


@pytest.mark.parametrize(("give", "take"), PAIRS)
def test_what_goes_out_comes_back_with_the_same_bits(give, take) -> None:
    network = everything()
    again = everything()
    statistics = again.layers[0].state if give is to_keras_weights else {}  # of no weights there
    for name, array in again.numbers().items():
        if not any(array is kept for kept in statistics.values()):
            array[...] = 0.75 if name.endswith("deviation") else 0.5
    take(again, give(network))
    for name, array in network.numbers().items():
        # running statistics are float64 here, and what other libraries have is float32
        theirs = again.numbers()[name].astype(np.float32)
        np.testing.assert_array_equal(theirs, array.astype(np.float32), name)


def test_what_goes_out_are_copies() -> None:
    network = gn.Network([gn.Dense(2)], input_shape=2)
    to_torch_state_dict(network)["dense_1.bias"][...] = 7.0
    to_keras_weights(network)[1][...] = 7.0
    assert (network.numbers()["dense_1.b"] == 0.0).all()


def test_each_weight_of_pytorch_lies_where_a_loop_puts_it() -> None:
    layers = [
        gn.Conv2D(4, (2, 3), groups=2), gn.DepthwiseConv2D(2, multiplier=3), gn.Flatten(),
        gn.BatchNormalization(), gn.Dense(3),
    ]  # fmt: skip
    network = random_numbers(gn.Network(layers, input_shape=(4, 6, 2)))
    arrays, ours = to_torch_state_dict(network), network.numbers()
    for o, i, y, x in np.ndindex(4, 1, 2, 3):
        assert arrays["conv2d_1.weight"][o, i, y, x] == ours["conv2d_1.W"][y, x, i, o]
    for c, m, y, x in np.ndindex(4, 3, 2, 2):
        theirs = arrays["depthwiseconv2d_1.weight"][3 * c + m, 0, y, x]
        assert theirs == ours["depthwiseconv2d_1.W"][y, x, c, m]
    height, width, channels = 2, 3, 12
    for y, x, c in np.ndindex(height, width, channels):
        here, there = (y * width + x) * channels + c, (c * height + y) * width + x
        assert (arrays["dense_1.weight"][:, there] == ours["dense_1.W"][here]).all()
        for theirs, name in (("weight", "gamma"), ("running_var", "running_variance")):
            number = np.float32(ours[f"batchnormalization_1.{name}"][here])
            assert arrays[f"batchnormalization_1.{theirs}"][there] == number
    assert arrays["batchnormalization_1.num_batches_tracked"].dtype == np.int64


def test_keras_has_our_layouts_and_order() -> None:
    layers = [
        gn.Conv2D(4, 2, "prelu"), gn.DepthwiseConv2D(2, multiplier=3), gn.BatchNormalization(),
    ]  # fmt: skip
    network = random_numbers(gn.Network(layers, input_shape=(4, 6, 2)))
    names = [
        "conv2d_1.W", "conv2d_1.b", "conv2d_1.slope", "depthwiseconv2d_1.W", "depthwiseconv2d_1.b",
        "batchnormalization_1.gamma", "batchnormalization_1.beta",
        "batchnormalization_1.running_mean", "batchnormalization_1.running_variance",
    ]  # fmt: skip
    weights = to_keras_weights(network)
    assert [array.shape for array in weights[:4]] == [(2, 2, 2, 4), (4,), (1, 1, 1), (2, 2, 4, 3)]
    for name, array in zip(names, weights, strict=True):
        ours = network.numbers()[name].astype(np.float32)
        np.testing.assert_array_equal(array.ravel(), ours.ravel(), name)


def test_names_are_those_of_a_model_if_given() -> None:
    network = gn.Network([gn.Dense(2), gn.BatchNormalization()], input_shape=3)
    names = ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.n"]
    arrays = to_torch_state_dict(network, names)
    assert list(arrays) == names
    assert arrays["0.weight"].shape == (2, 3)
    with pytest.raises(ValueError, match=r"got 6 names for 7 arrays: dense_1.weight, .*tracked"):
        to_torch_state_dict(network, names[:-1])
    with pytest.raises(ValueError, match=r"names has '0.weight' twice"):
        to_torch_state_dict(network, ["0.weight", *names[:-1]])
    with pytest.raises(ValueError, match=r"6 weights .*, and there are 0"):
        load_torch_state_dict(network, arrays, [])
    with pytest.raises(TypeError, match=r"names must be keys of a state_dict, .* is 0"):
        load_torch_state_dict(network, dict(enumerate(arrays.values())))


def test_weights_are_taken_by_name_in_another_order() -> None:
    network = gn.Network([gn.Dense(2), gn.Dense(1)], input_shape=3)
    theirs = {
        "b": np.full(1, 4.0),
        "a": np.full(2, 3.0),
        "B": np.ones((1, 2)),
        "A": np.ones((2, 3)),
    }
    load_torch_state_dict(network, theirs, ["A", "a", "B", "b"])
    assert network.numbers()["dense_1.b"].tolist() == [3.0, 3.0]
    with pytest.raises(KeyError, match=r"'C' is not in the state_dict; it has b, a, B, A"):
        load_torch_state_dict(network, theirs, ["A", "C"])


def test_a_norm_without_scale_takes_that_of_pytorch_only_if_it_changes_nothing() -> None:
    network = gn.Network([gn.BatchNormalization(scale=False)], input_shape=2)
    arrays = to_torch_state_dict(network)
    assert arrays["batchnormalization_1.weight"].tolist() == [1.0, 1.0]
    load_torch_state_dict(network, arrays)
    arrays["batchnormalization_1.weight"][1] = 2.0
    with pytest.raises(ValueError, match=r"weight, and BatchNormalization.* has none.* to be 1"):
        load_torch_state_dict(network, arrays)


def test_a_state_dict_without_the_count_of_batches_is_taken() -> None:
    network = gn.Network([gn.BatchNormalization()], input_shape=2)
    arrays = to_torch_state_dict(network)
    del arrays["batchnormalization_1.num_batches_tracked"]
    arrays["batchnormalization_1.running_mean"][...] = 9.0
    load_torch_state_dict(network, arrays)
    assert network.numbers()["batchnormalization_1.running_mean"].tolist() == [9.0, 9.0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"fc.weight": np.ones((3, 2))},
            r"'fc.weight' has shape \(3, 2\), .* dense_1.weight of Dense\(2\), of shape \(2, 3\)",
        ),
        ({"fc.bias": np.array([np.nan, 1.0])}, r"'fc.bias' has values that are NaN or infinite"),
        ({"fc.bias": np.array([1e300, 1.0])}, r"'fc.bias' has values .* too large for float32"),
        ({"fc.bias": np.ones(2, int)}, r"'fc.bias' should be floating numbers, .*int64"),
        ({"norm.running_var": np.array([1.0, -1.0])}, r"'norm.running_var' holds -1.* below 0"),
        (
            {"norm.running_var": None},
            r"the network has 6 weights .*, and there are 5 .*'fc.weight'",
        ),
        ({"more": np.ones(3)}, r"the network has 6 weights .*, and there are 7 .*'more'"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(change, words) -> None:
    network = gn.Network([gn.Dense(2), gn.BatchNormalization()], input_shape=3)
    keys = ["fc.weight", "fc.bias", "norm.weight", "norm.bias", "norm.running_mean",
            "norm.running_var"]  # fmt: skip
    values = list(to_torch_state_dict(network).values())[:6]
    theirs = {key: array + 1.0 for key, array in zip(keys, values, strict=True)} | change
    before = {name: array.copy() for name, array in network.numbers().items()}
    with pytest.raises(ValueError, match=words):
        load_torch_state_dict(network, {k: a for k, a in theirs.items() if a is not None})
    for name, array in network.numbers().items():
        np.testing.assert_array_equal(array, before[name])


def test_keras_weights_that_do_not_fit_are_told_by_their_place() -> None:
    network = gn.Network([gn.Dense(2)], input_shape=3)
    with pytest.raises(ValueError, match=r"weights\[0\] has shape \(2, 3\).* dense_1.kernel"):
        load_keras_weights(network, [np.ones((2, 3)), np.ones(2)])


class Own(gn.Layer):
    """A layer with weights that nobody else knows."""

    def build(self, input_shape):
        self.parameters = (gn.Parameter("w", (2,), lambda rng: np.ones(2)),)
        return input_shape

    def forward(self, x, cache, *, training):
        return x

    def backward(self, dy, cache, *, need_dx):
        return dy


@pytest.mark.parametrize(
    ("give", "library"), [(to_torch_state_dict, "PyTorch"), (to_keras_weights, "Keras")]
)
def test_an_unknown_layer_with_weights_is_refused_by_name(give, library) -> None:
    network = gn.Network([gn.Residual([Own()])], input_shape=3)
    with pytest.raises(ValueError, match=rf"residual_1.own_1 .* {library} is not known"):
        give(network)


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ([gn.Reshape((4, 2, 2)), gn.Flatten(), gn.Dense(2)], (4, 4, 1)),
        ([gn.Flatten(), gn.Reshape((4, 4, 2))], (4, 4, 2)),
        ([gn.Reshape((4, 8)), gn.Dropout(0.1)], (4, 4, 2)),
    ],
)
def test_numbers_that_pytorch_would_have_in_another_order_are_refused(layers, shape) -> None:
    with pytest.raises(ValueError, match=r"reshape_1 .* in another order"):
        to_torch_state_dict(gn.Network(layers, input_shape=shape))


def test_a_flattened_image_is_not_added_to_a_vector_in_another_order() -> None:
    layers = [gn.Flatten(), gn.Residual([gn.Dense(32)]), gn.Dense(2)]
    with pytest.raises(ValueError, match="residual_1 adds a vector that was an image"):
        to_torch_state_dict(gn.Network(layers, input_shape=(4, 4, 2)))
    assert to_torch_state_dict(gn.Network(
        [gn.Flatten(), gn.Residual([gn.Dense(16)]), gn.Dense(2)], input_shape=(4, 4, 1)
    ))  # fmt: skip


def test_the_network_stays_as_it_is() -> None:
    network = everything()
    before = network.predict(np.ones((1, 7, 6, 2)))
    to_torch_state_dict(network)
    to_keras_weights(network)
    assert (network.predict(np.ones((1, 7, 6, 2))) == before).all()
    network.theta[...] = 0.0
    assert all((q.value == 0.0).all() for _, q in network.named_parameters())
