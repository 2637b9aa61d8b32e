from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet as gn
import reference
from glassnet.optim import Optimizer, optimizer_from_config

VARIANTS = {
    "plain": {},
    "momentum": {"momentum": 0.9},
    "nesterov": {"momentum": 0.9, "nesterov": True},
    "weight decay": {"momentum": 0.5, "weight_decay": 0.1},
    "clip": {"clip_norm": 0.5},
    "all": {"momentum": 0.8, "nesterov": True, "weight_decay": 0.01, "clip_norm": 1.0},
}


@pytest.fixture(params=VARIANTS)
def settings_of_variant(request: pytest.FixtureRequest) -> dict[str, float]:
    return VARIANTS[request.param]


def run(optimizer: Optimizer, theta: list[float], gradients: list[list[float]]) -> list[float]:
    moved = np.array(theta)
    for gradient in gradients:
        optimizer.step(moved, np.array(gradient))
    return moved.tolist()


def random_gradients(n: int, seed: int = 0, scale: float = 1.0) -> list[list[float]]:
    return np.random.default_rng(seed).normal(0.0, scale, (n, 3)).tolist()


@pytest.mark.parametrize(
    ("arguments", "after"),
    [  # theta 1 and 2; gradients 3 and -4, then 0.5 and 2; rate 0.1
        ({}, [[0.7, 2.4], [0.65, 2.2]]),
        ({"momentum": 0.5}, [[0.7, 2.4], [0.5, 2.4]]),
        ({"momentum": 0.5, "nesterov": True}, [[0.55, 2.6], [0.4, 2.4]]),
        ({"weight_decay": 0.5}, [[0.65, 2.3], [0.5675, 1.985]]),
        ({"clip_norm": 2.5}, [[0.85, 2.2], [0.8, 2.0]]),
        ({"clip_norm": 2.5, "weight_decay": 0.5}, [[0.8, 2.1], [0.71, 1.795]]),
    ],
)
def test_two_steps_by_hand(arguments: dict[str, float], after: list[list[float]]) -> None:
    optimizer, theta = gn.SGD(learning_rate=0.1, **arguments), np.array([1.0, 2.0])
    for gradient, expected in zip(([3.0, -4.0], [0.5, 2.0]), after, strict=True):
        optimizer.step(theta, np.array(gradient))
        np.testing.assert_allclose(theta, expected, rtol=1e-14)


@settings(max_examples=40, deadline=None)
@given(
    momentum=st.sampled_from([0.0, 0.3, 0.9, 0.99]),
    nesterov=st.booleans(),
    weight_decay=st.sampled_from([0.0, 0.01, 0.3]),
    clip_norm=st.sampled_from([None, 0.1, 1.0, 100.0]),
    seed=st.integers(0, 1000),
)
def test_many_steps_are_those_of_the_slow_loop(
    momentum: float, nesterov: bool, weight_decay: float, clip_norm: float | None, seed: int
) -> None:
    nesterov = nesterov and momentum > 0
    gradients = random_gradients(20, seed)
    optimizer = gn.SGD(
        0.05,
        momentum=momentum,
        nesterov=nesterov,
        weight_decay=weight_decay,
        clip_norm=clip_norm,
    )
    expected = reference.sgd(
        [1.0, -2.0, 0.5],
        gradients,
        learning_rate=0.05,
        momentum=momentum,
        nesterov=nesterov,
        weight_decay=weight_decay,
        clip_norm=math.inf if clip_norm is None else clip_norm,
    )
    assert run(optimizer, [1.0, -2.0, 0.5], gradients) == pytest.approx(expected, rel=1e-12)


def test_every_variant_finds_the_bottom_of_a_parabola(
    settings_of_variant: dict[str, float],
) -> None:
    curvature, bottom = np.array([1.0, 3.0, 0.2]), np.array([1.0, -2.0, 0.5])
    optimizer, theta = gn.SGD(learning_rate=0.1, **settings_of_variant), np.zeros(3)
    for _ in range(2000):
        optimizer.step(theta, curvature * (theta - bottom))
    decay = settings_of_variant.get("weight_decay", 0.0)
    np.testing.assert_allclose(theta, curvature * bottom / (curvature + decay), rtol=1e-6)


