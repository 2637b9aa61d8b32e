"""Among scikit-learn's other parts."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingRegressor
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import glassnet as gn
from glassnet.estimators import NeuralNetworkClassifier, NeuralNetworkRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def classifier(**settings: Any) -> NeuralNetworkClassifier:
    defaults = {"max_iter": 20, "learning_rate_init": 0.02, "random_state": 0}
    return NeuralNetworkClassifier(**defaults | settings)


def test_a_pipeline_scales_for_it(iris: Any) -> None:
    pipeline = make_pipeline(StandardScaler(), classifier())
    assert pipeline.fit(iris[0] * 1000, iris[1]).score(iris[0] * 1000, iris[1]) > 0.9


def test_a_grid_search_takes_architectures_as_text_and_as_numbers(iris: Any) -> None:
    grid = [{"hidden_layer_sizes": ["8", "8-4"]}, {"n_layers": [1, 2], "n_units": [4]}]
    search = GridSearchCV(classifier(), grid, cv=2, n_jobs=1).fit(*iris)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_score_ > 0.8


def test_two_processes_give_what_one_gives(iris: Any) -> None:
    layers = [gn.Dense(8, "tanh"), gn.Dropout(0.1)]
    one, two = (
        cross_val_score(classifier(layers=layers), *iris, cv=2, n_jobs=jobs) for jobs in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


def test_its_probabilities_can_be_calibrated(cancer: Any) -> None:
    calibrated = CalibratedClassifierCV(classifier(), cv=2).fit(*cancer)
    assert calibrated.predict_proba(cancer[0]).shape == (569, 2)
    assert calibrated.score(*cancer) > 0.95


def test_the_feature_that_matters_is_found() -> None:
    x = np.random.default_rng(0).normal(size=(200, 3))
    regressor = NeuralNetworkRegressor(solver="lbfgs", random_state=0).fit(x, x[:, 1])
    importance = permutation_importance(regressor, x, x[:, 1], random_state=0, n_repeats=2)
    assert importance.importances_mean.argmax() == 1


def test_bagging_takes_it_as_its_part(diabetes: Any) -> None:
    part = NeuralNetworkRegressor(max_iter=5)
    bag = BaggingRegressor(part, n_estimators=2, random_state=0).fit(*diabetes)
    assert bag.predict(diabetes[0]).shape == (442,)


def test_a_clone_has_the_parameters_and_nothing_that_was_learned(iris: Any) -> None:
    fitted = classifier(layers=[gn.Dense(4, "relu")], callbacks=[gn.StopOnDivergence()]).fit(*iris)
    copy = clone(fitted)
    assert repr(copy.get_params()["layers"]) == repr(fitted.layers)
    assert not hasattr(copy, "network_")
    assert not hasattr(copy, "coefs_")


@pytest.mark.parametrize(("solver", "arrays"), [("adam", 3), ("sgd", 2), ("lbfgs", 1)])
def test_a_pickle_is_small_and_predicts_the_same_bits(
    solver: str, arrays: int, digits: Any, tmp_path: Any
) -> None:
    x = digits[0].astype(np.float32)
    settings = {"solver": solver, "max_iter": 4, "early_stopping": solver != "lbfgs"}
    fitted = classifier(hidden_layer_sizes=(100, 100), **settings).fit(x, digits[1])
    packed = pickle.dumps(fitted)
    assert len(packed) < arrays * fitted.network_.theta.nbytes + 8000
    joblib.dump(fitted, tmp_path / "model")
    for again in (pickle.loads(packed), joblib.load(tmp_path / "model")):
        np.testing.assert_array_equal(again.predict_proba(x), fitted.predict_proba(x))
        assert again.loss_curve_ == fitted.loss_curve_


def test_named_columns_are_remembered_and_checked(iris: Any) -> None:
    pandas = pytest.importorskip("pandas", reason="frames need pandas")
    frame = pandas.DataFrame(iris[0], columns=["a", "b", "c", "d"])
    pipeline = make_pipeline(StandardScaler(), classifier()).set_output(transform="pandas")
    fitted = pipeline.fit(frame, iris[1])
    assert fitted[-1].feature_names_in_.tolist() == ["a", "b", "c", "d"]
    np.testing.assert_array_equal(
        fitted.predict(frame), fitted[-1].predict(fitted[0].transform(frame))
    )
    alone = classifier().fit(frame, iris[1])
    with pytest.raises(ValueError, match="feature names"):
        alone.predict(frame[["b", "a", "c", "d"]])


def test_sample_weights_are_routed(iris: Any) -> None:
    weights = np.where(iris[1] == 2, 0.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = classifier().set_fit_request(sample_weight=True)
        scores = cross_validate(
            make_pipeline(StandardScaler().set_fit_request(sample_weight=False), routed),
            *iris,
            params={"sample_weight": weights},
            scoring=get_scorer("accuracy").set_score_request(sample_weight=True),
            cv=3,
            return_estimator=True,
        )
    for fitted in scores["estimator"]:
        assert 2 not in fitted.predict(iris[0])  # a class without weight
    assert scores["test_score"].min() > 0.8  # neither does it count there


def test_a_sparse_matrix_gives_what_it_gives_written_out(digits: Any) -> None:
    x, y = digits[0][:300], digits[1][:300]
    dense, thin = classifier(max_iter=3).fit(x, y), classifier(max_iter=3)
    thin.fit(sparse.csr_matrix(x), y)
    np.testing.assert_array_equal(dense.network_.theta, thin.network_.theta)
    np.testing.assert_array_equal(dense.predict(x), thin.predict(sparse.csc_matrix(x)))


def test_names_of_classes_come_back(iris: Any) -> None:
    names = np.array(["setosa", "versicolor", "virginica"], object)[iris[1]]
    fitted = classifier().fit(iris[0], names)
    assert set(fitted.predict(iris[0])) == set(names)
    assert fitted.network_.class_names == ("setosa", "versicolor", "virginica")
    linear = LogisticRegression().fit(iris[0], names)
    assert fitted.classes_.tolist() == linear.classes_.tolist()


def test_the_package_imports_scikit_learn_only_for_the_estimators() -> None:
    code = (
        "import sys, glassnet; assert 'sklearn' not in sys.modules; "
        "print(glassnet.NeuralNetworkClassifier().max_iter, 'sklearn' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "200 True\n"
