"""Every optimizer in a training: bound to the network, scheduled, stopped and resumed."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.training import Callback

EVERY = {
    "sgd": lambda: gn.SGD(0.1, momentum=0.9, weight_decay=0.01),
    "adam": lambda: gn.Adam(0.01, l1=0.001, max_norm=2.0),
    "adamw": lambda: gn.AdamW(0.01, groups=[gn.ParameterGroup("*.b", rate=2.0)]),
    "rmsprop": lambda: gn.RMSprop(0.01, centered=True, momentum=0.5),
    "adagrad": lambda: gn.Adagrad(0.1),
    "muon": lambda: gn.Muon(0.05, rest=gn.SGD(0.1, momentum=0.9)),
    "lookahead": lambda: gn.Lookahead(gn.AdamW(0.01), every=3),
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
