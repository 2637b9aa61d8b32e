from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
import reference
from glassnet.nn import Cache, channel_rows, threads


def placed(
    layer: gn.BatchNormalization, shape: tuple[int, ...], dtype: str = "float64"
) -> gn.BatchNormalization:
    network = gn.Network([layer], input_shape=shape, dtype=dtype)
    network.theta[...] = np.random.default_rng(1).uniform(0.5, 2.0, network.theta.shape)
    return layer


def test_in_training_the_batch_is_normalised_by_its_own_statistics() -> None:
    layer = placed(gn.BatchNormalization(epsilon=0.1), (3, 2))
    x = np.random.default_rng(0).normal(5.0, 3.0, (4, 3, 2))
    y = layer.forward(x, Cache(), training=True)
    gamma, beta = layer.gamma.value.tolist(), layer.beta.value.tolist()
    expected, means, variances = reference.normalized(
        x.reshape(-1, 2).tolist(), gamma, beta, 0.1, by_column=True
    )
    np.testing.assert_allclose(y.reshape(-1, 2), expected, rtol=1e-12)
    np.testing.assert_allclose(layer.running_mean, 0.1 * np.array(means), rtol=1e-12)
    unbiased = np.array(variances) * 12 / 11
    np.testing.assert_allclose(layer.running_variance, 0.9 + 0.1 * unbiased, rtol=1e-12)


def test_the_running_statistics_keep_the_momentum_part_at_each_step() -> None:
    layer = placed(gn.BatchNormalization(momentum=0.75), (1,))
    for values in ([1.0, 3.0], [5.0, 9.0]):
        layer.forward(np.array(values)[:, np.newaxis], Cache(), training=True)
    np.testing.assert_allclose(layer.running_mean, [0.25 * (0.75 * 2.0 + 7.0)])
    np.testing.assert_allclose(layer.running_variance, [0.75 * (0.75 + 0.25 * 2.0) + 0.25 * 8.0])


def test_a_prediction_leaves_the_running_statistics_alone() -> None:
    layer = placed(gn.BatchNormalization(), (2,))
    layer.forward(np.random.default_rng(0).normal(size=(5, 2)), Cache(), training=False)
    np.testing.assert_array_equal(layer.running_mean, 0.0)
    np.testing.assert_array_equal(layer.running_variance, 1.0)


@pytest.mark.parametrize("shape", [(3,), (1, 1, 3)])
def test_one_number_of_each_channel_has_no_variance_to_train_on(shape: tuple[int, ...]) -> None:
    layer = placed(gn.BatchNormalization(), shape)
    one = np.ones((1, *shape))
    with pytest.raises(ValueError, match=r"two numbers or more of each channel .* shape \(1, "):
        layer.forward(one, Cache(), training=True)
    assert layer.forward(one, Cache(), training=False).shape == one.shape
    np.testing.assert_array_equal(layer.running_mean, 0.0)


@pytest.mark.parametrize("setting", ["scale", "center"])
@pytest.mark.parametrize("kind", [gn.BatchNormalization, gn.LayerNormalization])
def test_a_text_is_no_truth_value(kind: type[gn.Layer], setting: str) -> None:
    with pytest.raises(TypeError, match=f"{setting} must be True or False, got 'false'"):
        kind(**{setting: "false"})


@pytest.mark.parametrize("shape", [(64, 48), (10, 7, 3), (5, 5, 1)])
def test_float32_keeps_its_precision_far_from_0(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "BLOCK_BYTES", 4096)  # many blocks
    layer = placed(gn.BatchNormalization(scale=False, center=False), shape, "float32")
    x = np.random.default_rng(0).normal(1000.0, 1.0, (70, *shape)).astype(np.float32)
    y = layer.forward(x, Cache(), training=True)
    rows = x.reshape(-1, shape[-1]).astype(np.float64)
    expected = (rows - rows.mean(axis=0)) / np.sqrt(rows.var(axis=0) + 1e-5)
    np.testing.assert_allclose(y.reshape(-1, shape[-1]), expected, atol=2e-4)
    np.testing.assert_allclose(layer.running_mean, 0.1 * rows.mean(axis=0), rtol=1e-7)
    unbiased = rows.var(axis=0, ddof=1)
    np.testing.assert_allclose(layer.running_variance, 0.9 + 0.1 * unbiased, rtol=1e-6)


