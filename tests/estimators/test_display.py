from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("matplotlib", reason="pictures need matplotlib")

import matplotlib as mpl
import numpy as np

mpl.use("agg")

from matplotlib import pyplot as plt
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glassnet.estimators import (
    NeuralNetworkClassifier,
    NeuralNetworkRegressor,
    TrainingHistoryDisplay,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def no_figure_stays_open() -> Any:
    yield
    plt.close("all")


def test_both_losses_and_the_best_epoch_are_drawn(iris: Any) -> None:
    fitted = NeuralNetworkClassifier(max_iter=6).fit(*iris, X_val=iris[0], y_val=iris[1])
    display = TrainingHistoryDisplay.from_estimator(fitted)
    training, validation = display.lines_
    assert training.get_ydata().tolist() == fitted.loss_curve_
    assert validation.get_ydata().tolist() == fitted.validation_loss_curve_
    assert training.get_xdata()[0] == 1
    best = fitted.validation_scores_.index(max(fitted.validation_scores_)) + 1
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["training", "validation", f"best score: epoch {best}"]
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("epoch", "loss")


def test_scores_are_drawn_where_one_wants(diabetes: Any) -> None:
    fitted = NeuralNetworkRegressor(max_iter=4, early_stopping=True).fit(*diabetes)
    figure, axes = plt.subplots()
    display = TrainingHistoryDisplay.from_estimator(fitted, curve="score", ax=axes)
    assert display.ax_ is axes
    assert display.figure_ is figure
    assert display.lines_[0].get_ydata().tolist() == fitted.validation_scores_
    assert axes.get_ylabel() == "R²"
    assert display.plot().ax_ is not axes


def test_what_is_not_there_is_not_drawn(iris: Any) -> None:
    fitted = NeuralNetworkClassifier(max_iter=2).fit(*iris)
    assert len(TrainingHistoryDisplay.from_estimator(fitted).lines_) == 1
    with pytest.raises(ValueError, match="without validation data there are no scores"):
        TrainingHistoryDisplay.from_estimator(fitted, curve="score")
    with pytest.raises(ValueError, match="unknown curve 'lost'"):
        TrainingHistoryDisplay.from_estimator(fitted, curve="lost")


def test_a_pipeline_shows_its_last_step_and_others_are_refused(iris: Any) -> None:
    fitted = make_pipeline(StandardScaler(), NeuralNetworkClassifier(max_iter=2)).fit(*iris)
    display = TrainingHistoryDisplay.from_estimator(fitted)
    assert display.lines_[0].get_ydata().tolist() == fitted[-1].loss_curve_
    search = GridSearchCV(fitted, {"neuralnetworkclassifier__alpha": [0.1]}, cv=2).fit(*iris)
    best = TrainingHistoryDisplay.from_estimator(search, line_kw={"color": "red", "label": "best"})
    assert best.lines_[0].get_ydata().tolist() == search.best_estimator_[-1].loss_curve_
    assert (best.lines_[0].get_color(), best.lines_[0].get_label()) == ("red", "best")
    with pytest.raises(TypeError, match=r"got LogisticRegression\(\), which remembers no epochs"):
        TrainingHistoryDisplay.from_estimator(LogisticRegression())
    with pytest.raises(TypeError, match="got Pipeline"):
        TrainingHistoryDisplay.from_estimator(make_pipeline(StandardScaler()))
    with pytest.raises(NotFittedError):
        TrainingHistoryDisplay.from_estimator(NeuralNetworkClassifier())


def test_what_was_measured_later_is_drawn_later(iris: Any) -> None:
    fitted = NeuralNetworkClassifier(max_iter=3, warm_start=True, random_state=0).fit(*iris)
    fitted.fit(*iris, X_val=iris[0], y_val=iris[1])
    display = TrainingHistoryDisplay.from_estimator(fitted)
    training, validation = display.lines_
    assert np.isfinite(training.get_ydata()).all()
    np.testing.assert_array_equal(
        validation.get_ydata(), [np.nan] * 3 + fitted.validation_loss_curve_
    )
    scores = fitted.validation_scores_
    assert display.best_epoch == 4 + scores.index(max(scores))
    score = TrainingHistoryDisplay.from_estimator(fitted, curve="score")
    np.testing.assert_array_equal(score.lines_[0].get_ydata(), [np.nan] * 3 + scores)
