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
}
UNIFORM = [name for name in VARIANCES if name.endswith("uniform")]
NORMAL = [name for name in VARIANCES if name.endswith("normal")]


def draw(name: str, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return INITIALIZERS[name](rng, (FAN_IN, FAN_OUT), FAN_IN, FAN_OUT)


def test_the_table_has_every_initializer() -> None:
    assert set(VARIANCES) == set(INITIALIZERS)


@pytest.mark.parametrize("name", VARIANCES)
def test_the_numbers_have_mean_0(name: str) -> None:
    # 30 000 draws: five standard errors
    assert abs(draw(name).mean()) <= 5.0 * math.sqrt(VARIANCES[name] / (FAN_IN * FAN_OUT))


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
    assert name == "zeros" or (draw(name, 3) != draw(name, 4)).any()


def test_the_biases_see_the_fans_of_their_layer() -> None:
    layer = gn.Dense(2000, bias_initializer="lecun_uniform")
    gn.Network([layer], input_shape=50)
    limit = math.sqrt(3.0 / 50.0)
    assert 0.99 * limit < np.abs(layer.b.value).max() <= limit * (1 + 1e-6)
