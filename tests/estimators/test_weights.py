"""Weights of examples and of classes, and the precision that is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score

import glassnet as gn
from glassnet.estimators import NeuralNetworkClassifier, NeuralNetworkRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SOLVERS = ["adam", "sgd", "lbfgs"]
COUNTS = np.array([2, 0, 1, 3, 1] * 12)


def few(data: Any) -> tuple[np.ndarray, np.ndarray]:
    """Sixty examples of all classes."""
    x, y = data
    rows = np.random.default_rng(0).permutation(len(x))[:60]
    return x[rows], y[rows]


def same(one: Any, other: Any, tolerance: float) -> None:
    np.testing.assert_allclose(
        one.network_.theta, other.network_.theta, rtol=tolerance, atol=tolerance
    )


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("make", [NeuralNetworkClassifier, NeuralNetworkRegressor])
def test_a_weight_of_two_is_a_row_written_twice(make: Any, solver: str, iris: Any) -> None:
    x, y = few(iris)
    estimator = {"solver": solver, "max_iter": 15, "random_state": 0, "alpha": 1.0}
    weighted = make(**estimator).fit(x, y, sample_weight=COUNTS)
    repeated = make(**estimator).fit(np.repeat(x, COUNTS, 0), np.repeat(y, COUNTS))
    same(weighted, repeated, 1e-7)
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-9)


@pytest.mark.parametrize("solver", SOLVERS)
def test_statistics_of_the_inputs_know_the_weights(solver: str, iris: Any) -> None:
    x, y = few(iris)
    layers = [gn.Standardize(), gn.Dense(5, "tanh")]
    estimator = {"solver": solver, "max_iter": 5, "random_state": 0, "layers": layers}
    weighted = NeuralNetworkClassifier(**estimator).fit(x, y, sample_weight=COUNTS)
    repeated = NeuralNetworkClassifier(**estimator)
    repeated.fit(np.repeat(x, COUNTS, 0), np.repeat(y, COUNTS))
    same(weighted, repeated, 1e-7)
    statistics = weighted.network_.layers[0].mean
    np.testing.assert_allclose(statistics, np.average(x, axis=0, weights=COUNTS))


def test_a_layer_whose_statistics_take_no_weights_is_given_none(iris: Any) -> None:
    class Largest(gn.Layer):
        """Divides by the largest number."""

        def build(self, input_shape: Any) -> Any:
            self.largest = np.broadcast_to(np.nan, (1,))
            return input_shape

        @property
        def state(self) -> dict[str, np.ndarray]:
            return {"largest": self.largest}

        def adapt(self, x: np.ndarray) -> None:
            self.largest[...] = x.max()

        def forward(self, x: np.ndarray, cache: Any, *, training: bool) -> np.ndarray:
            return x / self.largest

        def backward(self, dy: np.ndarray, cache: Any, *, need_dx: bool) -> None:
            return None

    estimator = NeuralNetworkClassifier(layers=[Largest(), gn.Dense(4, "relu")], max_iter=1)
    fitted = estimator.fit(*iris, sample_weight=np.linspace(1, 2, 150))
    assert fitted.network_.layers[0].largest == iris[0].max()


@pytest.mark.parametrize("solver", SOLVERS)
def test_weights_of_one_are_none(solver: str, iris: Any) -> None:
    settings = {"solver": solver, "max_iter": 5, "random_state": 0, "batch_size": 32}
    plain = NeuralNetworkClassifier(**settings).fit(*iris)
    ones = NeuralNetworkClassifier(**settings).fit(*iris, sample_weight=np.ones(150))
    np.testing.assert_array_equal(plain.network_.theta, ones.network_.theta)
    scalar = NeuralNetworkClassifier(**settings).fit(*iris, sample_weight=1.0)
    np.testing.assert_array_equal(plain.network_.theta, scalar.network_.theta)


def test_a_weight_of_zero_is_a_missing_row_whatever_the_batch_size(iris: Any) -> None:
    settings = {"max_iter": 5, "random_state": 0, "batch_size": 16, "early_stopping": True}
    x, y = iris
    there = np.arange(150) % 4 > 0
    x_wild = np.where(there[:, None], x, 1e6)
    without = NeuralNetworkClassifier(**settings).fit(x[there], y[there])
    zeros = NeuralNetworkClassifier(**settings).fit(x_wild, y, sample_weight=there.astype(int))
    np.testing.assert_array_equal(without.network_.theta, zeros.network_.theta)
    assert without.validation_scores_ == zeros.validation_scores_


def test_weights_count_in_the_validation_score(diabetes: Any) -> None:
    x, y = diabetes
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(x))
    settings = {"max_iter": 2, "random_state": 0, "early_stopping": True}
    plain = NeuralNetworkRegressor(**settings).fit(x, y)
    weighted = NeuralNetworkRegressor(**settings).fit(x, y, weights)
    assert plain.validation_scores_ != weighted.validation_scores_


def test_a_score_of_outputs_is_weighted_as_scikit_learn_weighs_it() -> None:
    rng = np.random.default_rng(0)
    x, y, p = rng.normal(size=(3, 20, 2))
    weights = rng.uniform(0.5, 2.0, 20)
    data = gn.Dataset(x, y, weights=weights, dtype="float64")
    expected = r2_score(y, p, sample_weight=weights)
    assert NeuralNetworkRegressor()._score_of_outputs(p, data) == pytest.approx(expected)
    labels = gn.Dataset(x, (y > 0.0).astype(float), weights=weights)
    expected = accuracy_score(y > 0.0, p > 0.5, sample_weight=weights)
    assert NeuralNetworkClassifier()._score_of_outputs(p, labels) == pytest.approx(expected)


def test_class_weights_are_weights_of_the_examples(iris: Any) -> None:
    x, y = few(iris)
    names = np.array(["a", "b", "c"])[y]
    each = np.array([1.0, 5.0, 0.5])[y]
    settings = {"max_iter": 10, "random_state": 0}
    by_class = NeuralNetworkClassifier(class_weight={"b": 5.0, "c": 0.5}, **settings)
    same(by_class.fit(x, names), NeuralNetworkClassifier(**settings).fit(x, names, each), 1e-12)
    twice = NeuralNetworkClassifier(**settings).fit(x, names, each * 2 * (1 + y))
    same(by_class.fit(x, names, 2 * (1 + y)), twice, 1e-12)


def test_balanced_classes_count_the_same_and_know_sample_weights(cancer: Any) -> None:
    x, y = few(cancer)
    balanced = NeuralNetworkClassifier(class_weight="balanced", max_iter=10, random_state=0)
    counts = np.bincount(y)
    each = (len(y) / (2 * counts))[y]
    expected = NeuralNetworkClassifier(max_iter=10, random_state=0).fit(x, y, each)
    same(balanced.fit(x, y), expected, 1e-12)
    weighted = balanced.fit(x, y, sample_weight=COUNTS).network_.theta.copy()
    balanced.fit(np.repeat(x, COUNTS, 0), np.repeat(y, COUNTS))
    np.testing.assert_allclose(weighted, balanced.network_.theta, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_precision_of_the_inputs_is_kept(solver: str, dtype: type, cancer: Any) -> None:
    x = cancer[0].astype(dtype)
    fitted = NeuralNetworkClassifier(solver=solver, max_iter=3, random_state=0).fit(x, cancer[1])
    assert fitted.network_.dtype == fitted.coefs_[0].dtype == fitted.predict_proba(x).dtype == dtype
    regressor = NeuralNetworkRegressor(solver=solver, max_iter=3).fit(x, cancer[1])
    assert regressor.predict(x).dtype == dtype


def test_integers_are_double_precision_and_bytes_of_images_single() -> None:
    x, y = np.arange(40, dtype=np.uint8).reshape(10, 2, 2, 1), np.arange(10) % 2
    assert NeuralNetworkClassifier(max_iter=1).fit(x.reshape(10, 4), y).network_.dtype == np.float64
    from_images = NeuralNetworkClassifier(layers=[{"type": "Flatten"}], max_iter=1).fit(x, y)
    assert from_images.network_.dtype == np.float32


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_classes_without_an_example_do_not_unbalance_the_others(cancer: Any) -> None:
    x, y = few(cancer)
    settings = {"class_weight": "balanced", "random_state": 0}
    three = NeuralNetworkClassifier(**settings).partial_fit(x, y, classes=[0, 1, 2])
    each = (len(y) / (2 * np.bincount(y)))[y]
    expected = NeuralNetworkClassifier(random_state=0)
    same(three, expected.partial_fit(x, y, each, classes=[0, 1, 2]), 1e-12)
    NeuralNetworkClassifier(max_iter=2, **settings).fit(x, y, sample_weight=(y == 0).astype(float))


def test_classes_that_are_not_there_may_have_weights_if_the_others_do(cancer: Any) -> None:
    x, y = few(cancer)
    settings = {"max_iter": 3, "random_state": 0}
    more = NeuralNetworkClassifier(class_weight={0: 1.0, 1: 3.0, 2: 5.0}, **settings)
    same(more.fit(x, y), NeuralNetworkClassifier(**settings).fit(x, y, 1.0 + 2.0 * y), 1e-12)
    with pytest.raises(ValueError, match=r"names the class 2, there are \[0, 1\]"):
        NeuralNetworkClassifier(class_weight={0: 1.0, 2: 5.0}).fit(x, y)