@pytest.mark.parametrize("width", [1, 6, 1000])
@pytest.mark.parametrize("block", [64, 2**18])
def test_wider_rows_and_smaller_blocks_change_nothing(
    width: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, rng = placed(gn.BatchNormalization(), (6, 5, 3)), np.random.default_rng(0)
    x, dy = rng.normal(size=(2, 4, 6, 5, 3))

    def both() -> tuple[np.ndarray, ...]:
        cache = Cache()
        y = layer.forward(x, cache, training=True)
        dx = layer.backward(dy, cache, need_dx=True)
        assert dx is not None
        return y, dx, layer.gamma.grad.copy(), layer.beta.grad.copy()

    expected = both()
    monkeypatch.setattr(channel_rows, "WIDTH", width)
    monkeypatch.setattr(threads, "BLOCK_BYTES", block)
    for array, other in zip(both(), expected, strict=True):
        np.testing.assert_allclose(array, other, rtol=1e-12, atol=1e-14)


def test_after_a_prediction_the_gradient_is_that_of_constant_statistics() -> None:
    layer = placed(gn.BatchNormalization(), (3,))
    layer.running_mean[...], layer.running_variance[...] = [1.0, 2.0, 3.0], [0.5, 2.0, 4.0]
    cache, x = Cache(), np.random.default_rng(0).normal(size=(4, 3))
    layer.forward(x, cache, training=False)
    dx = layer.backward(np.ones((4, 3)), cache, need_dx=True)
    rate = 1.0 / np.sqrt(layer.running_variance + 1e-5)
    np.testing.assert_allclose(dx, np.tile(layer.gamma.value * rate, (4, 1)))
    np.testing.assert_allclose(layer.gamma.grad, ((x - layer.running_mean) * rate).sum(axis=0))
    np.testing.assert_allclose(layer.beta.grad, 4.0)


@pytest.mark.parametrize(
    ("shape", "least"), [((3,), 2), ((1, 1, 3), 2), ((2, 1, 3), 1), ((4, 3), 1)]
)
def test_a_channel_needs_two_numbers_in_a_training_batch(
    shape: tuple[int, ...], least: int
) -> None:
    layer = placed(gn.BatchNormalization(), shape)
    assert layer.least_batch == least


@pytest.mark.parametrize("inside", [False, True])
def test_training_on_batches_of_one_vector_is_refused_before_it_starts(inside: bool) -> None:
    layer: gn.Layer = gn.BatchNormalization()
    layer = gn.Residual([gn.Dense(3), layer]) if inside else layer
    network = gn.Network([layer, gn.Dense(1)], input_shape=3)
    data = gn.Dataset(np.ones((5, 3), np.float32), np.zeros(5))
    trainer = gn.Trainer(network, loss="mean_squared_error", batch_size=1)
    with pytest.raises(ValueError, match=r"batchnormalization_1.* needs 2 examples or more"):
        trainer.fit(data, epochs=1)
    trainer = gn.Trainer(network, loss="mean_squared_error", batch_size=2)
    with pytest.raises(ValueError, match=r"batch_size 2 and 5 examples the last batch .* has 1"):
        trainer.fit(data, epochs=1)


def test_a_channel_that_never_varies_becomes_its_shift() -> None:
    layer = placed(gn.BatchNormalization(), (2, 2), "float32")
    x = np.full((8, 2, 2), 0.1, np.float32)
    y = layer.forward(x, Cache(), training=True)
    np.testing.assert_allclose(y, np.broadcast_to(layer.beta.value, y.shape), atol=1e-4)


def test_scale_and_shift_do_not_decay() -> None:
    for layer in (gn.BatchNormalization(), gn.LayerNormalization()):
        layer.build((3,))
        assert [q.decays for q in layer.parameters] == [False, False]


def test_layer_normalization_gives_each_pixel_mean_0_and_variance_1() -> None:
    layer = gn.LayerNormalization()
    network = gn.Network([layer], input_shape=(2, 3, 50), dtype="float64")
    x = np.random.default_rng(0).normal(40.0, 5.0, (4, 2, 3, 50))
    y = network.predict(x)
    np.testing.assert_allclose(y.mean(axis=-1), 0.0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=-1), 1.0, rtol=1e-5)