def test_momentum_reaches_the_bottom_of_a_flat_valley_sooner() -> None:
    def distance(optimizer: gn.SGD) -> float:
        theta = np.array([1.0, 1.0])
        for _ in range(100):
            optimizer.step(theta, np.array([1.0, 0.02]) * theta)
        return float(np.abs(theta).max())

    assert distance(gn.SGD(0.5, momentum=0.9)) < 0.5 * distance(gn.SGD(0.5))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_parameters_are_moved_in_place_and_keep_their_dtype(
    settings_of_variant: dict[str, float], dtype: str
) -> None:
    optimizer, theta = gn.SGD(0.1, **settings_of_variant), np.ones(3, dtype)
    view = theta[:]
    for _ in range(3):
        optimizer.step(theta, np.ones(3, dtype))
    assert (view < 1.0).all()
    velocity = optimizer.state().get("velocity")
    assert velocity is None or velocity.dtype == dtype


# Clipping


@pytest.mark.parametrize("norm", [0.5, 1.0])
def test_a_gradient_up_to_the_norm_is_not_clipped(norm: float) -> None:
    gradient = np.array([0.6, 0.8]) * norm
    kept = gradient.copy()
    gn.SGD(0.1, clip_norm=1.0).step(np.zeros(2), gradient)
    np.testing.assert_allclose(gradient, kept, rtol=1e-15)


def test_a_gradient_above_the_norm_keeps_its_direction() -> None:
    gradient = np.array([30.0, 40.0])
    gn.SGD(0.1, clip_norm=1.0).step(np.zeros(2), gradient)
    np.testing.assert_allclose(gradient, [0.6, 0.8], rtol=1e-15)


def test_a_gradient_whose_square_overflows_float32_is_clipped_to_the_norm() -> None:
    gradient = np.array([3e25, 4e25], np.float32)
    gn.SGD(0.1, clip_norm=1.0).step(np.zeros(2, np.float32), gradient)
    np.testing.assert_allclose(gradient, [0.6, 0.8], rtol=1e-6)


def test_a_gradient_of_zeros_is_left_by_clipping() -> None:
    theta = np.ones(2)
    gn.SGD(0.1, clip_norm=1.0).step(theta, np.zeros(2))
    np.testing.assert_array_equal(theta, 1.0)


# Subnormal numbers

TINY = float(np.finfo(np.float32).tiny)


