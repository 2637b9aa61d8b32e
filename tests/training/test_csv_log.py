import csv
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import glassnet as gn


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def losses(path):
    return [float(row["loss"]) for row in rows_of(path)]


def test_the_csv_log_has_a_row_for_every_epoch(blobs, make_trainer, tmp_path) -> None:
    path = tmp_path / "log.csv"
    trainer = make_trainer(callbacks=[gn.CSVLog(path)])
    trainer.fit(blobs(), epochs=2)
    trainer.fit(blobs(), epochs=1, validation=0.2)
    rows = rows_of(path)
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert [float(row["loss"]) for row in rows] == trainer.history.column("loss")
    assert [row["validation_loss"] for row in rows[:2]] == ["", ""]
    assert float(rows[2]["validation_loss"]) == trainer.history[2]["validation_loss"]


def test_another_training_has_a_file_of_its_own(blobs, make_trainer, tmp_path) -> None:
    (tmp_path / "log.csv").write_text("epoch,loss\n1,0.5\n")
    log = gn.CSVLog(tmp_path / "log.csv")
    histories = [make_trainer(callbacks=[log]).fit(blobs(), epochs=n) for n in (3, 2)]
    assert log.file == tmp_path / "log_3.csv"
    again = make_trainer(callbacks=[gn.CSVLog(tmp_path / "log.csv")])
    histories.append(again.fit(blobs(), epochs=1))
    assert (tmp_path / "log.csv").read_text() == "epoch,loss\n1,0.5\n"
    for number, history in enumerate(histories, 2):
        assert losses(tmp_path / f"log_{number}.csv") == history.column("loss")


def test_a_resumed_training_goes_on_in_its_file(blobs, make_trainer, tmp_path) -> None:
    class Stop(gn.Callback):
        def on_epoch_end(self, trainer, record) -> None:
            trainer.interrupt()

    def trainer(*more):
        callbacks = [gn.CSVLog(tmp_path / "log.csv"), gn.Checkpoint(tmp_path / "c.npz"), *more]
        return make_trainer(callbacks=callbacks)

    trainer(Stop()).fit(blobs(), epochs=3, validation=0.2)
    make_trainer(callbacks=[gn.CSVLog(tmp_path / "log.csv")]).fit(blobs(), epochs=1)
    other = (tmp_path / "log_2.csv").read_bytes()
    resumed = trainer()
    resumed.resume(tmp_path / "c.npz")
    history = resumed.fit(blobs(), epochs=3, validation=0.2)
    assert losses(tmp_path / "log.csv") == history.column("loss")
    assert len(history) == 3
    assert (tmp_path / "log_2.csv").read_bytes() == other


def test_a_resumed_training_whose_file_is_gone_overwrites_no_other(
    blobs, make_trainer, tmp_path
) -> None:
    log = tmp_path / "log.csv"
    first = make_trainer(callbacks=[gn.CSVLog(log), gn.Checkpoint(tmp_path / "c.npz")])
    first.fit(blobs(), epochs=1)
    log.write_bytes(b"epoch,loss,seconds\n1,2,3\n\xff\x00")
    first.fit(blobs(), epochs=1)
    assert log.read_bytes().startswith(b"epoch,loss,seconds\n1,2,3")
    assert losses(tmp_path / "log_2.csv") == first.history.column("loss")


def test_trainings_at_once_have_files_of_their_own(blobs, make_trainer, tmp_path) -> None:
    together = threading.Barrier(3, timeout=60)

    class Wait(gn.Callback):
        def on_epoch_end(self, trainer, record) -> None:
            together.wait()

    def train(epochs):
        callbacks = [Wait(), gn.CSVLog(tmp_path / "log.csv")]
        return make_trainer(callbacks=callbacks).fit(blobs(), epochs=3)

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(train, range(3)))
    assert [len(losses(path)) for path in tmp_path.iterdir()] == [3, 3, 3]


def test_the_path_of_the_csv_log_must_be_one_in_a_folder(blobs, make_trainer, tmp_path) -> None:
    with pytest.raises(TypeError, match="path must be a path, got 3"):
        gn.CSVLog(3)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        make_trainer(callbacks=[gn.CSVLog(tmp_path / "no" / "log.csv")]).fit(blobs(), epochs=1)


def test_a_device_takes_what_comes(blobs, make_trainer) -> None:
    log = gn.CSVLog("/dev/null")
    make_trainer(callbacks=[log]).fit(blobs(), epochs=1)
    assert str(log.file) == "/dev/null"
