from __future__ import annotations

import json
import os
import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info

import glassnet as gn
from glassnet.nn.compiled import available_threads
from glassnet.recipes import RunFolder, load_recipe, prepare, run
from glassnet.study import Failed, Finished
from glassnet.study.definition import RecordTable
from glassnet.study.design import RunSpec
from glassnet.study.running import check_data, one_thread, perform


def spec(**changes) -> RunSpec:
    recipe = load_recipe("digits").changed({"training.phases.0.epochs": 2} | changes)
    return RunSpec(recipe, RecordTable(predictions=True))


def timeless(records: list[dict]) -> list[dict]:
    return [{k: v for k, v in record.items() if "seconds" not in k} for record in records]


def test_a_run_has_the_numbers_of_glassnet_train(tmp_path) -> None:
    done = perform(spec())
    assert isinstance(done, Finished)
    folder = RunFolder.create(tmp_path / "run")
    with one_thread():  # as those of a study: with more, BLAS may round otherwise
        result = run(prepare(spec().recipe), folder)
    history = [json.loads(line) for line in folder.history.read_text().splitlines()]
    assert timeless(done.epochs) == timeless(history)
    assert done.test == json.loads(folder.result.read_text())["test"]
    assert done.recipe == folder.read_recipe().to_dict()
    assert done.versions["glassnet"] == gn.__version__
    assert done.seconds >= sum(record["seconds"] for record in done.epochs)
    assert result["status"] == "finished"


def test_a_run_that_diverges_is_an_outcome_with_its_message() -> None:
    done = perform(spec(**{"training.phases.0.optimizer.learning_rate": 1e6}))
    assert isinstance(done, Failed)
    assert done.message.startswith("training diverged at step")
    assert done.details == ""


def test_any_other_error_is_an_outcome_with_where_it_happened() -> None:
    done = perform(spec(**{"data.name": "none.csv"}))
    assert isinstance(done, Failed)
    assert "none.csv" in done.message
    assert "load_data" in done.details


class Fails(gn.Callback):
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def on_epoch_end(self, trainer, record) -> None:
        raise self.error


def test_an_error_without_words_is_called_by_its_kind() -> None:
    done = perform(spec(), callbacks=(Fails(MemoryError()),))
    assert isinstance(done, Failed)
    assert done.message == "MemoryError"


def test_a_stop_is_no_outcome() -> None:
    with pytest.raises(KeyboardInterrupt):
        perform(spec(), callbacks=(Fails(KeyboardInterrupt()),))


def blas_threads() -> set[int]:
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


class Threads(gn.Callback):
    def on_epoch_end(self, trainer, record) -> None:
        self.seen = available_threads(), blas_threads()


@pytest.mark.parametrize("before", [None, "2"])
def test_a_run_has_one_thread_and_leaves_the_settings(monkeypatch, before) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if before is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", before)
    settings, threads = os.environ.get("OMP_NUM_THREADS"), Threads()
    blas = blas_threads()
    perform(spec(), callbacks=(threads,))
    assert threads.seen == (1, {1})
    assert (os.environ.get("OMP_NUM_THREADS"), blas_threads()) == (settings, blas)


def test_runs_that_overlap_in_threads_all_have_one_thread(monkeypatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    inside, first_is_gone, seen = threading.Event(), threading.Event(), []

    def second() -> None:
        with one_thread():
            inside.set()
            first_is_gone.wait(30)
            seen.append((available_threads(), blas_threads()))

    thread = threading.Thread(target=second)
    with one_thread():
        thread.start()
        assert inside.wait(30)
    first_is_gone.set()
    thread.join()
    assert seen == [(1, {1})]
    assert "OMP_NUM_THREADS" not in os.environ


def table(tmp_path, offset: float):
    file = tmp_path / "parity.csv"
    rows = (f"{i % 2 + i / 100 + offset},{'even' if i % 2 == 0 else 'odd'}" for i in range(40))
    file.write_text("\n".join(["number,label", *rows]))
    return spec(
        **{"data.name": str(file), "network.layers": [{"type": "Dense", "units": 2}]}
        | {"network.layers.0.activation": "softmax", "training.phases.0.optimizer.momentum": 0.0}
    )


def test_a_data_file_that_was_written_anew_is_read_anew(tmp_path) -> None:
    runs = [perform(table(tmp_path, offset)) for offset in (0.0, 0.25, 0.0)]
    losses = [run.epochs[-1]["loss"] for run in runs]
    assert losses[0] == losses[2] != losses[1]


def test_data_is_checked_without_training(tmp_path) -> None:
    check_data([spec().recipe.data] * 2, None)
    with pytest.raises(OSError, match=r"none\.csv"):
        check_data([spec().recipe.data, spec(**{"data.name": "none.csv"}).recipe.data], None)


def test_predictions_take_little_room() -> None:
    done = perform(spec())
    assert done.arrays["predicted"].dtype == np.uint8
    assert done.arrays["confidence"].dtype == np.float16
