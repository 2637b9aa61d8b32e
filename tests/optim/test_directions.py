"""One step, or a few, computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

import glassnet as gn


def moved(optimizer: gn.Optimizer, *gradients: float, start: float = 1.0) -> float:
    theta = np.array([start])
    for gradient in gradients:
        optimizer.step(theta, np.array([gradient]))
    return theta.item()


def test_the_first_step_of_adam_is_as_long_as_the_rate_whatever_the_gradient() -> None:
    assert moved(gn.Adam(0.1), 1e-3) == pytest.approx(0.9, rel=1e-5)
    assert moved(gn.Adam(0.1), -1e6) == pytest.approx(1.1, rel=1e-12)


def test_two_steps_of_adam_by_hand() -> None:
    optimizer = gn.Adam(0.1, beta_1=0.5, beta_2=0.75, epsilon=0.5)
    first = 1.0 - 0.1 * 2.0 / (2.0 + 0.5)
    assert moved(optimizer, 2.0) == pytest.approx(first, rel=1e-12)
    m = (0.5 * 1.0 + 0.5 * 4.0) / (1 - 0.25)
    v = (0.75 * 1.0 + 0.25 * 16.0) / (1 - 0.5625)
    second = first - 0.1 * m / (math.sqrt(v) + 0.5)
    assert moved(optimizer, 4.0, start=first) == pytest.approx(second, rel=1e-12)


def test_decay_is_a_part_of_adams_gradient_and_no_part_of_adamws() -> None:
    # a gradient of 1 and a decay of 3 have the size of one step
    assert moved(gn.Adam(0.1, weight_decay=3.0), 1.0) == pytest.approx(0.9, rel=1e-7)
    assert moved(gn.AdamW(0.1, weight_decay=3.0), 1.0) == pytest.approx(0.6, rel=1e-7)


def test_two_steps_of_rmsprop_by_hand() -> None:
    settings = {"rho": 0.75, "epsilon": 0.5}
    first = 2.0 / (math.sqrt(1.0) + 0.5)
    second = 4.0 / (math.sqrt(0.75 * 1.0 + 0.25 * 16.0) + 0.5)
    assert moved(gn.RMSprop(0.1, **settings), 2.0, 4.0) == pytest.approx(
        1.0 - 0.1 * (first + second), rel=1e-12
    )
    assert moved(gn.RMSprop(0.1, momentum=0.5, **settings), 2.0, 4.0) == pytest.approx(
        1.0 - 0.1 * (first + 0.5 * first + second), rel=1e-12
    )


def test_a_centered_step_of_rmsprop_by_hand() -> None:
    optimizer = gn.RMSprop(0.1, rho=0.75, epsilon=0.5, centered=True)
    deviation = math.sqrt(0.25 * 16.0 - (0.25 * 4.0) ** 2)
    assert moved(optimizer, 4.0) == pytest.approx(1.0 - 0.1 * 4.0 / (deviation + 0.5), rel=1e-12)


def test_a_centered_average_that_rounds_to_below_0_gives_finite_steps() -> None:
    optimizer, theta = gn.RMSprop(1e-3, rho=0.5, centered=True), np.ones(50, np.float32)
    gradient = np.random.default_rng(0).normal(size=50).astype(np.float32)
    for _ in range(200):  # the same gradient: its deviation goes to 0
        optimizer.step(theta, gradient.copy())
    assert np.isfinite(theta).all()


def test_two_steps_of_adagrad_by_hand() -> None:
    optimizer = gn.Adagrad(0.1, initial_accumulator=7.0, epsilon=1.0)
    expected = 1.0 - 0.1 * (3.0 / (4.0 + 1.0) + 3.0 / (5.0 + 1.0))
    assert moved(optimizer, 3.0, 3.0) == pytest.approx(expected, rel=1e-12)


def test_lookahead_by_hand() -> None:
    optimizer = gn.Lookahead(gn.SGD(0.1), every=3, alpha=0.25)
    theta, seen = np.array([1.0]), []
    for _ in range(7):
        optimizer.step(theta, np.array([1.0]))
        seen.append(theta.item())
    back, again = 1.0 - 0.25 * 0.3, 1.0 - 0.25 * 0.6
    expected = [0.9, 0.8, back, back - 0.1, back - 0.2, again, again - 0.1]
    assert seen == pytest.approx(expected, rel=1e-12)


def test_lookahead_keeps_the_momentum_of_the_other() -> None:
    inner = gn.SGD(0.1, momentum=0.5)
    optimizer, theta = gn.Lookahead(inner, every=2, alpha=0.5), np.array([0.0])
    for _ in range(3):
        optimizer.step(theta, np.array([1.0]))
    assert inner.state()["velocity"].item() == pytest.approx(1.75)


def test_lookahead_begins_anew_with_other_parameters() -> None:
    optimizer, theta = gn.Lookahead(gn.SGD(0.1), every=2, alpha=0.5), np.zeros(3)
    moved(optimizer, 1.0)
    optimizer.step(theta, np.ones(3))
    np.testing.assert_allclose(theta, -0.1)
    optimizer.step(theta, np.ones(3))
    np.testing.assert_allclose(theta, -0.1)  # half of 0.2


def test_lookahead_has_the_rate_that_is_set() -> None:
    optimizer = gn.Lookahead(gn.SGD(0.1), every=9)
    assert optimizer.learning_rate == 0.1
    optimizer.learning_rate = 0.5
    assert moved(optimizer, 1.0) == pytest.approx(0.5)
    assert optimizer.optimizer.learning_rate == 0.1
