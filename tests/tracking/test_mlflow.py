import copy
import pickle
import shutil
import sys

import numpy as np
import pytest

import glassnet as gn

mlflow = pytest.importorskip("mlflow")
pytest.importorskip("sqlalchemy")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Return an empty store: MLflow takes seconds to make one."""
    path = tmp_path_factory.mktemp("mlflow") / "empty.db"
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def uri(database, tmp_path, monkeypatch) -> str:
    monkeypatch.chdir(tmp_path)  # where MLflow puts the files of runs
    return f"sqlite:///{shutil.copy(database, tmp_path / 'mlflow.db')}"


def only_run(uri, experiment="glassnet"):
    client = mlflow.MlflowClient(uri)
    number = client.get_experiment_by_name(experiment).experiment_id
    (run,) = client.search_runs([number])
    return client, run


def test_a_run_has_settings_measurements_and_model(uri, tmp_path, trainer_with, images):
    callback = gn.MLflow("bright", run_name="first", tracking_uri=uri)
    trainer = trainer_with(callback)
    history = trainer.fit(images, epochs=3, validation=0.2)
    client, run = only_run(uri, "bright")
    assert run.info.run_id == callback.run_id
    assert run.info.run_name == "first"
    assert run.info.status == "FINISHED"
    assert run.data.params["optimizer.momentum"] == "0.9"
    assert run.data.params["layers.02"] == "Dense(5, ReLU())"
    logged = client.get_metric_history(run.info.run_id, "accuracy/validation")
    assert [(m.step, m.value) for m in logged] == list(
        enumerate(history.column("validation_accuracy"), 1)
    )
    (path,) = client.list_artifacts(run.info.run_id)
    file = client.download_artifacts(run.info.run_id, path.path, str(tmp_path))
    loaded = gn.Network.load(file)
    np.testing.assert_array_equal(loaded.theta, trainer.network.theta)


def test_a_further_phase_goes_on_in_the_run(uri, trainer_with, images):
    trainer = trainer_with(gn.MLflow(tracking_uri=uri, model=False))
    trainer.fit(images, epochs=2)
    trainer.fit(images, epochs=1, batch_size=30)
    client, run = only_run(uri)
    assert run.info.status == "FINISHED"
    assert run.data.params["batch_size"] == "20"
    assert run.data.params["phase_2.batch_size"] == "30"
    steps = [m.step for m in client.get_metric_history(run.info.run_id, "loss/training")]
    assert steps == [1, 2, 3]
    assert client.list_artifacts(run.info.run_id) == []


def test_phases_of_two_trainings_with_one_callback_stay_apart(uri, trainer_with, images):
    callback = gn.MLflow(tracking_uri=uri, model=False)
    one, other = trainer_with(callback), trainer_with(callback)
    runs = []
    for trainer in (one, other, one):
        trainer.fit(images, epochs=1)
        runs.append(callback.run_id)
    assert runs[0] == runs[2] != runs[1]
    history = mlflow.MlflowClient(uri).get_metric_history
    assert [[m.step for m in history(run, "loss/training")] for run in runs[:2]] == [[1, 2], [1]]


def test_a_resumed_training_goes_on_in_its_run(uri, tmp_path, trainer_with, images):
    checkpoint = tmp_path / "checkpoint.npz"

    class Stop(gn.Callback):
        def on_epoch_end(self, trainer, record):
            if record["epoch"] == 2:
                trainer.interrupt()

    callbacks = [gn.MLflow(tracking_uri=uri), gn.Checkpoint(checkpoint)]
    trainer_with(*callbacks, Stop()).fit(images, epochs=4)
    client, run = only_run(uri)
    assert run.info.status == "KILLED"
    again = trainer_with(gn.MLflow(tracking_uri=uri), gn.Checkpoint(checkpoint))
    again.resume(checkpoint)
    again.fit(images, epochs=4)
    client, run = only_run(uri)
    assert run.info.status == "FINISHED"
    steps = [m.step for m in client.get_metric_history(run.info.run_id, "loss/training")]
    assert steps == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("error", "status"), [(OSError("disk full"), "FAILED"), (KeyboardInterrupt(), "KILLED")]
)
def test_a_training_that_fails_says_so(uri, trainer_with, images, error, status):
    class Fails(gn.Callback):
        def on_epoch_end(self, trainer, record):
            raise error

    with pytest.raises(type(error)):
        trainer_with(gn.MLflow(tracking_uri=uri), Fails()).fit(images, epochs=2)
    _, run = only_run(uri)
    assert run.info.status == status
    assert run.data.tags["error"] == f"{type(error).__name__}: {error}"


def test_a_training_that_diverges_says_in_which_layer(uri, trainer_with, images):
    trainer = trainer_with(gn.MLflow(tracking_uri=uri), learning_rate=1e30)
    with pytest.raises(gn.DivergenceError):
        trainer.fit(images, epochs=9)
    _, run = only_run(uri)
    assert run.info.status == "FAILED"
    assert "DivergenceError" in run.data.tags["error"]


def test_more_settings_than_mlflow_takes_at_once(uri, images):
    layers = [gn.Flatten(), *(gn.Dense(3, "relu") for _ in range(120)), gn.Dense(2, "softmax")]
    network = gn.Network(layers, input_shape=(4, 4, 1))
    callback = gn.MLflow(tracking_uri=uri, model=False)
    trainer = gn.Trainer(network, loss="categorical_cross_entropy", callbacks=[callback])
    trainer.fit(images, epochs=1)
    _, run = only_run(uri)
    assert sum(name.startswith("layers.") for name in run.data.params) == 122


def test_without_mlflow_the_extra_is_named(monkeypatch, trainer_with, images):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ImportError, match=r"pip install 'glassnet\[mlflow\]'"):
        trainer_with(gn.MLflow()).fit(images, epochs=1)


def test_another_training_has_a_run_of_its_own(uri, trainer_with, images):
    callback = gn.MLflow(tracking_uri=uri, model=False)
    for rate, epochs in ((0.1, 3), (0.05, 2)):
        trainer_with(callback, learning_rate=rate).fit(images, epochs=epochs)
    client = mlflow.MlflowClient(uri)
    number = client.get_experiment_by_name("glassnet").experiment_id
    told = {
        run.data.params["optimizer.learning_rate"]: [
            m.step for m in client.get_metric_history(run.info.run_id, "loss/training")
        ]
        for run in client.search_runs([number])
    }
    assert told == {"0.1": [1, 2, 3], "0.05": [1, 2]}


def runs_of(uri, experiment):
    """Return the runs of an experiment, the first one first."""
    client = mlflow.MlflowClient(uri)
    number = client.get_experiment_by_name(experiment).experiment_id
    return client, client.search_runs([number], order_by=["attributes.start_time ASC"])


@pytest.fixture
def active_store(uri, monkeypatch):
    """Return the store, to which MLflow itself is set."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    number = mlflow.MlflowClient(uri).create_experiment("mine")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", number)
    return uri


