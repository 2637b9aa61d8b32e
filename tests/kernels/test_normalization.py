"""Batch normalisation in compiled passes, against the equations in float64."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="the compiled kernels need the extra fast")
pytest.importorskip("scipy", reason="the compiled kernels need the extra fast")

from glassnet.kernels import activations as kinds
from glassnet.kernels import normalization, pooled_normalization, pooling
from glassnet.kernels.team import Team
from glassnet.nn import MaxPooling2D
from glassnet.nn.compiled_pooling import pooling_windows

pytestmark = pytest.mark.compiled

KIND = kinds.LeakyReLU(np.float32(0.25))


def norm_of(channels):
    rng = np.random.default_rng(1)
    scale, offset = rng.normal(size=(2, channels)).astype(np.float32)
    empty = np.empty((2, channels), np.float32)
    return normalization.Norm(scale, offset, np.zeros(channels), np.ones(channels), *empty)


def run(team, function, *arguments):
    return team.run(lambda me: function(me, *arguments))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("channels", [1, 3, 64, 300, 700])
@pytest.mark.parametrize("pixels", [2, 5, 1000])
def test_passes_are_the_equations(pixels, channels, threads) -> None:
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(pixels, channels)) * 2 + rng.normal(size=channels)).astype(np.float32)
    dy = rng.normal(size=x.shape).astype(np.float32)
    norm, y, d = norm_of(channels), np.empty(x.size, np.float32), dy.flatten()
    team = Team(threads)
    work = normalization.workspace(channels, team.size, x.dtype)
    with team.gathered():
        run(team, normalization.normalize_batch, KIND, x.ravel(), y, norm, work, 0.5, 1e-3)
        run(team, normalization.normalize_back, KIND, x.ravel(), d, norm, work, True, True)

    exact = x.astype(float)
    mean, variance = exact.mean(axis=0), exact.var(axis=0)
    rate = 1 / np.sqrt(variance + 1e-3)
    normal = (exact - mean) * rate
    z = norm.scale * normal + norm.offset
    near = {"rtol": 2e-5, "atol": 2e-5}
    np.testing.assert_allclose(y.reshape(x.shape), np.where(z < 0, z / 4, z), **near)
    np.testing.assert_allclose(norm.running_mean, mean / 2, **near)
    unbiased = variance * pixels / (pixels - 1)
    np.testing.assert_allclose(norm.running_variance, (1 + unbiased) / 2, **near)
    slopes = dy * np.where(z < 0, 0.25, 1.0)
    np.testing.assert_allclose(norm.doffset, slopes.sum(axis=0), rtol=2e-5, atol=1e-4)
    np.testing.assert_allclose(norm.dscale, (slopes * normal).sum(axis=0), rtol=2e-5, atol=1e-4)
    along = (slopes * normal).mean(axis=0)
    dx = norm.scale * rate * (slopes - slopes.mean(axis=0) - normal * along)
    np.testing.assert_allclose(d.reshape(x.shape), dx, rtol=2e-5, atol=1e-4)


@pytest.mark.parametrize("pool_first", [True, False])
@pytest.mark.parametrize("size", [(4, 6), (5, 7)])
@pytest.mark.parametrize("c", [6, 20])
def test_normalisation_next_to_pooling_is_one_after_the_other(size, c, pool_first) -> None:
    n, (height, width) = 5, size
    pool = MaxPooling2D()
    pool.build((height, width, c))
    windows = pooling_windows(pool.windows, c)
    rng = np.random.default_rng(0)
    x = rng.normal(size=n * height * width * c).astype(np.float32)
    small = n * (height // 2) * (width // 2) * c
    dy = rng.normal(size=small).astype(np.float32)
    one, other = norm_of(c), norm_of(c)
    team = Team(2)

    def arrays(*sizes):
        return [np.full(size, 9, np.float32) for size in sizes]

    def winner():
        return np.full(small, 9, np.uint8)

    kept, y, dx, d = *arrays(small, small, x.size), dy.copy()
    images = pooled_normalization.Images(x, kept, winner())
    work = normalization.workspace(c, team.size, x.dtype)
    pool_max, batch = pooling.pool_max, normalization.normalize_batch
    back, pool_back = normalization.normalize_back, pooling.pool_max_back
    first, last, won, d2 = *arrays(small if pool_first else x.size, small), winner(), dy.copy()
    between = np.empty(x.size, np.float32)
    again = normalization.workspace(c, team.size, x.dtype)
    with team.gathered():
        if pool_first:
            fused, fused_back = (
                pooled_normalization.pool_normalize_batch,
                pooled_normalization.pool_normalize_back,
            )
            run(team, pool_max, x, first, won, windows)
            run(team, batch, KIND, first, last, other, again, 0.9, 1e-5)
            run(team, back, KIND, first, d2, other, again, True, True)
            run(team, pool_back, d2, won, between, windows)
        else:
            fused, fused_back = (
                pooled_normalization.normalize_pool_batch,
                pooled_normalization.normalize_pool_back,
            )
            run(team, batch, KIND, x, first, other, again, 0.9, 1e-5)
            run(team, pool_max, first, last, won, windows)
            run(team, pool_back, d2, won, between, windows)
            run(team, back, KIND, x, between, other, again, True, True)
        run(team, fused, KIND, images, y, windows, one, work, 0.9, 1e-5)
        run(team, fused_back, KIND, images, d, dx, windows, one, work, True, True)
    np.testing.assert_allclose(y, last, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(images.winner, won)
    np.testing.assert_allclose(dx, between, rtol=1e-4, atol=1e-5)
    for array, expected in zip(one, other, strict=True):
        np.testing.assert_allclose(array, expected, rtol=1e-4, atol=1e-5)
