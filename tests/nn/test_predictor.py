"""The compiled forward pass gives what the network gives."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn import compiled

pytest.importorskip("numba", reason="the predictor needs the extra fast")
pytest.importorskip("scipy", reason="the predictor needs the extra fast")

pytestmark = pytest.mark.compiled

NETWORKS = {
    "one layer": lambda: [gn.Dense(4, "softmax")],
    "thesis": lambda: [gn.Dense(32, "sigmoid"), gn.Dense(10, "sigmoid")],
    "deep": lambda: [
        gn.Dense(9, "tanh"),
        gn.Dense(3, "relu"),
        gn.Dense(6, gn.LeakyReLU(0.2)),
        gn.Dense(2),
    ],
    "slopes": lambda: [gn.Flatten(), gn.Dense(5, gn.PReLU(shared=False)), gn.Dense(4, gn.PReLU())],
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [0, 1, 2, 64, 65, 300])
@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS)
def test_it_gives_what_predict_gives(layers, n, dtype) -> None:
    network = gn.Network(layers(), input_shape=7, dtype=dtype)
    x = np.random.default_rng(0).normal(size=(n, 7)).astype(dtype)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    result = gn.Predictor(network)(x)
    assert result.dtype == dtype
    np.testing.assert_allclose(result, network.predict(x), rtol=tolerance, atol=tolerance / 10)


def test_several_threads_share_many_examples(monkeypatch) -> None:
    monkeypatch.setattr(compiled, "LEAST_MULTIPLICATIONS", 1)
    monkeypatch.setattr(compiled, "available_threads", lambda: 3)
    network = gn.Network(NETWORKS["thesis"](), input_shape=7)
    x = np.random.default_rng(0).normal(size=(1001, 7)).astype(np.float32)
    np.testing.assert_allclose(gn.Predictor(network)(x), network.predict(x), rtol=1e-5)


def test_it_may_be_asked_from_several_threads_at_once() -> None:
    network = gn.Network(NETWORKS["thesis"](), input_shape=7)
    predictor = gn.Predictor(network)
    xs = np.random.default_rng(0).normal(size=(200, 1, 7)).astype(np.float32)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(predictor, xs))
    np.testing.assert_array_equal(together, [predictor(x) for x in xs])


def test_it_knows_what_the_network_learns_later() -> None:
    network = gn.Network(NETWORKS["thesis"](), input_shape=7)
    predictor, x = gn.Predictor(network), np.ones((1, 7), np.float32)
    before = predictor(x)
    network.theta[...] *= 2
    assert not np.allclose(predictor(x), before)
    np.testing.assert_allclose(predictor(x), network.predict(x), rtol=1e-5)


def test_inputs_of_other_kinds_are_converted() -> None:
    network = gn.Network(NETWORKS["deep"](), input_shape=7)
    predictor = gn.Predictor(network)
    x = np.arange(14.0).reshape(2, 7)
    frozen = x.astype(np.float32)
    frozen.flags.writeable = False
    wide = np.repeat(x.astype(np.float32), 2, axis=1)
    for same in (x, x.tolist(), x.astype(int), frozen, wide[:, ::2]):
        np.testing.assert_allclose(predictor(same), network.predict(x), rtol=1e-5)


@pytest.mark.filterwarnings("ignore:invalid value")  # by Python, where nothing is compiled
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("n", [1, 100])
def test_what_is_not_finite_is_refused_with_its_place(n, value) -> None:
    x = np.ones((n, 7), np.float32)
    x[n - 1, 6] = value
    predictor = gn.Predictor(gn.Network(NETWORKS["thesis"](), input_shape=7))
    with pytest.raises(ValueError, match=rf"NaN or infinite in float32, the first at \({n - 1}, 6"):
        predictor(x)


def test_inputs_are_standardized_and_flattened() -> None:
    layers = [gn.Standardize(), gn.Flatten(), gn.Dense(5, "relu"), gn.Dense(3, "softmax")]
    network = gn.Network(layers, input_shape=(2, 3))
    x = np.random.default_rng(0).normal(3, 2, size=(50, 2, 3))
    layers[0].adapt(x)
    predictor = gn.Predictor(network)
    np.testing.assert_allclose(predictor(x), network.predict(x), rtol=1e-5)
    np.testing.assert_allclose(predictor(x[:1]), network.predict(x[:1]), rtol=1e-5)


def test_a_wrong_shape_is_refused() -> None:
    predictor = gn.Predictor(gn.Network(NETWORKS["thesis"](), input_shape=7))
    with pytest.raises(ValueError, match=r"expects examples of shape \(7,\)"):
        predictor(np.ones((1, 8), np.float32))


def test_other_networks_are_refused() -> None:
    network = gn.Network([gn.Dense(3), gn.Standardize()], input_shape=7)
    with pytest.raises(ValueError, match=r"nothing compiled for Standardize\(\) in this place"):
        gn.Predictor(network)


def test_a_chain_with_a_layer_without_biases_is_refused() -> None:
    network = gn.Network([gn.Dense(4, use_bias=False), gn.Dense(3)], input_shape=7)
    with pytest.raises(ValueError, match=r"Dense\(4, use_bias=False\): it has no bias"):
        gn.Predictor(network)


def test_a_network_without_dense_layers_is_refused() -> None:
    with pytest.raises(ValueError, match="networks without Dense layers"):
        gn.Predictor(gn.Network([gn.Flatten()], input_shape=(2, 3)))


def test_wide_layers_are_left_to_blas_and_shared_all_the_same(monkeypatch) -> None:
    monkeypatch.setattr(compiled, "LEAST_MULTIPLICATIONS", 1)
    monkeypatch.setattr(compiled, "available_threads", lambda: 2)
    network = gn.Network([gn.Dense(1100, "relu"), gn.Dense(2)], input_shape=30)
    x = np.random.default_rng(0).normal(size=(200, 30)).astype(np.float32)
    result = gn.Predictor(network)(x)
    np.testing.assert_allclose(result, network.predict(x), rtol=1e-4, atol=1e-5)


def test_the_number_of_threads_follows_the_environment(monkeypatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert compiled.available_threads() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert compiled.available_threads() >= 1
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    assert compiled.available_threads() >= 1