@pytest.mark.parametrize("momentum", [1e-9, 0.1, 0.5, 0.8, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("nesterov", [False, True])
def test_a_velocity_decays_to_exactly_0_and_is_never_subnormal(
    momentum: float, nesterov: bool
) -> None:
    optimizer = gn.SGD(0.1, momentum=momentum, nesterov=nesterov)
    rng = np.random.default_rng(0)
    theta = np.zeros(400, np.float32)
    gradient = (10.0 ** rng.uniform(-29.9, 2, 400) * rng.choice([-1, 1], 400)).astype(np.float32)
    optimizer.step(theta, gradient)
    velocity = optimizer.state()["velocity"]
    for _ in range(10_000):
        optimizer.step(theta, np.zeros_like(gradient))
        size = np.abs(velocity)
        assert not ((size > 0) & (size < TINY)).any()
    assert optimizer.state()["velocity"] is velocity
    np.testing.assert_array_equal(velocity, 0.0)


def test_velocities_that_are_fed_are_not_flushed() -> None:
    gradient = np.full(1, 1e-28, np.float32)
    optimizer, theta = gn.SGD(1.0, momentum=0.5), np.zeros(1, np.float32)
    for _ in range(500):
        optimizer.step(theta, gradient.copy())
    assert optimizer.state()["velocity"][0] == pytest.approx(2e-28, rel=1e-6)
    assert theta[0] == pytest.approx(-(500 - 1) * 2e-28, rel=1e-3)


def test_a_momentum_that_is_set_later_is_flushed_in_time_too() -> None:
    optimizer, theta = gn.SGD(0.1, momentum=0.99), np.zeros(1, np.float32)
    optimizer.momentum = 0.1
    optimizer.step(theta, np.ones(1, np.float32))
    for _ in range(200):
        optimizer.step(theta, np.zeros(1, np.float32))
        velocity = abs(optimizer.state()["velocity"][0])
        assert velocity == 0 or velocity >= TINY


# State


@pytest.mark.parametrize("steps", [0, 1, 37])
def test_a_state_taken_over_continues_with_the_same_bits(
    settings_of_variant: dict[str, float], steps: int
) -> None:
    gradients = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    first, theta = gn.SGD(0.1, **settings_of_variant), np.ones(3, np.float32)
    for gradient in gradients[:steps]:
        first.step(theta, gradient.copy())
    state = {
        key: value.copy() if isinstance(value, np.ndarray) else value
        for key, value in first.state().items()
    }
    second, other = gn.SGD(0.1, **settings_of_variant), theta.copy()
    second.load_state(state)
    for gradient in gradients[steps:]:
        first.step(theta, gradient.copy())
        second.step(other, gradient.copy())
    assert theta.tobytes() == other.tobytes()
    for key, value in first.state().items():
        np.testing.assert_array_equal(value, second.state()[key])


def test_a_state_that_was_taken_over_is_a_copy() -> None:
    first, theta = gn.SGD(0.1, momentum=0.9), np.zeros(2)
    first.step(theta, np.ones(2))
    second = gn.SGD(0.1, momentum=0.9)
    second.load_state(first.state())
    second.step(theta, np.ones(2))
    np.testing.assert_array_equal(first.state()["velocity"], 1.0)


def test_other_parameters_start_without_a_velocity() -> None:
    optimizer = gn.SGD(0.1, momentum=0.9)
    optimizer.step(np.zeros(2), np.ones(2))
    theta = np.zeros(3)
    optimizer.step(theta, np.ones(3))
    np.testing.assert_allclose(theta, -0.1)


# Settings


WRONG: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: gn.SGD(0), ValueError, "learning_rate must be a finite number, above 0, got 0"),
    (lambda: gn.SGD(-0.1), ValueError, "learning_rate .* got -0.1"),
    (lambda: gn.SGD(math.nan), ValueError, "learning_rate .* got nan"),
    (lambda: gn.SGD(math.inf), ValueError, "learning_rate .* got inf"),
    (lambda: gn.SGD("0.1"), TypeError, "learning_rate must be a number, got '0.1'"),  # type: ignore[arg-type]
    (lambda: gn.SGD(momentum=1), ValueError, "momentum .* at least 0 and below 1, got 1"),
    (lambda: gn.SGD(momentum=-0.5), ValueError, "momentum .* got -0.5"),
    (lambda: gn.SGD(weight_decay=-1), ValueError, "weight_decay .* at least 0, got -1"),
    (lambda: gn.SGD(clip_norm=0), ValueError, "clip_norm .* above 0, got 0"),
    (lambda: gn.SGD(nesterov=True), ValueError, "nesterov needs a momentum above 0"),
    (lambda: optimizer_from_config({"type": "Sgd"}), ValueError, "optimizer 'Sgd'; did you mean"),
    (
        lambda: optimizer_from_config({"type": "SGD", "lr": 1}),
        ValueError,
        "unknown argument of SGD 'lr'.* Known: 'learning_rate'",
    ),
]


@pytest.mark.parametrize(("make", "error", "message"), WRONG)
def test_a_setting_out_of_range_is_named_with_its_value(
    make: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make()


def test_a_setting_is_checked_also_when_it_is_set_later() -> None:
    optimizer = gn.SGD(0.1, momentum=0.5)
    with pytest.raises(ValueError, match=r"learning_rate .* got -1"):
        optimizer.learning_rate = -1
    with pytest.raises(ValueError, match=r"momentum .* got 1.5"):
        optimizer.momentum = 1.5
    assert (optimizer.learning_rate, optimizer.momentum) == (0.1, 0.5)


def test_repr_and_configuration_describe_the_optimizer(
    settings_of_variant: dict[str, float],
) -> None:
    optimizer = gn.SGD(0.3, **settings_of_variant)
    again = optimizer_from_config(json.loads(json.dumps(optimizer.config())))
    assert again.config() == optimizer.config()
    assert eval(repr(optimizer), {"SGD": gn.SGD}).config() == optimizer.config()
