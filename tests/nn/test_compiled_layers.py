"""The compiled twins do what the layers do."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="the compiled layers need the extra fast")
pytest.importorskip("scipy", reason="the compiled layers need the extra fast")

import glassnet as gn
from glassnet import nn
from glassnet.kernels import activations as kinds
from glassnet.kernels.scratch import Scratch
from glassnet.kernels.team import Team
from glassnet.nn import compiled_layers
from glassnet.nn.compiled_layers import Engine, Plain, kind_of
from glassnet.nn.compiled_row import CompiledRow, stages_of
from glassnet.nn.losses import loss_named

pytestmark = pytest.mark.compiled

ACTIVATIONS = {
    "identity": gn.Identity,
    "relu": gn.ReLU,
    "leaky": lambda: gn.LeakyReLU(0.2),
    "elu": lambda: nn.ELU(0.7),
    "sigmoid": gn.Sigmoid,
    "tanh": gn.Tanh,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "tanh gelu": lambda: nn.GELU(approximate=True),
}
Conv, Max, Mean, Norm = nn.Conv2D, nn.MaxPooling2D, nn.AveragePooling2D, nn.BatchNormalization

RUNS = {
    "convolution": lambda: [Conv(5, 3)],
    "strided": lambda: [Conv(5, 3, strides=2, padding="same", use_bias=False)],
    "grouped": lambda: [Conv(6, 3, groups=3, dilation=2, padding=2)],
    "whitening": lambda: [nn.Whitening2D(2), nn.GELU()],
    "whitening alone": lambda: [nn.Whitening2D((2, 1))],
    "depthwise": lambda: [nn.DepthwiseConv2D(3)],
    "depthwise, relu": lambda: [nn.DepthwiseConv2D((2, 3), "relu", padding="same", dilation=2)],
    "depthwise, strided": lambda: [nn.DepthwiseConv2D(3, strides=2, padding=1, use_bias=False)],
    "depthwise, more": lambda: [nn.DepthwiseConv2D(3, multiplier=2)],
    "dense": lambda: [gn.Flatten(), gn.Dense(6, "relu"), gn.Dense(5, nn.GELU()), gn.Dense(4)],
    "dense, no bias": lambda: [
        gn.Flatten(),
        gn.Dense(6, "relu", use_bias=False),
        gn.Dense(5, nn.GELU(), use_bias=False),
        gn.Dense(4, use_bias=False),
    ],
    "max": lambda: [Max(2)],
    "overlapping": lambda: [Max(3, strides=2, padding=1)],
    "one way": lambda: [Max((3, 2), strides=(1, 3), padding="same")],
    "mean": lambda: [Mean(2)],
    "overlapping means": lambda: [Mean(3, strides=2, padding=1)],
    "global mean": lambda: [nn.GlobalAveragePooling2D()],
    "norm": lambda: [Norm()],
    "without scale": lambda: [Norm(momentum=0.7, epsilon=0.1, scale=False), gn.ReLU()],
    "without centre": lambda: [Norm(center=False), nn.GELU()],
    "on vectors": lambda: [gn.Flatten(), Norm(), gn.Tanh()],
    "max, norm": lambda: [Max(2), Norm(), nn.GELU()],
    "overlapping, norm": lambda: [Max(3, strides=2, padding="same"), Norm()],
    "norm, max": lambda: [Norm(), gn.ReLU(), Max(2)],
    "norm, max alone": lambda: [Norm(scale=False), Max(2)],
    "residual": lambda: [nn.Residual([Conv(6, 3, "relu", padding="same"), Norm()]), gn.ReLU()],
    "shortcut": lambda: [nn.Residual([Norm(), Conv(4, 1)], [Conv(4, 1, nn.SiLU())])],
    "unknown": lambda: [nn.LayerNormalization(), gn.PReLU(), nn.ZeroPadding2D(1)],
    "dropped": lambda: [nn.Dropout(0.4), Conv(4, 3), nn.SpatialDropout2D(0.4)],
}
for name in ("relu", "elu", "gelu"):
    RUNS[f"norm, {name}"] = lambda a=ACTIVATIONS[name]: [Norm(), a()]
for name in ("relu", "leaky", "gelu"):
    RUNS[f"convolution, {name}"] = lambda a=ACTIVATIONS[name]: [Conv(5, 2), a()]
for name in ("relu", "gelu"):
    RUNS[f"alone, {name}"] = lambda a=ACTIVATIONS[name]: [a(), nn.Reshape((-1,))]
ROUNDING = {"float32": 3e-5, "float64": 1e-12}


@pytest.fixture(params=[1, 3], ids=["alone", "team"])
def team(request, monkeypatch):
    """A team that shares however little there is to do."""
    monkeypatch.setattr(compiled_layers, "LEAST_SHARED", 1)
    team = Team(request.param)
    with team.gathered():
        yield team


def network_of(layers, dtype="float64", shape=(7, 9, 6)):
    network = gn.Network(layers, input_shape=shape, seed=1, dtype=dtype)
    rng = np.random.default_rng(2)
    for layer in network.layers:
        if isinstance(layer, nn.Whitening2D):
            layer.adapt(rng.normal(size=(9, *shape)))
    for name, array in network.numbers().items():  # no scale or shift that does nothing
        if name.split(".")[-1] in {"gamma", "beta", "b"}:
            array[...] += rng.normal(size=array.shape)
    network.first_learning = 0  # the gradient by the inputs is computed too
    return network


def passes(runner, parts, x, caches, training):
    """Return outputs of a forward pass and the gradient by its input of a backward pass."""
    y = x
    for part, cache in zip(parts, caches, strict=False):
        y = part.forward(y, cache, training=training)
    y = y.copy()
    d = np.random.default_rng(len(x)).normal(size=y.shape).astype(y.dtype)
    for part, cache in reversed(list(zip(parts, caches, strict=False))):
        d = part.backward(d, cache, need_dx=True)
    return y, d.copy()


def close(ours, theirs, dtype):
    scale = max(1.0, float(np.abs(theirs).max(initial=0.0)))
    np.testing.assert_allclose(ours, theirs, rtol=ROUNDING[dtype], atol=ROUNDING[dtype] * scale)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layers", RUNS.values(), ids=RUNS)
def test_outputs_gradients_and_state_are_those_of_the_layers(layers, dtype, team) -> None:
    theirs, ours = network_of(layers(), dtype), network_of(layers(), dtype)
    row = CompiledRow(ours, 7, team)
    row.stages = stages_of(ours.parts, Engine(team, 7, ours.dtype, Scratch(ours.dtype)))
    their_caches, our_caches = theirs.new_cache(), row.new_cache()
    rng = np.random.default_rng(0)
    # the caches are used again, with other batches; a pass in between has its own
    for n, training in ((7, True), (3, True), (5, False), (7, True), (1, False)):
        x = rng.normal(size=(n, 7, 9, 6)).astype(dtype) + rng.normal(size=6).astype(dtype)
        for caches in (their_caches, our_caches):
            for cache in caches:
                cache.rng = np.random.default_rng(n)
        expected = passes(theirs, theirs.parts, x, their_caches, training)
        found = passes(ours, row.stages, x, our_caches, training)
        close(found[0], expected[0], dtype)
        close(found[1], expected[1], dtype)
        close(ours.grad, theirs.grad, dtype)
        for (_, array), (_, other) in zip(ours.named_state(), theirs.named_state(), strict=True):
            close(array, other, dtype)


@pytest.mark.parametrize("layers", RUNS.values(), ids=RUNS)
def test_a_forward_pass_in_between_changes_no_gradient(layers, team) -> None:
    network = network_of(layers())
    row = CompiledRow(network, 4, team)
    row.stages = stages_of(network.parts, Engine(team, 4, network.dtype, Scratch(network.dtype)))
    caches = row.new_cache()
    rng = np.random.default_rng(0)
    x, other = rng.normal(size=(2, 4, 7, 9, 6))
    _, expected = passes(network, row.stages, x, caches, training=True)
    gradient = network.grad.copy()

    class Between:
        """Runs other examples with other caches before it goes backward."""

        parts = ()

        def forward(self, y, cache, *, training):
            row.forward(other, training=False)
            return y

        def backward(self, dy, cache, *, need_dx):
            return dy

    for cache in caches:
        cache.rng = np.random.default_rng(0)
    stages = [*row.stages, Between()]
    _, found = passes(network, stages, x, [*caches[: len(row.stages)], nn.Cache()], training=True)
    if not any(isinstance(part, nn.Dropout) for part in network.parts):
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(network.grad, gradient)


@pytest.mark.parametrize("make", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_kinds_are_the_activations(make) -> None:
    layer, z = make(), np.linspace(-3, 3, 41)
    kind, cache = kind_of(layer, z.dtype), nn.Cache()
    activated = [kinds.activated(kind, value) for value in z]
    np.testing.assert_allclose(activated, layer.forward(z, cache, training=True), atol=1e-14)
    slopes = [kinds.derivative(kind, value) for value in z]
    ones = np.ones_like(z)
    np.testing.assert_allclose(slopes, layer.backward(ones, cache, need_dx=True), atol=1e-14)


def test_statistics_are_right_far_from_zero(team) -> None:
    rng = np.random.default_rng(0)
    mean, spread = np.array([1e4, -300.0, 0.0]), np.array([1.0, 1e-2, 50.0])
    x = (rng.normal(size=(64, 9, 9, 3)) * spread + mean).astype(np.float32)
    network = gn.Network([Norm()], input_shape=(9, 9, 3))
    y = CompiledRow(network, 64, team).forward(x, training=True)
    exact = x.astype(float)
    expected = (exact - exact.mean(axis=(0, 1, 2))) / np.sqrt(exact.var(axis=(0, 1, 2)) + 1e-5)
    np.testing.assert_allclose(y[..., [0, 2]], expected[..., [0, 2]], atol=2e-3)
    variance = network.layers[0].running_variance
    np.testing.assert_allclose(
        variance, 0.9 + 0.1 * exact.var(axis=(0, 1, 2), ddof=0) * 5184 / 5183, rtol=1e-4
    )


def test_constant_channels_stay_finite(team) -> None:
    network = gn.Network([Norm(), gn.ReLU(), Max(2)], input_shape=(4, 4, 2))
    row = CompiledRow(network, 8, team)
    x, cache = np.full((8, 4, 4, 2), 1234.5, np.float32), row.new_cache()
    np.testing.assert_array_equal(row.forward(x, cache, training=True), 0.0)


@pytest.mark.parametrize("layers", [lambda: [Max(2)], lambda: [Norm(), Max(2)], lambda: [Max(3)]])
@pytest.mark.parametrize("place", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_nan_comes_out_of_pooling(layers, place, team) -> None:
    network = gn.Network(layers(), input_shape=(4, 4, 3))
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 3)).astype(np.float32)
    x[1, *place, 2] = np.nan
    y = CompiledRow(network, 2, team).forward(x)
    assert np.argwhere(np.isnan(y)).tolist() == [[1, 0, 0, 2]]


def test_a_window_too_large_for_a_byte_is_left_to_the_layer(team) -> None:
    network = gn.Network([Max(16), gn.Flatten()], input_shape=(16, 16, 1))
    assert isinstance(CompiledRow(network, 2, team).stages[0], Plain)


def test_stages_say_what_they_are(team) -> None:
    layers = [Conv(4, 3), Norm(), gn.ReLU(), Max(2), Conv(4, 3, "relu"), Mean(2), gn.Flatten()]
    row = CompiledRow(
        gn.Network([*layers, gn.Dense(3, "softmax")], input_shape=(12, 12, 1)), 8, team
    )
    names = [stage.name for stage in row.stages]
    assert names[0].startswith("Conv2D, ")
    assert names[1] == "BatchNormalization + ReLU + MaxPooling2D, compiled"
    assert names[2].startswith("Conv2D + ReLU, ")
    assert names[3:5] == ["AveragePooling2D, compiled", "Flatten()"]
    assert names[5].startswith("Dense, BLAS in ")
    assert names[6] == "Softmax()"


def test_the_gradient_of_a_network_is_that_of_its_layers(team) -> None:
    layers = lambda: [Conv(4, 3), Norm(), gn.ReLU(), Max(2), gn.Flatten(), gn.Dense(3, "softmax")]  # noqa: E731
    ours, theirs = (gn.Network(layers(), input_shape=(8, 8, 2), dtype="float64") for _ in range(2))
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 8, 8, 2)), np.eye(3)[rng.integers(0, 3, 5)]
    for loss in ("categorical_cross_entropy", "half_squared_error"):
        row = CompiledRow(ours, 5, team)
        for runner in (row, theirs):
            cache = runner.new_cache()
            p = runner.forward(x, cache, training=True)
            runner.backward(p, y, loss_named(loss), cache)
        np.testing.assert_allclose(ours.grad, theirs.grad, rtol=1e-10, atol=1e-13)


def test_an_output_activation_stays_apart_from_what_comes_before_it(team) -> None:
    ours, theirs = (
        gn.Network([gn.Flatten(), Norm(), gn.Sigmoid()], input_shape=(2, 2, 1), dtype="float64")
        for _ in range(2)
    )
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 2, 2, 1)), rng.integers(0, 2, (5, 4)).astype(float)
    for runner in (CompiledRow(ours, 5, team), theirs):
        cache = runner.new_cache()
        p = runner.forward(x, cache, training=True)
        runner.backward(p, y, loss_named("binary_cross_entropy"), cache)
    np.testing.assert_allclose(ours.grad, theirs.grad, rtol=1e-10, atol=1e-13)


def test_predictor_gives_what_predict_gives() -> None:
    layers = [Conv(4, 3), Norm(), nn.GELU(), Max(2), gn.Flatten(), gn.Dense(3, "softmax")]
    network = gn.Network(layers, input_shape=(8, 8, 2), dtype="float64")
    x = np.random.default_rng(0).normal(size=(30, 8, 8, 2))
    predictor = gn.Predictor(network)
    for some in (x, x[:1], x[:0]):
        np.testing.assert_allclose(predictor(some), network.predict(some), rtol=1e-12)
    with pytest.raises(ValueError, match="expects examples of shape"):
        predictor(x[:, :7])
