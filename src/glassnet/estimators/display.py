"""A picture of a fitted estimator's training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from glassnet.estimators.results import FittedAttributes
from glassnet.extras import require
from glassnet.names import lookup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D


class TrainingHistoryDisplay:
    """Loss or score of an estimator, epoch by epoch, after scikit-learn's Display classes.

    Parameters
    ----------
    training : sequence of float, optional
        One number an epoch.
    validation : sequence of float, optional
        The same of the validation data; NaN in epochs that had none.
    name : str
        What the numbers are: the label of their axis.
    best_epoch : int, optional
        Counted from 1; it is marked.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : list of matplotlib Line2D

    Examples
    --------
    >>> display = TrainingHistoryDisplay([2.0, 1.0, 0.5], name="loss").plot()
    >>> display.ax_.get_ylabel()
    'loss'
    """

    ax_: Axes
    figure_: Figure
    lines_: list[Line2D]

    def __init__(
        self,
        training: Sequence[float] | None = None,
        validation: Sequence[float] | None = None,
        *,
        name: str = "loss",
        best_epoch: int | None = None,
    ) -> None:
        self.training, self.validation = training, validation
        self.name, self.best_epoch = name, best_epoch

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,  # noqa: ANN401 (whatever holds one)
        *,
        curve: str = "loss",
        ax: Axes | None = None,
        line_kw: Mapping[str, Any] | None = None,
    ) -> TrainingHistoryDisplay:
        """Draw what a fitted estimator remembers.

        Parameters
        ----------
        estimator : NeuralNetworkClassifier, NeuralNetworkRegressor, Pipeline, or GridSearchCV
            Of a pipeline, its last step; of a search, the best estimator.
        curve : {"loss", "score"}
            The losses of training and validation data; or the score on the validation data,
            accuracy or R².
        ax : matplotlib Axes, optional
            Where to draw; by default on a new figure.
        line_kw : mapping, optional
            What matplotlib's `plot` shall be given for every line.

        Raises
        ------
        ValueError
            If there are no scores because there was no validation data.
        TypeError
            If it is another estimator, which has no history.
        sklearn.exceptions.NotFittedError
            If it is not fitted.
        """
        given = estimator
        while True:
            if isinstance(estimator, Pipeline) and estimator.steps:
                estimator = estimator.steps[-1][1]
            elif hasattr(estimator, "best_estimator_"):
                estimator = estimator.best_estimator_
            else:
                break
        if not isinstance(estimator, FittedAttributes):
            raise TypeError(
                "from_estimator takes a fitted NeuralNetworkClassifier or NeuralNetworkRegressor, "
                "alone, as the last step of a Pipeline, or as what a fitted search found best, "
                f"got {given!r}, which remembers no epochs"
            )
        check_is_fitted(estimator)
        scores = _by_epoch(estimator, estimator.validation_scores_)
        best = int(np.nanargmax(scores)) + 1 if scores else None
        lookup({"loss": True, "score": True}, curve, "curve")
        if curve == "loss":
            validation = _by_epoch(estimator, estimator.validation_loss_curve_)
            return cls(estimator.loss_curve_, validation, name="loss", best_epoch=best).plot(
                ax, line_kw=line_kw
            )
        if not scores:
            raise ValueError(
                "without validation data there are no scores; fit with early_stopping=True, or "
                "give fit X_val and y_val"
            )
        name = "accuracy" if hasattr(estimator, "classes_") else "R²"
        return cls(None, scores, name=name, best_epoch=best).plot(ax, line_kw=line_kw)

    def plot(
        self, ax: Axes | None = None, *, line_kw: Mapping[str, Any] | None = None
    ) -> TrainingHistoryDisplay:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default on a new figure.
        line_kw : mapping, optional
            What matplotlib's `plot` shall be given for every line.
        """
        axes: Any = ax
        if axes is None:
            _, axes = require("matplotlib.pyplot", "cli").subplots()
        self.lines_ = []
        for label, values in (("training", self.training), ("validation", self.validation)):
            if values is not None:
                epochs = range(1, len(values) + 1)
                self.lines_ += axes.plot(epochs, values, **{"label": label, **(line_kw or {})})
        if self.best_epoch is not None:
            label = f"best score: epoch {self.best_epoch}"
            axes.axvline(self.best_epoch, color="0.6", linewidth=1, label=label)
        axes.set(xlabel="epoch", ylabel=self.name)
        axes.legend()
        self.ax_, self.figure_ = axes, axes.figure
        return self


def _by_epoch(estimator: FittedAttributes, values: list[float] | None) -> list[float] | None:
    """Return what was measured on validation data with NaN in the epochs that had none."""
    if values is None:
        return None
    measured = iter(values)
    return [
        next(measured) if "validation_loss" in record else math.nan for record in estimator.history_
    ]
