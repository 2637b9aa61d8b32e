from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn import Cache, Layer


class Overwriting(Layer):
    """Uses the array of the gradient for its own ends, as a layer may."""

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return input_shape

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:
        return 2.0 * x

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        dy *= 2.0
        return dy if need_dx else None


def test_shapes_that_differ_are_both_named() -> None:
    with pytest.raises(
        ValueError,
        match=r"layers, of shape \(6, 6, 4\), to its input, of shape \(8, 8, 4\); give it a",
    ):
        gn.Residual([gn.Conv2D(4, 3)]).build((8, 8, 4))
    with pytest.raises(
        ValueError, match=r"\(6, 6, 4\), to its shortcut, of shape \(8, 8, 2\); make both"
    ):
        gn.Residual([gn.Conv2D(4, 3)], [gn.Conv2D(2, 1)]).build((8, 8, 4))


def test_the_layer_inside_that_cannot_take_its_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"layers\[1\] of Residual: Conv2D\(4, 9\) needs"):
        gn.Residual([gn.Conv2D(4, 3), gn.Conv2D(4, 9)]).build((8, 8, 4))
    with pytest.raises(ValueError, match=r"shortcut\[0\] of Residual: Dense\(2\) expects"):
        gn.Residual([gn.Conv2D(4, 3)], [gn.Dense(2)]).build((8, 8, 4))


@pytest.mark.parametrize("layers", [[], "relu", gn.ReLU(), [gn.ReLU]])
def test_what_is_no_list_of_layers_is_refused(layers: object) -> None:
    with pytest.raises(TypeError, match="layers must"):
        gn.Residual(layers)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="shortcut must"):
        gn.Residual([gn.ReLU()], layers)  # type: ignore[arg-type]


def test_the_parameters_of_the_layers_inside_have_names_of_their_own() -> None:
    inner = gn.Residual([gn.Dense(3, "prelu")], [gn.BatchNormalization()])
    network = gn.Network([gn.Residual([gn.Dense(3), inner]), gn.Dense(2)], input_shape=3)
    assert [name for name, _ in network.named_parameters()] == [
        "residual_1.dense_1.W",
        "residual_1.dense_1.b",
        "residual_1.residual_1.dense_1.W",
        "residual_1.residual_1.dense_1.b",
        "residual_1.residual_1.dense_1.slope",
        "residual_1.residual_1.batchnormalization_1.gamma",
        "residual_1.residual_1.batchnormalization_1.beta",
        "dense_1.W",
        "dense_1.b",
    ]
    assert [name for name, _ in network.named_state()] == [
        "residual_1.residual_1.batchnormalization_1.running_mean",
        "residual_1.residual_1.batchnormalization_1.running_variance",
    ]


def test_a_layer_has_one_place_also_inside_another() -> None:
    shared = gn.Dense(3)
    with pytest.raises(ValueError, match="one place in one network"):
        gn.Network([gn.Residual([shared]), shared], input_shape=3)


def test_a_layer_inside_with_numbers_that_are_not_finite_is_named() -> None:
    block = gn.Residual([gn.Dense(3), gn.Residual([gn.Dense(3, "relu")])])
    network = gn.Network([gn.Dense(3), block], input_shape=3)
    cache = network.new_cache()
    network.forward(np.ones((1, 3), np.float32), cache)
    assert network.first_unhealthy(cache) is None
    dict(network.named_parameters())["residual_1.residual_1.dense_1.b"].value[1] = np.nan
    told = network.first_unhealthy(cache)
    assert told == "residual_1.residual_1.dense_1 (Dense(3, ReLU())): its b holds NaN or infinity"


@pytest.mark.parametrize("shortcut", [False, True])
def test_a_layer_inside_may_overwrite_the_gradient_that_it_gets(shortcut: bool) -> None:
    layer = gn.Residual([Overwriting(), Overwriting()], [Overwriting()] if shortcut else None)
    layer.build((3,))
    cache, x = Cache(), np.ones((2, 3))
    np.testing.assert_array_equal(layer.forward(x, cache, training=True), 6.0 if shortcut else 5.0)
    dx = layer.backward(np.ones((2, 3)), cache, need_dx=True)
    np.testing.assert_array_equal(dx, 6.0 if shortcut else 5.0)


def test_layers_with_chance_inside_draw_from_the_generator_of_the_pass() -> None:
    layer = gn.Residual([gn.Dropout(0.5)])
    layer.build((50,))
    outputs = []
    for seed in (1, 1, 2):
        cache = Cache()
        cache.rng = np.random.default_rng(seed)
        outputs.append(layer.forward(np.ones((4, 50)), cache, training=True).copy())
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert set(np.unique(outputs[0])) == {1.0, 3.0}
    assert (outputs[0] != outputs[2]).any()
