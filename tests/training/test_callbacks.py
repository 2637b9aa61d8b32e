import numpy as np
import pytest

import glassnet as gn
from glassnet.training.checkpoint import read_state, write_state


class Diary(gn.Callback):
    def __init__(self) -> None:
        self.entries: list[str] = []

    def on_fit_start(self, trainer) -> None:
        self.entries.append(f"fit {trainer.progress.phase}")

    def on_epoch_start(self, trainer) -> None:
        self.entries.append(f"epoch {trainer.progress.epoch + 1}")

    def on_chunk_end(self, trainer) -> None:
        self.entries.append(f"chunk {trainer.progress.row}")

    def on_epoch_end(self, trainer, record) -> None:
        assert trainer.history[-1] is record
        self.entries.append(f"end {record['epoch']}")

    def on_fit_end(self, trainer) -> None:
        self.entries.append("done")


class StepDiary(Diary):
    def on_step_end(self, trainer) -> None:
        self.entries.append(f"step {trainer.progress.step}")


def test_callbacks_are_called_at_their_moments(blobs, make_trainer) -> None:
    diary = Diary()
    trainer = make_trainer(callbacks=[diary], batch_size=700)
    trainer.fit(blobs(1000), epochs=2)
    trainer.fit(blobs(60), epochs=1)
    assert diary.entries == [
        "fit 1",
        *("epoch 1", "chunk 700", "chunk 1000", "end 1"),
        *("epoch 2", "chunk 700", "chunk 1000", "end 2"),
        "done",
        *("fit 2", "epoch 1", "chunk 60", "end 3", "done"),
    ]


def test_steps_are_told_to_those_who_ask(blobs, make_trainer) -> None:
    diary, plain = StepDiary(), Diary()
    make_trainer(callbacks=[plain, diary], batch_size=30).fit(blobs(60), epochs=1)
    assert diary.entries == ["fit 1", "epoch 1", "step 1", "step 2", "chunk 60", "end 1", "done"]
    assert plain.entries == ["fit 1", "epoch 1", "chunk 60", "end 1", "done"]


def test_callbacks_are_called_in_their_order_and_checkpoints_last(
    blobs, make_trainer, tmp_path
) -> None:
    called = []

    class Named(gn.Callback):
        def __init__(self, name) -> None:
            self.name = name

        def on_epoch_end(self, trainer, record) -> None:
            called.append((self.name, (tmp_path / "c.npz").exists()))

    callbacks = [Named("a"), gn.Checkpoint(tmp_path / "c.npz"), Named("b")]
    make_trainer(callbacks=callbacks).fit(blobs(), epochs=1)
    assert called == [("a", False), ("b", False)]
    assert (tmp_path / "c.npz").exists()


def test_the_metrics_so_far_can_be_asked_for_within_an_epoch(blobs, make_trainer) -> None:
    seen = []

    class Ask(gn.Callback):
        def on_chunk_end(self, trainer) -> None:
            seen.append(trainer.running_metrics())

    trainer = make_trainer(callbacks=[Ask()], batch_size=700)
    record = trainer.fit(blobs(1000), epochs=1)[0]
    assert seen[0] != seen[1]
    assert seen[1] == {"loss": record["loss"], "accuracy": record["accuracy"]}


class Scripted(gn.Callback):
    """Writes the numbers that a test wants into the records, and each epoch's into the weights."""

    def __init__(self, key: str, values: list[float]) -> None:
        self.key, self.values = key, values

    def on_epoch_end(self, trainer, record) -> None:
        record[self.key] = self.values[record["epoch"] - 1]
        trainer.network.theta[...] = record["epoch"]


@pytest.mark.parametrize(
    ("key", "values", "epochs", "best"),
    [
        ("loss", [3, 2, 1, 2, 2, 2], 5, 3),
        ("loss", [3, 2, 2, 2, 2, 2], 4, 2),
        ("loss", [3, 4, 2, 3, 1, 5], 6, 5),
        ("accuracy", [0.5, 0.7, 0.6, 0.7, 0.1, 0.1], 4, 2),
    ],
)
def test_early_stopping_waits_and_restores_the_best_weights(  # noqa: PLR0917
    blobs, make_trainer, key, values, epochs, best
) -> None:
    stopping = gn.EarlyStopping(key, patience=2)
    trainer = make_trainer(callbacks=[Scripted(key, values), stopping])
    trainer.fit(blobs(), epochs=6)
    assert len(trainer.history) == epochs
    assert stopping.best_epoch == best
    assert (trainer.network.theta == best).all()
    assert trainer.stopped == (epochs < 6)


