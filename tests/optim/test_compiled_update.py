"""Compiled steps are those in NumPy, to rounding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import glassnet as gn
from glassnet.optim import Position, Slot
from glassnet.optim import compiled as optim_compiled

pytest.importorskip("numba", reason="compiled steps need the extra fast")
pytest.importorskip("scipy", reason="compiled steps need the extra fast")

from glassnet.kernels.team import Team

pytestmark = pytest.mark.compiled

SLOTS = [
    Slot("dense_1.W", 0, 700, (70, 10), True),
    Slot("dense_1.b", 700, 710, (10,), False),
    Slot("dense_2.W", 710, 740, (10, 3), True),
    Slot("dense_2.b", 740, 743, (3,), False),
]
SIZE = 743
GROUPS = [
    gn.ParameterGroup("dense_2.W", rate=3.0, weight_decay=0.3),
    gn.ParameterGroup("dense_2.b", frozen=True),
]
EVERY: dict[str, Callable[[], gn.Optimizer]] = {
    "plain": lambda: gn.SGD(0.1),
    "momentum": lambda: gn.SGD(0.1, momentum=0.9, weight_decay=0.1),
    "nesterov": lambda: gn.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.1, clip_norm=9.0),
    "decoupled": lambda: gn.SGD(
        0.1, momentum=0.5, weight_decay=0.1, decoupled_weight_decay=True, groups=GROUPS
    ),
    "groups": lambda: gn.SGD(0.1, momentum=0.5, weight_decay=0.1, clip_norm=5.0, groups=GROUPS),
    "adam": lambda: gn.Adam(0.1, weight_decay=0.1, clip_norm=5.0),
    "adamw": lambda: gn.AdamW(0.1, weight_decay=0.1, groups=GROUPS),
    "scheduled": lambda: gn.AdamW(
        0.1, weight_decay=0.1, groups=[gn.ParameterGroup("*_1.*", schedule=gn.StepLR(3))]
    ),
    "lookahead": lambda: gn.Lookahead(gn.AdamW(0.1), every=3),
}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_compiled_steps_and_state_are_those_in_numpy(
    name: str, threads: int, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optim_compiled, "_LEAST_SHARED", 1)
    rng, team = np.random.default_rng(0), Team(threads)
    ours, slow = EVERY[name](), EVERY[name]()
    ours.bind(SLOTS)
    slow.bind(SLOTS)
    update = optim_compiled.compiled_update(ours, team)
    assert update is not None
    theta = rng.normal(size=SIZE).astype(dtype)
    expected = theta.copy()
    tolerance = 1e-4 if dtype == "float32" else 1e-11
    with team.gathered():
        for step in range(10):
            ours.learning_rate = slow.learning_rate = 0.1 / (1 + step)
            for group, _ in ours.scheduled_groups() + slow.scheduled_groups():
                group.follow(0.1, Position(step, 1, 10))
            gradient = rng.normal(size=SIZE).astype(dtype)
            update(theta, gradient.copy())
            slow.step(expected, gradient.copy())
    np.testing.assert_allclose(theta, expected, rtol=tolerance, atol=tolerance)
    other = EVERY[name]()
    other.load_state(ours.state())  # NumPy goes on where compiled code was
    other.bind(SLOTS)
    other.learning_rate = slow.learning_rate
    for group, _ in other.scheduled_groups():
        group.follow(0.1, Position(9, 1, 10))
    gradient = rng.normal(size=SIZE).astype(dtype)
    other.step(theta, gradient.copy())
    slow.step(expected, gradient)
    np.testing.assert_allclose(theta, expected, rtol=tolerance, atol=tolerance)


def test_frozen_parameters_keep_their_bits() -> None:
    optimizer, theta = EVERY["adamw"](), np.linspace(-1, 1, SIZE, dtype=np.float32)
    optimizer.bind(SLOTS)
    update = optim_compiled.compiled_update(optimizer, Team(1))
    assert update is not None
    before = theta.copy()
    update(theta, np.ones(SIZE, np.float32))
    assert theta[740:].tobytes() == before[740:].tobytes()
    assert (theta[:740] != before[:740]).all()


@pytest.mark.parametrize(
    "optimizer",
    [
        gn.SGD(l1=0.1),
        gn.Adam(max_norm=1.0),
        gn.RMSprop(),
        gn.Muon(),
        gn.Lookahead(gn.Adagrad()),
        type("Own", (gn.SGD,), {})(),
    ],
)
def test_what_is_not_compiled_is_left_to_numpy(optimizer: gn.Optimizer) -> None:
    assert optim_compiled.compiled_update(optimizer, Team(1)) is None


def test_squares_that_overflow_are_clipped_too() -> None:
    optimizer, theta = gn.SGD(1.0, clip_norm=2.0), np.zeros(SIZE, np.float32)
    optimizer.bind(SLOTS)
    update = optim_compiled.compiled_update(optimizer, Team(1))
    assert update is not None
    update(theta, np.full(SIZE, 1e20, np.float32))
    assert np.linalg.norm(theta) == pytest.approx(2.0, rel=1e-5)
