from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn import Cache

MAKE = {"Dropout": gn.Dropout, "SpatialDropout2D": gn.SpatialDropout2D}
SHAPE = (5, 4, 40)


def dropped(layer: gn.Layer, x: np.ndarray, seed: int = 0) -> tuple[np.ndarray, Cache]:
    layer.build(x.shape[1:])
    cache = Cache()
    cache.rng = np.random.default_rng(seed)
    return layer.forward(x, cache, training=True), cache


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(1).uniform(1.0, 2.0, (60, *SHAPE)).astype(np.float32)


@pytest.mark.parametrize("name", MAKE)
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_each_number_is_0_with_the_given_probability_and_else_scaled(
    name: str, rate: float, x: np.ndarray
) -> None:
    y, _ = dropped(MAKE[name](rate), x)
    independent = y.size if name == "Dropout" else 60 * 40
    error = 5.0 * np.sqrt(rate * (1.0 - rate) / independent)  # five standard errors
    assert np.mean(y == 0.0) == pytest.approx(rate, abs=error)
    np.testing.assert_allclose(y[y != 0.0], x[y != 0.0] / (1.0 - rate), rtol=1e-6)


def test_spatial_dropout_leaves_out_whole_channels(x: np.ndarray) -> None:
    y, _ = dropped(gn.SpatialDropout2D(0.5), x)
    empty = (y == 0.0).mean(axis=(1, 2))
    assert set(np.unique(empty)) == {0.0, 1.0}
    assert len(np.unique(empty, axis=0)) > 50  # each example has channels of its own


@pytest.mark.parametrize("name", MAKE)
def test_the_gradient_has_the_same_holes(name: str, x: np.ndarray) -> None:
    layer = MAKE[name](0.5)
    y, cache = dropped(layer, x)
    dx = layer.backward(np.ones_like(x), cache, need_dx=True)
    assert dx is not None
    np.testing.assert_array_equal(dx, np.where(y == 0.0, 0.0, 2.0))


@pytest.mark.parametrize("name", MAKE)
def test_a_prediction_passes_everything(name: str, x: np.ndarray) -> None:
    layer = MAKE[name](0.5)
    cache = Cache()
    layer.build(SHAPE)
    np.testing.assert_array_equal(layer.forward(x, cache, training=False), x)
    dy = np.ones_like(x)
    np.testing.assert_array_equal(layer.backward(dy, cache, need_dx=True), dy)


@pytest.mark.parametrize("name", MAKE)
def test_the_generator_of_the_pass_decides_the_holes(name: str, x: np.ndarray) -> None:
    once, again, other = (dropped(MAKE[name](0.5), x, seed)[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


@pytest.mark.parametrize("name", MAKE)
def test_each_pass_draws_anew(name: str, x: np.ndarray) -> None:
    layer = MAKE[name](0.5)
    first, cache = dropped(layer, x)
    first = first.copy()
    assert (layer.forward(x, cache, training=True) != first).any()


def test_both_dtypes_have_the_same_holes(x: np.ndarray) -> None:
    single, double = (dropped(gn.Dropout(0.3), x.astype(t))[0] for t in (np.float32, np.float64))
    np.testing.assert_array_equal(single == 0.0, double == 0.0)
