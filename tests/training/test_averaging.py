from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.training import Callback


class Seen(Callback):
    """Notes the weights after every step, and those that are validated."""

    def __init__(self) -> None:
        self.steps: list[np.ndarray] = []
        self.validated: list[np.ndarray] = []
        self.after: list[np.ndarray] = []

    def on_step_end(self, trainer) -> None:
        self.steps.append(trainer.network.theta.astype(np.float64))

    def on_validation_start(self, trainer) -> None:
        self.validated.append(trainer.network.theta.copy())

    def on_epoch_end(self, trainer, record) -> None:
        self.after.append(trainer.network.theta.copy())


def averaged(start: np.ndarray, steps: list[np.ndarray], kept) -> np.ndarray:
    """Return the average by its equation; `kept` says how much stays at update t."""
    average = start.astype(np.float64)
    for t, theta in enumerate(steps, 1):
        average = kept(t) * average + (1 - kept(t)) * theta
    return average


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"decay": 0.8, "warm_up": False}, lambda t: 0.8),
        ({"decay": 0.5}, lambda t: min(0.5, (1 + t) / (10 + t))),
        ({"decay": 0.0}, lambda t: 0.0),
    ],
)
def test_the_network_is_measured_and_ends_with_the_average_of_all_steps(
    settings, kept, blobs, make_trainer, small_network
) -> None:
    network, seen = small_network(), Seen()
    start = network.theta.copy()
    trainer = make_trainer(network, callbacks=[gn.MovingAverage(**settings), seen])
    trainer.fit(blobs(), epochs=2, validation=blobs(30, seed=1))
    half = len(seen.steps) // 2
    for end, validated, after in zip((half, 2 * half), seen.validated, seen.after, strict=True):
        expected = averaged(start, seen.steps[:end], kept)
        np.testing.assert_allclose(validated, expected, rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(after, seen.steps[end - 1].astype(np.float32))
    np.testing.assert_array_equal(network.theta, seen.validated[-1])


def test_the_recorded_validation_is_that_of_the_average(blobs, make_trainer, small_network) -> None:
    held_out, network = blobs(30, seed=1), small_network()
    trainer = make_trainer(network, callbacks=[gn.MovingAverage(0.9)])
    history = trainer.fit(blobs(), epochs=3, validation=held_out)
    measured = trainer.evaluate(held_out)
    assert history[-1]["validation_loss"] == pytest.approx(measured["loss"], rel=1e-6)


def test_updates_every_few_steps_count_for_as_many(blobs, make_trainer, small_network) -> None:
    network, seen = small_network(), Seen()
    start = network.theta.copy()
    average = gn.MovingAverage(0.9, every=3, warm_up=False)
    make_trainer(network, callbacks=[average, seen]).fit(blobs(), epochs=3)
    expected = averaged(start, seen.steps[2::3], lambda t: 0.9**3)
    np.testing.assert_allclose(network.theta, expected, rtol=1e-4, atol=1e-6)


def test_each_phase_begins_anew(blobs, make_trainer, small_network) -> None:
    network, seen = small_network(), Seen()
    trainer = make_trainer(network, callbacks=[gn.MovingAverage(0.9, warm_up=False), seen])
    trainer.fit(blobs(), epochs=1)
    begin, done = network.theta.copy(), len(seen.steps)
    trainer.fit(blobs(), epochs=1)
    expected = averaged(begin, seen.steps[done:], lambda t: 0.9)
    np.testing.assert_allclose(network.theta, expected, rtol=1e-4, atol=1e-6)


def test_an_interrupted_phase_ends_with_the_weights_that_go_on(
    blobs, make_trainer, small_network
) -> None:
    class Interrupting(Callback):
        def on_epoch_end(self, trainer, record) -> None:
            trainer.interrupt()

    network, seen = small_network(), Seen()
    callbacks = [gn.MovingAverage(0.9), seen, Interrupting()]
    make_trainer(network, callbacks=callbacks).fit(blobs(), epochs=2)
    np.testing.assert_array_equal(network.theta, seen.steps[-1].astype(np.float32))


@pytest.mark.parametrize("at", [5, 8, 11])
def test_a_resumed_run_ends_with_the_same_bits(
    at, blobs, make_trainer, small_network, tmp_path
) -> None:
    class InterruptingAt(Callback):
        def on_chunk_end(self, trainer) -> None:
            if trainer.progress.step + 8 * trainer.progress.epoch >= at:
                trainer.interrupt()

    def trainer_of(*more):
        path = tmp_path / "checkpoint.npz"
        callbacks = [gn.MovingAverage(0.9, every=2), *more, gn.Checkpoint(path)]
        return make_trainer(small_network(), callbacks=callbacks), path

    whole, _ = trainer_of()
    whole.fit(blobs(), epochs=3, validation=0.2)
    first, path = trainer_of(InterruptingAt())
    first.fit(blobs(), epochs=3, validation=0.2)
    second, _ = trainer_of()
    second.resume(path)
    second.fit(blobs(), epochs=3, validation=0.2)
    assert second.network.theta.tobytes() == whole.network.theta.tobytes()
    assert second.history[-1]["validation_loss"] == whole.history[-1]["validation_loss"]


def test_running_statistics_are_averaged_too(blobs, make_trainer) -> None:
    layers = [gn.Dense(5), gn.BatchNormalization(), gn.Dense(3, "softmax")]
    network = gn.Network(layers, input_shape=4)
    before = {name: array.copy() for name, array in network.named_state()}
    trained = gn.Network.from_config(network.config())
    trained.theta[...] = network.theta
    for (_, ours), theirs in zip(trained.named_state(), before.values(), strict=True):
        ours[...] = theirs
    make_trainer(trained, batch_size="full").fit(blobs(), epochs=1)
    average = gn.MovingAverage(0.75, warm_up=False)
    make_trainer(network, batch_size="full", callbacks=[average]).fit(blobs(), epochs=1)
    moved = False
    after = dict(trained.named_state())
    for name, array in network.named_state():
        expected = 0.75 * before[name] + 0.25 * after[name]
        np.testing.assert_allclose(array, expected, rtol=1e-6)
        moved |= bool((after[name] != before[name]).any())
    assert moved


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"decay": 1}, ValueError, "decay .* below 1, got 1"),
        ({"every": 0}, ValueError, "every .* at least 1, got 0"),
        ({"warm_up": 1}, TypeError, "warm_up must be True or False, got 1"),
    ],
)
def test_a_setting_out_of_range_is_named(settings, error, message) -> None:
    with pytest.raises(error, match=message):
        gn.MovingAverage(**settings)


