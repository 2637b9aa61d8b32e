"""A run that was killed and resumed ends with the bits of one that was never stopped."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn

SCRIPT = '''
"""Train; at the moment that is asked for, say so and wait for a line."""
import hashlib, json, signal, sys
import numpy as np
import glassnet as gn
from glassnet.data import batches

batches._CHUNK_ROWS = 1024  # several in an epoch
plan, checkpoint, seconds, moment = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4]
rng = np.random.default_rng(5)
labels = rng.integers(0, 3, 2500)
data = gn.Dataset(rng.normal(size=(3, 4))[labels] + rng.normal(size=(2500, 4)), labels)


class Pause(gn.Callback):
    """Counts what happens in this process."""

    def __init__(self):
        self.seen = {"step": 0, "chunk": 0, "epoch": 0, "fit": 0}

    def pause(self, what):
        self.seen[what] += 1
        if moment == f"{what} {self.seen[what]}":
            print("here", flush=True)
            sys.stdin.readline()

    def on_step_end(self, trainer):
        self.pause("step")

    def on_chunk_end(self, trainer):
        self.pause("chunk")

    def on_epoch_end(self, trainer, record):
        self.pause("epoch")

    def on_fit_end(self, trainer):
        self.pause("fit")


sgd = gn.SGD(0.05, momentum=0.9)
first = dict(epochs=4, validation=0.2)
second = None
settings = dict(optimizer=sgd, batch_size=25)
callbacks = [Pause()]
if plan == "one by one":
    settings.update(batch_size=1, optimizer=gn.SGD(0.002, momentum=0.9))
    first["epochs"] = 2
elif plan == "schedule":
    settings["schedule"] = gn.OneCycleLR()
elif plan == "two phases":
    first["epochs"] = 2
    other = gn.SGD(0.1, momentum=0.5, nesterov=True, weight_decay=1e-3)
    second = dict(epochs=2, batch_size=40, validation=0.2,
                  optimizer=other, schedule=gn.CosineAnnealingLR())
elif plan == "early stopping":
    callbacks += [gn.EarlyStopping(patience=3), gn.StopOnDivergence()]
    settings["optimizer"] = gn.SGD(0.003, momentum=0.9)
    first["epochs"] = 30
elif plan == "plateau":
    first["epochs"] = 6
    settings["schedule"] = gn.SequentialLR(
        [
            gn.LinearLR(total_iters=1),
            gn.ReduceLROnPlateau("loss", factor=0.5, patience=0, threshold=0.05),
        ],
        [1],
    )
callbacks.insert(0, gn.Checkpoint(checkpoint, seconds=seconds))
network = gn.Network([gn.Dense(6, "prelu"), gn.Dense(3, "softmax")], input_shape=4, seed=1)
trainer = gn.Trainer(
    network, loss="categorical_cross_entropy", seed=2, callbacks=callbacks, **settings
)
signal.signal(signal.SIGTERM, lambda *_: trainer.interrupt())
if len(sys.argv) > 5:
    trainer.resume(checkpoint)
for phase in (first, second):
    if phase is not None and not trainer.interrupted:
        trainer.fit(data, **phase)
records = [{k: v for k, v in r.items() if not k.endswith("seconds")} for r in trainer.history]
print(json.dumps({
    "hash": hashlib.sha256(network.theta.tobytes()).hexdigest(),
    "history": records,
    "interrupted": trainer.interrupted,
    "trained": callbacks[1].seen["step"],
}))
'''

ALL_THE_TIME, AFTER_EPOCHS = "0", "1e9"


class Run:
    """The script, run in processes of its own, with one checkpoint."""

    def __init__(self, folder: Path, plan: str, seconds: str) -> None:
        self.script = folder / "script.py"
        self.script.write_text(SCRIPT)
        self.checkpoint = folder / "checkpoint.npz"
        self.arguments = (plan, str(self.checkpoint), seconds)

    def start(self, moment: str) -> subprocess.Popen[str]:
        resume = ("resume",) if self.checkpoint.exists() else ()
        return subprocess.Popen(
            [sys.executable, self.script, *self.arguments, moment, *resume],
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def kill(self, moment: str, number: int = signal.SIGKILL) -> None:
        """Run up to a moment and end it there for good."""
        with self.start(moment) as process:
            assert process.stdout.readline() == "here\n", process.stderr.read()
            process.send_signal(number)
            process.stdin.close()
            assert process.wait(60) != 0

    def interrupt(self, moment: str) -> dict:
        """Run up to a moment and ask it there to stop."""
        with self.start(moment) as process:
            assert process.stdout.readline() == "here\n"
            process.send_signal(signal.SIGTERM)
            out, errors = process.communicate("go on\n", timeout=60)
            assert process.returncode == 0, errors
            return json.loads(out)

    def finish(self) -> dict:
        with self.start("never") as process:
            out, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors
            result = json.loads(out)
            self.trained = result.pop("trained")
            return result


@pytest.fixture(scope="module")
def never_stopped(tmp_path_factory):
    """How a plan ends that nobody stops: run once."""

    @functools.cache
    def result(plan: str) -> dict:
        return Run(tmp_path_factory.mktemp("whole"), plan, AFTER_EPOCHS).finish()

    return result


@pytest.mark.parametrize(
    ("plan", "seconds", "moments"),
    [
        ("momentum", AFTER_EPOCHS, ["step 100", "epoch 2"]),
        ("momentum", ALL_THE_TIME, ["step 60", "chunk 2", "step 30"]),
        ("one by one", ALL_THE_TIME, ["step 1500", "chunk 1"]),
        ("schedule", ALL_THE_TIME, ["epoch 1", "step 50"]),
        ("schedule", AFTER_EPOCHS, ["step 250"]),
        ("two phases", AFTER_EPOCHS, ["fit 1", "epoch 1"]),
        ("two phases", ALL_THE_TIME, ["epoch 2", "step 45"]),
        ("early stopping", AFTER_EPOCHS, ["epoch 2", "epoch 2", "fit 1"]),
        ("early stopping", ALL_THE_TIME, ["chunk 5"]),
        ("plateau", AFTER_EPOCHS, ["epoch 3"]),
        ("plateau", ALL_THE_TIME, ["step 200", "step 150"]),
    ],
)
def test_a_run_that_is_killed_again_and_again_ends_with_the_same_bits(
    tmp_path, never_stopped, plan, seconds, moments
) -> None:
    run = Run(tmp_path, plan, seconds)
    for moment in moments:
        run.kill(moment)
    whole = never_stopped(plan)
    assert run.finish() == whole
    assert run.trained < sum(record["steps"] for record in whole["history"])


def test_the_plans_reach_what_they_are_for(never_stopped) -> None:
    assert 3 < len(never_stopped("early stopping")["history"]) < 30
    rates = [record["learning_rate"] for record in never_stopped("plateau")["history"]]
    assert rates[-1] < max(rates) == 0.05
    assert [r["phase"] for r in never_stopped("two phases")["history"]] == [1, 1, 2, 2]
    assert len({never_stopped(plan)["hash"] for plan in ("momentum", "schedule")}) == 2


def test_a_run_killed_before_its_first_checkpoint_begins_anew(tmp_path, never_stopped) -> None:
    run = Run(tmp_path, "momentum", AFTER_EPOCHS)
    run.kill("step 20")
    assert not run.checkpoint.exists()
    assert run.finish() == never_stopped("momentum")


@pytest.mark.parametrize("moment", ["chunk 1", "chunk 2", "epoch 2", "epoch 4"])
def test_a_run_that_is_interrupted_leaves_a_checkpoint_to_go_on_from(
    tmp_path, never_stopped, moment
) -> None:
    run = Run(tmp_path, "momentum", AFTER_EPOCHS)
    stopped = run.interrupt(moment)
    assert stopped["interrupted"]
    assert run.checkpoint.exists()
    assert run.finish() == never_stopped("momentum")


def test_early_stopping_keeps_the_last_weights_of_a_run_that_shall_go_on(
    tmp_path, never_stopped
) -> None:
    run = Run(tmp_path, "early stopping", AFTER_EPOCHS)
    run.interrupt("epoch 4")
    run.interrupt("chunk 1")
    assert run.finish() == never_stopped("early stopping")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_signal_that_nobody_handles_leaves_the_last_checkpoint(
    tmp_path, never_stopped, number
) -> None:
    run = Run(tmp_path, "momentum", ALL_THE_TIME)
    run.kill("step 130", number)
    assert [entry.name for entry in tmp_path.glob("*checkpoint*")] == ["checkpoint.npz"]
    assert run.finish() == never_stopped("momentum")


def test_a_run_that_is_complete_can_be_resumed_and_does_nothing(tmp_path, never_stopped) -> None:
    run = Run(tmp_path, "two phases", AFTER_EPOCHS)
    assert run.finish() == never_stopped("two phases")
    assert run.trained == 2 * 80 + 2 * 50
    assert run.finish() == never_stopped("two phases")
    assert run.trained == 0


# What is refused


@pytest.fixture
def checkpoint(tmp_path, blobs, make_trainer) -> Iterator[Path]:
    path = tmp_path / "checkpoint.npz"
    callbacks = [gn.Checkpoint(path), gn.EarlyStopping("loss")]
    make_trainer(callbacks=callbacks).fit(blobs(), epochs=2)
    return path


def test_another_network_is_refused_with_what_differs(checkpoint, make_trainer) -> None:
    wider = gn.Network([gn.Dense(9, "tanh"), gn.Dense(3, "softmax")], input_shape=4)
    with pytest.raises(ValueError, match=r"checkpoint of another network: its layers is .*5.*9"):
        make_trainer(wider).resume(checkpoint)


def test_another_dtype_is_refused(checkpoint, make_trainer, small_network) -> None:
    with pytest.raises(ValueError, match=r"its dtype is float32, not float64"):
        make_trainer(small_network(dtype="float64")).resume(checkpoint)


@pytest.mark.parametrize(
    ("n", "settings", "match"),
    [
        (60, {"batch_size": 9}, "run with batch size 8, this one has 9; resume with the settings"),
        (63, {}, "run with examples 60, this one has 63"),
        (60, {"metrics": ["loss"]}, r"with metrics \['loss', 'accuracy'\], this one has"),
        (60, {"callbacks": []}, r"with the callbacks \['EarlyStopping'\], this one has \[\]"),
    ],
)
def test_another_setting_is_refused(  # noqa: PLR0917
    checkpoint, blobs, make_trainer, n, settings, match
) -> None:
    trainer = make_trainer(**({"callbacks": [gn.EarlyStopping("loss")]} | settings))
    trainer.resume(checkpoint)
    with pytest.raises(ValueError, match=match):
        trainer.fit(blobs(n), epochs=4)


def test_callbacks_without_a_memory_may_come_and_go(checkpoint, blobs, make_trainer) -> None:
    trainer = make_trainer(callbacks=[gn.Callback(), gn.EarlyStopping("loss")])
    trainer.resume(checkpoint)
    assert len(trainer.fit(blobs(), epochs=4)) == 4


def test_a_callback_learns_that_the_phase_is_resumed(checkpoint, blobs, make_trainer) -> None:
    told = []

    class Ask(gn.Callback):
        def on_fit_start(self, trainer) -> None:
            told.append((trainer.resumed, trainer.progress.epoch))

    trainer = make_trainer(callbacks=[Ask(), gn.EarlyStopping("loss")])
    trainer.resume(checkpoint)
    for _ in range(2):
        trainer.fit(blobs(), epochs=3)
    assert told == [(True, 2), (False, 0)]


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path, make_trainer, small_network) -> None:
    trainer = make_trainer()
    with pytest.raises(FileNotFoundError):
        trainer.resume(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(ValueError, match=r"text\.npz is not an \.npz file"):
        trainer.resume(tmp_path / "text.npz")
    small_network().save(tmp_path / "model.npz")
    with pytest.raises(ValueError, match=r"model\.npz is not a checkpoint"):
        trainer.resume(tmp_path / "model.npz")


def test_a_checkpoint_that_was_cut_short_is_refused(checkpoint, make_trainer) -> None:
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"checkpoint\.npz is not an \.npz file, or is damaged"):
        make_trainer().resume(checkpoint)


def test_what_is_not_learned_but_saved_comes_back(tmp_path, blobs) -> None:
    def trainer(mean: float) -> gn.Trainer:
        network = gn.Network(
            [gn.Standardize(axis="channel"), gn.Dense(3, "softmax")], input_shape=4
        )
        network.layers[0].adapt(np.array([[mean - 1] * 4, [mean + 1] * 4]))
        return gn.Trainer(
            network, loss="half_squared_error", callbacks=[gn.Checkpoint(tmp_path / "c.npz")]
        )

    trainer(7.0).fit(blobs(), epochs=1)
    other = trainer(0.0)
    other.resume(tmp_path / "c.npz")
    assert set(dict(other.network.named_state())["standardize_1.mean"].ravel()) == {7.0}
