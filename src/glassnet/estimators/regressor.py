"""The regressor."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if

from glassnet.checks import real
from glassnet.data import Dataset
from glassnet.estimators.base import NeuralNetworkEstimator
from glassnet.names import lookup
from glassnet.nn import HalfSquaredError, Huber, Loss, MeanAbsoluteError, Poisson, Quantile
from glassnet.optim import Schedule

LOSSES: dict[str, type[Loss]] = {
    "squared_error": HalfSquaredError,
    "absolute_error": MeanAbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
    "poisson": Poisson,
}
"""By name; any `Loss` of glassnet can be given itself."""


_MEDIAN = 0.5


class NeuralNetworkRegressor(RegressorMixin, NeuralNetworkEstimator):  # type: ignore[misc]
    """A regressor for scikit-learn, with all that glassnet's networks can do.

    It takes the parameters of scikit-learn's `MLPRegressor`, with the same meaning and defaults,
    and some more. `y` may have several columns.

    Parameters
    ----------
    loss : str or Loss, default "squared_error"
        ``"squared_error"``, ``"absolute_error"``, ``"huber"``, ``"quantile"``, ``"poisson"``, or
        one of glassnet's losses, ``Huber(delta=0.5)``. Losses by name are sums over the outputs.
        Half the Poisson deviance is for counts; the network then gives the logarithm of the
        expected count, and `predict` the count.
    {training}
    quantile : float, in (0, 1), default 0.5
        Which quantile ``loss="quantile"`` predicts.
    {network}

    Attributes
    ----------
    {fitted}

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> x, y = make_regression(200, 4, noise=1.0, random_state=0)
    >>> regressor = NeuralNetworkRegressor("huber", 32, solver="lbfgs", random_state=0)
    >>> regressor.fit(x, y / y.std()).score(x, y / y.std()) > 0.99
    True
    """

    _numeric = True

    def __init__(
        self,
        loss: str | Loss = "squared_error",
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
        quantile: float = _MEDIAN,
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
        self.loss = loss
        self.quantile = quantile

    def _output_activation(self) -> None:
        """Return None: the outputs are any numbers."""
        return

    def _loss_function(self) -> Loss:
        """Return what `loss` stands for."""
        quantile = isinstance(self.loss, str) and self.loss == "quantile"
        if not quantile and self.quantile != _MEDIAN:
            raise ValueError(
                f"quantile={self.quantile!r} is of no effect with loss={self.loss!r}; set "
                "loss='quantile', or leave it out"
            )
        if isinstance(self.loss, Loss):
            return self.loss
        if quantile:
            return Quantile(real("quantile", self.quantile, above=0, below=1))
        return lookup(LOSSES, self.loss, "loss")()

    def _loss_scales(self) -> tuple[float, float]:
        """Return the factors that make it a sum over outputs, and tell it as scikit-learn does.

        There squared errors are told as a mean over outputs; Poisson deviances as a sum.
        """
        outputs = float(self.n_outputs_)
        if isinstance(self.loss, Loss):
            return 1.0, 1.0
        if self.loss == "squared_error":
            return 1.0, 1.0 / outputs
        return outputs, outputs if self.loss == "poisson" else 1.0

    def _metrics(self) -> list[str] | None:
        """Return None, but for a network that gives logarithms: no squared error of these."""
        return ["loss"] if self._gives_logarithms else None

    def _score_of_outputs(self, p: np.ndarray, data: Dataset) -> float:
        """Return R², the mean over the outputs."""
        predicted = np.exp(p) if self._gives_logarithms else p
        return float(r2_score(data.y, predicted, sample_weight=data.weights))

    @property
    def _gives_logarithms(self) -> bool:
        """Whether a network that is trained now does; of a trained one `out_activation_` tells."""
        return self.loss == "poisson" or isinstance(self.loss, Poisson)

    def _told_activation(self) -> str:
        return "exp" if self._gives_logarithms else "identity"

    def _encoded(self, y: Any, *, fresh: bool, classes: Any = None) -> np.ndarray:  # noqa: ANN401, ARG002
        targets = np.asarray(y, np.float64)
        outputs = targets.shape[1] if targets.ndim == 2 else 1
        if fresh:
            self.n_outputs_ = outputs
        elif outputs != self.n_outputs_:
            raise ValueError(
                f"y has {outputs} columns, the regressor was fitted to {self.n_outputs_}"
            )
        if self._gives_logarithms and targets.min() < 0.0:
            raise ValueError(f"loss='poisson' needs y of 0 or more, got {targets.min():g}")
        return targets.reshape(len(targets), outputs)

    @available_if(lambda self: self.solver != "lbfgs")  # type: ignore[untyped-decorator]
    def partial_fit(
        self,
        X: Any,  # noqa: ANN401
        y: Any,  # noqa: ANN401
        sample_weight: Any = None,  # noqa: ANN401
        *,
        X_val: Any = None,  # noqa: ANN401
        y_val: Any = None,  # noqa: ANN401
    ) -> NeuralNetworkRegressor:
        """Train for one epoch, going on from where the estimator is.

        With ``early_stopping=True``, as in `NeuralNetworkClassifier.partial_fit`.

        Parameters
        ----------
        X, y, sample_weight, X_val, y_val
            As in `fit`.

        Returns
        -------
        self
        """
        self._fit(X, y, sample_weight, X_val, y_val, partial=True)
        return self

    def predict(self, X: Any) -> np.ndarray:  # noqa: ANN401
        """Return the predicted values.

        Returns
        -------
        ndarray, shape (n,) or (n, outputs), of the network's dtype
        """
        p = self._outputs(X)
        if self.out_activation_ == "exp":
            np.exp(p, out=p)
        return p[:, 0] if self.n_outputs_ == 1 else p

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
