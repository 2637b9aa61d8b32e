"""What every optimizer does, whatever its direction."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet as gn
from glassnet.optim import OPTIMIZERS, Optimizer, Slot, optimizer_from_config

Make = Callable[[float], Optimizer]
EVERY: dict[str, Make] = {
    "SGD": gn.SGD,
    "SGD, nesterov": lambda rate: gn.SGD(rate, momentum=0.9, nesterov=True, weight_decay=0.01),
    "SGD, decoupled": lambda rate: gn.SGD(
        rate, momentum=0.5, weight_decay=0.01, decoupled_weight_decay=True
    ),
    "SGD, bounded": lambda rate: gn.SGD(rate, l1=0.001, max_norm=3.0, clip_norm=1.0),
    "Adam": gn.Adam,
    "Adam, all": lambda rate: gn.Adam(
        rate, beta_2=0.9, weight_decay=0.01, l1=0.001, max_norm=3.0, clip_norm=1.0
    ),
    "AdamW": gn.AdamW,
    "RMSprop": gn.RMSprop,
    "RMSprop, centered": lambda rate: gn.RMSprop(rate, centered=True, momentum=0.5),
    "Adagrad": lambda rate: gn.Adagrad(10 * rate),
    "Muon": lambda rate: gn.Muon(rate, rest=gn.AdamW(rate)),
    "Muon, normalized": lambda rate: gn.Muon(
        rate, nesterov=False, normalize_weights=True, rest=gn.SGD(0.1, momentum=0.9)
    ),
    "Lookahead": lambda rate: gn.Lookahead(gn.SGD(rate, momentum=0.5), every=3),
    "Lookahead, Adam": lambda rate: gn.Lookahead(gn.Adam(rate), every=2, alpha=0.8),
    "groups": lambda rate: gn.AdamW(
        rate,
        groups=[
            gn.ParameterGroup("*.b", rate=2.0, weight_decay=0.1),
            gn.ParameterGroup("dense_2.W", rate=0.5),
        ],
    ),
}
SLOTS = [
    Slot("dense_1.W", 0, 12, (4, 3), True),
    Slot("dense_1.b", 12, 15, (3,), False),
    Slot("dense_2.W", 15, 21, (3, 2), True),
    Slot("dense_2.b", 21, 23, (2,), False),
]
SIZE = 23


@pytest.fixture(params=EVERY)
def make(request: pytest.FixtureRequest) -> Make:
    return EVERY[request.param]


def bound(make: Make, rate: float = 0.05) -> Optimizer:
    optimizer = make(rate)
    optimizer.bind(SLOTS)
    return optimizer


def gradients(n: int, dtype: str = "float32", seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, SIZE)).astype(dtype)


def test_the_table_has_every_optimizer() -> None:
    def final(base: type[Optimizer]) -> Iterator[type[Optimizer]]:
        for kind in base.__subclasses__():
            if kind.__module__.startswith("glassnet."):
                yield from [] if inspect.isabstract(kind) else [kind]
                yield from final(kind)

    concrete = {kind for kind in final(Optimizer) if kind.__name__ != "AdaptiveMoments"}
    assert set(OPTIMIZERS.values()) == concrete
    assert {type(make(0.1)) for make in EVERY.values()} == concrete


def test_a_parabola_has_its_bottom_found(make: Make) -> None:
    rng = np.random.default_rng(1)
    curvature = rng.uniform(0.5, 2.0, SIZE)
    optimizer, theta = bound(make, 0.03), rng.normal(size=SIZE)
    base, value = optimizer.learning_rate, lambda: float(0.5 * curvature @ theta**2)
    before = value()
    for step in range(500):
        optimizer.learning_rate = base * (1 - step / 500)
        optimizer.step(theta, curvature * theta)
    if getattr(optimizer, "normalize_weights", False):  # then only directions are learned
        before, theta = float(0.5 * curvature @ np.eye(SIZE)[12] ** 2), theta[12:15]
        assert np.abs(theta).max() < 1e-3
    else:
        assert value() < 0.05 * before


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_parameters_are_moved_in_place_and_all_stays_in_their_dtype(
    make: Make, dtype: str
) -> None:
    optimizer, theta = bound(make), np.ones(SIZE, dtype)
    start = theta.copy()
    for gradient in gradients(7, dtype):
        optimizer.step(theta, gradient)
    assert (theta != start).all()
    for array in arrays(optimizer.state()):
        assert array.dtype == dtype


def arrays(state: dict[str, Any]) -> Iterator[np.ndarray]:
    for value in state.values():
        if isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, dict):
            yield from arrays(value)


@pytest.mark.parametrize("name", EVERY)
@settings(max_examples=8, deadline=None)
@given(before=st.integers(0, 9), after=st.integers(1, 9), seed=st.integers(0, 99))
def test_a_state_taken_over_continues_with_the_same_bits(
    name: str, before: int, after: int, seed: int
) -> None:
    first, theta = bound(EVERY[name]), np.ones(SIZE, np.float32)
    for gradient in gradients(before, seed=seed):
        first.step(theta, gradient)
    second, other = bound(EVERY[name]), theta.copy()
    second.load_state(first.state())
    for gradient in gradients(after, seed=seed + 1):
        first.step(theta, gradient.copy())
        second.step(other, gradient.copy())
    assert theta.tobytes() == other.tobytes()
    for ours, theirs in zip(arrays(first.state()), arrays(second.state()), strict=True):
        assert ours is not theirs
        assert ours.tobytes() == theirs.tobytes()


def test_a_state_can_be_taken_over_before_binding(make: Make) -> None:
    first, theta = bound(make), np.ones(SIZE, np.float32)
    for gradient in gradients(4):
        first.step(theta, gradient)
    second, other = make(0.05), theta.copy()
    second.load_state(first.state())
    second.bind(SLOTS)
    for gradient in gradients(4, seed=1):
        first.step(theta, gradient.copy())
        second.step(other, gradient.copy())
    assert theta.tobytes() == other.tobytes()


def test_repr_and_configuration_describe_the_optimizer(make: Make) -> None:
    optimizer = make(0.3)
    again = optimizer_from_config(json.loads(json.dumps(optimizer.config())))
    assert again.config() == optimizer.config()
    names = dict(OPTIMIZERS) | {"ParameterGroup": gn.ParameterGroup}
    assert eval(repr(optimizer), names).config() == optimizer.config()


def test_a_schedule_that_sets_the_rate_does_not_change_what_is_written_down(make: Make) -> None:
    optimizer = bound(make, 0.3)
    before = optimizer.config()
    optimizer.learning_rate = 0.01
    optimizer.step(np.ones(SIZE), np.ones(SIZE))
    assert optimizer.config() | {"learning_rate": 0.3} == before | {"learning_rate": 0.3}


@pytest.mark.parametrize("name", [name for name in EVERY if "normalized" not in name])
def test_nothing_moves_at_a_rate_of_0(name: str) -> None:
    optimizer, theta = bound(EVERY[name]), np.linspace(0.1, 0.5, SIZE)
    before = theta.copy()
    optimizer.learning_rate = 0.0
    for gradient in gradients(4, "float64"):
        optimizer.step(theta, gradient)
    np.testing.assert_allclose(theta, before, rtol=1e-12)


def test_other_parameters_than_those_it_is_bound_to_are_refused() -> None:
    optimizer = bound(gn.SGD)
    with pytest.raises(ValueError, match="bound to 23 parameters and got 9; call its bind"):
        optimizer.step(np.ones(9), np.ones(9))


def test_unbound_it_takes_the_vector_for_one_parameter_that_decays() -> None:
    theta = np.ones(3)
    gn.SGD(0.1, weight_decay=0.5).step(theta, np.zeros(3))
    np.testing.assert_allclose(theta, 0.95)


TINY = float(np.finfo(np.float32).tiny)


@pytest.mark.parametrize("name", EVERY)
def test_no_number_that_is_remembered_becomes_subnormal(name: str) -> None:
    optimizer, theta = bound(EVERY[name]), np.ones(SIZE, np.float32)
    rng = np.random.default_rng(0)
    gradient = 10.0 ** rng.uniform(-28.5, 2, SIZE) * rng.choice([-1, 1], SIZE)
    optimizer.step(theta, gradient.astype(np.float32))
    for step in range(4000):
        optimizer.step(theta, np.zeros(SIZE, np.float32))
        if step % 7 == 0:
            for array in arrays(optimizer.state()):
                size = np.abs(array)
                assert not ((size > 0) & (size < TINY)).any()


def test_a_learning_rate_out_of_range_is_refused(make: Make) -> None:
    for rate in (0, -1, math.nan, "0.1"):
        with pytest.raises((ValueError, TypeError), match="learning_rate"):
            make(rate)  # type: ignore[arg-type]


WRONG: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: gn.Adam(beta_1=1), ValueError, "beta_1 .* below 1, got 1"),
    (lambda: gn.AdamW(beta_2=-0.1), ValueError, "beta_2 .* at least 0"),
    (lambda: gn.Adam(epsilon=-1), ValueError, "epsilon .* at least 0, got -1"),
    (lambda: gn.AdamW(weight_decay=-1), ValueError, "weight_decay .* at least 0, got -1"),
    (lambda: gn.RMSprop(rho=1.5), ValueError, "rho .* got 1.5"),
    (lambda: gn.RMSprop(momentum=1), ValueError, "momentum .* got 1"),
    (lambda: gn.RMSprop(centered=1), TypeError, "centered must be True or False, got 1"),  # type: ignore[arg-type]
    (lambda: gn.Adagrad(initial_accumulator=-1), ValueError, "initial_accumulator .* got -1"),
    (lambda: gn.Muon(steps=0), ValueError, "steps .* at least 1, got 0"),
    (lambda: gn.Muon(nesterov="yes"), TypeError, "nesterov must be True or False, got 'yes'"),  # type: ignore[arg-type]
    (lambda: gn.Muon(matrices="*"), TypeError, r"patterns such as .* got '\*'"),
    (lambda: gn.Muon(rest=0.1), TypeError, r"rest must be .* such as AdamW\(\), got 0.1"),  # type: ignore[arg-type]
    (lambda: gn.Lookahead(0.1), TypeError, r"must be such as SGD.* got 0.1"),  # type: ignore[arg-type]
    (lambda: gn.Lookahead(gn.SGD(), every=0), ValueError, "every .* at least 1, got 0"),
    (lambda: gn.Lookahead(gn.SGD(), alpha=0), ValueError, "alpha .* above 0 and at most 1, got 0"),
    (lambda: gn.SGD(l1=-1), ValueError, "l1 .* at least 0, got -1"),
    (lambda: gn.SGD(max_norm=0), ValueError, "max_norm .* above 0, got 0"),
    (
        lambda: gn.SGD(decoupled_weight_decay=0),  # type: ignore[arg-type]
        TypeError,
        "decoupled_weight_decay must be True or False, got 0",
    ),
]


@pytest.mark.parametrize(("make", "error", "message"), WRONG)
def test_a_setting_out_of_range_is_named_with_its_value(
    make: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make()
