"""An estimator's training, from checked data on."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

from sklearn.exceptions import ConvergenceWarning

from glassnet.data import Dataset
from glassnet.estimators.architecture import SEEDS
from glassnet.estimators.convergence import EpochLines
from glassnet.estimators.objective import Objective
from glassnet.estimators.parameters import callbacks_of
from glassnet.estimators.solvers import (
    VelocityOfSteps,
    minimise,
    optimizer_for,
    penalised,
    schedule_for,
)
from glassnet.training import Callback, DivergenceError, Trainer

if TYPE_CHECKING:
    from glassnet.estimators.base import NeuralNetworkEstimator

MOST_AT_ONCE = 200
"""Examples in a batch where nobody says how many."""

_INTERRUPTED = -1
"""Beside SciPy's statuses of L-BFGS: 0 converged, 1 out of iterations or evaluations."""


def learn(
    estimator: NeuralNetworkEstimator,
    train: Dataset,
    validation: Dataset | None,
    objective: Objective,
    *,
    partial: bool,
) -> None:
    """Train by gradient descent on batches: until it converges, or for one epoch.

    One epoch goes on with the optimizer of what was before. Once a score on validation data has
    stopped `partial_fit`, it leaves the network as it is.
    """
    network, convergence = estimator.network_, estimator.convergence_
    solver, memory = estimator.optimizer_state_ or (None, None)
    going_on = partial and solver == estimator.solver
    epoch_by_epoch = going_on and estimator.partial_
    if epoch_by_epoch and convergence.early_stopping and convergence.converged:
        estimator.n_iter_ = 0
        return
    convergence.early_stopping = bool(estimator.early_stopping)
    if not epoch_by_epoch:
        convergence.begin_again(network, scale=convergence.scale if going_on else 1.0)
    examples, before = len(train), len(estimator.history_)
    batch = MOST_AT_ONCE if estimator.batch_size == "auto" else int(estimator.batch_size)
    batch = min(batch, examples)
    decay, train = _decay_for(estimator, train, batch)
    optimizer = optimizer_for(estimator, decay=decay, share=objective.share)
    if going_on and memory is not None:
        optimizer.load_state(memory)
    convergence.prepare(
        tol=float(estimator.tol),
        patience=estimator.n_iter_no_change,
        scale=objective.told,
        penalty=0.5 * decay,
        decaying=penalised(network),
        score=objective.score,
    )
    callbacks: list[Callback] = [convergence, *callbacks_of(estimator)]
    if isinstance(estimator.learning_rate, str):
        callbacks.append(VelocityOfSteps())
    if estimator.verbose:
        callbacks.append(EpochLines(convergence))
    least = max(layer.least_batch for _, layer in network.named_parts())
    trainer = Trainer(
        network,
        loss=objective.loss,
        optimizer=optimizer,
        schedule=schedule_for(estimator, examples, seen=estimator.t_, scale=convergence.scale),
        batch_size=batch,
        drop_last=0 < examples % batch < least,
        shuffle=bool(estimator.shuffle),
        metrics=objective.metrics,
        callbacks=callbacks,
        engine=estimator.engine,
        seed=(estimator.seed_ + before) % SEEDS,
    )
    trainer.history = estimator.history_
    try:
        trainer.fit(train, epochs=1 if partial else estimator.max_iter, validation=validation)
    except DivergenceError as error:
        raise ValueError(f"{error}; scaling the inputs may help too") from error
    except KeyboardInterrupt:
        _warn_of_interrupt()
        trainer.stopped = True
    estimator.n_iter_ = len(estimator.history_) - before
    estimator.t_ += examples * estimator.n_iter_
    estimator.optimizer_state_, estimator.partial_ = (estimator.solver, optimizer.state()), partial
    if convergence.best is not None and (convergence.converged or not partial):
        network.fill(convergence.best)
        convergence.best = None
    if not (partial or trainer.stopped):
        _warn(f"max_iter={estimator.max_iter} epochs ended before training had converged")


def learn_by_lbfgs(estimator: NeuralNetworkEstimator, train: Dataset, objective: Objective) -> None:
    """Train by L-BFGS on all examples at once."""
    convergence, history = estimator.convergence_, estimator.history_
    decay, train = _decay_for(estimator, train, len(train))
    share, told = objective.share, objective.told

    def note(loss: float) -> None:
        loss *= told / share
        history.records.append({"epoch": len(history) + 1, "loss": loss})
        convergence.losses.append(loss)
        convergence.best_loss = min(convergence.best_loss, loss)
        if estimator.verbose:
            sys.stdout.write(f"iteration {len(history)}  loss {loss:.6g}\n")

    before = len(history)
    try:
        result = minimise(
            estimator.network_,
            objective.loss,
            train,
            decay=decay,
            share=share,
            tol=float(estimator.tol),
            max_iter=estimator.max_iter,
            max_fun=estimator.max_fun,
            after_iteration=note,
        )
    except KeyboardInterrupt:
        _warn_of_interrupt()
        iterations, status = len(history) - before, _INTERRUPTED
    else:
        iterations, status = int(result.nit), result.status
        if not convergence.losses:  # it began where it wanted to be
            note(float(result.fun))
    estimator.n_iter_ = min(iterations, estimator.max_iter)
    estimator.t_ += len(train) * estimator.n_iter_
    estimator.optimizer_state_ = None
    convergence.converged = status == 0
    if status == 1:
        _warn(
            f"max_iter={estimator.max_iter} iterations or max_fun={estimator.max_fun} evaluations "
            "ended before training had converged"
        )


def _decay_for(
    estimator: NeuralNetworkEstimator, train: Dataset, batch: int
) -> tuple[float, Dataset]:
    """Return the decay that `alpha` means, and the data without weights that are all the same.

    The penalty on a batch is ``alpha / 2 ‖W‖² / Σ w``, with the weights of its examples; of batches
    that are not all of the data, the weights count as their mean.
    """
    weights = train.weights
    if weights is None:
        return estimator.alpha / batch, train
    if weights.min() == weights.max():
        train = Dataset(train.x, train.y, dtype=train.x.dtype.name)
    return estimator.alpha / (batch * float(weights.mean())), train


def _warn_of_interrupt() -> None:
    warnings.warn("training was interrupted; the estimator keeps what it learned", stacklevel=5)


def _warn(what: str) -> None:
    warnings.warn(
        f"{what}; raise it, or tol, or scale the inputs", ConvergenceWarning, stacklevel=5
    )
