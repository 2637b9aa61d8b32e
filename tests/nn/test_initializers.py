from __future__ import annotations

import math

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn import INITIALIZERS

FAN_IN, FAN_OUT = 300, 100
VARIANCES = {
    "standard_normal": 1.0,
    "glorot_normal": 2.0 / 400.0,
    "glorot_uniform": 2.0 / 400.0,
    "he_normal": 2.0 / 300.0,
    "he_uniform": 2.0 / 300.0,
    "lecun_normal": 1.0 / 300.0,
    "lecun_uniform": 1.0 / 300.0,
    "zeros": 0.0,
    "ones": 0.0,
}
UNIFORM = [name for name in VARIANCES if name.endswith("uniform")]
NORMAL = [name for name in VARIANCES if name.endswith("normal")]


def draw(name: str, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return INITIALIZERS[name](rng, (FAN_IN, FAN_OUT), FAN_IN, FAN_OUT)


def test_the_table_has_every_initializer() -> None:
    assert {*VARIANCES, "dirac"} == set(INITIALIZERS)


@pytest.mark.parametrize("name", VARIANCES)
def test_the_numbers_have_mean_0_or_are_1(name: str) -> None:
    # 30 000 draws: five standard errors
    off = draw(name).mean() - (1.0 if name == "ones" else 0.0)
    assert abs(off) <= 5.0 * math.sqrt(VARIANCES[name] / (FAN_IN * FAN_OUT))


@pytest.mark.parametrize("name", VARIANCES)
def test_the_numbers_have_the_variance_of_the_source(name: str) -> None:
    assert draw(name).var() == pytest.approx(VARIANCES[name], rel=0.05)


@pytest.mark.parametrize("name", UNIFORM)
def test_uniform_numbers_fill_their_bounds_and_stay_inside(name: str) -> None:
    limit = math.sqrt(3.0 * VARIANCES[name])
    values = np.abs(draw(name))
    assert values.max() <= limit
    assert values.max() > 0.999 * limit
    assert np.mean(values < limit / 2.0) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("name", NORMAL)
def test_normal_numbers_lie_within_one_deviation_two_thirds_of_the_time(name: str) -> None:
    inside = np.abs(draw(name)) < math.sqrt(VARIANCES[name])
    assert inside.mean() == pytest.approx(0.6827, abs=0.015)


@pytest.mark.parametrize("name", VARIANCES)
def test_the_generator_decides_the_numbers(name: str) -> None:
    np.testing.assert_array_equal(draw(name, 3), draw(name, 3))
    assert name in {"zeros", "ones"} or (draw(name, 3) != draw(name, 4)).any()


def test_the_biases_see_the_fans_of_their_layer() -> None:
    layer = gn.Dense(2000, bias_initializer="lecun_uniform")
    gn.Network([layer], input_shape=50)
    limit = math.sqrt(3.0 / 50.0)
    assert 0.99 * limit < np.abs(layer.b.value).max() <= limit * (1 + 1e-6)


def test_dirac_filters_pass_on_as_many_channels_as_there_are_inputs() -> None:
    layer = gn.Conv2D(5, (3, 4), padding="same", weight_initializer="dirac")
    network = gn.Network([layer], input_shape=(6, 7, 3))
    x = np.random.default_rng(0).random((2, 6, 7, 3)).astype(np.float32)
    y = network.predict(x)
    np.testing.assert_array_equal(y[:, :, :-1, :3], x[:, :, 1:])  # an even kernel has no middle
    limit = 1.0 / math.sqrt(3 * 4 * 3)
    rest = np.abs(layer.W.value[..., 3:])
    assert 0.9 * limit < rest.max() <= limit * (1 + 1e-6)


def test_dirac_filters_with_fewer_filters_than_channels_pass_on_the_first_ones() -> None:
    layer = gn.Conv2D(2, 3, padding="same", weight_initializer="dirac")
    network = gn.Network([layer], input_shape=(4, 5, 3))
    x = np.random.default_rng(0).random((2, 4, 5, 3)).astype(np.float32)
    np.testing.assert_array_equal(network.predict(x), x[..., :2])


@pytest.mark.parametrize(
    "layer",
    [
        gn.Conv2D(4, 3, padding="same", groups=2, weight_initializer="dirac"),
        gn.DepthwiseConv2D(3, padding="same", weight_initializer="dirac"),
    ],
    ids=["groups", "depthwise"],
)
def test_dirac_filters_of_each_group_pass_on_its_own_channels(layer: gn.Layer) -> None:
    network = gn.Network([layer], input_shape=(4, 5, 4))
    x = np.random.default_rng(0).random((2, 4, 5, 4)).astype(np.float32)
    np.testing.assert_array_equal(network.predict(x), x)


def test_dirac_is_refused_where_there_are_no_filters() -> None:
    with pytest.raises(ValueError, match=r"'dirac' is for the filters of a convolution"):
        gn.Network([gn.Dense(3, weight_initializer="dirac")], input_shape=3)


@pytest.mark.parametrize("groups", [1, 2])
def test_filters_see_the_fans_of_their_group(groups: int) -> None:
    layer = gn.Conv2D(64, 3, groups=groups, weight_initializer="glorot_uniform")
    gn.Network([layer], input_shape=(8, 8, 32))
    limit = math.sqrt(6.0 / (9 * (32 + 64) / groups))
    assert 0.999 * limit < np.abs(layer.W.value).max() <= limit * (1 + 1e-6)
