"""The classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from glassnet.data import Dataset
from glassnet.estimators.base import NeuralNetworkEstimator
from glassnet.estimators.classes import weights_with_classes
from glassnet.nn import BinaryCrossEntropy, CategoricalCrossEntropy, Loss
from glassnet.optim import Schedule


class NeuralNetworkClassifier(ClassifierMixin, NeuralNetworkEstimator):  # type: ignore[misc]
    """A classifier for scikit-learn, with all that glassnet's networks can do.

    It takes the parameters of scikit-learn's `MLPClassifier`, with the same meaning and defaults,
    and some more. For a choice of two classes the network has one output with a sigmoid, for more
    a softmax, for several labels an example (`y` of shape (n, labels), 0 or 1) a sigmoid for each.

    Parameters
    ----------
    {training}
    class_weight : dict, "balanced" or None, default None
        How much the examples of each class count, 0 or more; "balanced" lets all classes count the
        same. Not for several labels an example.
    label_smoothing : float, in [0, 1), default 0.0
        Part of every target that is spread evenly over the classes.
    {network}

    Attributes
    ----------
    classes_ : ndarray, shape (classes,)
        The labels, in the order of the outputs; where an example has several, the numbers of their
        columns.
    multilabel_ : bool
        Whether an example has several labels.
    {fitted}

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> x, y = load_iris(return_X_y=True)
    >>> classifier = NeuralNetworkClassifier("16", solver="lbfgs", random_state=0)
    >>> classifier.fit(x, y).score(x, y) > 0.95
    True
    """

    _numeric = False

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),  # noqa: ANN401
        activation: Any = "relu",  # noqa: ANN401
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str | Schedule = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,  # noqa: ANN401
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        class_weight: Mapping[Any, float] | str | None = None,
        label_smoothing: float = 0.0,
        dropout: Any = 0.0,  # noqa: ANN401
        layers: Any = None,  # noqa: ANN401
        input_shape: Any = None,  # noqa: ANN401
        n_layers: int | None = None,
        n_units: int | None = None,
        callbacks: Any = (),  # noqa: ANN401
        engine: str = "auto",
    ) -> None:
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            max_fun=max_fun,
            dropout=dropout,
            layers=layers,
            input_shape=input_shape,
            n_layers=n_layers,
            n_units=n_units,
            callbacks=callbacks,
            engine=engine,
        )
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing

    def _output_activation(self) -> str:
        """Return ``"softmax"`` for a choice of three or more, else ``"sigmoid"``."""
        return "softmax" if self.n_outputs_ > 1 and not self.multilabel_ else "sigmoid"

    def _loss_function(self) -> Loss:
        """Return the cross-entropy that goes with it."""
        if self._output_activation() == "softmax":
            return CategoricalCrossEntropy(label_smoothing=self.label_smoothing)
        return BinaryCrossEntropy(label_smoothing=self.label_smoothing)

    def _loss_scales(self) -> tuple[float, float]:
        """Return the number of labels twice: their losses are summed up, and told so."""
        labels = float(self.n_outputs_) if self.multilabel_ else 1.0
        return labels, labels

    def _score_of_outputs(self, p: np.ndarray, data: Dataset) -> float:
        """Return the part of the examples of which all labels are right."""
        right = ((p > 0.5) == (data.y > 0.5)).all(axis=1)
        return float(np.average(right, weights=data.weights))

    def _told_activation(self) -> str:
        return "logistic" if self._output_activation() == "sigmoid" else "softmax"

    def _class_names(self, y: Any) -> tuple[str, ...]:  # noqa: ANN401
        """Return the classes as text, or what the columns of a table of labels are called."""
        of_labels = getattr(y, "columns", self.classes_) if self.multilabel_ else self.classes_
        names = tuple(map(str, of_labels))
        return names if len(set(names)) == len(names) else ()

    def _encoded(self, y: Any, *, fresh: bool, classes: Any = None) -> np.ndarray:  # noqa: ANN401
        check_classification_targets(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        multilabel = y.ndim == 2
        if multilabel and not np.isin(y, (0, 1)).all():
            raise ValueError("y with several columns must hold 0 and 1, whether a label is there")
        if fresh:
            self.multilabel_ = multilabel
            known = np.arange(y.shape[1]) if multilabel else np.unique(y)
            self.classes_ = known if classes is None or multilabel else np.unique(classes)
            choice = 1 if len(self.classes_) <= 2 else len(self.classes_)
            self.n_outputs_ = y.shape[1] if multilabel else choice
        if multilabel != self.multilabel_ or (multilabel and y.shape[1] != self.n_outputs_):
            raise ValueError(
                f"y has shape {y.shape}, not that of what the classifier was fitted to"
            )
        if multilabel:
            return np.asarray(y, np.float64)
        unseen = ~np.isin(y, self.classes_)
        if unseen.any():
            raise ValueError(
                f"y has the class {y[unseen].tolist()[0]!r}, the classifier knows {self.classes_}"
            )
        return np.asarray(np.searchsorted(self.classes_, y))

    def _check_warm_start(self, y: np.ndarray) -> None:
        if self.multilabel_:
            return
        present = self.classes_[np.unique(y)]
        if len(present) < len(self.classes_):
            raise ValueError(
                "warm_start goes on with the classes of the training before, "
                f"{self.classes_.tolist()}; y has {present.tolist()}: give it all of them, or set "
                "warm_start=False to begin anew, or use partial_fit"
            )

    def _weights(self, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        if self.class_weight is None:
            return weights
        if self.multilabel_:
            raise ValueError("class_weight is for one class an example; use sample_weight")
        return weights_with_classes(self.class_weight, self.classes_, y, weights)

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        return None if self.multilabel_ else y

    @available_if(lambda self: self.solver != "lbfgs")  # type: ignore[untyped-decorator]
    def partial_fit(
        self,
        X: Any,  # noqa: ANN401
        y: Any,  # noqa: ANN401
        sample_weight: Any = None,  # noqa: ANN401
        classes: Any = None,  # noqa: ANN401
        *,
        X_val: Any = None,  # noqa: ANN401
        y_val: Any = None,  # noqa: ANN401
    ) -> NeuralNetworkClassifier:
        """Train for one epoch, going on from where the estimator is.

        With ``early_stopping=True`` the score on `X_val`, or on a part of each call's examples, is
        followed from call to call. Once it has not improved for more than `n_iter_no_change` calls,
        the best network is put back, `stopped_` is true, and further calls leave it as it is.

        Parameters
        ----------
        X, y, sample_weight, X_val, y_val
            As in `fit`.
        classes : array-like, optional
            All classes that will ever come; needed in the first call unless `y` has several
            columns.

        Returns
        -------
        self
        """
        fresh = not hasattr(self, "network_")
        if fresh and classes is None and np.ndim(y) < 2:
            raise ValueError("the first call of partial_fit needs classes: all that there are")
        if not fresh and classes is not None and not self.multilabel_:
            given = np.unique(classes)
            if not np.array_equal(given, self.classes_):
                raise ValueError(
                    f"classes={given} is not what the first call of partial_fit was given: "
                    f"{self.classes_}"
                )
        self._fit(X, y, sample_weight, X_val, y_val, partial=True, classes=classes)
        return self

    def predict(self, X: Any) -> np.ndarray:  # noqa: ANN401
        """Return the most probable class of each example, or which labels are there.

        Returns
        -------
        ndarray, shape (n,); or (n, labels) of 0 and 1
        """
        probabilities = self.predict_proba(X)
        if self.multilabel_:
            return (probabilities > 0.5).astype(np.int64)
        chosen: np.ndarray = self.classes_[probabilities.argmax(axis=1)]
        return chosen

    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: ANN401
        """Return the probability of each class, or of each label.

        Returns
        -------
        ndarray, shape (n, classes) or (n, labels), of the network's dtype
        """
        p = self._outputs(X)
        if self.multilabel_ or p.shape[1] > 1:
            return p
        if len(self.classes_) == 1:
            return np.ones_like(p)
        return np.concatenate([1.0 - p, p], axis=1)

    def predict_log_proba(self, X: Any) -> np.ndarray:  # noqa: ANN401
        """Return the logarithms of `predict_proba`: minus infinity where that is 0."""
        with np.errstate(divide="ignore"):
            logarithms: np.ndarray = np.log(self.predict_proba(X))
        return logarithms

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
