"""The compiled activations and their derivatives, against SciPy in float64."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="the compiled kernels need the extra fast")
pytest.importorskip("scipy", reason="the compiled kernels need the extra fast")

from scipy import special

from glassnet.kernels import activations as kinds
from glassnet.kernels.compilation import compiled

Z = np.concatenate([np.linspace(-12, 12, 4001), [-100.0, -1e-3, -1e-6, 0.0, 1e-6, 100.0]])
ROOT = np.sqrt(2 / np.pi)


def tanh_gelu(z):
    return z / 2 * (1 + np.tanh(ROOT * (z + 0.044715 * z**3)))


CASES = {
    kinds.Identity: lambda z: z,
    kinds.ReLU: lambda z: np.maximum(z, 0),
    kinds.LeakyReLU: lambda z: np.where(z < 0, 0.3 * z, z),
    kinds.ELU: lambda z: np.where(z < 0, 0.3 * np.expm1(np.minimum(z, 0)), z),
    kinds.Sigmoid: special.expit,
    kinds.Tanh: np.tanh,
    kinds.SiLU: lambda z: z * special.expit(z),
    kinds.GELU: lambda z: z * special.ndtr(z),
    kinds.TanhGELU: tanh_gelu,
}


@compiled
def activations(kind, z, a, d):
    for i in range(z.size):
        a[i] = kinds.activated(kind, z[i])
        d[i] = kinds.derivative(kind, z[i])


def computed(kind, z):
    a, d = np.empty_like(z), np.empty_like(z)
    activations(kind(z.dtype.type(0.3)), z, a, d)
    return a, d


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 4e-7), ("float64", 2e-15)])
@pytest.mark.parametrize(("kind", "formula"), CASES.items())
def test_activations_are_right_everywhere(kind, formula, dtype, tolerance) -> None:
    z = Z.astype(dtype)
    exact = formula(z.astype(float))
    np.testing.assert_allclose(
        computed(kind, z)[0], exact, rtol=tolerance, atol=tolerance * np.abs(z).clip(1).max() / 12
    )


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 4e-6), ("float64", 1e-8)])
@pytest.mark.parametrize(("kind", "formula"), CASES.items())
def test_derivatives_are_slopes(kind, formula, dtype, tolerance) -> None:
    z = Z[np.abs(Z) > 1e-4].astype(dtype)
    exact = z.astype(float)
    slopes = (formula(exact + 1e-5) - formula(exact - 1e-5)) / 2e-5
    np.testing.assert_allclose(computed(kind, z)[1], slopes, atol=tolerance, rtol=0)


def test_derivatives_at_zero_are_those_of_the_layers() -> None:
    zero = np.zeros(1)
    at_zero = {kind: computed(kind, zero)[1][0] for kind in CASES}
    assert at_zero[kinds.ReLU] == 0.0
    assert at_zero[kinds.LeakyReLU] == 1.0
    assert at_zero[kinds.ELU] == 0.3


def test_elu_is_exact_near_zero() -> None:
    z = -np.geomspace(1e-7, 1, 50).astype(np.float32)
    exact = 0.3 * np.expm1(z.astype(float))
    np.testing.assert_allclose(computed(kinds.ELU, z)[0], exact, rtol=3e-7)


def test_gelu_ends_in_zero_and_in_its_input() -> None:
    a, d = computed(kinds.GELU, np.array([-1e4, -30.0, 30.0, 1e4], np.float32))
    assert a.tolist() == [0.0, 0.0, 30.0, 1e4]
    assert d.tolist() == [0.0, 0.0, 1.0, 1.0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", [k for k in CASES if k is not kinds.Identity])
def test_nan_stays_nan(kind, dtype) -> None:
    assert np.isnan(computed(kind, np.array([np.nan], dtype))[0]).all()
