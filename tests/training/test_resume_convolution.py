"""A convolutional network, stopped within an epoch and resumed, ends with the same bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tomli_w", reason="needs the extra cli")

import glassnet as gn
from glassnet.data import batches
from glassnet.recipes import RunFolder, job_on, load_recipe, run


def images(n: int = 300) -> gn.Dataset:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, n)
    x = rng.random((n, 8, 8, 2)) * 0.5
    x[np.arange(n), labels * 2] += 0.5
    return gn.Dataset(x.astype(np.float32), labels)


def network() -> gn.Network:
    return gn.Network(
        [
            gn.Conv2D(16, 3, padding="same", use_bias=False),
            gn.BatchNormalization(),
            gn.ReLU(),
            gn.MaxPooling2D(2),
            gn.Residual([gn.Conv2D(16, 3, padding="same"), gn.BatchNormalization(), gn.GELU()]),
            gn.SpatialDropout2D(0.1),
            gn.GlobalAveragePooling2D(),
            gn.Dropout(0.2),
            gn.Dense(3, "softmax"),
        ],
        input_shape=(8, 8, 2),
    )


class InterruptAt(gn.Callback):
    """Interrupts in the middle of an epoch."""

    def __init__(self, epoch: int, row: int) -> None:
        self._epoch, self._row = epoch, row

    def on_chunk_end(self, trainer: gn.Trainer) -> None:
        if (len(trainer.history), trainer.progress.row) == (self._epoch, self._row):
            trainer.interrupt()


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize(("epoch", "row"), [(0, 96), (1, 192), (2, 288), (3, 96)])
def test_a_resumed_run_ends_with_the_same_bits(engine, epoch, row, tmp_path, monkeypatch) -> None:
    if engine == "numba":
        pytest.importorskip("numba")
        pytest.importorskip("scipy")
    monkeypatch.setattr(batches, "_CHUNK_ROWS", 96)

    def trained(*callbacks: gn.Callback, resume: bool = False) -> gn.Trainer:
        trainer = gn.Trainer(
            network(),
            loss="categorical_cross_entropy",
            batch_size=32,
            augmentation=[gn.AlternatingFlip(), gn.RandomTranslation(1), gn.MixUp(0.2)],
            callbacks=[
                *callbacks,
                gn.EarlyStopping(patience=9),
                gn.MovingAverage(0.9),
                gn.Checkpoint(tmp_path / "checkpoint.npz"),
            ],
            engine=engine,
            seed=1,
        )
        if resume:
            trainer.resume(tmp_path / "checkpoint.npz")
        for epochs in (2, 2):  # two phases
            trainer.fit(
                images(),
                epochs=epochs,
                validation=images(60),
                optimizer=gn.AdamW(0.01, groups=[gn.ParameterGroup("*.gamma", rate=0.5)]),
                schedule=gn.CosineAnnealingLR(),
            )
            if trainer.interrupted:
                break
        return trainer

    whole = trained()
    stopped = trained(InterruptAt(epoch, row))
    assert stopped.interrupted
    resumed = trained(resume=True)
    for name, array in whole.network.numbers().items():
        np.testing.assert_array_equal(resumed.network.numbers()[name], array, err_msg=name)
    losses = [[record["validation_loss"] for record in t.history] for t in (whole, resumed)]
    assert losses[0] == losses[1]


# The shipped recipe: whitening, Muon with momentum SGD beside it, views at test time, an average


def stripes(n: int, seed: int) -> gn.Dataset:
    """Images of the size of CIFAR-10's, of ten classes."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 10
    x = rng.random((n, 32, 32, 3)) * 0.6
    for image, label in zip(x, labels, strict=True):
        image[3 * label : 3 * label + 3] += 0.4
    return gn.Dataset(x.astype(np.float32), labels)


def quick(engine: str, path: Path, *callbacks: gn.Callback) -> tuple[gn.Network, dict[str, Any]]:
    """Begin a run of cifar10-quick with few images, or go on with it."""
    changes = {
        "data.validation": 0.25,
        "training.engine": engine,
        "training.moving_average": {"decay": 0.8},
        "training.phases.*.epochs": 2,
        "training.phases.*.batch_size": 32,
    }
    job = job_on(load_recipe("cifar10-quick").changed(changes), stripes(128, 0), stripes(20, 1))
    folder = RunFolder.existing(path) if path.exists() else RunFolder.create(path)
    result = run(job, folder, callbacks=callbacks)
    assert {"standardize_1.mean", "whitening2d_1.filters"} <= set(job.network.numbers())
    return job.network, result


@pytest.fixture(scope="module")
def whole_runs() -> dict[str, tuple[gn.Network, dict[str, Any]]]:
    """What runs that were never stopped ended with, for both tests of each engine."""
    return {}


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize("moment", [(1, 64), (2, 32)], ids=["phase 1", "phase 2"])
def test_the_quick_recipe_stopped_within_an_epoch_ends_with_the_same_bits(
    engine, moment, tmp_path, monkeypatch, whole_runs
) -> None:
    if engine == "numba":
        pytest.importorskip("numba")
        pytest.importorskip("scipy")
    monkeypatch.setattr(batches, "_CHUNK_ROWS", 32)
    if engine not in whole_runs:
        whole_runs[engine] = quick(engine, tmp_path / "whole")
    network, result = whole_runs[engine]
    _, stopped = quick(engine, tmp_path / "run", InterruptAt(*moment))
    assert stopped["status"] == "stopped"
    resumed, ended = quick(engine, tmp_path / "run")
    assert ended["status"] == result["status"] == "finished"
    for name, array in network.numbers().items():
        assert np.isfinite(array).all(), name
        np.testing.assert_array_equal(resumed.numbers()[name], array, err_msg=name)
    assert ended["test"] == result["test"]
    assert "test_time_accuracy" in ended["test"]
    assert ended["best"] == result["best"]
