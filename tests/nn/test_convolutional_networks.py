"""Networks of the layers for images, as a whole."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn

SHAPE = (8, 7, 3)

NETWORKS: dict[str, Callable[[], list[gn.Layer]]] = {
    "plain": lambda: [
        gn.Rescaling(2.0, -1.0),
        gn.Conv2D(4, 3, "silu", padding="same"),
        gn.MaxPooling2D(),
        gn.Conv2D(4, (2, 1), "softplus", groups=2),
        gn.Flatten(),
        gn.Dense(3, "softmax"),
    ],
    "normalised": lambda: [
        gn.ZeroPadding2D(),
        gn.Conv2D(4, 3, strides=2, use_bias=False),
        gn.BatchNormalization(),
        gn.ELU(),
        gn.DepthwiseConv2D(2, multiplier=2),
        gn.LayerNormalization(),
        gn.GELU(approximate=True),
        gn.GlobalAveragePooling2D(),
        gn.Dense(3),
        gn.BatchNormalization(),
        gn.Softmax(),
    ],
    "residual": lambda: [
        gn.Whitening2D(2),
        gn.GELU(),
        gn.Residual([gn.Conv2D(24, 3, "prelu", padding="same"), gn.BatchNormalization()]),
        gn.SpatialDropout2D(0.2),
        gn.Residual(
            [gn.Conv2D(4, 3, "tanh", strides=2, padding="same"), gn.Dropout(0.5)],
            [gn.AveragePooling2D(2, padding="same"), gn.Conv2D(4, 1)],
        ),
        gn.Reshape((-1, 4)),
        gn.LayerNormalization(),
        gn.Flatten(),
        gn.Dense(3, "softmax"),
    ],
}


@pytest.fixture
def data() -> gn.Dataset:
    rng = np.random.default_rng(0)
    return gn.Dataset(rng.random((12, *SHAPE)).astype(np.float32), rng.integers(0, 3, 12))


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest, data: gn.Dataset) -> gn.Network:
    """A network that has learned a little, so that its state is not the initial one."""
    made = gn.Network(NETWORKS[request.param](), input_shape=SHAPE, seed=1)
    for layer in made.layers:
        if isinstance(layer, gn.Whitening2D):
            layer.adapt(data.x)
    trainer = gn.Trainer(
        made, loss="categorical_cross_entropy", optimizer=gn.SGD(0.05), batch_size=4
    )
    trainer.fit(data, epochs=2)
    return made


def test_backpropagation_is_what_differences_say(network: gn.Network, data: gn.Dataset) -> None:
    check = gn.gradient_check(
        network, "categorical_cross_entropy", data.x[:4], data.y[:4], samples=20
    )
    assert check.error < 1e-6, check


def test_a_saved_network_predicts_the_same(
    network: gn.Network, data: gn.Dataset, tmp_path: Path
) -> None:
    expected = network.predict(data.x)
    network.save(tmp_path / "model.npz")
    for copied in (
        gn.Network.load(tmp_path / "model.npz"),
        pickle.loads(pickle.dumps(network)),
        copy.deepcopy(network),
        gn.Network.from_config(network.config()),
    ):
        if (copied.theta == 0.0).all():
            copied.fill(network.numbers())
        np.testing.assert_array_equal(copied.predict(data.x), expected)


def test_the_state_is_saved_too(network: gn.Network, tmp_path: Path) -> None:
    network.save(tmp_path / "model.npz")
    state, loaded = (
        dict(n.named_state()) for n in (network, gn.Network.load(tmp_path / "model.npz"))
    )
    assert state.keys() == loaded.keys()
    for name, array in state.items():
        np.testing.assert_array_equal(loaded[name], array)


def test_in_float64_the_outputs_are_the_same_to_float32(
    network: gn.Network, data: gn.Dataset
) -> None:
    double = network.astype("float64")
    outputs = double.predict(data.x)
    assert outputs.dtype == np.float64
    np.testing.assert_allclose(network.predict(data.x), outputs, rtol=1e-4, atol=1e-5)


def test_a_prediction_does_not_depend_on_the_other_examples(
    network: gn.Network, data: gn.Dataset
) -> None:
    together, alone = network.predict(data.x), network.predict(data.x, batch_size=1)
    np.testing.assert_allclose(alone, together, rtol=1e-5, atol=1e-6)


def test_the_same_seed_learns_the_same_bits(data: gn.Dataset) -> None:
    def learned() -> np.ndarray:
        made = gn.Network(NETWORKS["residual"](), input_shape=SHAPE, seed=1)
        layer = made.layers[0]
        assert isinstance(layer, gn.Whitening2D)
        layer.adapt(data.x)
        gn.Trainer(made, loss="categorical_cross_entropy", batch_size=5, seed=3).fit(data, epochs=3)
        return made.theta

    np.testing.assert_array_equal(learned(), learned())
