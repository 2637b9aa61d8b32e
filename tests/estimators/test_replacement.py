"""In place of scikit-learn's multi-layer perceptrons: the same start, way and end."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_multilabel_classification
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor

from glassnet.estimators import NeuralNetworkClassifier, NeuralNetworkRegressor
from glassnet.estimators.solvers import optimizer_for

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PAIRS = [(NeuralNetworkClassifier, MLPClassifier), (NeuralNetworkRegressor, MLPRegressor)]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_every_parameter_is_there_with_the_same_default(ours: Any, theirs: Any) -> None:
    own = inspect.signature(ours).parameters
    for name, parameter in inspect.signature(theirs).parameters.items():
        assert own[name].default == parameter.default, name


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_every_fitted_attribute_is_there(ours: Any, theirs: Any, iris: Any) -> None:
    reference = theirs(max_iter=2).fit(*iris)
    fitted = ours(max_iter=2).fit(*iris)
    names = [name for name in vars(reference) if name.endswith("_") and name[0] != "_"]
    assert len(names) > 8
    for name in names:
        assert isinstance(getattr(reference, name), type(getattr(fitted, name))), name


def close(ours: Any, theirs: Any, tolerance: float = 1e-9) -> None:
    for own, other in zip(
        [*ours.coefs_, *ours.intercepts_], [*theirs.coefs_, *theirs.intercepts_], strict=True
    ):
        np.testing.assert_allclose(own, other, rtol=tolerance, atol=tolerance)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.t_ == theirs.t_ or ours.solver == "lbfgs"
    assert ours.out_activation_ == theirs.out_activation_


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "sgd", "learning_rate_init": 0.1, "alpha": 0.3},
        {"solver": "sgd", "learning_rate_init": 0.1, "nesterovs_momentum": False, "momentum": 0.5},
        {"solver": "sgd", "learning_rate_init": 0.1, "momentum": 0.0},
        {"solver": "sgd", "learning_rate_init": 0.1, "learning_rate": "invscaling"},
        {
            "solver": "sgd",
            "learning_rate_init": 0.5,
            "learning_rate": "adaptive",
            "tol": 0.02,
            "n_iter_no_change": 1,
            "nesterovs_momentum": False,
        },
        {"solver": "lbfgs", "alpha": 0.1},
    ],
    ids=str,
)
def test_the_same_seed_gives_the_same_network(
    activation: str, settings: dict[str, Any], iris: Any
) -> None:
    settings = settings | {"activation": activation, "random_state": 3, "max_iter": 12}
    settings["hidden_layer_sizes"] = (7, 5)
    close(NeuralNetworkClassifier(**settings).fit(*iris), MLPClassifier(**settings).fit(*iris))


def test_adam_goes_the_same_way_to_where_epsilon_stands(iris: Any) -> None:
    settings = {"random_state": 0, "max_iter": 20, "epsilon": 1e-14, "alpha": 0.5}
    ours, theirs = (
        make(**settings).fit(*iris) for make in (NeuralNetworkClassifier, MLPClassifier)
    )
    close(ours, theirs, 1e-6)


def test_one_output_stands_for_two_classes(iris: Any) -> None:
    x, y = iris[0], np.where(iris[1] == 1, "yes", "no")
    settings = {"random_state": 0, "max_iter": 9, "solver": "sgd", "learning_rate_init": 0.1}
    ours, theirs = (make(**settings).fit(x, y) for make in (NeuralNetworkClassifier, MLPClassifier))
    close(ours, theirs)
    np.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), rtol=1e-9)
    assert ours.predict(x).tolist() == theirs.predict(x).tolist()


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_a_sum_over_outputs_is_their_mean_with_other_settings(solver: str) -> None:
    estimator = NeuralNetworkClassifier(solver=solver, epsilon=0.1)
    grad, thetas = np.array([0.3, -0.02]), (np.ones(2), np.ones(2))
    for share, theta in zip((1.0, 4.0), thetas, strict=True):
        optimizer = optimizer_for(estimator, decay=0.5, share=share)
        for _ in range(3):
            optimizer.step(theta, grad / share)
    np.testing.assert_allclose(*thetas, rtol=1e-12)


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_several_labels_are_as_much_as_the_sum_of_their_losses(solver: str) -> None:
    x, y = make_multilabel_classification(60, 8, n_classes=4, random_state=0)
    settings = {"random_state": 0, "max_iter": 8, "solver": solver, "alpha": 0.1, "epsilon": 1e-14}
    ours, theirs = (make(**settings).fit(x, y) for make in (NeuralNetworkClassifier, MLPClassifier))
    close(ours, theirs, 1e-6)
    np.testing.assert_array_equal(ours.predict(x), theirs.predict(x))
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-2)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("columns", [1, 3])
def test_the_regressor_goes_the_same_way_for_one_output_or_several(
    loss: str, columns: int, diabetes: Any
) -> None:
    x = diabetes[0][:100]
    y = np.abs(np.stack([np.roll(diabetes[1], i)[:100] for i in range(columns)], axis=1))
    y = y[:, 0] if columns == 1 else y
    settings = {"random_state": 0, "max_iter": 15, "loss": loss, "solver": "sgd", "alpha": 0.0}
    ours, theirs = (make(**settings).fit(x, y) for make in (NeuralNetworkRegressor, MLPRegressor))
    close(ours, theirs)
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x), rtol=1e-7)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-7)


def test_the_loss_curve_has_the_penalty_as_it_is_after_the_epoch(iris: Any) -> None:
    settings = {"random_state": 0, "max_iter": 30, "alpha": 1.0, "solver": "sgd"}
    ours, theirs = (
        make(**settings).fit(*iris) for make in (NeuralNetworkClassifier, MLPClassifier)
    )
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-2)


@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
def test_training_ends_at_the_same_epoch(learning_rate: str, iris: Any) -> None:
    settings = {
        "random_state": 0, "max_iter": 300, "alpha": 0.0, "solver": "sgd", "power_t": 0.2,
        "learning_rate": learning_rate, "learning_rate_init": 0.2, "tol": 3e-3, "momentum": 0.0,
        "n_iter_no_change": 5, "nesterovs_momentum": False,
    }  # fmt: skip
    ours, theirs = (
        make(**settings).fit(*iris) for make in (NeuralNetworkClassifier, MLPClassifier)
    )
    assert 6 < ours.n_iter_ < 300
    assert ours.n_iter_ == theirs.n_iter_
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    assert ours.stopped_


def test_a_rate_that_adapts_ends_the_training_when_it_is_tiny(iris: Any) -> None:
    settings = {
        "random_state": 0, "max_iter": 300, "alpha": 0.0, "solver": "sgd", "tol": 10.0,
        "learning_rate": "adaptive", "learning_rate_init": 1e-3, "n_iter_no_change": 2,
        "momentum": 0.0,
    }  # fmt: skip
    ours, theirs = (
        make(**settings).fit(*iris) for make in (NeuralNetworkClassifier, MLPClassifier)
    )
    assert ours.n_iter_ == theirs.n_iter_ < 50


def test_digits_are_recognised_as_well_as_by_scikit_learn(digits: Any) -> None:
    x, x_test, y, y_test = train_test_split(*digits, test_size=0.4, random_state=0)
    settings = {"hidden_layer_sizes": (32,), "max_iter": 30, "learning_rate_init": 0.005}
    ours, theirs = (
        [make(random_state=seed, **settings).fit(x, y).score(x_test, y_test) for seed in range(4)]
        for make in (NeuralNetworkClassifier, MLPClassifier)
    )
    assert abs(np.mean(ours) - np.mean(theirs)) < 0.012  # each seed's deviation is about 0.004
    assert np.mean(ours) > 0.95


@pytest.mark.parametrize("learning_rate", ["invscaling", "adaptive"])
def test_part_by_part_the_learning_rate_changes_in_the_same_way(
    learning_rate: str, iris: Any
) -> None:
    settings = {"random_state": 0, "solver": "sgd", "learning_rate": learning_rate}
    ours, theirs = (make(**settings) for make in (NeuralNetworkClassifier, MLPClassifier))
    for estimator in (ours, theirs):
        for _ in range(15):
            estimator.partial_fit(*iris, classes=[0, 1, 2])
    close(ours, theirs)


@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "adam", "epsilon": 1e-14},
        {"solver": "sgd", "learning_rate": "invscaling"},
        {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.5, "tol": 1e-3},
    ],
    ids=["adam", "invscaling", "adaptive"],
)
def test_one_more_epoch_after_a_fit_goes_on_as_there(settings: dict[str, Any], iris: Any) -> None:
    settings = {"random_state": 3, "max_iter": 60, "batch_size": 150} | settings
    ours, theirs = (make(**settings) for make in (NeuralNetworkClassifier, MLPClassifier))
    for estimator in (ours, theirs):
        estimator.fit(*iris)
        for _ in range(5):
            estimator.partial_fit(*iris)
    close(ours, theirs, 1e-6)


def test_weights_can_be_set(iris: Any) -> None:
    settings = {"random_state": 0, "max_iter": 2, "hidden_layer_sizes": 8}
    ours, theirs = (
        make(**settings).fit(*iris) for make in (NeuralNetworkClassifier, MLPClassifier)
    )
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=array.shape) for array in theirs.coefs_]
    biases = [rng.normal(size=array.shape) for array in theirs.intercepts_]
    for estimator in (ours, theirs):
        estimator.coefs_, estimator.intercepts_ = arrays, biases
    np.testing.assert_allclose(ours.predict_proba(iris[0]), theirs.predict_proba(iris[0]))