@pytest.mark.parametrize("average_first", [True, False])
def test_early_stopping_keeps_the_average_that_was_best(
    average_first, blobs, make_trainer, small_network
) -> None:
    average = gn.MovingAverage(0.9)
    stopping = gn.EarlyStopping("validation_loss", patience=50)
    callbacks = [average, stopping] if average_first else [stopping, average]
    trainer = make_trainer(
        small_network(), callbacks=callbacks, optimizer=gn.SGD(2.0, momentum=0.9)
    )
    held_out = blobs()
    history = trainer.fit(blobs(), epochs=8, validation=held_out)
    best = min(record["validation_loss"] for record in history)
    assert best < history[-1]["validation_loss"]  # so that it isn't the end that is kept
    assert trainer.evaluate(held_out)["loss"] == pytest.approx(best, rel=1e-6)


def test_steps_since_the_last_update_count_at_the_end(blobs, make_trainer, small_network) -> None:
    network = small_network()
    before = network.theta.copy()
    average = gn.MovingAverage(0.5, every=1000, warm_up=False)
    trainer = make_trainer(network, batch_size="full", callbacks=[average])
    trainer.fit(blobs(), epochs=2)
    plain = make_trainer(small_network(), batch_size="full")
    plain.fit(blobs(), epochs=2)
    np.testing.assert_allclose(network.theta, (0.25 * before + 0.75 * plain.network.theta), 1e-5)


def test_other_settings_than_those_of_the_checkpoint_are_refused(
    blobs, make_trainer, small_network
) -> None:
    average = gn.MovingAverage(0.9)
    make_trainer(small_network(), callbacks=[average]).fit(blobs(), epochs=1)
    with pytest.raises(ValueError, match=r"of a run with MovingAverage\(0.9, .*resume with"):
        gn.MovingAverage(0.5).load_state(average.state())


def test_a_network_can_end_with_one_average_alone(blobs, make_trainer, small_network) -> None:
    trainer = make_trainer(small_network(), callbacks=[gn.MovingAverage(), gn.MovingAverage(0.9)])
    with pytest.raises(ValueError, match="give one MovingAverage"):
        trainer.fit(blobs(), epochs=1)


def test_without_validation_an_average_and_a_best_epoch_exclude_each_other(
    blobs, make_trainer
) -> None:
    average = gn.MovingAverage(0.9)
    both = make_trainer(callbacks=[average, gn.EarlyStopping("loss")])
    with pytest.raises(ValueError, match="can't end both with MovingAverage and with what Early"):
        both.fit(blobs(), epochs=2)
    stopping = gn.EarlyStopping("loss", restore_best=False)
    make_trainer(callbacks=[average, stopping]).fit(blobs(), epochs=2)
    make_trainer(callbacks=[average, gn.EarlyStopping("loss")]).fit(
        blobs(), epochs=2, validation=0.2
    )
