import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from glassnet.study.intervals import bootstrap_band, mean_interval, share_interval

CURVES = np.random.default_rng(1).normal(size=(10, 4))
finite = st.floats(-1e3, 1e3)


def test_a_band_is_that_of_scipys_percentile_bootstrap():
    band = bootstrap_band(CURVES, resamples=20_000, level=0.9)
    theirs = stats.bootstrap(
        (CURVES,), np.mean, n_resamples=20_000, confidence_level=0.9, method="percentile", rng=3
    ).confidence_interval
    np.testing.assert_allclose(band.mean, CURVES.mean(axis=0))
    np.testing.assert_allclose(band.low, theirs.low, atol=0.02)
    np.testing.assert_allclose(band.high, theirs.high, atol=0.02)


def test_two_seeds_span_the_band():
    band = bootstrap_band([[1.0, 5.0], [2.0, 3.0]])
    np.testing.assert_array_equal(band.low, [1, 3])
    np.testing.assert_array_equal(band.high, [2, 5])


def test_whole_seeds_are_resampled():
    band = bootstrap_band(np.column_stack([CURVES[:, 0], 10 * CURVES[:, 0], -CURVES[:, 0]]))
    np.testing.assert_allclose(band.low[1], 10 * band.low[0])
    np.testing.assert_allclose(-band.high[2], band.low[0])


def test_many_points_have_the_bands_they_have_alone():
    curves = np.random.default_rng(2).normal(size=(5, 1500))
    together = bootstrap_band(curves, resamples=100)
    alone = bootstrap_band(curves[:, [3, 1400]], resamples=100)
    np.testing.assert_allclose(together.low[[3, 1400]], alone.low)
    np.testing.assert_allclose(together.high[[3, 1400]], alone.high)


def test_the_same_seed_gives_the_same_band_and_another_seed_another():
    first, again, other = (bootstrap_band(CURVES, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.low, again.low)
    assert not np.array_equal(first.low, other.low)


def test_one_seed_has_a_mean_and_no_band():
    band = bootstrap_band([[1.0, 2.0]])
    np.testing.assert_array_equal(band.mean, [1, 2])
    assert np.isnan([band.low, band.high]).all()


def test_runs_that_ended_early_are_left_out_point_by_point():
    nan = np.nan
    band = bootstrap_band([[1.0, 1.0, 1.0, nan], [3.0, 3.0, nan, nan], [8.0, nan, nan, nan]])
    np.testing.assert_array_equal(band.mean, [4, 2, 1, nan])
    np.testing.assert_array_equal(band.low[1:], [1, nan, nan])
    np.testing.assert_array_equal(band.high[1:], [3, nan, nan])


def test_a_run_that_is_gone_everywhere_changes_no_mean_and_its_band_is_still_of_the_others():
    with_gap = bootstrap_band(np.vstack([CURVES, np.full((1, 4), np.nan)]), resamples=5000)
    without = bootstrap_band(CURVES, resamples=5000)
    np.testing.assert_allclose(with_gap.mean, without.mean)
    np.testing.assert_allclose(with_gap.low, without.low, atol=0.06)


@given(arrays(float, (4, 3), elements=finite))
def test_a_band_lies_within_the_values_of_its_point(curves):
    band = bootstrap_band(curves, resamples=100)
    slack = 1e-9
    assert (band.low >= curves.min(axis=0) - slack).all()
    assert (band.high <= curves.max(axis=0) + slack).all()
    assert (band.low <= band.high).all()


def test_an_infinite_value_is_refused_with_its_place():
    with pytest.raises(ValueError, match=r"inf in row 1 at point 0.*put NaN there"):
        bootstrap_band([[1.0, 1.0], [np.inf, 1.0]])


@pytest.mark.parametrize("values", [[1.0, 2.0], np.empty((0, 3))])
def test_a_band_needs_seeds_by_points(values):
    with pytest.raises(ValueError, match=r"shape \(seeds, points\)"):
        bootstrap_band(values)


def test_too_few_resamples_are_refused():
    with pytest.raises(ValueError, match="resamples must be a whole number of at least 100"):
        bootstrap_band(CURVES, resamples=10)


@given(arrays(float, st.integers(2, 12), elements=finite), st.floats(0.5, 0.99))
def test_an_interval_is_scipys(values, level):
    interval = mean_interval(values, level)
    assert interval.mean == pytest.approx(values.mean())
    spread = values.std(ddof=1) / math.sqrt(len(values))
    if np.ptp(values) > 1e-6:
        low, high = stats.t.interval(level, len(values) - 1, loc=values.mean(), scale=spread)
        assert (interval.low, interval.high) == (pytest.approx(low), pytest.approx(high))


def test_one_value_has_no_interval():
    mean, low, high = mean_interval([0.5])
    assert mean == 0.5
    assert math.isnan(low)
    assert math.isnan(high)


def test_a_value_that_is_not_finite_is_refused_with_its_place():
    with pytest.raises(ValueError, match="value 1 is nan; leave that seed out"):
        mean_interval([1.0, np.nan])


def test_a_share_has_wilsons_interval():
    k, n, z = 7, 10, stats.norm.ppf(0.975)
    centre = (k + z**2 / 2) / (n + z**2)
    half = z / (n + z**2) * math.sqrt(k * (n - k) / n + z**2 / 4)
    assert share_interval(k, n) == pytest.approx((0.7, centre - half, centre + half))


def test_all_seeds_are_no_certainty():
    share, low, high = share_interval(10, 10)
    assert (share, high) == (1, pytest.approx(1))
    assert low == pytest.approx(0.722, abs=1e-3)


def test_more_successes_than_seeds_are_refused():
    with pytest.raises(ValueError, match="11 successes in 10 seeds"):
        share_interval(11, 10)


@pytest.mark.parametrize(
    "call",
    [
        lambda level: bootstrap_band(CURVES, level=level),
        lambda level: mean_interval([1.0, 2.0], level),
        lambda level: share_interval(1, 2, level),
    ],
)
def test_a_level_in_percent_is_refused(call):
    with pytest.raises(ValueError, match="level must be a finite number, above 0 and below 1"):
        call(95)
