"""With the first layers frozen, the backward pass ends behind them, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.optim import Optimizer
from glassnet.training import compiled, layered
from glassnet.training.slots import first_moved, slots_of

FIRST = "conv2d_1.*", "batchnormalization_1.*"
FROZEN = [gn.ParameterGroup(pattern, frozen=True) for pattern in FIRST]


def network() -> gn.Network:
    return gn.Network(
        [
            gn.Conv2D(4, 3, padding="same"),
            gn.BatchNormalization(),
            gn.GELU(),
            gn.Residual([gn.Conv2D(4, 3, "relu", padding="same"), gn.BatchNormalization()]),
            gn.MaxPooling2D(2),
            gn.Flatten(),
            gn.Dense(6, gn.PReLU()),
            gn.Dropout(0.2),
            gn.Dense(3, "softmax"),
        ],
        input_shape=(8, 8, 2),
    )


def images(n: int = 90) -> gn.Dataset:
    rng = np.random.default_rng(0)
    return gn.Dataset(rng.random((n, 8, 8, 2)).astype(np.float32), rng.integers(0, 3, n))


def muon() -> gn.Muon:
    rest = gn.SGD(0.1, momentum=0.9, groups=[gn.ParameterGroup("*_1.b", frozen=True), FROZEN[1]])
    return gn.Muon(0.05, rest=rest, groups=[FROZEN[0]])


OPTIMIZERS = {
    "sgd": lambda: gn.SGD(0.05, momentum=0.9, weight_decay=0.01, clip_norm=0.5, groups=FROZEN),
    "decay": lambda: gn.AdamW(0.01, weight_decay=0.5, groups=FROZEN),
    "lookahead": lambda: gn.Lookahead(gn.AdamW(0.01, weight_decay=0.1, groups=FROZEN), every=2),
    "muon": muon,
}


def trained(optimizer: Optimizer, engine: str) -> gn.Network:
    net = network()
    trainer = gn.Trainer(
        net, loss="categorical_cross_entropy", batch_size=30, engine=engine, seed=1
    )
    trainer.fit(images(), epochs=1, optimizer=gn.SGD(0.05))  # gradients of the first layers, once
    trainer.fit(images(), epochs=3, optimizer=optimizer)
    return net


@pytest.fixture(params=["numpy", "numba"])
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "numba":
        pytest.importorskip("numba")
        pytest.importorskip("scipy")
    return str(request.param)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_learns_has_the_same_bits_as_if_the_pass_went_all_the_way(
    name: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorter = trained(OPTIMIZERS[name](), engine)
    for module in (compiled, layered):
        monkeypatch.setattr(module, "first_moved", lambda net, _: net.first_learning)
    whole = trained(OPTIMIZERS[name](), engine)
    assert np.isfinite(whole.theta).all()
    for key, array in whole.numbers().items():
        np.testing.assert_array_equal(shorter.numbers()[key], array, err_msg=key)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_is_frozen_keeps_its_bits(name: str, engine: str) -> None:
    net = network()
    before = {key: q.value.copy() for key, q in net.named_parameters()}
    trainer = gn.Trainer(net, loss="categorical_cross_entropy", batch_size=30, engine=engine)
    trainer.fit(images(), epochs=2, optimizer=OPTIMIZERS[name]())
    kept = {key for key, q in net.named_parameters() if np.array_equal(q.value, before[key])}
    assert {"conv2d_1.W", "conv2d_1.b", "batchnormalization_1.gamma"} <= kept
    assert not {"residual_1.conv2d_1.W", "dense_1.W", "dense_2.W"} & kept


def test_the_frozen_layers_are_not_asked_for_gradients(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = network()
    asked: list[int | None] = []
    backward = gn.Network.backward

    def watched(self, p, y, *rest):
        asked.append(rest[2])
        return backward(self, p, y, *rest)

    owner = gn.Network
    if engine == "numba":
        from glassnet.nn.compiled_row import CompiledRow

        owner, backward = CompiledRow, CompiledRow.backward
    monkeypatch.setattr(owner, "backward", watched)
    net.grad[...] = 7.0
    trainer = gn.Trainer(net, loss="categorical_cross_entropy", batch_size=30, engine=engine)
    trainer.fit(images(), epochs=1, optimizer=muon())
    assert asked == [3, 3, 3]
    frozen = dict(net.named_parameters())["conv2d_1.W"]
    np.testing.assert_array_equal(frozen.grad, 7.0)  # Muon has nothing to do with it
    assert not (dict(net.named_parameters())["residual_1.conv2d_1.W"].grad == 7.0).any()


@pytest.mark.parametrize(
    ("patterns", "first"),
    [
        ((), 0),
        (("conv2d_1.W",), 0),
        (("conv2d_1.*",), 1),
        (FIRST, 3),
        ((*FIRST, "residual_1.conv2d_1.*"), 3),
        ((*FIRST, "residual_1.*"), 6),
        ((*FIRST, "residual_1.*", "dense_1.[Wb]"), 7),
        ((*FIRST, "residual_1.*", "dense_1.*"), 9),
        (("dense_*", "residual_1.*"), 0),
        (("*",), 11),
    ],
)
def test_the_first_part_that_is_moved(patterns: tuple[str, ...], first: int) -> None:
    net = network()
    optimizer = gn.SGD(groups=[gn.ParameterGroup(pattern, frozen=True) for pattern in patterns])
    optimizer.bind(slots_of(net))
    assert first_moved(net, optimizer) == first
    around = gn.Lookahead(optimizer)
    assert first_moved(net, around) == first


def test_a_network_that_is_frozen_as_a_whole_stays(engine: str) -> None:
    net = network()
    before = net.theta.copy()
    trainer = gn.Trainer(net, loss="categorical_cross_entropy", batch_size=30, engine=engine)
    trainer.fit(
        images(), epochs=1, optimizer=gn.AdamW(groups=[gn.ParameterGroup("*", frozen=True)])
    )
    assert net.theta.tobytes() == before.tobytes()
