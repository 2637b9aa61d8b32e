from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn

SHAPE = (7, 6, 3)


def images(n: int = 80) -> np.ndarray:
    """Smooth ones: neighbouring pixels are alike."""
    noise = np.random.default_rng(0).random((n, *SHAPE))
    return 0.5 * noise + 0.5 * noise.mean(axis=(1, 2), keepdims=True) + 3.0


def whitening(x: np.ndarray, **settings: float) -> tuple[gn.Whitening2D, gn.Network]:
    layer = gn.Whitening2D(2, **settings)  # type: ignore[arg-type]
    network = gn.Network([layer], input_shape=SHAPE, dtype="float64")
    layer.adapt(x)
    return layer, network


def test_the_patches_become_uncorrelated_with_variance_1() -> None:
    x = images()
    _, network = whitening(x, epsilon=1e-12)
    outputs = network.predict(x).reshape(-1, 24)[:, :12]
    np.testing.assert_allclose(np.cov(outputs.T, bias=True), np.eye(12), atol=1e-6)


def test_epsilon_keeps_directions_in_which_nothing_varies_small() -> None:
    x = images()
    x[..., 2] = x[..., 1]  # patches have four such directions
    _, network = whitening(x, epsilon=1e-2)
    variances = network.predict(x).reshape(-1, 24)[:, :12].var(axis=0)
    assert variances[0] > 0.5
    np.testing.assert_allclose(variances[8:], 0.0, atol=1e-12)
    assert (np.diff(variances) < 1e-12).all()  # the strongest comes first


def test_the_second_half_are_the_negatives_of_the_first() -> None:
    layer, _ = whitening(images())
    np.testing.assert_array_equal(layer.filters[..., :12], -layer.filters[..., 12:])


def test_only_the_first_examples_count() -> None:
    x = images()
    few, _ = whitening(x, examples=30)
    same, _ = whitening(x[:30])
    np.testing.assert_array_equal(few.filters, same.filters)
    assert (whitening(x)[0].filters != few.filters).any()


def test_the_filters_are_fixed_and_the_bias_learns() -> None:
    x = images().astype(np.float32)
    layer = gn.Whitening2D()
    network = gn.Network([layer, gn.Flatten(), gn.Dense(2, "softmax")], input_shape=SHAPE)
    layer.adapt(x)
    before = layer.filters.copy()
    labels = (x[:, 0, 0, 0] > 3.5).astype(int)
    gn.Trainer(network, loss="categorical_cross_entropy", batch_size=20).fit(
        gn.Dataset(x, labels), epochs=1
    )
    np.testing.assert_array_equal(layer.filters, before)
    assert np.abs(layer.b.value).max() > 0.0


def test_before_it_is_adapted_it_refuses_to_guess() -> None:
    layer = gn.Whitening2D()
    network = gn.Network([layer], input_shape=SHAPE)
    assert not layer.adapted
    with pytest.raises(ValueError, match=r"no filters yet; call network.adapt\(train.x\) first"):
        network.predict(images(2))


def test_outside_of_a_network_it_cannot_adapt() -> None:
    with pytest.raises(ValueError, match="put Whitening2D into a Network"):
        gn.Whitening2D().adapt(images())


@pytest.mark.parametrize("shape", [(5, 7, 6), (5, 6, 7, 3), (0, 7, 6, 3)])
def test_inputs_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    layer = gn.Whitening2D()
    gn.Network([layer], input_shape=SHAPE)
    with pytest.raises(ValueError, match=r"of shape \(n, 7, 6, 3\), got shape"):
        layer.adapt(np.ones(shape))


@pytest.mark.parametrize("full", [False, True])
def test_a_copy_is_adapted_if_its_original_is(full: bool, tmp_path: Path) -> None:
    layer = gn.Whitening2D()
    network = gn.Network([layer], input_shape=SHAPE)
    if full:
        layer.adapt(images())
    network.save(tmp_path / "model.npz")
    for copied in (gn.Network.load(tmp_path / "model.npz"), copy.deepcopy(network)):
        first = copied.layers[0]
        assert isinstance(first, gn.Whitening2D)
        assert first.adapted is full
        np.testing.assert_array_equal(first.filters, layer.filters)


def test_a_weight_is_how_often_an_image_is_there() -> None:
    x = np.random.default_rng(0).random((12, 5, 5, 2))
    counts = np.arange(12) % 3
    filters = []
    for images, weights in ((x, counts), (np.repeat(x, counts, axis=0), None), (x, None)):
        layer = gn.Whitening2D(2)
        gn.Network([layer], input_shape=(5, 5, 2), dtype="float64")
        layer.adapt(images, weights)
        filters.append(layer.filters)
    np.testing.assert_allclose(filters[0], filters[1], rtol=1e-9, atol=1e-12)
    assert np.abs(filters[0] - filters[2]).max() > 1e-3
