"""What happens beside training: each callback sees the trainer at fixed moments."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from glassnet.checks import real, whole
from glassnet.configurable import call_of
from glassnet.names import lookup
from glassnet.nn import Network
from glassnet.optim.monitoring import should_rise
from glassnet.training.history import Record

if TYPE_CHECKING:
    from glassnet.training.trainer import Trainer


class Callback:
    """Does nothing, at every moment: override what you need.

    A callback that has a memory gives it in `state`, so that a resumed run goes on as if it had
    never stopped.

    Examples
    --------
    >>> import glassnet as gn
    >>> class Report(gn.Callback):
    ...     def on_epoch_end(self, trainer, record):
    ...         print("epoch", record["epoch"], "has", record["steps"], "steps")
    >>> x, y = np.eye(4), np.array([0, 1, 0, 1])
    >>> network = gn.Network([gn.Dense(2, "softmax")], input_shape=4)
    >>> trainer = gn.Trainer(network, loss="categorical_cross_entropy", batch_size=2,
    ...                      callbacks=[Report()])
    >>> history = trainer.fit((x, y), epochs=2)
    epoch 1 has 2 steps
    epoch 2 has 2 steps
    """

    order: ClassVar[int] = 0
    """Those with a smaller one are called first; those with the same, in the order given."""
    adds: ClassVar[tuple[str, ...]] = ()
    """Keys that it puts into the records at the end of an epoch, for those after it to monitor."""

    def __repr__(self) -> str:
        return call_of(self)

    def on_fit_start(self, trainer: Trainer) -> None:
        """Before the first epoch of a phase."""

    def on_epoch_start(self, trainer: Trainer) -> None:
        """Before the first step of an epoch."""

    def on_step_end(self, trainer: Trainer) -> None:
        """After every step: costs a call each, so prefer `on_chunk_end` where that is enough."""

    def on_chunk_end(self, trainer: Trainer) -> None:
        """After the steps of a chunk: up to 16,384 examples or 8 MiB of them, at least a batch.

        For large networks there are fewer, so that callbacks are called every second or so.
        """

    def on_validation_start(self, trainer: Trainer) -> None:
        """Before the network is measured on the validation set."""

    def on_validation_end(self, trainer: Trainer) -> None:
        """After that; the callbacks are called in the reverse order."""

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        """After an epoch and its validation."""

    def on_fit_end(self, trainer: Trainer) -> None:
        """After the last epoch of a phase, or when it was stopped or interrupted."""

    def on_fit_error(self, trainer: Trainer, error: BaseException) -> None:
        """When the phase ends by an error, which goes on its way afterwards; not `on_fit_end` then.

        Also by `KeyboardInterrupt`, and where another callback refuses to begin.
        """

    def on_test_end(self, trainer: Trainer, measured: dict[str, Any]) -> None:
        """After a run of a recipe has measured the test set, once, at its end."""

    def state(self) -> dict[str, Any]:
        """Return what the callback remembers: arrays, numbers, strings."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""


class EarlyStopping(Callback):
    """Stop the phase when a number has not improved for `patience` epochs.

    Parameters
    ----------
    monitor : str
        A key of the records. Accuracy and recall should rise, others fall.
    patience : int
        Epochs without improvement after which to stop, at least 1.
    min_delta : float
        What counts as improvement.
    restore_best : bool
        Whether the network ends with the weights of the best epoch.

    Examples
    --------
    >>> import glassnet as gn
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> network = gn.Network([gn.Dense(1)], input_shape=1)
    >>> stopping = EarlyStopping("loss", patience=3, min_delta=1e-3)
    >>> trainer = gn.Trainer(network, loss="mean_squared_error", callbacks=[stopping])
    >>> history = trainer.fit((x, 2 * x), epochs=1000)
    >>> trainer.stopped, len(history) - stopping.best_epoch
    (True, 3)
    """

    def __init__(
        self,
        monitor: str = "validation_loss",
        *,
        patience: int = 10,
        min_delta: float = 0.0,
        restore_best: bool = True,
    ) -> None:
        self.monitor = monitor
        self.patience = whole("patience", patience, at_least=1)
        self.min_delta = real("min_delta", min_delta, at_least=0)
        self.restore_best = restore_best
        self._forget()

    def _forget(self) -> None:
        self._best, self._waited = math.inf, 0
        self.best_epoch: int | None = None
        self._numbers: dict[str, np.ndarray] | None = None
        self._measured: dict[str, np.ndarray] | None = None

    def on_fit_start(self, trainer: Trainer) -> None:
        """Begin anew, unless the phase is resumed."""
        if not trainer.resumed:
            self._forget()

    def on_validation_end(self, trainer: Trainer) -> None:
        """Keep what was measured, which may be an average of the weights."""
        if self.restore_best:
            self._measured = _copies(trainer.network)

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        """Compare with the best epoch so far."""
        value = float(lookup(record, self.monitor, "key to monitor"))
        value = -value if should_rise(self.monitor) else value
        if value < self._best - self.min_delta:
            self._best, self._waited, self.best_epoch = value, 0, record["epoch"]
            if self.restore_best:
                self._numbers = self._measured or _copies(trainer.network)
            return
        self._waited += 1
        if self._waited >= self.patience:
            trainer.stop()

    def on_fit_end(self, trainer: Trainer) -> None:
        """Put the best weights back, unless the phase shall go on later."""
        if self._numbers is not None and not trainer.interrupted:
            trainer.network.fill(self._numbers)

    def state(self) -> dict[str, Any]:
        """Return the best value, its epoch and weights, and the epochs waited."""
        return {
            "best": self._best,
            "waited": self._waited,
            "best_epoch": self.best_epoch,
            "numbers": self._numbers,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self._best, self._waited = state["best"], state["waited"]
        self.best_epoch, self._numbers = state["best_epoch"], state["numbers"]


def _copies(network: Network) -> dict[str, np.ndarray]:
    return {name: array.copy() for name, array in network.numbers().items()}


class StopOnDivergence(Callback):
    """Stop the phase when the training loss, still finite, has grown far beyond its best.

    Loss or weights that are no longer finite end training in any case, with a `DivergenceError`.

    Parameters
    ----------
    factor : float
        Above 1: how many times the best epoch's loss is too much.

    Examples
    --------
    >>> import glassnet as gn
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> network = gn.Network([gn.Dense(1)], input_shape=1)
    >>> trainer = gn.Trainer(network, loss="mean_squared_error", optimizer=gn.SGD(4.0),
    ...                      batch_size=20, callbacks=[StopOnDivergence(factor=10)])
    >>> history = trainer.fit((x, 2 * x), epochs=1000)
    >>> trainer.stopped, [round(loss / history[0]["loss"]) for loss in history.column("loss")]
    (True, [1, 4, 14])
    """

    monitor = "loss"

    def __init__(self, factor: float = 10.0) -> None:
        self.factor = real("factor", factor, above=1)
        self._best = math.inf

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        """Compare the epoch's loss with the best so far."""
        loss = float(record["loss"])
        if loss > self.factor * self._best:
            trainer.stop()
        self._best = min(self._best, loss)

    def state(self) -> dict[str, Any]:
        """Return the best loss."""
        return {"best": self._best}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self._best = state["best"]
