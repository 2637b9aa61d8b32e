"""What a study keeps of a run besides its epochs: callbacks that measure while it trains."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from glassnet.data import Dataset
from glassnet.nn import Dense
from glassnet.study.definition import RecordTable
from glassnet.training import Callback, Trainer, evaluate

SAMPLE = 2000
"""Training examples that output units are looked at with."""


class Recorder(Callback):
    """A callback that gives arrays at the end."""

    @abstractmethod
    def arrays(self) -> dict[str, np.ndarray]:
        """Return what was recorded, by name."""


class StepLosses(Recorder):
    """Measures the whole training set before and after each of the first steps of a phase.

    The phase then ends. It costs a pass over the training set each time.

    Parameters
    ----------
    train : Dataset
        Measured on.
    steps : int
        How many, at least 1.
    phase : int
        Which phase, from 1.
    """

    def __init__(self, train: Dataset, *, steps: int, phase: int) -> None:
        self._train, self._steps, self._phase = train, steps, phase
        self._measured: list[tuple[float, float]] = []

    def on_epoch_start(self, trainer: Trainer) -> None:
        """Measure before the first step."""
        if trainer.progress.phase == self._phase and not self._measured:
            self._measure(trainer)

    def on_step_end(self, trainer: Trainer) -> None:
        """Measure, until there are enough; then end the run."""
        if trainer.progress.phase == self._phase and len(self._measured) <= self._steps:
            self._measure(trainer)
            if len(self._measured) > self._steps:
                trainer.interrupt()

    def _measure(self, trainer: Trainer) -> None:
        metrics = ("loss", "mean_squared_error")
        result = evaluate(trainer.network, self._train, loss=trainer.loss, metrics=metrics)
        self._measured.append((result["loss"], result["mean_squared_error"]))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return ``step_loss`` and ``step_mean_squared_error``, each of shape (steps + 1,)."""
        loss, error = np.array(self._measured, float).reshape(-1, 2).T
        return {"step_loss": loss, "step_mean_squared_error": error}


class OutputUnits(Recorder):
    """Looks at each output unit after every chunk of examples, on a fixed training sample.

    Parameters
    ----------
    train : Dataset
        Its first examples are the sample; they have labels.

    Notes
    -----
    Of the unit c, with z its pre-activation: the recall of class c; the mean of z over the examples
    of class c, and over the others; and the norm of the gradient of the sample's loss by the
    weights that lead to it. A unit that is saturated below has a z far under 0 for all examples,
    and with the half squared error next to no gradient: ``delta = (p - y) p (1 - p)`` (Eq. 12).
    """

    def __init__(self, train: Dataset) -> None:
        self._x, self._y = train.x[:SAMPLE], train.y[:SAMPLE]
        self._classes = train.n_classes
        self._when: list[float] = []
        self._rows: list[np.ndarray] = []

    def on_epoch_start(self, trainer: Trainer) -> None:
        """Look before the first step."""
        if not self._rows:
            self._look(trainer)

    def on_chunk_end(self, trainer: Trainer) -> None:
        """Look again."""
        self._look(trainer)

    def _look(self, trainer: Trainer) -> None:
        network, progress = trainer.network, trainer.progress
        last = network.layers[-1]
        if not isinstance(last, Dense):
            raise TypeError(
                f"record.output_units needs a network that ends with Dense, got {last!r}"
            )
        position = sum(len(layer.parts) for layer in network.layers[:-1])
        cache = network.new_cache()
        p = network.forward(np.asarray(self._x, network.dtype), cache, training=False)
        z = cache[position].array("z", p.shape, p.dtype)
        targets = trainer.loss.encode(self._y, p.shape[1], network.dtype)
        if p.shape[1] != self._classes:
            raise ValueError(
                f"record.output_units needs an output unit for each of the {self._classes} "
                f"classes, and the network has {p.shape[1]}"
            )
        own = self._y[:, np.newaxis] == np.arange(p.shape[1])
        right = own & (p.argmax(axis=1)[:, np.newaxis] == np.arange(p.shape[1]))
        network.backward(p, targets, trainer.loss, cache)
        gradients = np.vstack([parameter.grad for parameter in last.parameters])
        gradient = np.linalg.norm(gradients, axis=0)
        members = np.maximum(own.sum(axis=0), 1)
        others = np.maximum((~own).sum(axis=0), 1)
        z_own = np.where(own, z, 0).sum(axis=0) / members
        z_others = np.where(own, 0, z).sum(axis=0) / others
        epochs_before = len(trainer.history)
        self._when.append(epochs_before + progress.row / progress.examples)
        self._rows.append(np.array([right.sum(axis=0) / members, z_own, z_others, gradient]))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return ``unit_epoch``, shape (moments,), and four of shape (moments, units).

        They are ``unit_recall``, ``unit_z_own``, ``unit_z_others`` and ``unit_gradient``.
        """
        recall, own, others, gradient = np.array(self._rows, np.float32).transpose(1, 0, 2)
        return {
            "unit_epoch": np.array(self._when),
            "unit_recall": recall,
            "unit_z_own": own,
            "unit_z_others": others,
            "unit_gradient": gradient,
        }


def recorders(record: RecordTable, train: Dataset, *, phases: int) -> list[Recorder]:
    """Return the callbacks that record what a study asks for.

    Raises
    ------
    ValueError
        If the data has no labels where they are needed.
    """
    for name in ("predictions", "output_units"):
        if getattr(record, name) and not train.n_classes:
            raise ValueError(f"record.{name} needs data with labels, and not target values")
    made: list[Recorder] = []
    if record.steps:
        made.append(StepLosses(train, steps=record.steps, phase=phases))
    if record.output_units:
        made.append(OutputUnits(train))
    return made