def test_early_stopping_may_leave_the_last_weights(blobs, make_trainer) -> None:
    stopping = gn.EarlyStopping("loss", patience=1, restore_best=False)
    trainer = make_trainer(callbacks=[Scripted("loss", [1, 2, 3]), stopping])
    trainer.fit(blobs(), epochs=3)
    assert (trainer.network.theta == 2).all()


def test_an_improvement_smaller_than_min_delta_is_none(blobs, make_trainer) -> None:
    stopping = gn.EarlyStopping("loss", patience=2, min_delta=0.5)
    make_trainer(callbacks=[Scripted("loss", [3, 2.8, 2.6, 2.4]), stopping]).fit(blobs(), epochs=4)
    assert stopping.best_epoch == 1


def test_early_stopping_begins_anew_with_every_phase(blobs, make_trainer) -> None:
    values = [1, 2, 9, 8, 7]
    trainer = make_trainer(
        callbacks=[Scripted("loss", values), gn.EarlyStopping("loss", patience=1)]
    )
    trainer.fit(blobs(), epochs=2)
    trainer.fit(blobs(), epochs=3)
    assert len(trainer.history) == 5
    assert (trainer.network.theta == 5).all()


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"patience": 0}, "patience must be .* at least 1, got 0"),
        ({"min_delta": -1}, "min_delta must be .* at least 0, got -1"),
    ],
)
def test_early_stopping_refuses_absurd_settings(settings, match) -> None:
    with pytest.raises(ValueError, match=match):
        gn.EarlyStopping(**settings)


def test_a_loss_far_beyond_its_best_stops_the_phase(blobs, make_trainer) -> None:
    script = Scripted("loss", [1, 0.5, 4, 5.1, 0.1])
    trainer = make_trainer(callbacks=[script, gn.StopOnDivergence(10)])
    trainer.fit(blobs(), epochs=5)
    assert len(trainer.history) == 4


def test_the_factor_of_divergence_is_above_1() -> None:
    with pytest.raises(ValueError, match=r"factor must be .* above 1, got 1"):
        gn.StopOnDivergence(1)


def test_a_phase_that_is_stopped_ends_with_its_epoch(blobs, make_trainer) -> None:
    class Stop(gn.Callback):
        def on_step_end(self, trainer) -> None:
            trainer.stop()

    trainer = make_trainer(callbacks=[Stop()], batch_size=20)
    trainer.fit(blobs(), epochs=3)
    assert len(trainer.history) == 1
    assert trainer.progress.step == 3


def test_a_phase_that_is_interrupted_ends_within_the_epoch(blobs, make_trainer) -> None:
    class Interrupt(gn.Callback):
        def on_chunk_end(self, trainer) -> None:
            trainer.interrupt()

    trainer = make_trainer(callbacks=[Interrupt()], batch_size=700)
    trainer.fit(blobs(1000), epochs=3)
    assert trainer.interrupted
    assert len(trainer.history) == 0
    assert trainer.progress.row == 700


def test_what_callbacks_remember_is_ready_for_a_checkpoint(blobs, make_trainer, tmp_path) -> None:
    callbacks = [gn.EarlyStopping("loss"), gn.StopOnDivergence(), gn.Callback()]
    make_trainer(callbacks=callbacks).fit(blobs(), epochs=1)
    for callback in callbacks:
        state = callback.state()
        write_state(tmp_path / "state.npz", state)
        callback.load_state(read_state(tmp_path / "state.npz"))
        assert str(callback.state()) == str(state)


@pytest.mark.parametrize(
    ("callback", "shown"),
    [
        (gn.EarlyStopping(), "EarlyStopping()"),
        (gn.EarlyStopping("loss", patience=3), "EarlyStopping('loss', patience=3)"),
        (gn.Checkpoint("last.npz", seconds=5.0), "Checkpoint('last.npz', seconds=5.0)"),
        (gn.MLflow("digits", model=False), "MLflow('digits', model=False)"),
    ],
)
def test_a_callback_shows_how_it_was_made(callback, shown) -> None:
    assert repr(callback) == shown


def test_a_callback_of_ones_own_shows_what_it_keeps() -> None:
    class Watches(gn.Callback):
        def __init__(self, x, name, *rest, every=1, **others) -> None:
            self.x, self._name, self.every = x, name, every

    assert repr(Watches(np.arange(2), "a", 3, every=2, z=1)) == "Watches(array([0, 1]), every=2)"
