from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn import Cache


def noisy(x: np.ndarray, deviation: float = 0.5, seed: int = 0) -> tuple[np.ndarray, Cache]:
    layer, cache = gn.GaussianNoise(deviation), Cache()
    layer.build(x.shape[1:])
    cache.rng = np.random.default_rng(seed)
    return layer.forward(x, cache, training=True), cache


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(1).uniform(1.0, 2.0, (100, 5, 40)).astype(np.float32)


def test_the_noise_is_normal_with_mean_0_and_independent_of_the_input(x: np.ndarray) -> None:
    noise = (noisy(x)[0] - x).ravel()
    error = 0.5 / np.sqrt(noise.size)
    assert noise.mean() == pytest.approx(0.0, abs=5.0 * error)
    assert noise.std() == pytest.approx(0.5, abs=5.0 * error)
    within = np.mean(np.abs(noise) < 0.5)
    assert within == pytest.approx(0.6827, abs=5.0 * np.sqrt(0.22 / noise.size))
    assert abs(np.corrcoef(noise, x.ravel())[0, 1]) < 5.0 / np.sqrt(noise.size)


def test_the_gradient_passes_as_it_is(x: np.ndarray) -> None:
    layer = gn.GaussianNoise(0.5)
    dy = np.ones_like(x)
    assert layer.backward(dy, Cache(), need_dx=True) is dy
    assert layer.backward(dy, Cache(), need_dx=False) is None


@pytest.mark.parametrize(("deviation", "training"), [(0.5, False), (0.0, True)])
def test_without_noise_nothing_is_changed(x: np.ndarray, deviation: float, training: bool) -> None:
    layer = gn.GaussianNoise(deviation)
    assert layer.forward(x, Cache(), training=training) is x


def test_the_input_is_left_as_it_was(x: np.ndarray) -> None:
    before = x.copy()
    noisy(x)
    np.testing.assert_array_equal(x, before)


def test_the_generator_of_the_pass_decides_the_noise(x: np.ndarray) -> None:
    once, again, other = (noisy(x, seed=seed)[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


def test_each_pass_draws_anew(x: np.ndarray) -> None:
    y, cache = noisy(x)
    first = y.copy()
    assert (gn.GaussianNoise(0.5).forward(x, cache, training=True) != first).any()


def test_both_dtypes_have_the_same_noise(x: np.ndarray) -> None:
    single, double = (noisy(x.astype(dtype))[0] for dtype in (np.float32, np.float64))
    assert (single.dtype, double.dtype) == (np.float32, np.float64)
    np.testing.assert_allclose(single, double, rtol=1e-6)


def test_a_network_with_it_trains_and_predicts_without(x: np.ndarray) -> None:
    flat = x.reshape(len(x), -1)
    layers = [gn.GaussianNoise(0.3), gn.Dense(2, "softmax")]
    network = gn.Network(layers, input_shape=flat.shape[1:])
    trainer = gn.Trainer(network, loss="categorical_cross_entropy", batch_size=20)
    trainer.fit(gn.Dataset(flat, (flat[:, 0] > 1.5).astype(int)), epochs=2)
    np.testing.assert_array_equal(network.predict(flat), network.predict(flat))
