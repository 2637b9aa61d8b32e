"""Training on images that are changed: the same bits however it is cut, stopped and resumed."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import batches
from glassnet.data.augmentation import (
    AlternatingFlip,
    Augmentation,
    Cutout,
    ElasticDistortion,
    MixUp,
    RandomRotation,
    RandomTranslation,
)

N = 230


def pictures(n: int = N, seed: int = 0) -> gn.Dataset:
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    patterns = np.random.default_rng(7).random((3, 7, 6, 1))
    return gn.Dataset(0.7 * patterns[labels] + 0.3 * rng.random((n, 7, 6, 1)), labels)


def changes() -> list[Augmentation]:
    return [
        AlternatingFlip(),
        RandomTranslation(1, "reflect"),
        RandomRotation(10),
        ElasticDistortion(3, 2),
        Cutout(2),
        MixUp(0.3),
    ]


def trainer(**settings) -> gn.Trainer:
    layers = [gn.Flatten(), gn.Dense(6, "tanh"), gn.Dense(3, "softmax")]
    network = gn.Network(layers, input_shape=(7, 6, 1), seed=1)
    settings = {
        "loss": "categorical_cross_entropy",
        "batch_size": 16,
        "augmentation": changes(),
        "optimizer": gn.SGD(0.05, momentum=0.9),
    } | settings
    return gn.Trainer(network, **settings)


def numbers(history: gn.History) -> list[dict]:
    return [{k: v for k, v in r.items() if not k.endswith("seconds")} for r in history]


def threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("glassnet-ahead")]


@pytest.fixture(params=["numpy", "numba"])
def engine(request) -> str:
    if request.param == "numba":
        pytest.importorskip("numba", reason="needs the extra fast")
    return request.param


def test_the_bits_do_not_depend_on_how_an_epoch_is_cut_into_chunks(engine, monkeypatch) -> None:
    results = []
    for rows in (16, 48, 1024):
        monkeypatch.setattr(batches, "_CHUNK_ROWS", rows)
        run = trainer(engine=engine)
        results.append((run.fit(pictures(), epochs=3), run.network.theta))
        assert run.engine_in_use == engine
    for history, theta in results[1:]:
        np.testing.assert_array_equal(theta, results[0][1])
        for record, first in zip(numbers(history), numbers(results[0][0]), strict=True):
            assert record == pytest.approx(first)
    assert threads() == []


def test_images_are_changed_in_training_and_not_in_validation() -> None:
    class Blank(Cutout):
        """Leaves nothing of an image."""

        def check(self, input_shape):
            """Be larger than it."""

    data = pictures()
    run = trainer(augmentation=[Blank(99)])
    history = run.fit(data, epochs=4, validation=data)
    plain = trainer(augmentation=())
    plain.fit(data, epochs=4)
    assert history[-1]["accuracy"] < 0.5  # there is nothing to see
    assert plain.history[-1]["accuracy"] > 0.9
    first_weights = run.network.layers[1].W
    np.testing.assert_array_equal(
        first_weights.value, trainer().network.layers[1].W.value
    )  # an input of zeros moves no weight
    assert history[-1]["validation_loss"] == run.evaluate(data)["loss"]


def test_mixed_targets_reach_the_loss() -> None:
    told: list[np.ndarray] = []

    class Halves(Augmentation):
        def draw(self, draw):
            return (np.zeros(len(draw.rows)),)

        def apply(self, x, drawn):
            return x

        def apply_to_targets(self, targets, drawn):
            told.append(targets)
            return np.full_like(targets, 1 / 3)

    run = trainer(augmentation=[Halves()], optimizer=gn.SGD(0.5))
    data = pictures()
    run.fit(data, epochs=30)
    assert set(np.concatenate(told).ravel()) == {0.0, 1.0}
    np.testing.assert_allclose(run.network.predict(data.x), 1 / 3, atol=0.05)


def test_the_epoch_counts_over_phases() -> None:
    seen: list[tuple[int, int, int]] = []

    class Diary(Cutout):
        def draw(self, draw):
            seen.append((draw.epoch, draw.examples, draw.seed))
            return super().draw(draw)

    run = trainer(augmentation=[Diary(2)], seed=4)
    run.fit(pictures(), epochs=2)
    run.fit(pictures(), epochs=1)
    assert sorted(set(seen)) == [(0, N, 4), (1, N, 4), (2, N, 4)]


@pytest.mark.parametrize("stop_after", [1, 2, 5])
def test_a_run_that_is_resumed_in_an_epoch_ends_with_the_same_bits(
    engine, stop_after, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(batches, "_CHUNK_ROWS", 64)

    class Stop(gn.Callback):
        chunks = 0

        def on_chunk_end(self, trainer) -> None:
            self.chunks += 1
            if self.chunks == stop_after:
                trainer.interrupt()

    whole = trainer(engine=engine)
    whole.fit(pictures(), epochs=3, validation=0.2)
    path = tmp_path / "checkpoint.npz"
    stopped = trainer(engine=engine, callbacks=[Stop(), gn.Checkpoint(path)])
    stopped.fit(pictures(), epochs=3, validation=0.2)
    assert stopped.interrupted
    assert stopped.progress.row > 0
    assert threads() == []
    again = trainer(engine=engine)
    again.resume(path)
    again.fit(pictures(), epochs=3, validation=0.2)
    np.testing.assert_array_equal(again.network.theta, whole.network.theta)
    assert numbers(again.history) == numbers(whole.history)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"augmentation": ()}, r"augmentation \[\{'type': 'AlternatingFlip'\}.* this one has \[\]"),
        ({"augmentation": [*changes()[:-1], MixUp(0.4)]}, "augmentation .*0.3.* this one .*0.4"),
        ({"drop_last": True}, "drop last False, this one has True"),
    ],
)
def test_a_run_does_not_go_on_with_other_changes(tmp_path, other, words) -> None:
    path = tmp_path / "checkpoint.npz"
    trainer(callbacks=[gn.Checkpoint(path)]).fit(pictures(), epochs=1)
    again = trainer(**other)
    again.resume(path)
    with pytest.raises(ValueError, match=words):
        again.fit(pictures(), epochs=2)


def test_a_checkpoint_from_before_there_were_augmentations_goes_on(tmp_path, monkeypatch) -> None:
    path = tmp_path / "checkpoint.npz"
    older = trainer(augmentation=(), callbacks=[gn.Checkpoint(path)])
    settings = gn.training.trainer.settings_of

    def without(*arguments):
        kept = settings(*arguments)
        return {k: v for k, v in kept.items() if k not in ("augmentation", "drop_last")}

    with monkeypatch.context() as patch:
        patch.setattr(gn.training.trainer, "settings_of", without)
        older.fit(pictures(), epochs=1)
    again = trainer(augmentation=())
    again.resume(path)
    assert len(again.fit(pictures(), epochs=2)) == 2


# Threads


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_training_that_is_broken_off_leaves_no_thread(error) -> None:
    class Break(gn.Callback):
        def on_chunk_end(self, trainer) -> None:
            raise error

    with pytest.raises(error):
        trainer(callbacks=[Break()]).fit(pictures(), epochs=2)
    assert threads() == []


def test_a_training_that_diverges_leaves_no_thread(monkeypatch) -> None:
    monkeypatch.setattr(batches, "_CHUNK_ROWS", 16)
    run = trainer()
    run.network.theta[...] = np.nan
    with pytest.raises(gn.DivergenceError):
        run.fit(pictures(), epochs=2)
    assert threads() == []


def test_an_augmentation_that_fails_is_told_as_it_was_raised() -> None:
    class Wrong(Cutout):
        def apply(self, x, drawn):
            raise ZeroDivisionError("by the augmentation")

    with pytest.raises(ZeroDivisionError, match="by the augmentation"):
        trainer(augmentation=[Wrong(2)]).fit(pictures(), epochs=1)
    assert threads() == []


def test_images_are_changed_in_a_thread_and_plain_ones_gathered_without() -> None:
    seen: set[str] = set()

    class Where(Cutout):
        def apply(self, x, drawn):
            seen.add(threading.current_thread().name)
            return super().apply(x, drawn)

    trainer(augmentation=[Where(2)]).fit(pictures(), epochs=1)
    assert all(name.startswith("glassnet-ahead") for name in seen)
    assert seen


# What is refused


@pytest.mark.parametrize("wrong", ["RandomFlip", [gn.SGD()], Cutout(2), None])
def test_what_is_no_augmentation_is_refused(wrong) -> None:
    with pytest.raises(TypeError, match=r"augmentation must be such as \[RandomFlip\(\)\], got"):
        trainer(augmentation=wrong)


def test_augmentation_of_what_is_no_image_is_refused(blobs, make_trainer) -> None:
    run = make_trainer(augmentation=[Cutout(2)])
    with pytest.raises(ValueError, match=r"Cutout is for images.* have shape \(4,\)"):
        run.fit(blobs(), epochs=1)


def test_what_is_no_image_can_be_mixed(blobs, make_trainer) -> None:
    history = make_trainer().fit(blobs(), epochs=5, augmentation=[MixUp(0.2)])
    assert history[-1]["loss"] < history[0]["loss"]


# drop_last


def test_the_last_short_batch_can_be_dropped() -> None:
    sizes: list[int] = []

    class Sizes(gn.Callback):
        def on_step_end(self, trainer) -> None:
            sizes.append(trainer.progress.step)

    run = trainer(drop_last=True, callbacks=[Sizes()])
    history = run.fit(pictures(), epochs=2)
    assert [record["steps"] for record in history] == [14, 14]
    assert sizes == list(range(1, 29))
    assert run.progress.examples == 224
    assert run.measured.examples == 224


def test_each_epoch_drops_other_examples() -> None:
    seen: list[np.ndarray] = []

    class Rows(Cutout):
        def draw(self, draw):
            seen.append(draw.rows.copy())
            return super().draw(draw)

    trainer(augmentation=[Rows(1)], drop_last=True).fit(pictures(), epochs=2)
    by_epoch = [set(range(N)) - set(rows.tolist()) for rows in seen]
    assert [len(dropped) for dropped in by_epoch] == [6, 6]
    assert by_epoch[0] != by_epoch[1]


def test_a_phase_may_keep_the_last_batch_again() -> None:
    run = trainer()
    run.fit(pictures(), epochs=1, drop_last=True)
    run.fit(pictures(), epochs=1, drop_last=False)
    assert [record["steps"] for record in run.history] == [14, 15]


def test_a_batch_larger_than_the_data_is_not_dropped() -> None:
    history = trainer(batch_size=1000, drop_last=True).fit(pictures(), epochs=1)
    assert history[0]["steps"] == 1
