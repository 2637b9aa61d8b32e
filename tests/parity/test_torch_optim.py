"""The same steps as PyTorch's optimizers, in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.optim import Position, Schedule, Slot

torch = pytest.importorskip("torch", reason="parity is checked where PyTorch is installed")

Make = Callable[[], gn.Optimizer]
Theirs = Callable[[list[Any]], Any]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


def close(ours: np.ndarray, theirs: Any, tolerance: float = 2e-6) -> None:
    """Equal to `tolerance` of the largest number."""
    expected = theirs.detach().numpy().reshape(-1)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, rtol=0, atol=tolerance * np.abs(expected).max())


# A weight matrix that decays and a bias that does not: in PyTorch two groups


def theirs_of(kind: Any, decay: float = 0.0, **settings: Any) -> Theirs:
    def make(parameters: list[Any]) -> Any:
        weights, bias = parameters
        return kind(
            [
                {"params": [weights], "weight_decay": decay},
                {"params": [bias], "weight_decay": 0.0},
            ],
            **settings,
        )

    return make


optim = torch.optim
OPTIMIZERS: dict[str, tuple[Make, Theirs]] = {
    "SGD": (lambda: gn.SGD(0.1), theirs_of(optim.SGD, lr=0.1)),
    "SGD, nesterov and decay": (
        lambda: gn.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.05),
        theirs_of(optim.SGD, 0.05, lr=0.1, momentum=0.9, nesterov=True),
    ),
    "Adam": (lambda: gn.Adam(0.01), theirs_of(optim.Adam, lr=0.01)),
    "Adam, decay": (
        lambda: gn.Adam(0.01, beta_1=0.8, beta_2=0.95, epsilon=1e-3, weight_decay=0.1),
        theirs_of(optim.Adam, 0.1, lr=0.01, betas=(0.8, 0.95), eps=1e-3),
    ),
    "AdamW": (lambda: gn.AdamW(0.01), theirs_of(optim.AdamW, 0.01, lr=0.01)),
    "AdamW, more decay": (
        lambda: gn.AdamW(0.05, weight_decay=0.5),
        theirs_of(optim.AdamW, 0.5, lr=0.05),
    ),
    "AdamW, no decay": (
        lambda: gn.AdamW(weight_decay=0),
        theirs_of(optim.AdamW, 0.0, lr=1e-3),
    ),
    "RMSprop": (
        lambda: gn.RMSprop(0.01, rho=0.99),
        theirs_of(optim.RMSprop, lr=0.01),
    ),
    "RMSprop, momentum and decay": (
        lambda: gn.RMSprop(0.01, rho=0.9, epsilon=1e-3, momentum=0.8, weight_decay=0.1),
        theirs_of(optim.RMSprop, 0.1, lr=0.01, alpha=0.9, eps=1e-3, momentum=0.8),
    ),
    "RMSprop, centered": (
        lambda: gn.RMSprop(0.01, rho=0.9, centered=True, momentum=0.5),
        theirs_of(optim.RMSprop, lr=0.01, alpha=0.9, centered=True, momentum=0.5),
    ),
    "Adagrad": (lambda: gn.Adagrad(0.1), theirs_of(optim.Adagrad, lr=0.1)),
    "Adagrad, decay": (
        lambda: gn.Adagrad(0.1, initial_accumulator=0.5, weight_decay=0.1),
        theirs_of(optim.Adagrad, 0.1, lr=0.1, initial_accumulator_value=0.5),
    ),
    "SGD, decoupled decay": (
        lambda: gn.SGD(0.1, momentum=0.9, weight_decay=0.5, decoupled_weight_decay=True),
        lambda parameters: DecoupledSGD(parameters, 0.1, 0.9, 0.5),
    ),
}


class DecoupledSGD:
    """PyTorch's SGD, after the weights have lost their part."""

    def __init__(self, parameters: list[Any], rate: float, momentum: float, decay: float) -> None:
        self.weights, self.factor = parameters[0], 1.0 - rate * decay
        self.inner = optim.SGD(parameters, lr=rate, momentum=momentum)

    def step(self) -> None:
        with torch.no_grad():
            self.weights.mul_(self.factor)
        self.inner.step()


SLOTS = [Slot("dense_1.W", 0, 30, (6, 5), True), Slot("dense_1.b", 30, 35, (5,), False)]


