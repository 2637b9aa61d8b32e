"""Every optimizer in a training: bound to the network, scheduled, stopped and resumed."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.training import Callback
from glassnet.training.slots import slots_of

EVERY = {
    "sgd": lambda: gn.SGD(0.1, momentum=0.9, weight_decay=0.01),
    "adam": lambda: gn.Adam(0.01, l1=0.001, max_norm=2.0),
    "adamw": lambda: gn.AdamW(0.01, groups=[gn.ParameterGroup("*.b", rate=2.0)]),
    "rmsprop": lambda: gn.RMSprop(0.01, centered=True, momentum=0.5),
    "adagrad": lambda: gn.Adagrad(0.1),
    "muon": lambda: gn.Muon(0.05, rest=gn.SGD(0.1, momentum=0.9)),
    "lookahead": lambda: gn.Lookahead(gn.AdamW(0.01), every=3),
    "groups": lambda: gn.SGD(
        0.1, groups=[gn.ParameterGroup("dense_2.*", rate=0.5, schedule=gn.OneCycleLR())]
    ),
}


@pytest.mark.parametrize("name", EVERY)
def test_a_resumed_run_ends_with_the_same_bits(
    name, blobs, make_trainer, small_network, tmp_path
) -> None:
    class InterruptingAt(Callback):
        def on_chunk_end(self, trainer) -> None:
            if trainer.progress.epoch == 1:
                trainer.interrupt()

    def trainer_of(*more):
        callbacks = [*more, gn.Checkpoint(tmp_path / "checkpoint.npz")]
        return make_trainer(
            small_network(),
            optimizer=EVERY[name](),
            schedule=gn.CosineAnnealingLR(),
            callbacks=callbacks,
        )

    whole = trainer_of()
    whole.fit(blobs(), epochs=4)
    stopped = trainer_of(InterruptingAt())
    stopped.fit(blobs(), epochs=4)
    assert stopped.network.theta.tobytes() != whole.network.theta.tobytes()
    resumed = trainer_of()
    resumed.resume(tmp_path / "checkpoint.npz")
    resumed.fit(blobs(), epochs=4)
    assert resumed.network.theta.tobytes() == whole.network.theta.tobytes()


@pytest.mark.parametrize("name", EVERY)
def test_it_learns(name, blobs, make_trainer, small_network) -> None:
    trainer = make_trainer(small_network(), optimizer=EVERY[name]())
    history = trainer.fit(blobs(), epochs=10)
    assert history[-1]["loss"] < 0.7 * history[0]["loss"]


def test_the_trainer_tells_the_optimizer_the_names_of_the_parameters(
    blobs, make_trainer, small_network
) -> None:
    network = small_network()
    before = dict(network.named_parameters())["dense_1.W"].value.copy()
    groups = [gn.ParameterGroup("dense_1.W", frozen=True)]
    make_trainer(network, optimizer=gn.SGD(0.1, groups=groups)).fit(blobs(), epochs=1)
    np.testing.assert_array_equal(dict(network.named_parameters())["dense_1.W"].value, before)


def test_a_group_that_fits_nothing_is_refused_before_the_first_step(
    blobs, make_trainer, small_network
) -> None:
    network = small_network()
    before = network.theta.copy()
    optimizer = gn.Lookahead(gn.Adam(groups=[gn.ParameterGroup("conv2d_*")]))
    with pytest.raises(ValueError, match=r"'conv2d_\*' fits none .* dense_1\.W, dense_1\.b"):
        make_trainer(network, optimizer=optimizer).fit(blobs(), epochs=1)
    np.testing.assert_array_equal(network.theta, before)


def test_a_bound_on_norms_is_for_each_filter_of_a_depthwise_convolution(make_trainer) -> None:
    rng = np.random.default_rng(0)
    data = gn.Dataset(rng.normal(size=(40, 4, 4, 3)), rng.integers(0, 3, 40))
    convolution = gn.DepthwiseConv2D(3, multiplier=2)
    layers = [convolution, gn.Flatten(), gn.Dense(3, "softmax")]
    trainer = make_trainer(
        gn.Network(layers, input_shape=(4, 4, 3)), optimizer=gn.SGD(1.0, max_norm=0.5)
    )
    trainer.fit(data, epochs=3)
    norms = np.linalg.norm(convolution.W.value.reshape(9, 6), axis=0)
    assert norms.max() <= 0.5 + 1e-6
    assert (norms > 0.3).sum() > 3  # and not all of them together


@pytest.mark.parametrize("watched", [False, True])
def test_a_group_with_a_schedule_of_its_own_follows_that(
    watched, blobs, small_network, make_trainer
) -> None:
    class Watching(Callback):
        def on_step_end(self, trainer) -> None:
            """Look at each step."""

    def optimizer() -> gn.SGD:
        schedule = gn.StepLR(2, gamma=0.25)
        return gn.SGD(0.4, groups=[gn.ParameterGroup("dense_2.*", rate=0.5, schedule=schedule)])

    data, moving = blobs(), optimizer()
    network = small_network(dtype="float64")
    trainer = make_trainer(
        network,
        optimizer=moving,
        schedule=gn.PolynomialLR(),
        batch_size="full",
        callbacks=[Watching()] * watched,
    )
    trainer.fit(data, epochs=6)
    expected, slots = small_network(dtype="float64"), slots_of(network)
    loss = gn.CategoricalCrossEntropy()
    for epoch in range(6):
        gradient = expected.gradient(data.x, data.y, loss)
        for slot in slots:
            own = slot.name.startswith("dense_2")
            rate = 0.2 * 0.25 ** (epoch // 2) if own else 0.4 * (1 - epoch / 6)
            expected.theta[slot.where] -= rate * gradient[slot.where]
    np.testing.assert_allclose(network.theta, expected.theta, rtol=1e-9, atol=1e-12)
    assert moving.groups[0].rate_beside(1.0) == 0.5  # after the training it is the common one


def test_groups_of_muons_rest_are_scheduled_from_the_rate_of_the_rest(blobs, make_trainer) -> None:
    seen = []

    class Watching(Callback):
        def on_step_end(self, trainer) -> None:
            seen.append(group.rate_beside(0.0))  # of the next step

    group = gn.ParameterGroup("*.b", rate=2.0, schedule=gn.StepLR(1, gamma=0.5))
    optimizer = gn.Muon(0.05, rest=gn.SGD(0.3, groups=[group]))
    trainer = make_trainer(optimizer=optimizer, batch_size="full", callbacks=[Watching()])
    trainer.fit(blobs(), epochs=3)
    np.testing.assert_allclose(seen, [0.3, 0.15, 0.075])


@pytest.mark.parametrize("muon", [False, True])
def test_lookahead_begins_each_phase_at_the_weights_that_there_are(
    muon, blobs, make_trainer
) -> None:
    lookahead = gn.Lookahead(gn.SGD(0.5), every=2)
    optimizer = gn.Muon(0.5, matrices=["dense_1.W"], rest=lookahead) if muon else lookahead
    trainer = make_trainer(optimizer=optimizer)
    trainer.fit(blobs(), epochs=3)
    trainer.network.theta[...] = 0.25
    optimizer.learning_rate = lookahead.learning_rate = 1e-12
    trainer.fit(blobs(), epochs=1)
    np.testing.assert_allclose(trainer.network.theta, 0.25, atol=1e-6)


def test_an_optimizer_begins_anew_with_a_network_of_another_size(blobs, make_trainer) -> None:
    used, thetas = gn.Adam(0.01), []
    make_trainer(optimizer=used).fit(blobs(), epochs=2)
    for optimizer in (used, gn.Adam(0.01)):
        layers = [gn.Dense(7, "tanh"), gn.Dense(3, "softmax")]
        network = gn.Network(layers, input_shape=4, seed=0)
        make_trainer(network, optimizer=optimizer).fit(blobs(), epochs=1)
        thetas.append(network.theta)
    np.testing.assert_array_equal(*thetas)
