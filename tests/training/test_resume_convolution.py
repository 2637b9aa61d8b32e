"""A convolutional network, stopped within an epoch and resumed, ends with the same bits."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import batches


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