def run(ours: gn.Optimizer, theirs: Theirs, steps: int = 20) -> tuple[np.ndarray, list[Any]]:
    """Return our parameters and theirs after some steps with the same gradients."""
    rng = np.random.default_rng(2)
    theta = rng.normal(size=35).astype(np.float32)
    parameters = [
        torch.tensor(theta[slot.where].reshape(slot.shape).copy(), requires_grad=True)
        for slot in SLOTS
    ]
    ours.bind(SLOTS)
    optimizer = theirs(parameters)
    for step in range(steps):
        gradient = rng.normal(0.0, 0.01 if step % 3 else 1.0, 35).astype(np.float32)
        for slot, parameter in zip(SLOTS, parameters, strict=True):
            parameter.grad = torch.tensor(gradient[slot.where].reshape(slot.shape).copy())
        optimizer.step()
        ours.step(theta, gradient)
    return theta, parameters


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_twenty_steps_are_those_of_pytorch(name: str) -> None:
    make, theirs = OPTIMIZERS[name]
    theta, parameters = run(make(), theirs)
    close(theta, torch.cat([parameter.reshape(-1) for parameter in parameters]))


def test_groups_are_those_of_pytorch() -> None:
    groups = [gn.ParameterGroup("*.b", rate=3.0, weight_decay=0.2)]
    ours = gn.AdamW(0.01, weight_decay=0.1, groups=groups)

    def theirs(parameters: list[Any]) -> Any:
        weights, bias = parameters
        return optim.AdamW(
            [
                {"params": [weights], "lr": 0.01, "weight_decay": 0.1},
                {"params": [bias], "lr": 0.03, "weight_decay": 0.2},
            ]
        )

    theta, parameters = run(ours, theirs)
    close(theta, torch.cat([parameter.reshape(-1) for parameter in parameters]))


@pytest.mark.skipif(not hasattr(optim, "Muon"), reason="it came with PyTorch 2.9")
@pytest.mark.parametrize(("shape", "nesterov"), [((8, 8), True), ((12, 4), True), ((4, 12), False)])
def test_muon_makes_about_the_steps_of_pytorch_which_computes_in_16_bits(
    shape: tuple[int, int], nesterov: bool
) -> None:
    rng, size = np.random.default_rng(3), shape[0] * shape[1]
    theta = rng.normal(size=size).astype(np.float32)
    # theirs has a row for each unit
    weights = torch.tensor(theta.reshape(shape).T.copy(), requires_grad=True)
    settings = {"momentum": 0.9, "nesterov": nesterov, "weight_decay": 0.1}
    ours = gn.Muon(0.1, **settings)
    theirs = optim.Muon([weights], lr=0.1, **settings)
    ours.bind([Slot("dense_1.W", 0, size, shape, True)])
    start = theta.copy()
    for _ in range(5):
        gradient = rng.normal(size=shape).astype(np.float32)
        weights.grad = torch.tensor(gradient.T.copy())
        theirs.step()
        ours.step(theta, gradient.reshape(-1))
    moved = weights.detach().numpy().T.reshape(-1) - start
    assert np.abs(theta - start - moved).max() < 0.02 * np.abs(moved).max()


lr = torch.optim.lr_scheduler
STEPS, EPOCHS, BASE = 7, 12, 0.3
SCHEDULES: dict[str, tuple[Schedule, Callable[[Any], Any]]] = {
    "PolynomialLR": (
        gn.PolynomialLR(),
        lambda o: lr.PolynomialLR(o, EPOCHS * STEPS),
    ),
    "PolynomialLR, squared": (
        gn.PolynomialLR(8, power=2),
        lambda o: lr.PolynomialLR(o, 8 * STEPS, 2),
    ),
    "LinearLR to 0": (
        gn.LinearLR(1.0, 0.0, total_iters=10),
        lambda o: lr.LinearLR(o, 1.0, 0.0, total_iters=10 * STEPS),
    ),
    "OneCycleLR, a triangle": (
        gn.OneCycleLR(
            pct_start=0.23, div_factor=5, final_div_factor=20 / 7, anneal_strategy="linear"
        ),
        lambda o: lr.OneCycleLR(
            o,
            BASE,
            EPOCHS * STEPS,
            pct_start=0.23,
            div_factor=5,
            final_div_factor=20 / 7,
            anneal_strategy="linear",
            cycle_momentum=False,
        ),
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_gives_the_rate_of_pytorch_at_every_step(name: str) -> None:
    ours, make = SCHEDULES[name]
    optimizer = optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
    theirs = make(optimizer)
    for step in range(EPOCHS * STEPS):
        rate = ours.rate(BASE, Position(step, STEPS, EPOCHS))
        assert rate == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9, abs=1e-12), step
        optimizer.step()
        theirs.step()
