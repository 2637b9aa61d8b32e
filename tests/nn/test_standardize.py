from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn import Cache


def adapted(x: np.ndarray, axis: str = "feature", dtype: str = "float32") -> gn.Standardize:
    layer = gn.Standardize(axis)
    gn.Network([layer], input_shape=x.shape[1:], dtype=dtype)
    layer.adapt(x)
    return layer


def standardized(layer: gn.Standardize, x: np.ndarray) -> np.ndarray:
    return layer.forward(x, Cache(), training=False)


def test_before_it_is_adapted_it_refuses_to_guess() -> None:
    layer = gn.Standardize()
    network = gn.Network([layer, gn.Dense(1)], input_shape=3)
    x = np.array([[1.0, -2.0, 3.0]], np.float32)
    assert not layer.adapted
    with pytest.raises(ValueError, match=r"no statistics yet; call network.adapt\(train.x\) first"):
        network.predict(x)
    with pytest.raises(ValueError, match="no statistics yet"):
        gn.Trainer(network, loss="mean_squared_error").fit(gn.Dataset(x, [0.5]), epochs=1)
    layer.adapt(x)
    assert layer.adapted
    assert np.isfinite(network.predict(x)).all()


def test_outside_of_a_network_it_cannot_adapt() -> None:
    with pytest.raises(ValueError, match="put Standardize into a Network"):
        gn.Standardize().adapt(np.ones((2, 2)))


@pytest.mark.parametrize("full", [False, True])
def test_a_copy_is_adapted_if_its_original_is(full: bool, tmp_path: Path) -> None:
    layer = gn.Standardize()
    network = gn.Network([layer, gn.Dense(1)], input_shape=2)
    if full:
        layer.adapt(np.array([[1.0, 2.0], [3.0, 5.0]]))
    network.save(tmp_path / "model.npz")
    loaded = gn.Network.load(tmp_path / "model.npz")
    for copied in (loaded, copy.deepcopy(network), network.astype("float64")):
        first = copied.layers[0]
        assert isinstance(first, gn.Standardize)
        assert first.adapted is full


@pytest.mark.parametrize("axis", ["feature", "channel"])
def test_statistics_in_chunks_are_those_of_all_at_once(
    axis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.random.default_rng(0).normal(100.0, 3.0, (50, 4, 2))
    monkeypatch.setattr("glassnet.nn.standardize._CHUNK", 8 * 7)  # 7 examples, the last has 1
    layer = adapted(x, axis, "float64")
    axes = 0 if axis == "feature" else (0, 1)
    np.testing.assert_allclose(layer.mean, x.mean(axis=axes), rtol=1e-14)
    np.testing.assert_allclose(layer.deviation, x.std(axis=axes), rtol=1e-13)


def test_every_feature_gets_mean_0_and_deviation_1() -> None:
    x = np.random.default_rng(0).normal([5.0, -300.0, 0.0], [2.0, 50.0, 0.001], (1000, 3))
    y = standardized(adapted(x, dtype="float64"), x)
    np.testing.assert_allclose(y.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=0), 1.0, rtol=1e-12)


def test_every_channel_gets_mean_0_and_deviation_1() -> None:
    x = np.random.default_rng(0).normal([5.0, -3.0], [2.0, 0.1], (50, 4, 4, 2))
    layer = adapted(x, "channel", "float64")
    y = standardized(layer, x)
    assert layer.mean.shape == layer.deviation.shape == (2,)
    np.testing.assert_allclose(y.mean(axis=(0, 1, 2)), 0.0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=(0, 1, 2)), 1.0, rtol=1e-12)


@pytest.mark.parametrize("value", [0.0, 7.0, 0.1, 1e20, -3e-20])
def test_a_feature_that_never_varies_becomes_0(value: float) -> None:
    x = np.full((1001, 1), value, np.float32)
    y = standardized(adapted(x), x)
    np.testing.assert_allclose(y, 0.0, atol=1e-7 * max(1.0, abs(value)))
    assert adapted(x).deviation.item() == 1.0


def test_a_large_mean_costs_no_precision_in_float32() -> None:
    x = (1000.0 + np.arange(8.0)[:, None] / 16.0).astype(np.float32)
    expected = (np.arange(8.0) - 3.5) / np.arange(8.0).std()
    np.testing.assert_allclose(standardized(adapted(x), x)[:, 0], expected, rtol=1e-6)


def test_adapting_writes_in_place() -> None:
    layer = gn.Standardize()
    network = gn.Network([layer], input_shape=2)
    state = dict(network.named_state())
    layer.adapt(np.array([[1.0, 2.0], [3.0, 2.0]]))
    np.testing.assert_array_equal(state["standardize_1.mean"], [2.0, 2.0])
    np.testing.assert_array_equal(state["standardize_1.deviation"], [1.0, 1.0])


def test_no_inputs_at_all_are_refused() -> None:
    layer = gn.Standardize()
    gn.Network([layer], input_shape=2)
    with pytest.raises(ValueError, match=r"expects inputs of shape \(n, 2\), got shape \(0, 2\)"):
        layer.adapt(np.empty((0, 2)))


def test_the_statistics_are_saved_with_the_network(tmp_path: Path) -> None:
    layer = gn.Standardize("channel")
    network = gn.Network([layer, gn.Flatten(), gn.Dense(2)], input_shape=(3, 3, 2))
    x = np.random.default_rng(0).normal(4.0, 3.0, (20, 3, 3, 2))
    layer.adapt(x)
    network.save(tmp_path / "model.npz")
    loaded = gn.Network.load(tmp_path / "model.npz")
    for (_, before), (_, after) in zip(network.named_state(), loaded.named_state(), strict=True):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(network.predict(x), loaded.predict(x))


def test_the_statistics_are_no_parameters() -> None:
    network = gn.Network([gn.Standardize(), gn.Dense(1)], input_shape=4)
    assert [name for name, _ in network.named_parameters()] == ["dense_1.W", "dense_1.b"]


def test_declaring_statistics_takes_no_memory() -> None:
    layer = gn.Standardize()
    assert layer.build((10**12,)) == (10**12,)
    assert layer.mean.shape == (10**12,)


@pytest.mark.parametrize("axis", ["feature", "channel"])
def test_a_weight_is_how_often_an_example_is_there(
    axis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glassnet.nn.standardize._CHUNK", 24)
    x = np.random.default_rng(0).normal(3.0, 2.0, (20, 2, 3)).astype(np.float32)
    counts = np.arange(20) % 4
    layer, repeated = adapted(x, axis), adapted(np.repeat(x, counts, axis=0), axis)
    layer.adapt(x, np.full(20, 0.1))  # all the same: no weights
    np.testing.assert_array_equal(layer.mean, adapted(x, axis).mean)
    layer.adapt(x, counts)
    np.testing.assert_allclose(layer.mean, repeated.mean, rtol=1e-12)
    np.testing.assert_allclose(layer.deviation, repeated.deviation, rtol=1e-12)
    with pytest.raises(ValueError, match=r"adapt expects 20 weights, one an example, got \(3,\)"):
        layer.adapt(x, np.ones(3))
    with pytest.raises(ValueError, match="0 or more, finite, and not all of them 0"):
        layer.adapt(x, np.zeros(20))
