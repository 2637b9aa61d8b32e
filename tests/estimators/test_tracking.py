"""Callbacks that watch an estimator's trainings, and that are copied with it."""

from __future__ import annotations

import pickle
from typing import Any

import joblib
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

import glassnet as gn
from glassnet.estimators import NeuralNetworkClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_each_fit_and_each_fold_is_a_run_of_its_own(
    iris: Any, tmp_path: Any, monkeypatch: Any
) -> None:
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")
    monkeypatch.chdir(tmp_path)
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    callback = gn.MLflow("iris", tracking_uri=uri, model=False)
    estimator = NeuralNetworkClassifier(max_iter=3, callbacks=[callback])
    estimator.fit(*iris)
    estimator.set_params(learning_rate_init=0.1, max_iter=2).fit(*iris)
    estimator.set_params(warm_start=True, max_iter=1).fit(*iris)
    estimator.partial_fit(*iris)
    cross_val_score(estimator.set_params(max_iter=5), *iris, cv=2)
    client = mlflow.MlflowClient(uri)
    number = client.get_experiment_by_name("iris").experiment_id
    told = [
        (
            run.data.params["optimizer.learning_rate"],
            [m.step for m in client.get_metric_history(run.info.run_id, "loss/training")],
        )
        for run in client.search_runs([number])
    ]
    fold = ("0.1", [1, 2, 3, 4, 5])
    assert sorted(told) == sorted([("0.001", [1, 2, 3]), ("0.1", [1, 2, 3, 4]), fold, fold])


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.filterwarnings("ignore:IProgress not found")
def test_what_callbacks_hold_open_is_no_hindrance_to_copies(
    fails: bool, iris: Any, tmp_path: Any
) -> None:
    pytest.importorskip("tqdm")
    pytest.importorskip("tensorboardX")
    callbacks = [gn.ProgressBar(), gn.TensorBoard(tmp_path, histograms=False, images=False)]
    estimator = NeuralNetworkClassifier(max_iter=2, callbacks=callbacks)
    if fails:
        estimator.set_params(solver="sgd", learning_rate_init=1e300)
        with pytest.raises(ValueError, match="training diverged"):
            estimator.fit(*iris)
    else:
        estimator.fit(*iris)
    joblib.dump(estimator, tmp_path / "model")
    for copied in (clone(estimator), pickle.loads(pickle.dumps(estimator))):
        assert [type(callback) for callback in copied.callbacks] == [gn.ProgressBar, gn.TensorBoard]
        copied.set_params(solver="adam", learning_rate_init=0.01).fit(*iris)
