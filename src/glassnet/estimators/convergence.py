"""When an estimator's training ends, and what it remembers of its epochs."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from glassnet.estimators.solvers import SMALLEST_RATE, Adaptive, squared_norm
from glassnet.nn import Network
from glassnet.training import Callback

if TYPE_CHECKING:
    from glassnet.training.history import Record
    from glassnet.training.trainer import Trainer


class Convergence(Callback):
    """Stops training when loss or score have not improved by `tol` for more than `patience` epochs.

    It goes on from one call of `fit` to the next if it is used again.

    Parameters
    ----------
    early_stopping : bool
        Whether the score on validation data decides, and not the training loss.

    Attributes
    ----------
    losses, validation_losses, scores : list of float
        Of all epochs.
    best_loss, best_score : float
    waited : int
        Epochs since the last improvement.
    best : dict of ndarray, or None
        The network's numbers in the epoch with the best score, where the score decides.
    scale : float
        By which an adaptive learning rate has been reduced.
    converged : bool
        Whether it stopped training.
    """

    adds = ("validation_score",)

    def __init__(self, *, early_stopping: bool) -> None:
        self.early_stopping = early_stopping
        self.losses: list[float] = []
        self.validation_losses: list[float] = []
        self.scores: list[float] = []
        self.best_loss, self.best_score = math.inf, -math.inf
        self.waited, self.scale, self.converged = 0, 1.0, False
        self.best: dict[str, np.ndarray] | None = None
        self._measured: dict[str, np.ndarray] = {}
        self._score: Callable[[], float] | None = None

    def begin_again(self, network: Network, *, scale: float = 1.0) -> None:
        """Forget what only counts while training goes on; what is best so far stays the best.

        An adaptive learning rate begins at `scale` of its first value.
        """
        self.waited, self.scale = 0, scale
        self.best = _copies(network) if self.early_stopping and self.scores else None

    def prepare(
        self,
        *,
        tol: float,
        patience: float,
        scale: float,
        penalty: float,
        decaying: Sequence[np.ndarray],
        score: Callable[[], float] | None,
    ) -> None:
        """Get ready for a training.

        Parameters
        ----------
        tol, patience : float
            An improvement smaller than `tol` is none; so many epochs without one are borne.
        scale, penalty : float
            What is told of a loss is ``scale * loss + penalty * ‖W‖²``.
        decaying : sequence of ndarray
            The weights ``W`` of the network that is trained.
        score : callable, optional
            Measures the network on the validation data, where the record of an epoch has no
            accuracy.
        """
        self._tol, self._patience, self._scale, self._penalty = tol, patience, scale, penalty
        self._decaying, self._score, self.converged = list(decaying), score, False

    def __getstate__(self) -> dict[str, object]:
        # what `prepare` gives belongs to one training
        gone: dict[str, object] = {"_score": None, "_measured": {}, "_decaying": []}
        return self.__dict__ | gone

    def on_validation_end(self, trainer: Trainer) -> None:
        """Measure and keep what is validated, which may be an average of the weights."""
        self._now = self._score() if self._score is not None else None
        if self.early_stopping:
            self._measured = _copies(trainer.network)

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        """Note the epoch, and compare it with the best so far."""
        penalty = self._penalty * squared_norm(self._decaying) if self._penalty else 0.0
        loss = self._scale * record["loss"] + penalty
        self.losses.append(loss)
        if "validation_loss" in record:
            self.validation_losses.append(self._scale * record["validation_loss"])
            score = record["validation_accuracy"] if self._now is None else self._now
            record["validation_score"] = score
            self.scores.append(score)
        if self._improved(loss):
            self.waited = 0
            return
        self.waited += 1
        if self.waited > self._patience:
            self._give_up(trainer)

    def _improved(self, loss: float) -> bool:
        """Tell whether the epoch is better by `tol`, and keep it if it is the best."""
        if self.early_stopping:
            score = self.scores[-1]
            improved = score >= self.best_score + self._tol
            if score > self.best_score:
                self.best_score, self.best = score, self._measured
            return improved
        improved = loss <= self.best_loss - self._tol
        self.best_loss = min(self.best_loss, loss)
        return improved

    def _give_up(self, trainer: Trainer) -> None:
        """Stop, or go on with a smaller adaptive learning rate."""
        schedule = trainer.schedule
        if isinstance(schedule, Adaptive) and trainer.progress.learning_rate > SMALLEST_RATE:
            schedule.scale /= 5.0
            self.scale, self.waited = schedule.scale, 0
            return
        self.converged = True
        trainer.stop()


def _copies(network: Network) -> dict[str, np.ndarray]:
    return {name: array.copy() for name, array in network.numbers().items()}


class EpochLines(Callback):
    """Writes a line about every epoch to standard output."""

    def __init__(self, convergence: Convergence) -> None:
        self._convergence = convergence

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        """Write what was measured."""
        parts = [f"epoch {trainer.progress.epoch}/{trainer.progress.epochs}"]
        parts.append(f"loss {self._convergence.losses[-1]:.4f}")
        if "validation_score" in record:
            parts.append(f"validation loss {self._convergence.validation_losses[-1]:.4f}")
            parts.append(f"score {record['validation_score']:.4f}")
        sys.stdout.write("  ".join(parts) + "\n")
        if trainer.stopped:
            sys.stdout.write("converged\n" if self._convergence.converged else "stopped\n")
