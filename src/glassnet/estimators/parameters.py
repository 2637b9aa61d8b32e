"""What an estimator's parameters may be, checked before anything is done."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.checks import flag, real, whole
from glassnet.names import unknown
from glassnet.optim import Schedule
from glassnet.training import Callback
from glassnet.training.compiled import ENGINES

if TYPE_CHECKING:
    from glassnet.estimators.base import NeuralNetworkEstimator

CHOICES = {
    "solver": ("adam", "sgd", "lbfgs"),
    "learning_rate": ("constant", "invscaling", "adaptive"),
    "engine": ENGINES,
}
FLAGS = ("shuffle", "warm_start", "nesterovs_momentum", "early_stopping")


def check_parameters(estimator: NeuralNetworkEstimator, *, partial: bool) -> None:
    """Refuse parameters that are out of range; those of the network are checked as it is made.

    Raises
    ------
    ValueError, TypeError
        The message has the parameter's name, what it may be, and the value.
    """
    _check_choices(estimator, partial=partial)
    for name in FLAGS:
        value = getattr(estimator, name)
        flag(name, bool(value) if isinstance(value, np.bool_) else value)
    if estimator.batch_size != "auto":
        whole("batch_size", estimator.batch_size, at_least=1)
    whole("max_iter", estimator.max_iter, at_least=1)
    whole("max_fun", estimator.max_fun, at_least=1)
    if estimator.n_iter_no_change != math.inf:
        whole("n_iter_no_change", estimator.n_iter_no_change, at_least=1)
    real("learning_rate_init", estimator.learning_rate_init, above=0)
    real("epsilon", estimator.epsilon, above=0)
    for name in ("alpha", "tol", "power_t"):
        real(name, getattr(estimator, name), at_least=0)
    for name in ("momentum", "beta_1", "beta_2"):
        real(name, getattr(estimator, name), at_least=0, below=1)
    real("validation_fraction", estimator.validation_fraction, above=0, below=1)
    for callback in callbacks_of(estimator):
        if not isinstance(callback, Callback):
            raise TypeError(f"callbacks must hold glassnet's callbacks, got {callback!r}")
    if estimator.layers is not None:
        names = ("hidden_layer_sizes", "activation", "dropout", "n_layers", "n_units")
        _refuse_beside(estimator, "layers, which are all of the network but its output", names)
    elif estimator.n_layers is not None or estimator.n_units is not None:
        _refuse_beside(
            estimator, "n_layers and n_units, which say the same", ["hidden_layer_sizes"]
        )
    if estimator.solver == "lbfgs":
        _refuse_what_has_no_steps(estimator)


def _check_choices(estimator: NeuralNetworkEstimator, *, partial: bool) -> None:
    for name, known in CHOICES.items():
        value = getattr(estimator, name)
        a_schedule = name == "learning_rate" and isinstance(value, Schedule)
        if not a_schedule and value not in known:
            raise ValueError(unknown(value, known, name))
        if a_schedule and partial:
            raise ValueError(
                f"learning_rate={value!r} needs to know how many epochs there will be: use fit, or "
                "set learning_rate='constant' for partial_fit"
            )


def _refuse_what_has_no_steps(estimator: NeuralNetworkEstimator) -> None:
    """Refuse what L-BFGS cannot do; layers with chance in them are found when it begins."""
    if callbacks_of(estimator):
        raise ValueError("solver='lbfgs' calls no callbacks; use 'adam' or 'sgd' with them")
    if isinstance(estimator.learning_rate, Schedule):
        raise ValueError("solver='lbfgs' has no learning rate; use 'adam' or 'sgd' with a schedule")
    if np.any(estimator.dropout):
        raise ValueError(
            "solver='lbfgs' needs the same loss for the same weights, and dropout changes it "
            "by chance; use 'adam' or 'sgd' with dropout"
        )


def check_watched(estimator: NeuralNetworkEstimator) -> None:
    """Refuse callbacks and schedules that watch the validation, where there is no data for it.

    Raises
    ------
    ValueError
        Says what to give.
    """
    schedule = estimator.learning_rate
    schedules = schedule.each() if isinstance(schedule, Schedule) else ()
    for watcher in (*callbacks_of(estimator), *schedules):
        monitor = getattr(watcher, "monitor", None)
        if isinstance(monitor, str) and monitor.startswith("validation_"):
            raise ValueError(
                f"{watcher!r} watches {monitor!r}, and there is no validation data; give fit "
                "X_val and y_val, or set early_stopping=True, which holds validation_fraction of "
                "the examples out"
            )


def _refuse_beside(estimator: NeuralNetworkEstimator, others: str, names: Iterable[str]) -> None:
    """Refuse parameters that other ones stand in for."""
    parameters = inspect.signature(type(estimator)).parameters
    for name in names:
        value = getattr(estimator, name)
        if name not in parameters or (name == "dropout" and not np.any(value)):
            continue
        if repr(value) != repr(parameters[name].default):
            instead = ", or put Dropout() among them" if name == "dropout" else ""
            raise ValueError(
                f"{name}={value!r} is of no effect beside {others}; leave it out{instead}"
            )


def callbacks_of(estimator: NeuralNetworkEstimator) -> list[Any]:
    """Return the callbacks: none if there are none."""
    callbacks = estimator.callbacks
    return list(callbacks) if isinstance(callbacks, Iterable) else [callbacks] * bool(callbacks)
