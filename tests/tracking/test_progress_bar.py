import io
import sys

import pytest

import glassnet as gn

tqdm = pytest.importorskip("tqdm")


@pytest.fixture
def bars(monkeypatch):
    """Return what was drawn, in place of a terminal."""
    made = []

    class Bar(tqdm.tqdm):
        def __init__(self, *args, **options):
            super().__init__(*args, **options, file=io.StringIO(), mininterval=0)
            made.append(self)

        def drawn(self):
            return self.fp.getvalue()

    monkeypatch.setattr("tqdm.auto.tqdm", Bar)
    return made


@pytest.mark.filterwarnings("ignore:IProgress not found")
def test_the_bar_tells_epoch_and_numbers_and_ends_full(bars, trainer_with, images):
    trainer = trainer_with(gn.ProgressBar())
    history = trainer.fit(images, epochs=3, validation=0.5)
    (bar,) = bars
    assert bar.n == bar.total == 3 * 30
    last = bar.drawn().strip().splitlines()[-1]
    assert "epoch 3/3: 100%" in last
    assert f"validation accuracy={history[-1]['validation_accuracy']:.2%}" in last
    assert f" loss={history[-1]['loss']:.4g}" in last


def test_a_resumed_training_begins_where_it_stopped(bars, tmp_path, trainer_with, images):
    path = tmp_path / "checkpoint.npz"

    class Stop(gn.Callback):
        def on_epoch_end(self, trainer, record):
            trainer.interrupt()

    trainer_with(gn.ProgressBar(), Stop(), gn.Checkpoint(path)).fit(images, epochs=4)
    again = trainer_with(gn.ProgressBar(), gn.Checkpoint(path))
    again.resume(path)
    again.fit(images, epochs=4)
    assert bars[0].n == 60
    assert bars[1].initial == 60
    assert bars[1].n == bars[1].total == 240


def test_the_bar_is_closed_when_training_fails(bars, trainer_with, images):
    class Fails(gn.Callback):
        def on_epoch_end(self, trainer, record):
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        trainer_with(gn.ProgressBar(), Fails()).fit(images, epochs=2)
    assert bars[0].disable  # how tqdm marks a closed bar


def test_without_tqdm_the_extra_is_named(monkeypatch, trainer_with, images):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match=r"pip install 'glassnet\[notebook\]'"):
        trainer_with(gn.ProgressBar()).fit(images, epochs=1)
