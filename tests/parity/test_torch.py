"""The same numbers as PyTorch: layers in both dtypes, the rest in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn import LAYERS, LOSSES, Cache, Loss
from glassnet.optim import Position, Schedule

torch = pytest.importorskip("torch", reason="parity is checked where PyTorch is installed")
F = torch.nn.functional


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


def close(ours: np.ndarray, theirs: Any, tolerance: float = 1e-5) -> None:
    """Equal to `tolerance` of the largest number."""
    expected = theirs.detach().numpy()
    assert ours.shape == expected.shape
    assert ours.dtype == expected.dtype
    np.testing.assert_allclose(
        ours, expected, rtol=tolerance, atol=tolerance * max(np.abs(expected).max(), 1e-30)
    )


# Layers: ours, theirs from the arrays of our parameters and state, the shape of an example


def tensor(array: np.ndarray) -> Any:
    return torch.tensor(array, requires_grad=True)


def images(theirs: Callable[..., Any]) -> Callable[..., Any]:
    """Their function of images with the channels first, for images with the channels last."""
    return lambda x, *rest: theirs(x.permute(0, 3, 1, 2), *rest).permute(0, 2, 3, 1)


def conv2d(**settings: Any) -> Callable[..., Any]:
    return images(lambda x, W, b=None: F.conv2d(x, W.permute(3, 2, 0, 1), b, **settings))


def depthwise_conv2d(**settings: Any) -> Callable[..., Any]:
    return images(
        lambda x, W, b: F.conv2d(
            x,
            W.permute(2, 3, 0, 1).flatten(0, 1)[:, None],  # (channels * multiplier, 1, h, w)
            b,
            groups=W.shape[2],
            **settings,
        )
    )


LAYER_TABLE: dict[str, tuple[Callable[[], gn.Layer], Callable[..., Any], tuple[int, ...]]] = {
    "Dense": (lambda: gn.Dense(7), lambda x, W, b: F.linear(x, W.T, b), (5,)),
    "Dense, no bias": (
        lambda: gn.Dense(7, use_bias=False),
        lambda x, W: F.linear(x, W.T),
        (5,),
    ),
    "Flatten": (gn.Flatten, lambda x: torch.flatten(x, 1), (4, 4, 3)),
    "Standardize": (gn.Standardize, lambda x, mean, deviation: (x - mean) / deviation, (5,)),
    "Identity": (gn.Identity, torch.nn.Identity(), (5,)),
    "Sigmoid": (gn.Sigmoid, torch.sigmoid, (5,)),
    "Tanh": (gn.Tanh, torch.tanh, (5,)),
    "ReLU": (gn.ReLU, torch.relu, (4, 4, 3)),
    "LeakyReLU": (lambda: gn.LeakyReLU(0.2), lambda x: F.leaky_relu(x, 0.2), (5,)),
    "PReLU": (gn.PReLU, F.prelu, (5,)),
    "PReLU, per feature": (lambda: gn.PReLU(shared=False), F.prelu, (5,)),
    "Softmax": (gn.Softmax, lambda x: F.softmax(x, -1), (5,)),
    "GELU": (gn.GELU, F.gelu, (5,)),
    "GELU, approximate": (
        lambda: gn.GELU(approximate=True),
        lambda x: F.gelu(x, approximate="tanh"),
        (5,),
    ),
    "SiLU": (gn.SiLU, F.silu, (5,)),
    "ELU": (gn.ELU, F.elu, (5,)),
    "ELU(0.5)": (lambda: gn.ELU(0.5), lambda x: F.elu(x, 0.5), (5,)),
    "Softplus": (gn.Softplus, lambda x: F.softplus(x, 1.0, 1000.0), (5,)),
    "Conv2D": (lambda: gn.Conv2D(7, 3), conv2d(), (9, 8, 3)),
    "Conv2D, same": (lambda: gn.Conv2D(4, 5, padding="same"), conv2d(padding="same"), (9, 8, 3)),
    "Conv2D, same, even kernel": (
        lambda: gn.Conv2D(4, (2, 4), padding="same"),
        conv2d(padding="same"),
        (6, 7, 3),
    ),
    "Conv2D, strides": (
        lambda: gn.Conv2D(4, 3, strides=(2, 3), padding=(1, 2)),
        conv2d(stride=(2, 3), padding=(1, 2)),
        (9, 8, 3),
    ),
    "Conv2D, dilation": (
        lambda: gn.Conv2D(4, 3, dilation=2, padding=1),
        conv2d(dilation=2, padding=1),
        (9, 8, 3),
    ),
    "Conv2D, groups": (
        lambda: gn.Conv2D(6, 3, groups=3, use_bias=False),
        conv2d(groups=3),
        (6, 5, 3),
    ),
    "Conv2D, 1x1": (lambda: gn.Conv2D(5, 1), conv2d(), (4, 4, 3)),
    "DepthwiseConv2D": (
        lambda: gn.DepthwiseConv2D(3, multiplier=2, padding=1),
        depthwise_conv2d(padding=1),
        (6, 5, 3),
    ),
    "MaxPooling2D": (gn.MaxPooling2D, images(lambda x: F.max_pool2d(x, 2)), (5, 6, 3)),
    "MaxPooling2D, overlapping": (
        lambda: gn.MaxPooling2D(3, strides=2, padding=1),
        images(lambda x: F.max_pool2d(x, 3, 2, 1)),
        (7, 6, 3),
    ),
    "AveragePooling2D": (gn.AveragePooling2D, images(lambda x: F.avg_pool2d(x, 2)), (5, 6, 3)),
    "AveragePooling2D, overlapping": (
        lambda: gn.AveragePooling2D(3, strides=2, padding=1),
        images(lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)),
        (7, 6, 3),
    ),
    "GlobalAveragePooling2D": (
        gn.GlobalAveragePooling2D,
        lambda x: x.mean((1, 2)),
        (4, 3, 5),
    ),
    "GlobalMaxPooling2D": (gn.GlobalMaxPooling2D, lambda x: x.amax((1, 2)), (4, 3, 5)),
    "LayerNormalization": (
        gn.LayerNormalization,
        lambda x, gamma, beta: F.layer_norm(x, (4,), gamma, beta),
        (3, 4),
    ),
    "Dropout": (lambda: gn.Dropout(0.0), lambda x: F.dropout(x, 0.0), (5,)),
    "SpatialDropout2D": (
        lambda: gn.SpatialDropout2D(0.0),
        lambda x: F.dropout2d(x, 0.0),
        (2, 3, 4),
    ),
    "GaussianNoise": (lambda: gn.GaussianNoise(0.0), lambda x: x.clone(), (5,)),
    "Reshape": (lambda: gn.Reshape((2, 3)), lambda x: x.reshape(-1, 2, 3), (6,)),
    "ZeroPadding2D": (
        lambda: gn.ZeroPadding2D(((1, 2), (0, 3))),
        images(lambda x: F.pad(x, (0, 3, 1, 2))),
        (3, 2, 4),
    ),
    "Rescaling": (lambda: gn.Rescaling(2.0, -1.0), lambda x: 2.0 * x - 1.0, (5,)),
    "Whitening2D": (
        gn.Whitening2D,
        lambda x, b, filters: conv2d()(x, filters, b),
        (6, 5, 3),
    ),
    "Residual": (
        lambda: gn.Residual([gn.Conv2D(4, 3, "silu", padding=1), gn.Conv2D(3, 1)]),
        lambda x, W1, b1, W2, b2: x + conv2d()(F.silu(conv2d(padding=1)(x, W1, b1)), W2, b2),
        (6, 5, 3),
    ),
    "Residual, shortcut": (
        lambda: gn.Residual([gn.Conv2D(4, 3, strides=2)], [gn.Conv2D(4, 2, strides=2)]),
        lambda x, W1, b1, W2, b2: conv2d(stride=2)(x, W1, b1) + conv2d(stride=2)(x, W2, b2),
        (7, 7, 3),
    ),
}
NORMALIZATION = {
    "vectors": (gn.BatchNormalization, (5,), 1e-5),
    "images": (lambda: gn.BatchNormalization(0.6, 1e-3), (4, 3, 5), 1e-3),
}
"""Batch normalisation has a state that training changes: the tests of it stand below."""


def test_the_table_has_every_layer() -> None:
    covered = {type(make()).__name__ for make, _, _ in LAYER_TABLE.values()}
    assert {*covered, "BatchNormalization"} == set(LAYERS)


def parameters_of(layer: gn.Layer) -> list[gn.Parameter]:
    """Its own, and those of the layers inside it."""
    inside = [part for inner in layer.inner for part in inner.parts]
    return [*layer.parameters, *(q for part in inside for q in parameters_of(part))]


@pytest.mark.parametrize("name", LAYER_TABLE)
@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-13)])
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_a_layer_gives_the_values_and_gradients_of_pytorch(
    name: str, scale: float, dtype: str, tolerance: float
) -> None:
    make, theirs, shape = LAYER_TABLE[name]
    layer, rng = make(), np.random.default_rng(0)
    network = gn.Network([layer], input_shape=shape, dtype=dtype)
    network.theta += rng.normal(0.0, 0.1, network.theta.shape)
    x = rng.normal(0.0, scale, (6, *shape)).astype(dtype)
    if isinstance(layer, gn.Standardize | gn.Whitening2D):
        layer.adapt(x)
    constants = [torch.tensor(array.astype(dtype)) for _, array in network.named_state()]
    ours = parameters_of(layer)
    x_torch, parameters = tensor(x), [tensor(q.value.copy()) for q in ours]
    y_torch = theirs(x_torch, *parameters, *constants)
    dy = rng.normal(size=y_torch.shape).astype(dtype)
    y_torch.backward(torch.tensor(dy))

    cache = Cache()
    close(layer.forward(x, cache, training=True), y_torch, tolerance)
    dx = layer.backward(dy, cache, need_dx=True)
    assert dx is not None
    close(dx, x_torch.grad, tolerance)
    for parameter, tensor_of_it in zip(ours, parameters, strict=True):
        close(parameter.grad, tensor_of_it.grad, tolerance)


@pytest.mark.parametrize("name", NORMALIZATION)
@pytest.mark.parametrize("mean", [0.0, 100.0])
def test_batch_normalization_is_that_of_pytorch_with_1_minus_our_momentum(
    name: str, mean: float
) -> None:
    make, shape, epsilon = NORMALIZATION[name]
    layer, rng = make(), np.random.default_rng(0)
    network = gn.Network([layer], input_shape=shape, dtype="float64")
    network.theta[...] = rng.normal(1.0, 0.3, network.theta.shape)
    gamma, beta = tensor(layer.gamma.value.copy()), tensor(layer.beta.value.copy())
    running = torch.zeros(5, dtype=torch.float64), torch.ones(5, dtype=torch.float64)

    def theirs(x: Any, *, training: bool) -> Any:
        channels_first = torch.movedim(x, -1, 1)
        y = F.batch_norm(
            channels_first, *running, gamma, beta, training, 1.0 - layer.momentum, epsilon
        )
        return torch.movedim(y, 1, -1)

    for training in (True, True, False):
        x = rng.normal(mean, 3.0, (6, *shape))
        x_torch, dy = tensor(x), rng.normal(size=x.shape)
        y_torch = theirs(x_torch, training=training)
        gamma.grad = beta.grad = None
        y_torch.backward(torch.tensor(dy))
        cache = Cache()
        close(layer.forward(x, cache, training=training), y_torch, 1e-11)
        dx = layer.backward(dy, cache, need_dx=True)
        assert dx is not None
        close(dx, x_torch.grad, 1e-10)
        close(layer.gamma.grad, gamma.grad, 1e-11)
        close(layer.beta.grad, beta.grad, 1e-11)
        close(layer.running_mean, running[0], 1e-13)
        close(layer.running_variance, running[1], 1e-12)


def test_equal_numbers_of_a_window_give_the_gradient_to_the_first_as_in_pytorch() -> None:
    x = np.random.default_rng(0).integers(0, 2, (4, 6, 6, 3)).astype(np.float32)
    for size, strides in ((2, 2), (3, 1), (3, 2)):
        layer, x_torch = gn.MaxPooling2D(size, strides=strides), tensor(x)
        gn.Network([layer], input_shape=x.shape[1:])
        y_torch = images(lambda x, k=size, s=strides: F.max_pool2d(x, k, s))(x_torch)
        dy = np.random.default_rng(1).normal(size=y_torch.shape).astype(np.float32)
        y_torch.backward(torch.tensor(dy))
        cache = Cache()
        close(layer.forward(x, cache, training=True), y_torch)
        close(layer.backward(dy, cache, need_dx=True), x_torch.grad)


def test_a_small_convolutional_network_learns_as_in_pytorch() -> None:
    network = gn.Network(
        [
            gn.Conv2D(4, 3, padding="same", use_bias=False),
            gn.BatchNormalization(),
            gn.ReLU(),
            gn.MaxPooling2D(),
            gn.Flatten(),
            gn.Dense(3, "softmax"),
        ],
        input_shape=(6, 6, 2),
        dtype="float64",
    )
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(30, 6, 6, 2)), rng.integers(0, 3, 30)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(2, 4, 3, padding=1, bias=False),
        torch.nn.BatchNorm2d(4, momentum=0.1),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
    ).double()
    head = torch.nn.Linear(36, 3).double()
    convolution, dense = network.layers[0], network.layers[5]
    assert isinstance(convolution, gn.Conv2D)
    assert isinstance(dense, gn.Dense)
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor(convolution.W.value).permute(3, 2, 0, 1))
        head.weight.copy_(torch.tensor(dense.W.value.T))
        head.bias.zero_()

    def theirs(x: np.ndarray) -> Any:
        channels_last = model(torch.tensor(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return head(channels_last.flatten(1))

    sgd = torch.optim.SGD([*model.parameters(), *head.parameters()], lr=0.1, momentum=0.9)
    optimizer, loss = gn.SGD(0.1, momentum=0.9), gn.CategoricalCrossEntropy()
    for _ in range(20):
        optimizer.step(network.theta, network.gradient(x, labels, loss))
        sgd.zero_grad()
        F.cross_entropy(theirs(x), torch.tensor(labels)).backward()
        sgd.step()
    model.eval()
    expected = torch.softmax(theirs(x), 1)
    close(network.predict(x), expected, 1e-9)


# Losses: ours, our output activation, theirs from the pre-activation


LOSS_TABLE: dict[str, tuple[Callable[[], Loss], str | None, Callable[[Any, Any], Any]]] = {
    "half_squared_error": (
        gn.HalfSquaredError,
        "sigmoid",
        lambda z, y: F.mse_loss(torch.sigmoid(z), y, reduction="sum") / (2 * len(z)),
    ),
    "mean_squared_error": (gn.MeanSquaredError, None, F.mse_loss),
    "binary_cross_entropy": (
        gn.BinaryCrossEntropy,
        "sigmoid",
        F.binary_cross_entropy_with_logits,
    ),
    "categorical_cross_entropy": (gn.CategoricalCrossEntropy, "softmax", F.cross_entropy),
    "label smoothing": (
        lambda: gn.CategoricalCrossEntropy(label_smoothing=0.1),
        "softmax",
        lambda z, y: F.cross_entropy(z, y, label_smoothing=0.1),
    ),
    "binary label smoothing": (
        lambda: gn.BinaryCrossEntropy(label_smoothing=0.1),
        "sigmoid",
        lambda z, y: F.binary_cross_entropy_with_logits(z, 0.9 * y + 0.05),
    ),
    "mean_absolute_error": (gn.MeanAbsoluteError, None, F.l1_loss),
    "huber": (lambda: gn.Huber(0.7), None, lambda z, y: F.huber_loss(z, y, delta=0.7)),
    "quantile": (
        lambda: gn.Quantile(0.8),
        None,
        lambda z, y: torch.maximum(0.8 * (y - z), -0.2 * (y - z)).mean(),
    ),
    # targets are 0 and 1: y log y - y, which PyTorch leaves out, has the mean -1/4
    "poisson": (gn.Poisson, "tanh", lambda z, y: F.poisson_nll_loss(torch.tanh(z), y) - 0.25),
    "squared error of a softmax": (
        gn.MeanSquaredError,
        "softmax",
        lambda z, y: F.mse_loss(F.softmax(z, 1), y),
    ),
}


def test_the_table_has_every_loss() -> None:
    assert {type(make()) for make, _, _ in LOSS_TABLE.values()} == set(LOSSES.values())


@pytest.mark.parametrize("name", LOSS_TABLE)
@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_a_loss_gives_the_value_and_gradient_of_pytorch(name: str, scale: float) -> None:
    make, activation, theirs = LOSS_TABLE[name]
    layer, rng, loss = gn.Dense(4, activation), np.random.default_rng(1), make()
    network = gn.Network([layer], input_shape=3)
    x = rng.normal(0.0, scale, (8, 3)).astype(np.float32)
    y = np.eye(4, dtype=np.float32)[rng.integers(0, 4, 8)]
    W, b = tensor(layer.W.value.copy()), tensor(layer.b.value.copy())
    value = theirs(torch.tensor(x) @ W + b, torch.tensor(y))
    value.backward()
    assert loss.value(network.predict(x), y) == pytest.approx(value.item(), rel=1e-5)
    network.gradient(x, y, loss)
    close(layer.W.grad, W.grad)
    close(layer.b.grad, b.grad)


# Optimizers


VARIANTS = [
    {},
    {"momentum": 0.9},
    {"momentum": 0.9, "nesterov": True},
    {"weight_decay": 0.1},
    {"momentum": 0.5, "weight_decay": 0.01},
    {"clip_norm": 1.0},
    {"momentum": 0.8, "nesterov": True, "weight_decay": 0.05, "clip_norm": 0.5},
]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_sgd_makes_the_steps_of_pytorch(variant: dict[str, Any]) -> None:
    rng, settings = np.random.default_rng(2), dict(variant)
    start = rng.normal(size=50).astype(np.float32)
    theta, theirs = start.copy(), tensor(start.copy())
    ours = gn.SGD(0.1, **settings)
    clip_norm = settings.pop("clip_norm", None)
    optimizer = torch.optim.SGD([theirs], lr=0.1, **settings)
    for step in range(30):
        gradient = rng.normal(0.0, 0.01 if step % 3 else 1.0, 50).astype(np.float32)
        theirs.grad = torch.tensor(gradient.copy())
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_([theirs], clip_norm)
        optimizer.step()
        ours.step(theta, gradient)
        close(theta, theirs)


# Whole trainings


def linear(inputs: int, outputs: int) -> Any:
    return torch.nn.Linear(inputs, outputs)


TRAININGS: dict[str, tuple[Callable[[], list[gn.Layer]], Callable[[], Any], str, Any]] = {
    "the thesis: sigmoid and half the squared error": (
        lambda: [gn.Dense(16, "sigmoid"), gn.Dense(4, "sigmoid")],
        lambda: [linear(10, 16), torch.nn.Sigmoid(), linear(16, 4), torch.nn.Sigmoid()],
        "half_squared_error",
        lambda p, y: ((p - y) ** 2).sum() / (2 * len(p)),
    ),
    "relu and softmax cross-entropy": (
        lambda: [gn.Dense(16, "relu"), gn.Dense(12, "relu"), gn.Dense(4, "softmax")],
        lambda: [
            linear(10, 16),
            torch.nn.ReLU(),
            linear(16, 12),
            torch.nn.ReLU(),
            linear(12, 4),
        ],
        "categorical_cross_entropy",
        F.cross_entropy,
    ),
    "prelu and binary cross-entropy": (
        lambda: [gn.Dense(16, gn.PReLU(shared=False)), gn.Dense(4, "sigmoid")],
        lambda: [linear(10, 16), torch.nn.PReLU(16), linear(16, 4)],
        "binary_cross_entropy",
        F.binary_cross_entropy_with_logits,
    ),
    "tanh and the mean squared error": (
        lambda: [gn.Dense(16, "tanh"), gn.Dense(4)],
        lambda: [linear(10, 16), torch.nn.Tanh(), linear(16, 4)],
        "mean_squared_error",
        F.mse_loss,
    ),
    "leaky relu and smoothed labels": (
        lambda: [gn.Dense(16, "leaky_relu"), gn.Dense(4, "softmax")],
        lambda: [linear(10, 16), torch.nn.LeakyReLU(), linear(16, 4)],
        "smoothed",
        lambda z, y: F.cross_entropy(z, y, label_smoothing=0.1),
    ),
}


@pytest.mark.parametrize("name", TRAININGS)
def test_twenty_steps_of_training_stay_together(name: str) -> None:
    layers, modules, loss_name, their_loss = TRAININGS[name]
    network = gn.Network(layers(), input_shape=10, seed=4)
    model = torch.nn.Sequential(*modules())
    parameters = dict(network.named_parameters())
    with torch.no_grad():
        for theirs, ours in zip(model.parameters(), parameters.values(), strict=True):
            value = torch.tensor(ours.value)
            theirs.copy_(value.T if ours.name == "W" else value)
    smoothed = gn.CategoricalCrossEntropy(label_smoothing=0.1)
    loss = smoothed if loss_name == "smoothed" else gn.nn.loss_named(loss_name)
    ours, theirs = gn.SGD(0.2, momentum=0.9), torch.optim.SGD(model.parameters(), 0.2, 0.9)
    rng, cache = np.random.default_rng(5), network.new_cache()
    for step in range(20):
        batch = 8 if step < 15 else 5
        x = rng.normal(size=(batch, 10)).astype(np.float32)
        y = np.eye(4, dtype=np.float32)[(x[:, 0] > 0) + 2 * (x[:, 1] > 0)]
        network.backward(network.forward(x, cache, training=True), y, loss, cache)
        ours.step(network.theta, network.grad)
        theirs.zero_grad()
        their_loss(model(torch.tensor(x)), torch.tensor(y)).backward()
        theirs.step()
    for theirs, ours in zip(model.parameters(), parameters.values(), strict=True):
        close(ours.value, theirs.T if ours.name == "W" else theirs)


# Schedules: ours and how many epochs; theirs, stepped once a step or once an epoch

lr = torch.optim.lr_scheduler
STEPS, EPOCHS, BASE = 7, 12, 0.3
SCHEDULES: dict[str, tuple[Schedule, Callable[[Any], Any], int]] = {
    "StepLR": (gn.StepLR(3, gamma=0.5), lambda o: lr.StepLR(o, 3, 0.5), 1),
    "CosineAnnealingLR": (
        gn.CosineAnnealingLR(eta_min=0.01),
        lambda o: lr.CosineAnnealingLR(o, EPOCHS, 0.01),
        1,
    ),
    "CosineAnnealingLR, by step": (
        gn.CosineAnnealingLR(),
        lambda o: lr.CosineAnnealingLR(o, EPOCHS * STEPS),
        STEPS,
    ),
    "LinearLR": (
        gn.LinearLR(0.2, 0.9, total_iters=5),
        lambda o: lr.LinearLR(o, 0.2, 0.9, total_iters=5),
        1,
    ),
    "LinearLR, by step": (
        gn.LinearLR(total_iters=5),
        lambda o: lr.LinearLR(o, total_iters=5 * STEPS),
        STEPS,
    ),
    "OneCycleLR": (
        gn.OneCycleLR(),
        lambda o: lr.OneCycleLR(o, BASE, EPOCHS * STEPS, cycle_momentum=False),
        STEPS,
    ),
    "OneCycleLR, other factors": (
        gn.OneCycleLR(pct_start=0.45, div_factor=10, final_div_factor=50),
        lambda o: lr.OneCycleLR(
            o,
            BASE,
            epochs=EPOCHS,
            steps_per_epoch=STEPS,
            pct_start=0.45,
            div_factor=10,
            final_div_factor=50,
            cycle_momentum=False,
        ),
        STEPS,
    ),
    "SequentialLR": (
        gn.SequentialLR([gn.LinearLR(0.1, total_iters=4), gn.CosineAnnealingLR()], [4]),
        lambda o: lr.SequentialLR(
            o,
            [lr.LinearLR(o, 0.1, total_iters=4), lr.CosineAnnealingLR(o, EPOCHS - 4)],
            [4],
        ),
        1,
    ),
    "SequentialLR of three": (
        gn.SequentialLR(
            [gn.LinearLR(0.5, total_iters=2), gn.StepLR(2, gamma=0.7), gn.StepLR(1, gamma=0.1)],
            [3, 9],
        ),
        lambda o: lr.SequentialLR(
            o,
            [lr.LinearLR(o, 0.5, total_iters=2), lr.StepLR(o, 2, 0.7), lr.StepLR(o, 1, 0.1)],
            [3, 9],
        ),
        1,
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.filterwarnings("ignore:The epoch parameter in `scheduler.step")  # SequentialLR's own
def test_a_schedule_gives_the_rates_of_pytorch_over_a_whole_run(name: str) -> None:
    ours, make, steps_per_epoch = SCHEDULES[name]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
    theirs = make(optimizer)
    for step in range(EPOCHS * steps_per_epoch):
        rate = ours.rate(BASE, Position(step, steps_per_epoch, EPOCHS))
        assert rate == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9, abs=1e-12), step
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize("monitor", ["validation_loss", "validation_accuracy"])
@pytest.mark.parametrize("patience", [0, 1, 3])
@pytest.mark.parametrize("min_lr", [0.0, 0.02])
def test_plateaus_are_those_of_pytorch_over_a_whole_run(
    monitor: str, patience: int, min_lr: float
) -> None:
    mode = "max" if monitor.endswith("accuracy") else "min"
    ours = gn.ReduceLROnPlateau(
        monitor, factor=0.5, patience=patience, threshold=0.01, min_lr=min_lr
    )
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
    theirs = lr.ReduceLROnPlateau(
        optimizer, mode, factor=0.5, patience=patience, threshold=0.01, min_lr=min_lr, eps=0.0
    )
    rng = np.random.default_rng(patience)
    for epoch in range(40):
        value = float(0.5 + 0.3 * np.exp(-epoch / 5) + 0.05 * rng.normal())
        ours.observe({monitor: value})
        theirs.step(value)
        rate = ours.rate(BASE, Position(epoch + 1, 1, 40))
        assert rate == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-6), epoch
