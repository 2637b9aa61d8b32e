"""What classifier and regressor have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from glassnet.data import Dataset
from glassnet.estimators.architecture import (
    SEEDS,
    architecture_of,
    check_architecture,
    network_for,
)
from glassnet.estimators.convergence import Convergence
from glassnet.estimators.docstrings import completed
from glassnet.estimators.inputs import (
    examples,
    fits,
    hint_of_channels,
    shape_of_example,
    split,
    weights_of,
)
from glassnet.estimators.learning import learn, learn_by_lbfgs
from glassnet.estimators.objective import Objective
from glassnet.estimators.parameters import check_parameters, check_watched
from glassnet.estimators.results import FittedAttributes
from glassnet.nn import Loss
from glassnet.optim import Schedule
from glassnet.training import History


class NeuralNetworkEstimator(FittedAttributes, BaseEstimator, ABC):  # type: ignore[misc] # scikit-learn has no types
    """A network behind scikit-learn's methods; see `NeuralNetworkClassifier`."""

    def __init_subclass__(cls, **settings: Any) -> None:  # noqa: ANN401
        super().__init_subclass__(**settings)
        cls.__doc__ = completed(cls.__doc__)

    def __init__(
        self,
        hidden_layer_sizes: Any,  # noqa: ANN401
        activation: Any,  # noqa: ANN401
        *,
        solver: str,
        alpha: float,
        batch_size: int | str,
        learning_rate: str | Schedule,
        learning_rate_init: float,
        power_t: float,
        max_iter: int,
        shuffle: bool,
        random_state: Any,  # noqa: ANN401
        tol: float,
        verbose: bool | int,
        warm_start: bool,
        momentum: float,
        nesterovs_momentum: bool,
        early_stopping: bool,
        validation_fraction: float,
        beta_1: float,
        beta_2: float,
        epsilon: float,
        n_iter_no_change: float,
        max_fun: int,
        dropout: Any,  # noqa: ANN401
        layers: Any,  # noqa: ANN401
        input_shape: Any,  # noqa: ANN401
        n_layers: int | None,
        n_units: int | None,
        callbacks: Any,  # noqa: ANN401
        engine: str,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.dropout = dropout
        self.layers = layers
        self.input_shape = input_shape
        self.n_layers = n_layers
        self.n_units = n_units
        self.callbacks = callbacks
        self.engine = engine

    _numeric: ClassVar[bool]
    """Whether targets have to be numbers."""

    # What the two do differently

    @abstractmethod
    def _output_activation(self) -> str | None:
        """Return the activation of the output layer."""

    @abstractmethod
    def _loss_function(self) -> Loss:
        """Return what the network minimises."""

    @abstractmethod
    def _loss_scales(self) -> tuple[float, float]:
        """Return what the network's loss is multiplied by: to be minimised, and to be told."""

    @abstractmethod
    def _encoded(self, y: Any, *, fresh: bool, classes: Any = None) -> np.ndarray:  # noqa: ANN401
        """Return labels, shape (n,), or targets, shape (n, outputs); learn about them if fresh."""

    @abstractmethod
    def _score_of_outputs(self, p: np.ndarray, data: Dataset) -> float:
        """Return the score of what the network gives for the examples."""

    def _told_activation(self) -> str:
        """Return scikit-learn's name of what is between the last pre-activation and predictions."""
        return self._output_activation() or "identity"

    def _class_names(self, y: Any) -> tuple[str, ...]:  # noqa: ANN401, ARG002
        """Return the names of classes or labels, of `y` as it was given; none if there are none."""
        return ()

    def _check_warm_start(self, y: np.ndarray) -> None:
        """Refuse labels that are not those of the training that is gone on with."""

    def _weights(self, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:  # noqa: ARG002
        """Return the weights of examples, those of their classes multiplied in."""
        return weights

    def _strata(self, y: np.ndarray) -> np.ndarray | None:  # noqa: ARG002
        """Return what shall be shared out evenly to both parts of a split."""
        return None

    def _scoring_of(self, validation: Dataset | None) -> Callable[[], float] | None:
        """Return what measures the score; None where the trainer does, or there is no data."""
        if validation is None or validation.n_classes:
            return None
        return lambda: self._score_of_outputs(self.network_.predict(validation.x), validation)

    def _metrics(self) -> list[str] | None:
        """Return what the trainer measures; None for what suits the data."""
        return None

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # Learning

    def fit(
        self,
        X: Any,  # noqa: ANN401
        y: Any,  # noqa: ANN401
        sample_weight: Any = None,  # noqa: ANN401
        *,
        X_val: Any = None,  # noqa: ANN401
        y_val: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401 (typing.Self, for subclasses of what has no types)
        """Train until training converges, `max_iter` epochs at most.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n, features); with `layers` also (n, *input_shape)
        y : array-like, shape (n,) or (n, outputs)
        sample_weight : array-like, shape (n,), optional
            How much each example counts, 0 or more: 2 is an example that is there twice.
        X_val, y_val : array-like, optional
            Validation data, measured after every epoch. With ``early_stopping=True`` they stand in
            for the part of `X` that would be held out.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            For parameters out of range, data that is not finite or doesn't fit, and where training
            left the finite numbers.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, partial=False)

    def _fit(
        self,
        X: Any,  # noqa: ANN401
        y: Any,  # noqa: ANN401
        sample_weight: Any,  # noqa: ANN401
        X_val: Any,  # noqa: ANN401
        y_val: Any,  # noqa: ANN401
        *,
        partial: bool,
        classes: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        check_parameters(self, partial=partial)
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val go together: give both or none")
        if X_val is not None and self.solver == "lbfgs":
            raise ValueError("solver='lbfgs' measures no validation data; use 'adam' or 'sgd'")
        fresh = not hasattr(self, "network_") or not (self.warm_start or partial)
        if not fresh:
            check_architecture(self, self.architecture_)
            if self._told_activation() != self.out_activation_:
                raise ValueError(
                    "warm_start and partial_fit go on with the network that there is: with the "
                    "loss 'poisson' it gives logarithms, with others it does not; set "
                    "warm_start=False to begin anew"
                )
        x, answers, shape = examples(self, X, y, reset=fresh, numeric=self._numeric)
        targets = self._encoded(answers, fresh=fresh, classes=classes)
        if not (fresh or partial):
            self._check_warm_start(targets)
        weights = self._weights(targets, weights_of(sample_weight, len(x)))
        loss = self._loss_function()
        if fresh:
            self._begin(x.shape[1], shape, x.dtype.name, self._class_names(y))
        train = self._dataset(self._shaped(x, shape), targets, weights)
        train, validation = self._validated(train, X_val, y_val)
        if validation is None:
            check_watched(self)
        if fresh:
            self.network_.adapt(train.x, train.weights)
        score = self._scoring_of(validation)
        objective = Objective(loss, *self._loss_scales(), self._metrics(), score)
        if self.solver == "lbfgs":
            learn_by_lbfgs(self, train, objective)
        else:
            learn(self, train, validation, objective, partial=partial)
        return self

    def _begin(
        self,
        features: int,
        shape: tuple[int, ...] | None,
        dtype: str,
        class_names: tuple[str, ...],
    ) -> None:
        """Make the network, and forget what was learned before."""
        rng = check_random_state(self.random_state)
        input_shape = shape_of_example(self, features, shape)
        self.network_ = network_for(
            self,
            input_shape,
            self.n_outputs_,
            output=self._output_activation(),
            dtype=dtype,
            rng=rng,
            class_names=class_names,
        )
        self.architecture_ = architecture_of(self)
        self.seed_ = int(rng.randint(SEEDS))
        self.out_activation_ = self._told_activation()
        self.history_ = History()
        self.t_ = 0
        self.convergence_ = Convergence(early_stopping=bool(self.early_stopping))
        self.optimizer_state_, self.partial_ = None, False

    def _validated(
        self,
        train: Dataset,
        X_val: Any,  # noqa: ANN401
        y_val: Any,  # noqa: ANN401
    ) -> tuple[Dataset, Dataset | None]:
        """Return what is learned from, and the validation data: as given, or held out, or None."""
        if X_val is not None:
            x, answers, shape = examples(self, X_val, y_val, reset=False, numeric=self._numeric)
            given = self._dataset(self._shaped(x, shape), self._encoded(answers, fresh=False), None)
            if self._numeric and len(given) < 2:
                raise ValueError("X_val has 1 example, and R² needs 2; give more")
            return train, given
        if self.early_stopping and self.solver != "lbfgs":
            return split(train, self.validation_fraction, self.seed_, self._strata(train.y))
        return train, None

    def _dataset(self, x: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> Dataset:
        """Return the examples that count, in the network's dtype."""
        if weights is not None and not (counting := weights > 0.0).all():
            x, y, weights = x[counting], y[counting], weights[counting]
        return Dataset(x, y, weights=weights, dtype=self.network_.dtype.name)

    # Using what was learned

    def _outputs(self, X: Any) -> np.ndarray:  # noqa: ANN401
        """Return what the network gives, shape (n, outputs)."""
        check_is_fitted(self)
        x, _, shape = examples(self, X, reset=False)
        return self.network_.predict(self._shaped(x, shape))

    def _shaped(self, x: np.ndarray, shape: tuple[int, ...] | None) -> np.ndarray:
        """Return rows of numbers, which came in this shape, in that of the network's examples."""
        wanted = self.network_.input_shape
        if not fits(shape, wanted):
            raise ValueError(
                f"the network takes examples of shape {wanted}, X has examples of shape {shape}"
                f"{hint_of_channels(shape, wanted)}"
            )
        return x.reshape(len(x), *wanted)
