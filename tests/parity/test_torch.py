"""The same numbers as PyTorch, in float32."""

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
    assert ours.dtype == np.float32
    np.testing.assert_allclose(
        ours, expected, rtol=tolerance, atol=tolerance * max(np.abs(expected).max(), 1e-30)
    )


# Layers: ours, theirs from the arrays of our parameters and state, the shape of an example


def tensor(array: np.ndarray) -> Any:
    return torch.tensor(array, requires_grad=True)


LAYER_TABLE: dict[str, tuple[Callable[[], gn.Layer], Callable[..., Any], tuple[int, ...]]] = {
    "Dense": (lambda: gn.Dense(7), lambda x, W, b: F.linear(x, W.T, b), (5,)),
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
}


def test_the_table_has_every_layer() -> None:
    assert {type(make()).__name__ for make, _, _ in LAYER_TABLE.values()} == set(LAYERS)


@pytest.mark.parametrize("name", LAYER_TABLE)
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_a_layer_gives_the_values_and_gradients_of_pytorch(name: str, scale: float) -> None:
    make, theirs, shape = LAYER_TABLE[name]
    layer, rng = make(), np.random.default_rng(0)
    network = gn.Network([layer], input_shape=shape)
    x = rng.normal(0.0, scale, (6, *shape)).astype(np.float32)
    if isinstance(layer, gn.Standardize):
        layer.adapt(x)
    constants = [torch.tensor(array.astype(np.float32)) for _, array in network.named_state()]
    x_torch, parameters = tensor(x), [tensor(q.value.copy()) for q in layer.parameters]
    y_torch = theirs(x_torch, *parameters, *constants)
    dy = rng.normal(size=y_torch.shape).astype(np.float32)
    y_torch.backward(torch.tensor(dy))

    cache = Cache()
    close(layer.forward(x, cache, training=True), y_torch)
    dx = layer.backward(dy, cache, need_dx=True)
    assert dx is not None
    close(dx, x_torch.grad)
    for ours, parameter in zip(layer.parameters, parameters, strict=True):
        close(ours.grad, parameter.grad)


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
