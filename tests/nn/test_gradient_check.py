from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn import LAYERS, LOSSES, Cache

X = np.random.default_rng(0).normal(size=(5, 3))
LABELS = np.array([0, 2, 1, 1, 0])


class WrongLayer(gn.Layer):
    """A scale for each feature, with a mistake in the gradient of one of them."""

    def __init__(self, factor: float = 1.0, place: int = 0) -> None:
        self.factor = factor
        self.place = place

    def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        self.scale = gn.Parameter("scale", input_shape, lambda rng: np.ones(input_shape))
        self.parameters = (self.scale,)
        return input_shape

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:
        cache["x"] = x
        return x * self.scale.value

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        self.scale.grad[...] = (dy * cache["x"]).sum(axis=0)
        self.scale.grad[self.place] *= self.factor
        return dy * self.scale.value if need_dx else None


@pytest.fixture
def with_wrong_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LAYERS, "WrongLayer", WrongLayer)


def check(layer: gn.Layer, samples: int | None = None) -> gn.GradientCheck:
    network = gn.Network([gn.Dense(4, "tanh"), layer, gn.Dense(3, "softmax")], input_shape=3)
    return gn.gradient_check(network, "categorical_cross_entropy", X, LABELS, samples=samples)


@pytest.mark.parametrize(
    ("output", "loss"),
    [
        (output, name)
        for output, activation in (("sigmoid", gn.Sigmoid), ("softmax", gn.Softmax))
        for name, loss in LOSSES.items()
        if loss.partner in (None, activation)
    ],
)
@pytest.mark.parametrize("hidden", ["relu", "prelu", "leaky_relu", "tanh", "sigmoid", "identity"])
def test_every_activation_with_every_loss_has_the_right_gradient(
    hidden: str, output: str, loss: str
) -> None:
    network = gn.Network([gn.Dense(6, hidden), gn.Dense(3, output)], input_shape=3, seed=1)
    assert gn.gradient_check(network, loss, X, LABELS, samples=None).error < 1e-6


def test_a_right_layer_passes(with_wrong_layer: None) -> None:
    assert check(WrongLayer(1.0)).error < 1e-6


@pytest.mark.parametrize("factor", [1.0001, 0.9999, 0.0, -1.0, 1e6])
def test_a_wrong_layer_is_found_with_its_place(with_wrong_layer: None, factor: float) -> None:
    found = check(WrongLayer(factor, place=2))
    assert (found.parameter, found.index) == ("wronglayer_1.scale", (2,))
    assert found.error == pytest.approx(abs(factor - 1.0) / max(abs(factor), 1.0), rel=1e-2)
    assert found.analytic == pytest.approx(factor * found.numeric, rel=1e-3, abs=1e-12)


def test_a_gradient_that_is_never_written_is_found(
    with_wrong_layer: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WrongLayer, "backward", lambda self, dy, cache, *, need_dx: dy)
    found = check(WrongLayer())
    assert found.parameter == "wronglayer_1.scale"
    assert found.error == np.inf


def test_a_wrong_gradient_by_the_input_is_found(
    with_wrong_layer: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = WrongLayer.backward

    def backward(self: WrongLayer, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray:
        dx = right(self, dy, cache, need_dx=True)
        assert dx is not None
        return dx * 1.001

    monkeypatch.setattr(WrongLayer, "backward", backward)
    found = check(WrongLayer())
    assert found.parameter.startswith("dense_1.")
    assert found.error > 5e-4


def test_the_network_is_left_as_it_is() -> None:
    network = gn.Network([gn.Dense(3, "softmax")], input_shape=3)
    network.grad[...] = 7.0
    theta = network.theta.copy()
    gn.gradient_check(network, "categorical_cross_entropy", X, LABELS)
    np.testing.assert_array_equal(network.theta, theta)
    np.testing.assert_array_equal(network.grad, 7.0)
    assert network.theta.dtype == np.float32


def test_samples_bound_the_entries_checked_of_each_parameter() -> None:
    network = gn.Network([gn.Dense(4, "tanh"), gn.Dense(3, "softmax")], input_shape=3)
    assert gn.gradient_check(network, "mean_squared_error", X, LABELS, samples=5).checked == 17
    assert gn.gradient_check(network, "mean_squared_error", X, LABELS, samples=None).checked == 31


def test_the_seed_decides_which_entries() -> None:
    network = gn.Network([gn.Dense(40, "tanh"), gn.Dense(3, "softmax")], input_shape=3)
    checks = [
        gn.gradient_check(network, "mean_squared_error", X, LABELS, samples=3, seed=seed)
        for seed in (0, 0, 1)
    ]
    assert astuple(checks[0]) == astuple(checks[1])
    assert astuple(checks[0]) != astuple(checks[2])


def test_a_kink_that_a_difference_crosses_is_no_error() -> None:
    network = gn.Network([gn.Dense(1, "relu")], input_shape=1, dtype="float64")
    network.theta[...] = [1.0, 3e-5]  # the largest step of the bias crosses 0, the next one doesn't
    x, y = np.array([[0.0], [1.0]]), np.array([[1.0], [0.0]])
    assert gn.gradient_check(network, "mean_squared_error", x, y).error < 1e-6


def test_a_network_without_parameters_has_no_gradient_to_check() -> None:
    network = gn.Network([gn.Softmax()], input_shape=3)
    with pytest.raises(ValueError, match="has no parameters"):
        gn.gradient_check(network, "mean_squared_error", X, LABELS)


def test_inputs_that_do_not_fit_are_refused() -> None:
    network = gn.Network([gn.Dense(3, "softmax")], input_shape=3)
    with pytest.raises(ValueError, match="expects examples of shape"):
        gn.gradient_check(network, "mean_squared_error", X[:, :2], LABELS)
    with pytest.raises(ValueError, match="5 examples and 4 targets"):
        gn.gradient_check(network, "mean_squared_error", X, LABELS[:4])
