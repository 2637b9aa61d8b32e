"""What the estimators have that scikit-learn's perceptrons lack."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import train_test_split

import glassnet as gn
from glassnet.estimators import NeuralNetworkClassifier, NeuralNetworkRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def layers_of(estimator: Any) -> list[str]:
    return [repr(layer) for layer in estimator.network_.layers]


@pytest.mark.parametrize(
    ("settings", "hidden"),
    [
        ({"hidden_layer_sizes": "12-6"}, ["Dense(12, ReLU())", "Dense(6, ReLU())"]),
        ({"hidden_layer_sizes": 4}, ["Dense(4, ReLU())"]),
        ({"hidden_layer_sizes": ()}, []),
        ({"n_layers": 2, "n_units": 5}, ["Dense(5, ReLU())"] * 2),
        ({"n_units": 5}, ["Dense(5, ReLU())"]),
        ({"n_layers": 0}, []),
        (
            {"hidden_layer_sizes": [3, 2], "activation": ["gelu", gn.LeakyReLU(0.2)]},
            ["Dense(3, GELU())", "Dense(2, LeakyReLU(0.2))"],
        ),
        (
            {"hidden_layer_sizes": [3, 2], "activation": "sigmoid", "dropout": 0.5},
            ["Dense(3, Sigmoid())", "Dropout(0.5)", "Dense(2, Sigmoid())", "Dropout(0.5)"],
        ),
        (
            {"hidden_layer_sizes": [3, 2], "dropout": [0.0, 0.25]},
            ["Dense(3, ReLU())", "Dense(2, ReLU())", "Dropout(0.25)"],
        ),
        (
            {"layers": [{"type": "Dense", "units": 3}, gn.Tanh()]},
            ["Dense(3)", "Tanh()"],
        ),
    ],
    ids=str,
)
def test_an_architecture_is_said_in_many_ways(
    settings: dict[str, Any], hidden: list[str], iris: Any
) -> None:
    fitted = NeuralNetworkClassifier(max_iter=1, **settings).fit(*iris)
    assert layers_of(fitted) == [*hidden, "Dense(3, Softmax())"]
    regressor = NeuralNetworkRegressor(max_iter=1, **settings).fit(*iris)
    assert layers_of(regressor) == [*hidden, "Dense(1)"]


def test_sigmoid_is_another_name_for_logistic(iris: Any) -> None:
    one, other = (
        NeuralNetworkClassifier(activation=name, max_iter=3, random_state=0).fit(*iris)
        for name in ("sigmoid", "logistic")
    )
    np.testing.assert_array_equal(one.network_.theta, other.network_.theta)


def convolutional(**settings: Any) -> NeuralNetworkClassifier:
    layers = [gn.Conv2D(8, 3, activation="relu"), gn.BatchNormalization(), gn.MaxPooling2D()]
    settings = {"max_iter": 6, "learning_rate_init": 0.02, "random_state": 0} | settings
    return NeuralNetworkClassifier(layers=layers, **settings)


def test_a_convolutional_network_learns_from_images(digits: Any) -> None:
    images, y = digits[0].reshape(-1, 8, 8, 1).astype(np.float32), digits[1]
    x, x_test, y, y_test = train_test_split(images, y, random_state=0)
    fitted = convolutional().fit(x, y)
    assert fitted.score(x_test, y_test) > 0.95
    assert layers_of(fitted)[-2:] == ["Flatten()", "Dense(10, Softmax())"]
    assert fitted.coefs_[0].shape == (3, 3, 1, 8)
    assert fitted.n_features_in_ == 64
    rows = convolutional(input_shape=(8, 8, 1)).fit(x.reshape(-1, 64), y)
    np.testing.assert_array_equal(fitted.network_.theta, rows.network_.theta)
    np.testing.assert_array_equal(fitted.predict(x_test), rows.predict(x_test.reshape(-1, 64)))


def test_a_last_batch_that_is_too_short_for_a_layer_is_left_out(iris: Any) -> None:
    layers = [gn.Dense(4), gn.BatchNormalization(), gn.ReLU()]
    fitted = NeuralNetworkClassifier(layers=layers, batch_size=7, max_iter=1)
    fitted.fit(iris[0][:148], iris[1][:148])  # 21 batches of 7, and one example
    assert fitted.history_[0]["steps"] == 21


def test_layers_that_take_statistics_take_them_of_the_training_part(iris: Any) -> None:
    x, y = iris[0] * 100 + 7, iris[1]
    layers = [gn.Standardize(), gn.Dense(16, "relu")]
    settings = {"validation_fraction": 0.3, "random_state": 0, "learning_rate_init": 0.05}
    fitted = NeuralNetworkClassifier(layers=layers, early_stopping=True, **settings).fit(x, y)
    assert fitted.score(x, y) > 0.9
    assert not np.allclose(fitted.network_.layers[0].mean, x.mean(axis=0), rtol=1e-4)
    behind = NeuralNetworkClassifier(layers=layers[::-1])
    with pytest.raises(ValueError, match="put it before the first such layer"):
        behind.fit(x, y)


def test_the_layers_that_are_given_stay_as_they_are(digits: Any) -> None:
    estimator = convolutional(max_iter=1, input_shape=(8, 8, 1))
    given = list(estimator.layers)
    estimator.fit(*digits)
    assert estimator.layers == given
    assert not any(layer.in_network for layer in given)
    again = clone(estimator).fit(*digits)
    np.testing.assert_array_equal(again.network_.theta, estimator.network_.theta)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_quantile_has_its_share_of_the_targets_below(solver: str, diabetes: Any) -> None:
    settings = {"learning_rate_init": 0.02, "max_iter": 300, "random_state": 0, "solver": solver}
    share = [
        np.mean(
            diabetes[1] < NeuralNetworkRegressor("quantile", (), quantile=q, **settings)
            .fit(*diabetes)
            .predict(diabetes[0])
        )
        for q in (0.1, 0.5, 0.9)
    ]  # fmt: skip
    np.testing.assert_allclose(share, [0.1, 0.5, 0.9], atol=0.05)


@pytest.mark.parametrize("loss", ["absolute_error", "huber", gn.Huber(0.2)])
def test_robust_losses_do_not_follow_wild_targets(loss: Any) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    y = x @ [1.0, -2.0]
    wild = np.where(rng.random(200) < 0.1, 50.0, y)
    settings = {"hidden_layer_sizes": (), "solver": "lbfgs", "random_state": 0}
    assert NeuralNetworkRegressor(loss, **settings).fit(x, wild).score(x, y) > 0.99
    assert NeuralNetworkRegressor(**settings).fit(x, wild).score(x, y) < 0.5


def test_counts_are_predicted_as_counts() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 2))
    y = rng.poisson(np.exp(1.0 + x @ [0.5, -0.3]))
    fitted = NeuralNetworkRegressor("poisson", (), solver="lbfgs", alpha=0.0).fit(x, y)
    assert fitted.predict(x).min() > 0.0
    assert fitted.predict(x).mean() == pytest.approx(y.mean(), rel=1e-3)  # as maximum likelihood's
    np.testing.assert_allclose(fitted.coefs_[0][:, 0], [0.5, -0.3], atol=0.1)
    assert fitted.out_activation_ == "exp"


@pytest.mark.parametrize("classes", [2, 3])
def test_smoothed_labels_keep_probabilities_from_the_ends(classes: int, iris: Any) -> None:
    y = np.minimum(iris[1], classes - 1)
    settings = {"learning_rate_init": 0.05, "random_state": 0, "alpha": 0.0}
    smooth = NeuralNetworkClassifier(label_smoothing=0.2, **settings).fit(iris[0], y)
    plain = NeuralNetworkClassifier(**settings).fit(iris[0], y)
    assert plain.predict_proba(iris[0]).max() > 0.99
    assert np.median(smooth.predict_proba(iris[0]).max(axis=1)) == pytest.approx(
        1.0 - 0.2 + 0.2 / classes, abs=0.03
    )


IMAGES = np.random.default_rng(0).integers(0, 256, (40, 6, 5, 1)).astype(np.uint8)
UNIT = IMAGES / np.float32(255)
KINDS = np.arange(40) % 2


def cnn(**settings: Any) -> NeuralNetworkClassifier:
    layers = [gn.Conv2D(3, 3, activation="relu")]
    return NeuralNetworkClassifier(layers=layers, max_iter=3, random_state=0, **settings)


def test_bytes_of_images_are_scaled_wherever_they_come() -> None:
    of_bytes = cnn().fit(IMAGES, KINDS, X_val=IMAGES, y_val=KINDS)
    scaled = cnn().fit(UNIT, KINDS, X_val=UNIT, y_val=KINDS)
    np.testing.assert_array_equal(of_bytes.network_.theta, scaled.network_.theta)
    assert of_bytes.validation_scores_ == scaled.validation_scores_
    expected = scaled.predict_proba(UNIT)
    rows = IMAGES.reshape(40, -1)
    for images in (IMAGES, IMAGES[..., 0], rows):
        np.testing.assert_array_equal(of_bytes.predict_proba(images), expected)
    of_rows = cnn(input_shape=(6, 5, 1)).fit(rows, KINDS)
    np.testing.assert_array_equal(of_rows.network_.theta, scaled.network_.theta)


def test_bytes_that_are_features_stay_as_they_are() -> None:
    rows = IMAGES.reshape(40, -1)
    for settings in ({}, {"layers": [gn.Dense(4, "relu")]}):
        one, other = (
            NeuralNetworkClassifier(max_iter=2, random_state=0, **settings).fit(x, KINDS)
            for x in (rows, rows.astype(np.float64))
        )
        np.testing.assert_allclose(one.network_.theta, other.network_.theta, rtol=1e-5)


def test_images_may_be_lists_or_whatever_becomes_an_array() -> None:
    class Images:
        def __init__(self, array: np.ndarray) -> None:
            self._array = array

        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
            return np.asarray(self._array, dtype)

    expected = cnn().fit(UNIT, KINDS).network_.theta
    np.testing.assert_array_equal(cnn().fit(Images(UNIT), KINDS).network_.theta, expected)
    lists = cnn().fit(UNIT.tolist(), KINDS)
    np.testing.assert_allclose(lists.network_.theta, expected, rtol=1e-3, atol=1e-5)
    assert lists.predict(Images(UNIT)).shape == (40,)


@pytest.mark.parametrize("kind", ["frame", "sparse"])
def test_bytes_of_images_are_scaled_in_tables_too(kind: str) -> None:
    if kind == "frame":
        make = pytest.importorskip("pandas").DataFrame
    else:
        from scipy.sparse import csr_matrix as make
    rows = IMAGES.reshape(40, -1)
    of_rows = cnn(input_shape=(6, 5, 1)).fit(rows, KINDS)
    of_table = cnn(input_shape=(6, 5, 1)).fit(make(rows), KINDS)
    np.testing.assert_array_equal(of_table.network_.theta, of_rows.network_.theta)
    np.testing.assert_array_equal(of_table.predict_proba(make(rows)), of_rows.predict_proba(rows))
