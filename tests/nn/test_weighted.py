"""A batch whose examples count differently, beside the same batch with examples repeated."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn import LOSSES, Weighted

COUNTS = np.array([2, 0, 1, 3])


@pytest.fixture(params=LOSSES)
def loss(request: pytest.FixtureRequest) -> gn.Loss:
    return LOSSES[request.param]()


@pytest.fixture
def batch() -> tuple[np.ndarray, np.ndarray]:
    p = np.random.default_rng(0).uniform(0.1, 0.9, (4, 3))
    return p / p.sum(axis=1, keepdims=True), np.eye(3)[[0, 1, 1, 2]]


def test_weights_are_repetitions(loss: gn.Loss, batch: tuple[np.ndarray, np.ndarray]) -> None:
    p, y = batch
    many_p, many_y = (np.repeat(array, COUNTS, axis=0) for array in batch)
    weighted = Weighted(loss, COUNTS.astype(float))
    assert weighted.value(p, y) == pytest.approx(loss.value(many_p, many_y), rel=1e-13)
    of_one = loss.gradient(many_p, many_y)
    first = np.cumsum(COUNTS) - COUNTS
    for row, count in enumerate(COUNTS):
        expected = count * of_one[first[row]] if count else np.zeros(3)
        np.testing.assert_allclose(weighted.gradient(p, y)[row], expected, rtol=1e-13)


def test_only_ratios_of_weights_count(loss: gn.Loss, batch: tuple[np.ndarray, np.ndarray]) -> None:
    one, ten = (Weighted(loss, factor * COUNTS) for factor in (1.0, 10.0))
    np.testing.assert_allclose(one.gradient(*batch), ten.gradient(*batch), rtol=1e-13)
    np.testing.assert_array_equal(
        Weighted(loss, np.full(4, 3.0)).gradient(*batch), loss.gradient(*batch)
    )


@pytest.mark.parametrize("name", ["binary_cross_entropy", "categorical_cross_entropy"])
def test_the_gradient_of_a_pair_is_weighted_too(
    name: str, batch: tuple[np.ndarray, np.ndarray]
) -> None:
    loss, (p, y) = LOSSES[name](), batch
    weighted = Weighted(loss, COUNTS.astype(float))
    factors = COUNTS * 4 / COUNTS.sum()
    np.testing.assert_allclose(
        weighted.pair_gradient(p, y), loss.pair_gradient(p, y) * factors[:, None], rtol=1e-13
    )
    assert loss.partner is not None
    assert weighted.pairs_with(loss.partner())
    assert not weighted.pairs_with(gn.ReLU())


def test_a_batch_without_any_weight_has_no_gradient(
    batch: tuple[np.ndarray, np.ndarray],
) -> None:
    weighted = Weighted(gn.MeanSquaredError(), np.zeros(4))
    assert weighted.value(*batch) == 0.0
    np.testing.assert_array_equal(weighted.gradient(*batch), np.zeros((4, 3)))


def test_float32_stays_float32() -> None:
    p = np.ones((2, 1), np.float32)
    gradient = Weighted(gn.MeanSquaredError(), np.array([1.0, 2.0])).gradient(p, 0 * p)
    assert gradient.dtype == np.float32