@pytest.mark.parametrize("named", [True, False])
def test_a_training_is_kept_in_the_active_run(active_store, trainer_with, images, named):
    callback = gn.MLflow(tracking_uri=active_store if named else None)
    with mlflow.start_run() as active:
        trainer = trainer_with(callback)
        trainer.fit(images, epochs=2)
        trainer.fit(images, epochs=1)
        mlflow.log_metric("mine", 1.0)
        assert mlflow.MlflowClient().get_run(active.info.run_id).info.status == "RUNNING"
    client, run = only_run(active_store, "mine")
    assert run.info.run_id == callback.run_id == active.info.run_id
    assert run.info.status == "FINISHED"
    assert run.data.metrics["mine"] == 1.0
    assert run.data.params["optimizer.momentum"] == "0.9"
    steps = [m.step for m in client.get_metric_history(run.info.run_id, "loss/training")]
    assert steps == [1, 2, 3]
    assert client.get_experiment_by_name("glassnet") is None


def test_further_trainings_are_runs_below_the_active_one(active_store, trainer_with, images):
    with mlflow.start_run() as active:
        for rate in (0.1, 0.05, 0.02):
            trainer_with(gn.MLflow(model=False), learning_rate=rate).fit(images, epochs=1)
    _, runs = runs_of(active_store, "mine")
    by_rate = {run.data.params["optimizer.learning_rate"]: run for run in runs}
    assert by_rate["0.1"].info.run_id == active.info.run_id
    for rate in ("0.05", "0.02"):
        assert by_rate[rate].data.tags["mlflow.parentRunId"] == active.info.run_id
        assert by_rate[rate].info.status == "FINISHED"
    assert len(runs) == 3


def test_a_training_that_fails_in_the_active_run_leaves_its_end_to_the_block(
    active_store, trainer_with, images
):
    trainer = trainer_with(gn.MLflow(), learning_rate=1e30)
    with mlflow.start_run() as active:
        with pytest.raises(gn.DivergenceError):
            trainer.fit(images, epochs=9)
        run = mlflow.MlflowClient().get_run(active.info.run_id)
        assert run.info.status == "RUNNING"
        assert "DivergenceError" in run.data.tags["error"]
    assert only_run(active_store, "mine")[1].info.status == "FINISHED"


def test_the_active_run_of_another_store_is_left_alone(
    active_store, database, tmp_path, trainer_with, images
):
    other = f"sqlite:///{shutil.copy(database, tmp_path / 'other.db')}"
    with mlflow.start_run() as active:
        trainer_with(gn.MLflow(tracking_uri=other)).fit(images, epochs=1)
    assert only_run(other)[1].info.run_id != active.info.run_id
    assert only_run(active_store, "mine")[1].data.metrics == {}


def test_a_run_resumed_within_another_is_still_its_own(
    active_store, tmp_path, trainer_with, images
):
    class Stop(gn.Callback):
        def on_epoch_end(self, trainer, record):
            trainer.interrupt()

    checkpoint = tmp_path / "checkpoint.npz"
    callbacks = [gn.MLflow(model=False), gn.Checkpoint(checkpoint)]
    trainer_with(*callbacks, Stop()).fit(images, epochs=2)
    with mlflow.start_run():
        again = trainer_with(gn.MLflow(model=False), gn.Checkpoint(checkpoint))
        again.resume(checkpoint)
        again.fit(images, epochs=2)
    _, run = only_run(active_store)
    assert run.info.status == "FINISHED"
    assert only_run(active_store, "mine")[1].data.metrics == {}


def test_a_copy_begins_its_own_run(uri, trainer_with, images):
    callback = gn.MLflow(tracking_uri=uri)
    trainer_with(callback).fit(images, epochs=1)
    for copied in (copy.deepcopy(callback), pickle.loads(pickle.dumps(callback))):
        assert copied.run_id is None
        assert copied.tracking_uri == uri
    assert callback.run_id is not None
