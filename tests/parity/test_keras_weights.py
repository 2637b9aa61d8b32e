"""Weights moved to Keras, and from there, give the same outputs."""

from __future__ import annotations

import os

import numpy as np
import pytest

import glassnet as gn
from glassnet.export import load_keras_weights, to_keras_weights

pytest.importorskip("torch", reason="Keras runs on PyTorch here")
os.environ["KERAS_BACKEND"] = "torch"
keras = pytest.importorskip("keras", reason="parity is checked where Keras is installed")
layers = keras.layers
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Keras' own code


def ours() -> gn.Network:
    return gn.Network(
        [
            gn.Standardize("channel"),
            gn.Conv2D(6, 3, "prelu", padding="same", strides=2, groups=2),
            gn.BatchNormalization(epsilon=1e-3),
            gn.DepthwiseConv2D((2, 3), "relu", multiplier=2),
            gn.AveragePooling2D(2, padding="same"),
            gn.Conv2D(4, 1, gn.PReLU(shared=False), use_bias=False),
            gn.LayerNormalization(epsilon=1e-3),
            gn.Flatten(),
            gn.Dense(7, "gelu"),
            gn.BatchNormalization(epsilon=1e-3, scale=False),
            gn.Dense(3, "softmax"),
        ],
        input_shape=(10, 9, 4),
        seed=1,
    )


MEAN, DEVIATION = [0.1, 0.2, 0.3, 0.4], [1.0, 1.1, 1.2, 1.3]


def theirs():
    return keras.Sequential(
        [
            keras.Input((10, 9, 4)),
            layers.Normalization(mean=MEAN, variance=np.square(DEVIATION)),
            layers.Conv2D(6, 3, padding="same", strides=2, groups=2),
            layers.PReLU(shared_axes=[1, 2, 3]),
            layers.BatchNormalization(),
            layers.DepthwiseConv2D((2, 3), depth_multiplier=2, activation="relu"),
            layers.AveragePooling2D(2, padding="same"),
            layers.Conv2D(4, 1, use_bias=False),
            layers.PReLU(shared_axes=[1, 2]),
            layers.LayerNormalization(),
            layers.Flatten(),
            layers.Dense(7, activation="gelu"),
            layers.BatchNormalization(scale=False),
            layers.Dense(3, activation="softmax"),
        ]
    )


def prepared() -> gn.Network:
    network, rng = ours(), np.random.default_rng(5)
    for name, array in network.numbers().items():
        if not name.endswith(".W"):
            array[...] += rng.uniform(0.1, 0.5, array.shape)
    network.numbers()["standardize_1.mean"][...] = MEAN
    network.numbers()["standardize_1.deviation"][...] = DEVIATION
    return network


IMAGES = np.random.default_rng(0).normal(size=(6, 10, 9, 4)).astype(np.float32)


def test_a_network_moved_to_keras_gives_the_same_outputs() -> None:
    network, model = prepared(), theirs()
    model.set_weights(to_keras_weights(network))
    expected = network.predict(IMAGES)
    assert np.ptp(expected, axis=0).min() > 0.01
    found = keras.ops.convert_to_numpy(model(IMAGES, training=False))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_model_of_keras_moved_here_gives_the_same_outputs() -> None:
    keras.utils.set_random_seed(3)
    model, network = theirs(), prepared()
    rng = np.random.default_rng(7)
    model.set_weights([w + rng.uniform(0.1, 0.3, w.shape) for w in model.get_weights()])
    load_keras_weights(network, model.get_weights())
    expected = keras.ops.convert_to_numpy(model(IMAGES, training=False))
    np.testing.assert_allclose(network.predict(IMAGES), expected, rtol=1e-5, atol=1e-6)
