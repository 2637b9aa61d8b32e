"""scikit-learn's own checks of an estimator: every one, none expected to fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("sklearn", reason="the estimators need scikit-learn")

from sklearn.utils.estimator_checks import parametrize_with_checks

import glassnet as gn
from glassnet.estimators import NeuralNetworkClassifier, NeuralNetworkRegressor

# a column of as many pixels as there are features, whatever their number
CONVOLUTIONAL = [
    gn.Reshape((-1, 1, 1)),
    gn.Conv2D(4, (3, 1), padding="same", activation="relu"),
    gn.Flatten(),
    gn.Dense(32, "relu"),
]

CONFIGURED = [
    NeuralNetworkClassifier(),
    NeuralNetworkRegressor(),
    NeuralNetworkClassifier(layers=CONVOLUTIONAL, learning_rate_init=0.01),
    NeuralNetworkRegressor(layers=CONVOLUTIONAL, learning_rate_init=0.01),
    NeuralNetworkClassifier(solver="lbfgs", alpha=0.1),
    NeuralNetworkRegressor(solver="sgd"),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(CONFIGURED)
def test_it_passes_every_check_of_scikit_learn(
    estimator: Any, check: Callable[[Any], None]
) -> None:
    check(estimator)
