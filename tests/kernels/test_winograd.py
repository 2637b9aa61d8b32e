"""Winograd's convolution against the direct one, its rounding errors, and both as plain Python."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="the compiled kernels need the extra fast")
pytest.importorskip("scipy", reason="the compiled kernels need the extra fast")

from glassnet.kernels import tile_transforms
from glassnet.kernels.direct_plan import Direct
from glassnet.kernels.geometry import Geometry
from glassnet.kernels.scratch import Scratch
from glassnet.kernels.team import Team
from glassnet.kernels.winograd_plan import Winograd

MOST_ERROR = 4e-6
"""Of the largest number, in float32; the docstring of `glassnet.kernels.winograd` says so."""


def results(plan, images, geometry, dtype):
    """Return outputs and gradients of a plan for random numbers, the same for every plan."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(images, *geometry.input_shape))
    W, bias = rng.normal(size=geometry.weights_shape), rng.normal(size=geometry.filters)
    dy = rng.normal(size=(images, *geometry.output, geometry.filters))
    x, W, bias, dy = (a.astype("float32").astype(dtype) for a in (x, W, bias, dy))
    out, dW, db, dx = (np.full(a.shape, np.nan, dtype) for a in (dy, W, bias, x))
    plan = plan(geometry, images, np.dtype(dtype), 1, Scratch(np.dtype(dtype)))
    plan.forward(Team(1), x, W, bias, out)
    plan.gradients(Team(1), x, dy, W, dW, db, dx)
    return out, dW, db, dx


@pytest.mark.parametrize("channels", [1, 3, 8, 16, 17])
@pytest.mark.parametrize("filters", [1, 15, 33])
@pytest.mark.parametrize(
    ("images", "size", "padding"),
    [
        (1, (1, 1), ((1, 1), (1, 1))),
        (2, (3, 4), ((0, 0), (0, 0))),
        (1, (5, 7), ((1, 1), (1, 1))),
        (1, (4, 6), ((3, 0), (2, 4))),
    ],
)
def test_it_agrees_with_the_direct_convolution(channels, filters, images, size, padding) -> None:
    geometry = Geometry((*size, channels), (3, 3), filters, padding=padding)
    pairs = zip(
        results(Winograd, images, geometry, "float64"),
        results(Direct, images, geometry, "float64"),
        strict=True,
    )
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


def test_its_rounding_errors_are_no_larger_than_documented() -> None:
    geometry = Geometry((9, 9, 32), (3, 3), 32, padding=((1, 1), (1, 1)))
    single = results(Winograd, 2, geometry, "float32")
    double = results(Direct, 2, geometry, "float64")
    for found, expected in zip(single, double, strict=True):
        assert abs(found - expected).max() <= MOST_ERROR * abs(expected).max()


def test_the_transforms_multiply_polynomials() -> None:
    rng = np.random.default_rng(0)
    d, g = rng.normal(size=6), rng.normal(size=3)
    u, v = tile_transforms.kernel(g), tile_transforms.image(d)
    y = tile_transforms.output([a * b for a, b in zip(u, v, strict=True)])
    np.testing.assert_allclose(y, np.correlate(d, g, "valid"), atol=1e-12)


@pytest.mark.parametrize(
    ("transform", "transposed", "n", "m"),
    [
        (tile_transforms.kernel, tile_transforms.kernel_gradient, 3, 6),
        (tile_transforms.output, tile_transforms.output_gradient, 6, 4),
    ],
)
def test_the_gradients_take_the_transposed_transforms(transform, transposed, n, m) -> None:
    matrix = np.array([transform(list(row)) for row in np.eye(n)])
    np.testing.assert_allclose(
        np.array([transposed(list(row)) for row in np.eye(m)]), matrix.T, atol=1e-15
    )
