from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.optim import Slot
from glassnet.optim.orthogonal import NewtonSchulz

SHAPES = [(8, 8), (40, 6), (6, 40), (3, 3, 4, 16), (1, 1, 5, 2)]


def nearly_orthogonal(gradient: np.ndarray, steps: int) -> np.ndarray:
    """Return the matrix units x inputs, its singular values through the polynomial `steps` times.

    As the equations have it, by a singular value decomposition.
    """
    matrix = gradient.reshape(-1, gradient.shape[-1]).T
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    s = s / np.linalg.norm(s)
    for _ in range(steps):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return (u * s) @ vt


def slot(shape: tuple[int, ...], name: str = "conv2d_1.W", start: int = 0) -> Slot:
    return Slot(name, start, start + int(np.prod(shape)), shape, True)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("nesterov", [False, True])
def test_the_steps_are_those_of_a_singular_value_decomposition(
    shape: tuple[int, ...], nesterov: bool
) -> None:
    rng = np.random.default_rng(0)
    theta = rng.normal(size=shape)
    expected, velocity = theta.copy(), np.zeros(shape)
    flat = theta.reshape(-1)
    optimizer = gn.Muon(0.1, momentum=0.8, nesterov=nesterov, steps=3, weight_decay=0.5)
    optimizer.bind([slot(shape)])
    units = shape[-1]
    factor = max(1.0, units * units / flat.size) ** 0.5
    for _ in range(4):
        gradient = rng.normal(size=shape)
        velocity = 0.8 * velocity + gradient
        update = nearly_orthogonal(gradient + 0.8 * velocity if nesterov else velocity, 3)
        expected = expected * (1 - 0.1 * 0.5) - 0.1 * factor * update.T.reshape(shape)
        optimizer.step(flat, gradient.reshape(-1))
    np.testing.assert_allclose(theta, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_singular_values_of_the_update_are_near_1(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    theta = np.zeros(int(np.prod(shape)), np.float32)
    optimizer = gn.Muon(1.0)
    optimizer.bind([slot(shape)])
    optimizer.step(theta, (1e-4 * rng.normal(size=theta.size)).astype(np.float32))
    matrix = theta.reshape(-1, shape[-1])
    values = np.linalg.svd(matrix, compute_uv=False)
    values /= max(1.0, matrix.shape[1] / matrix.shape[0]) ** 0.5
    assert values.min() > 0.6
    assert values.max() < 1.25


def test_singular_values_lie_where_the_documentation_says() -> None:
    for steps, least, most in ((5, 0.005, 1.16), (3, 0.02, 1.21)):
        s = np.linspace(least, 1.0, 100_001)
        for _ in range(steps):
            s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
        assert 0.68 < s.min() < 0.69
        assert most - 0.01 < s.max() < most


def test_a_gradient_of_0_moves_nothing() -> None:
    theta = np.ones(12, np.float32)
    optimizer = gn.Muon(0.1)
    optimizer.bind([slot((4, 3))])
    optimizer.step(theta, np.zeros(12, np.float32))
    np.testing.assert_array_equal(theta, 1.0)


def test_normalized_weights_have_the_root_of_the_filters_as_their_norm() -> None:
    rng = np.random.default_rng(0)
    theta = rng.normal(0.0, 5.0, 3 * 3 * 2 * 8)
    direction = theta / np.linalg.norm(theta)
    optimizer = gn.Muon(0.1, normalize_weights=True)
    optimizer.bind([slot((3, 3, 2, 8))])
    optimizer.learning_rate = 0.0
    optimizer.step(theta, rng.normal(size=theta.size))
    np.testing.assert_allclose(theta, direction * np.sqrt(8), rtol=1e-12)


def test_the_filters_of_a_depthwise_convolution_are_the_columns_of_a_matrix() -> None:
    rng = np.random.default_rng(0)
    theta = rng.normal(size=3 * 2 * 4 * 2)
    shaped, flat = slot((3, 2, 4, 2))._replace(unit_axes=2), slot((6, 8))
    gradient, results = rng.normal(size=theta.size), []
    for one in (shaped, flat):
        optimizer = gn.Muon(0.1, normalize_weights=True)
        optimizer.bind([one])
        results.append(theta.copy())
        optimizer.step(results[-1], gradient.copy())
    np.testing.assert_array_equal(*results)


# What is handled, and the rest


SLOTS = [
    Slot("conv2d_1.W", 0, 8, (1, 1, 4, 2), True),
    Slot("conv2d_1.b", 8, 10, (2,), False),
    Slot("scale_1.s", 10, 12, (2,), True),
    Slot("dense_1.W", 12, 16, (2, 2), True),
    Slot("dense_1.b", 16, 18, (2,), False),
]


def test_matrices_are_handled_and_all_else_is_left_to_the_rest() -> None:
    rng = np.random.default_rng(0)
    start, gradient = rng.normal(size=18), rng.normal(size=18)
    optimizer = gn.Muon(0.1, rest=gn.SGD(0.5, weight_decay=0.2))
    optimizer.bind(SLOTS)
    theta = start.copy()
    optimizer.step(theta, gradient.copy())
    biases = [8, 9, 16, 17]
    np.testing.assert_allclose(theta[biases], (start - 0.5 * gradient)[biases])
    scale = [10, 11]  # it decays, but is no matrix
    np.testing.assert_allclose(theta[scale], (start - 0.5 * (gradient + 0.2 * start))[scale])
    for one in (SLOTS[0], SLOTS[3]):
        alone = gn.Muon(0.1)
        alone.bind([one._replace(start=0, stop=one.stop - one.start)])
        expected = start[one.where].copy()
        alone.step(expected, gradient[one.where].copy())
        np.testing.assert_allclose(theta[one.where], expected)


def test_a_pattern_chooses_among_the_matrices() -> None:
    start, gradient = np.ones(18), np.full(18, 0.1)
    optimizer = gn.Muon(0.1, matrices=["conv2d_*"], rest=gn.SGD(1.0))
    optimizer.bind(SLOTS)
    theta = start.copy()
    optimizer.step(theta, gradient)
    np.testing.assert_allclose(theta[12:], 0.9)
    assert not np.isclose(theta[:8], 0.9).any()


def test_a_pattern_that_fits_no_matrix_is_refused_with_their_names() -> None:
    optimizer = gn.Muon(matrices=["conv2d_1.b"])
    with pytest.raises(ValueError, match=r"fits none of the matrices .* conv2d_1\.W, dense_1\.W"):
        optimizer.bind(SLOTS)


def test_the_rate_of_the_rest_keeps_its_ratio_when_a_schedule_sets_the_main_one() -> None:
    rest = gn.SGD(0.5)
    optimizer = gn.Muon(0.1, rest=rest)
    optimizer.bind(SLOTS)
    optimizer.learning_rate = 0.02
    theta = np.ones(18)
    optimizer.step(theta, np.ones(18))
    np.testing.assert_allclose(theta[8:10], 0.9)
    assert rest.learning_rate == 0.5


def test_groups_of_the_rest_are_its_own() -> None:
    optimizer = gn.Muon(0.1, rest=gn.SGD(0.5, groups=[gn.ParameterGroup("*_1.b", rate=0.5)]))
    optimizer.bind(SLOTS)
    theta = np.ones(18)
    optimizer.step(theta, np.ones(18))
    np.testing.assert_allclose(theta[8:10], 0.75)
    np.testing.assert_allclose(theta[10:12], 0.5)
    with pytest.raises(ValueError, match=r"'dense_1\.W' fits none of .* conv2d_1\.b"):
        gn.Muon(rest=gn.SGD(groups=[gn.ParameterGroup("dense_1.W")])).bind(SLOTS)


def test_without_slots_there_are_no_matrices() -> None:
    theta = np.ones(4)
    gn.Muon(0.1, rest=gn.SGD(0.5)).step(theta, np.ones(4))
    np.testing.assert_allclose(theta, 0.5)


def test_memory_for_a_large_matrix_serves_a_small_one_too() -> None:
    orthogonalize, rng = NewtonSchulz(12), np.random.default_rng(0)
    for shape in ((20, 9), (4, 7), (3, 3), (9, 20)):
        x = rng.normal(size=shape)
        u, _, vt = np.linalg.svd(x, full_matrices=False)
        orthogonalize(x)
        assert np.linalg.norm(x - u @ vt) < 0.35 * np.linalg.norm(u @ vt)
