"""The scikit-learn face: networks as a classifier and a regressor."""

from __future__ import annotations

from glassnet.extras import require

require("sklearn", "sklearn")

from glassnet.estimators.classifier import NeuralNetworkClassifier  # noqa: E402
from glassnet.estimators.display import TrainingHistoryDisplay  # noqa: E402
from glassnet.estimators.regressor import NeuralNetworkRegressor  # noqa: E402

__all__ = ["NeuralNetworkClassifier", "NeuralNetworkRegressor", "TrainingHistoryDisplay"]
