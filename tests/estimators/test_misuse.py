"""What cannot work is refused when `fit` is called, with the parameter's name and the value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

import glassnet as gn
from glassnet.estimators import NeuralNetworkClassifier, NeuralNetworkRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"solver": "adm"}, "unknown solver 'adm'; did you mean 'adam'"),
        ({"learning_rate": "falling"}, "unknown learning_rate 'falling'"),
        ({"engine": "gpu"}, "unknown engine 'gpu'"),
        ({"activation": "rleu"}, "unknown activation 'rleu'; did you mean 'relu'"),
        ({"activation": ["relu", "tanh"]}, "activation has 2 entries for 1 hidden layers"),
        ({"activation": None}, "activation must be a name .* got None"),
        ({"hidden_layer_sizes": (10, 0)}, "hidden_layer_sizes must be .* at least 1, got 0"),
        ({"hidden_layer_sizes": "64x32"}, "such as '128-64', got '64x32'"),
        ({"n_layers": -1}, "n_layers must be .* got -1"),
        ({"dropout": 1.0}, "dropout must be .* got 1.0"),
        ({"dropout": [0.1, 0.2]}, "dropout has 2 entries for 1 hidden layers"),
        ({"alpha": -1.0}, "alpha must be .* got -1.0"),
        ({"batch_size": 0}, "batch_size must be .* got 0"),
        ({"max_iter": 0}, "max_iter must be .* got 0"),
        ({"learning_rate_init": 0.0}, "learning_rate_init must be .* got 0.0"),
        ({"momentum": 1.5}, "momentum must be .* got 1.5"),
        ({"validation_fraction": 1.0}, "validation_fraction must be .* got 1.0"),
        (
            {"early_stopping": True, "validation_fraction": 0.001},
            "holds out 1, and a score needs 2",
        ),
        (
            {"early_stopping": True, "validation_fraction": 0.999},
            "leaves none to learn from; lower it",
        ),
        ({"layers": []}, "layers must be a list such as"),
        ({"layers": ["Dense"]}, "layers must hold layers or their configurations, got 'Dense'"),
        ({"layers": [{"type": "Dens", "units": 3}]}, "unknown layer 'Dens'"),
        ({"layers": [gn.Conv2D(4, 3)]}, r"layer conv2d_1: Conv2D.*\(4,\)"),
        ({"layers": [gn.Conv2D(4, 3)]}, r"say so with input_shape=\(height, width, channels\)"),
        (
            {"callbacks": [gn.EarlyStopping()]},
            r"EarlyStopping\(\) watches 'validation_loss', .* X_val and y_val, or set early_stop",
        ),
        ({"layers": [gn.Dense(3, "softmax")]}, "leave the output layer out"),
        ({"layers": [gn.ReLU()], "input_shape": (3, 1)}, "means 3 features, X has 4 features"),
        ({"solver": "lbfgs", "dropout": 0.5}, "dropout changes it by chance"),
        (
            {"solver": "lbfgs", "layers": [gn.Dense(3), gn.Dropout(0.5)]},
            r"needs the same loss for the same weights, and Dropout\(0.5\) changes it by chance",
        ),
        (
            {"solver": "lbfgs", "layers": [gn.Residual([gn.Dense(4), gn.GaussianNoise(0.5)])]},
            r"and Residual\(.*GaussianNoise.* changes it by chance",
        ),
        ({"layers": [gn.Dense(3)], "dropout": 0.5}, "dropout=0.5 is of no effect beside layers"),
        ({"layers": [gn.Dense(3)], "activation": "tanh"}, "activation='tanh' is of no effect"),
        ({"layers": [gn.Dense(3)], "hidden_layer_sizes": "8"}, "hidden_layer_sizes='8' is of no"),
        ({"layers": [gn.Dense(3)], "n_units": 8}, "n_units=8 is of no effect beside layers"),
        ({"solver": "lbfgs", "callbacks": [gn.StopOnDivergence()]}, "calls no callbacks"),
        ({"class_weight": "equal"}, "class_weight must be a dict, 'balanced' or None, got 'equal'"),
        ({"class_weight": {7: 1.0}}, r"names the class 7, there are \[0, 1, 2\]"),
        ({"class_weight": {0: -1.0}}, "each of class_weight must be .* got -1.0"),
        ({"class_weight": {0: float("nan")}}, "each of class_weight must be .* got nan"),
        ({"class_weight": {0: float("inf")}}, "each of class_weight must be .* got inf"),
        ({"hidden_layer_sizes": "8", "n_layers": 2}, "hidden_layer_sizes='8' is of no effect"),
        ({"class_weight": {0: 0.0, 1: 0.0, 2: 0.0}}, "are zero for every example"),
        ({"label_smoothing": 1.0}, "label_smoothing must be .* got 1.0"),
    ],
    ids=lambda value: value if isinstance(value, str) else ", ".join(value),
)
def test_a_parameter_out_of_range_is_refused(
    settings: dict[str, Any], message: str, iris: Any
) -> None:
    with pytest.raises(ValueError, match=message):
        NeuralNetworkClassifier(**settings).fit(*iris)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"early_stopping": "yes"}, "early_stopping must be True or False, got 'yes'"),
        ({"max_iter": 2.5}, "max_iter must be a whole number"),
        ({"alpha": "small"}, "alpha must be a number, got 'small'"),
        ({"class_weight": {0: "a"}}, "each of class_weight must be a number, got 'a'"),
        ({"callbacks": [print]}, "callbacks must hold glassnet's callbacks"),
        ({"dropout": "0.5"}, "dropout must be a number, got '0.5'"),
        ({"input_shape": 4.0}, "each of input_shape must be a whole number .* got 4.0"),
        ({"input_shape": "abc"}, "each of input_shape must be a whole number .* got 'abc'"),
    ],
    ids=str,
)
def test_a_parameter_of_the_wrong_kind_is_refused(
    settings: dict[str, Any], message: str, iris: Any
) -> None:
    with pytest.raises(TypeError, match=message):
        NeuralNetworkClassifier(**settings).fit(*iris)


def test_numbers_and_flags_of_numpy_are_taken(iris: Any) -> None:
    settings = {"max_iter": np.int64(1), "alpha": np.float32(0.1), "shuffle": np.bool_(False)}
    NeuralNetworkClassifier(n_iter_no_change=np.inf, **settings).fit(*iris)
    settings = {"max_iter": 1, "hidden_layer_sizes": np.array([5, 4])}
    made = NeuralNetworkClassifier(activation=np.array(["relu", "tanh"]), **settings).fit(*iris)
    assert [repr(layer.activation) for layer in made.network_.layers[:2]] == ["ReLU()", "Tanh()"]
    with_layers = NeuralNetworkClassifier(layers=[gn.Dense(3)], input_shape=np.int64(4), max_iter=1)
    assert with_layers.fit(*iris).network_.input_shape == (4,)


@pytest.mark.parametrize(
    ("settings", "y", "message"),
    [
        ({"loss": "squared"}, [1.0, 2.0], "unknown loss 'squared'; did you mean 'squared_error'"),
        ({"loss": "quantile", "quantile": 1.5}, [1.0, 2.0], "quantile must be .* got 1.5"),
        ({"quantile": 2}, [1.0, 2.0], "quantile=2 is of no effect with loss='squared_error'"),
        ({"loss": gn.Quantile(0.9), "quantile": 0.9}, [1.0, 2.0], "is of no effect with loss=Qua"),
        ({"loss": "poisson"}, [1.0, -2.0], "needs y of 0 or more, got -2"),
    ],
)
def test_a_loss_that_does_not_suit_is_refused(
    settings: dict[str, Any], y: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        NeuralNetworkRegressor(**settings).fit([[0.0], [1.0]], y)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([[0.0], [np.nan]], [0, 1], "Input X contains NaN"),
        ([[0.0], [1.0]], [0, 1, 1], "inconsistent numbers of samples"),
        ([0.0, 1.0], [0, 1], "Expected 2D array, got 1D array"),
        (np.zeros((2, 2, 1)), [0, 1], "dim 3"),
        ([[0.0], [1.0]], [0.5, 1.5], "Unknown label type"),
        ([[0.0], [1.0]], [[0, 2], [1, 1]], "must hold 0 and 1"),
    ],
)
def test_data_that_cannot_be_learned_are_refused(x: Any, y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NeuralNetworkClassifier().fit(x, y)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0], "one weight an example"),
        (np.full(150, -1.0), "0 or more, got -1"),
        (np.zeros(150), "every sample_weight is zero"),
        (np.full(150, np.nan), "sample_weight contains NaN"),
    ],
)
def test_weights_that_make_no_sense_are_refused(weights: Any, message: str, iris: Any) -> None:
    with pytest.raises(ValueError, match=message):
        NeuralNetworkClassifier().fit(*iris, sample_weight=weights)


def test_class_weights_are_not_for_several_labels() -> None:
    with pytest.raises(ValueError, match="class_weight is for one class an example"):
        NeuralNetworkClassifier(class_weight="balanced").fit([[0.0], [1.0]], [[0, 1], [1, 1]])


def test_validation_data_come_in_pairs_and_with_steps(iris: Any) -> None:
    with pytest.raises(ValueError, match="X_val and y_val go together"):
        NeuralNetworkClassifier().fit(*iris, X_val=iris[0])
    with pytest.raises(ValueError, match="'lbfgs' measures no validation data"):
        NeuralNetworkClassifier(solver="lbfgs").fit(*iris, X_val=iris[0], y_val=iris[1])
    with pytest.raises(ValueError, match="has the class 9, the classifier knows"):
        NeuralNetworkClassifier().fit(*iris, X_val=iris[0], y_val=iris[1] + 9)


def test_nothing_is_predicted_before_fit(iris: Any) -> None:
    estimator = NeuralNetworkClassifier()
    for call in (estimator.predict, estimator.predict_proba):
        with pytest.raises(NotFittedError):
            call(iris[0])
    with pytest.raises(AttributeError, match="is not fitted yet"):
        _ = estimator.loss_curve_


def test_images_of_another_shape_are_refused(digits: Any) -> None:
    images = digits[0][:50].reshape(-1, 8, 8, 1)
    fitted = NeuralNetworkClassifier(layers=[gn.Conv2D(2, 3)], max_iter=1).fit(
        images, digits[1][:50]
    )
    with pytest.raises(ValueError, match=r"takes examples of shape \(8, 8, 1\)"):
        fitted.predict(images.reshape(-1, 4, 16, 1))
    with pytest.raises(ValueError, match=r"X has examples of shape \(4, 16, 1\)"):
        fitted.fit(images, digits[1][:50], X_val=images.reshape(-1, 4, 16, 1), y_val=digits[1][:50])


def test_images_without_channels_are_told_what_to_say(digits: Any) -> None:
    images, y = digits[0][:50].reshape(-1, 8, 8), digits[1][:50]
    settings = {"layers": [gn.Conv2D(2, 3)], "max_iter": 1, "random_state": 0}
    with pytest.raises(ValueError, match=r"without channels, say input_shape=\(8, 8, 1\)"):
        NeuralNetworkClassifier(**settings).fit(images, y)
    grey = NeuralNetworkClassifier(input_shape=(8, 8, 1), **settings).fit(images, y)
    rows = NeuralNetworkClassifier(input_shape=(8, 8, 1), **settings).fit(digits[0][:50], y)
    np.testing.assert_array_equal(grey.predict_proba(images), rows.predict_proba(images))


def test_a_warm_start_needs_the_classes_that_there_were(iris: Any) -> None:
    x, y = iris
    warm = NeuralNetworkClassifier(warm_start=True, max_iter=1).fit(x, y)
    with pytest.raises(ValueError, match=r"classes .* before, \[0, 1, 2\]; y has \[0, 1\]"):
        warm.fit(x[:100], y[:100])
    with pytest.raises(ValueError, match="y has the class 3"):
        warm.fit(x, y + 1)
    warm.fit(x, y, X_val=x[:100], y_val=y[:100])  # of a validation nothing is learned
    warm.partial_fit(x[:100], y[:100])


def test_partial_fit_needs_all_classes_first_and_takes_no_others_later(iris: Any) -> None:
    part = NeuralNetworkClassifier()
    with pytest.raises(ValueError, match="the first call of partial_fit needs classes"):
        part.partial_fit(*iris)
    part.partial_fit(*iris, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="is not what the first call of partial_fit was given"):
        part.partial_fit(*iris, classes=[0, 1])
    with pytest.raises(ValueError, match="y has the class 3"):
        part.partial_fit(iris[0], iris[1] + 3)
    assert not hasattr(NeuralNetworkClassifier(solver="lbfgs"), "partial_fit")


def test_the_number_of_targets_stays(diabetes: Any) -> None:
    regressor = NeuralNetworkRegressor(warm_start=True, max_iter=1).fit(*diabetes)
    with pytest.raises(ValueError, match="y has 2 columns, the regressor was fitted to 1"):
        regressor.fit(diabetes[0], np.stack([diabetes[1]] * 2, axis=1))


def test_a_training_that_leaves_the_numbers_is_told(diabetes: Any) -> None:
    wild = NeuralNetworkRegressor(solver="sgd", learning_rate_init=1e6)
    with pytest.raises(ValueError, match=r"training diverged .* scaling the inputs may help"):
        wild.fit(*diabetes)


def test_going_on_with_a_loss_that_needs_other_outputs_is_refused() -> None:
    x, y = np.eye(4), np.array([1.0, 2.0, 3.0, 4.0])
    regressor = NeuralNetworkRegressor("poisson", max_iter=20, warm_start=True, random_state=0)
    before = regressor.fit(x, y).predict(x)
    regressor.set_params(loss="squared_error")
    np.testing.assert_array_equal(regressor.predict(x), before)  # as it was trained
    for go_on in (regressor.fit, regressor.partial_fit):
        with pytest.raises(ValueError, match="with the loss 'poisson' it gives logarithms"):
            go_on(x, y)
    assert regressor.set_params(loss=gn.Poisson()).fit(x, y).out_activation_ == "exp"
    regressor.set_params(warm_start=False, loss="absolute_error").fit(x, y)
    assert regressor.out_activation_ == "identity"


def test_images_with_channels_first_are_told_where_these_belong() -> None:
    x, y = np.zeros((6, 3, 8, 8)), [0, 1] * 3
    classifier = NeuralNetworkClassifier(
        layers=[gn.Conv2D(2, 3)], input_shape=(8, 8, 3), max_iter=1
    )
    with pytest.raises(ValueError, match=r"channels come last: X.transpose\(0, 2, 3, 1\)"):
        classifier.fit(x, y)
    classifier.fit(x.transpose(0, 2, 3, 1), y)
    with pytest.raises(ValueError, match=r"channels come last: X.transpose\(0, 2, 3, 1\)"):
        classifier.predict(x)


def test_a_score_of_one_example_is_refused(diabetes: Any) -> None:
    x, y = diabetes
    with pytest.raises(ValueError, match="X_val has 1 example, and R² needs 2"):
        NeuralNetworkRegressor(early_stopping=True).fit(x, y, X_val=x[:1], y_val=y[:1])


def test_weights_that_are_set_must_be_those_of_the_network(iris: Any) -> None:
    fitted = NeuralNetworkClassifier(4, max_iter=1).fit(*iris)
    before = fitted.network_.theta.copy()
    with pytest.raises(
        ValueError, match=r"coefs_ needs arrays of the shapes \[\(4, 4\), \(4, 3\)\]"
    ):
        fitted.coefs_ = [np.ones((4, 4))]
    with pytest.raises(ValueError, match="intercepts_ has values that are NaN"):
        fitted.intercepts_ = [np.ones(4), np.full(3, np.nan)]
    np.testing.assert_array_equal(fitted.network_.theta, before)
