"""The training loop."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import numpy as np

from glassnet.checks import whole
from glassnet.data import Dataset
from glassnet.data.augmentation import Augmentation, Augmenter
from glassnet.data.batches import Chunk, chunks
from glassnet.names import lookup
from glassnet.nn import Loss, Network, forward_for, loss_named
from glassnet.optim import SGD, Constant, Optimizer, Schedule
from glassnet.randomness import stream
from glassnet.training.callbacks import Callback
from glassnet.training.checkpoint import read_state
from glassnet.training.compiled import ENGINES, choose_steps
from glassnet.training.history import History, Record
from glassnet.training.metrics import Metrics, check_fit, evaluate, metrics_for
from glassnet.training.progress import Progress
from glassnet.training.resume import capture, restore_network, restore_phase, settings_of
from glassnet.training.slots import slots_of
from glassnet.training.steps import Steps
from glassnet.training.views import TestTimeAugmentation


class DivergenceError(ArithmeticError):
    """Training left the finite numbers."""


class Trainer:
    """Trains a network by gradient descent on batches.

    Parameters
    ----------
    network : Network
        Trained in place.
    loss : str or Loss
        What is minimised.
    optimizer : Optimizer, optional
        By default ``SGD(learning_rate=0.01, momentum=0.9)``.
    schedule : Schedule, optional
        Scales the optimizer's learning rate; by default constant.
    batch_size : int or "full"
        Examples in a step. 1 is stochastic gradient descent as in Algorithm 1 of the thesis,
        ``"full"`` is full gradient descent. The last batch of an epoch may be shorter.
    augmentation : sequence of Augmentation
        What changes the training images at random, in this order; see `glassnet.data.augmentation`.
    drop_last : bool
        Whether an epoch ends without its last batch where that is shorter than the others.
    metrics : sequence of str, optional
        Keys of `METRICS`; by default they suit the data set.
    callbacks : sequence of Callback
        Called in this order; a moving average first, checkpoints last.
    engine : {"auto", "numpy", "numba"}
        What computes the steps: see `glassnet.training.compiled.choose_steps`. The engines agree to
        rounding; each gives the same bits for the same seed and number of threads.
    seed : int
        Decides the order of the examples, how they are changed, and the held-out fraction.

    Attributes
    ----------
    history : History
        Of all phases.
    progress : Progress
        Where training is.
    resumed : bool
        Whether the phase goes on from a checkpoint.
    stopped, interrupted : bool
        Whether the last phase ended early because a callback said so, or was broken off by
        `interrupt`.

    Raises
    ------
    ValueError, TypeError
        For settings out of range, unknown names, and a loss that doesn't suit the last layer.

    References
    ----------
    The thesis, Algorithm 1 and Eq. 18.

    Examples
    --------
    >>> import glassnet as gn
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> train = gn.Dataset(x, (x[:, 0] * x[:, 1] > 0).astype(int))
    >>> network = gn.Network([gn.Dense(16, "tanh"), gn.Dense(2, "softmax")], input_shape=2)
    >>> trainer = gn.Trainer(network, loss="categorical_cross_entropy",
    ...                      optimizer=gn.SGD(learning_rate=0.1, momentum=0.9), batch_size=10)
    >>> history = trainer.fit(train, epochs=30, validation=0.2)
    >>> history[-1]["accuracy"] > 0.9
    True
    """

    def __init__(
        self,
        network: Network,
        *,
        loss: str | Loss,
        optimizer: Optimizer | None = None,
        schedule: Schedule | None = None,
        batch_size: int | str = 32,
        augmentation: Sequence[Augmentation] = (),
        drop_last: bool = False,
        metrics: Sequence[str] | None = None,
        callbacks: Sequence[Callback] = (),
        engine: str = "auto",
        seed: int = 0,
    ) -> None:
        _check_types(network, optimizer, schedule, metrics, callbacks)
        self.network = network
        self.loss = loss_named(loss)
        self.loss.check_output(network.layers[-1].parts[-1])
        self.optimizer = optimizer or SGD(learning_rate=0.01, momentum=0.9)
        self.schedule = schedule or Constant()
        self.batch_size = batch_size
        self.augmentation, self.drop_last = augmentation, drop_last
        self.metrics = metrics
        self.callbacks = sorted(callbacks, key=lambda callback: callback.order)
        self.engine = lookup(dict(zip(ENGINES, ENGINES, strict=True)), engine, "engine")
        self.seed = seed
        self.history = History()
        self.stopped = self.interrupted = self.resumed = False
        self.progress = Progress()
        self.shuffling = stream(seed, "shuffling")
        self.shuffling_before: Any = None
        self.engine_in_use = self.engine
        self._settings: dict[str, Any] = {}
        self._pending: dict[str, Any] | None = None
        self._forward: Callable[[np.ndarray], np.ndarray] | None = None

    @property
    def batch_size(self) -> int | str:
        """Examples in a step, at least 1, or ``"full"``."""
        return self._batch_size

    @batch_size.setter
    def batch_size(self, value: int | str) -> None:
        self._batch_size = value if value == "full" else whole("batch_size", value, at_least=1)

    @property
    def augmentation(self) -> Sequence[Augmentation]:
        """What changes the training images, in this order."""
        return self._augmentation

    @augmentation.setter
    def augmentation(self, value: Sequence[Augmentation]) -> None:
        good = isinstance(value, list | tuple) and all(isinstance(v, Augmentation) for v in value)
        if not good:
            raise TypeError(f"augmentation must be such as [RandomFlip()], got {value!r}")
        self._augmentation = tuple(value)

    def fit(
        self,
        train: Dataset,
        *,
        epochs: int,
        validation: Dataset | float | None = None,
        batch_size: int | str | None = None,
        optimizer: Optimizer | None = None,
        schedule: Schedule | None = None,
        augmentation: Sequence[Augmentation] | None = None,
        drop_last: bool | None = None,
    ) -> History:
        """Train for some epochs: one phase. Call it again to go on, with other settings if wanted.

        Parameters
        ----------
        train : Dataset
        epochs : int
            Passes over the training examples.
        validation : Dataset or float, optional
            Measured after every epoch: a set, or the fraction of `train`, in (0, 1), that is held
            out for it (the same examples in every phase).
        batch_size, optimizer, schedule, augmentation, drop_last : optional
            New settings from this phase on. A new optimizer starts without a memory; to keep the
            velocity, change the old one's settings.

        Returns
        -------
        History
            Of all phases so far.

        Raises
        ------
        ValueError, TypeError
            If data and network don't fit, or a setting is out of range.
        DivergenceError
            When an output is no longer finite; says at which step and in which layer.
        """
        self.optimizer = optimizer or self.optimizer
        self.schedule = schedule or self.schedule
        self.batch_size = self.batch_size if batch_size is None else batch_size
        self.augmentation = self.augmentation if augmentation is None else augmentation
        self.drop_last = self.drop_last if drop_last is None else drop_last
        if isinstance(validation, float | int):
            check_fit(self.network, train)
            train, validation = train.split(validation, seed=self.seed)
        self.check(train, validation)
        self.stopped = self.interrupted = self.resumed = False
        self.engine_in_use = self.engine
        self._train, self._settings = train, {}
        self.optimizer.bind(slots_of(self.network))
        self.base_rate = self.optimizer.learning_rate
        whole("epochs", epochs, at_least=1)
        self.progress = Progress.of_phase(
            self.progress.phase + 1, epochs, len(train), self.batch_size, drop_last=self.drop_last
        )
        if self._pending is not None and not self._go_on(self._pending):
            return self.history
        steps = choose_steps(
            self.engine_in_use,
            self.network,
            self.loss,
            self.optimizer,
            batch_size=self.progress.batch_size,
            n_steps=epochs * self.progress.steps_per_epoch,
        )
        self.engine_in_use, self._forward = steps.name, None
        try:
            self._call("on_fit_start")
            while self.progress.epoch < epochs and not (self.stopped or self.interrupted):
                self._train_epoch(train, steps)
                if self.progress.row == self.progress.examples:
                    self._end_epoch(validation)
            self._call("on_fit_end")
        finally:
            self.optimizer.learning_rate = self.base_rate
        return self.history

    def stop(self) -> None:
        """End the phase after this epoch; for callbacks."""
        self.stopped = True

    def interrupt(self) -> None:
        """Break the phase off within moments, to be resumed later; safe in a signal handler."""
        self.interrupted = True

    def evaluate(
        self,
        dataset: Dataset,
        *,
        metrics: Sequence[str] | None = None,
        test_time: TestTimeAugmentation | None = None,
    ) -> dict[str, Any]:
        """Measure the network on a data set with the trainer's loss; see `glassnet.evaluate`."""
        if self._forward is None and self.engine_in_use != "auto":
            self._forward = forward_for(self.network, len(dataset), engine=self.engine_in_use)
        return evaluate(
            self.network,
            dataset,
            loss=self.loss,
            metrics=metrics or self.metrics,
            test_time=test_time,
            forward=self._forward,
        )

    def running_metrics(self) -> dict[str, Any]:
        """Return the metrics of this epoch's examples so far."""
        return self.measured.result()

    def check(self, train: Dataset, validation: Dataset | None = None) -> None:
        """Refuse what cannot work; `fit` does so before the first step.

        Raises
        ------
        ValueError, TypeError
            If data and network don't fit, or a loss, metric or number to monitor doesn't suit them.
        """
        check_fit(self.network, train)
        self._check_batches(len(train))
        for augmentation in self.augmentation:
            augmentation.check(train.input_shape)
        outputs = self.network.output_shape[0]
        self.loss.encode(train.y[:1], outputs, self.network.dtype)
        names = metrics_for(train, self.metrics)
        self.measured = Metrics(self.loss, names, outputs)
        keys = [name for name in names if name != "per_class_recall"]
        if validation is not None:
            check_fit(self.network, validation)
            keys += [f"validation_{name}" for name in keys]
        schedules = (self.schedule, *getattr(self.schedule, "schedules", ()))
        for watcher in (*schedules, *self.callbacks):
            if (monitor := getattr(watcher, "monitor", None)) is not None:
                lookup(dict.fromkeys(keys, True), monitor, "number to monitor")

    def _check_batches(self, examples: int) -> None:
        """Refuse batches that are too small for a layer, as one example is for batch norm."""
        size = examples if self.batch_size == "full" else min(int(self.batch_size), examples)
        last = size if self.drop_last else examples % size or size
        for name, layer in self.network.named_parts():
            if last < layer.least_batch:
                which = "a batch" if last == size else "the last batch of an epoch"
                raise ValueError(
                    f"layer {name}: {layer!r} needs {layer.least_batch} examples or more in a "
                    f"batch to train on; with batch_size {size} and {examples} examples {which} "
                    f"has {last}"
                )

    def _train_epoch(self, train: Dataset, steps: Steps) -> None:
        """Run the steps of one epoch, or what is left of it (Algorithm 1)."""
        progress = self.progress
        if progress.row == 0:
            self.shuffling_before = self.shuffling.bit_generator.state
            self.measured.reset()
            progress.seconds = 0.0
            self._call("on_epoch_start")
        order = self.shuffling.permutation(len(train))[: progress.examples]
        size, dtype = progress.batch_size, self.network.dtype
        augmenter = None
        if self.augmentation:
            augmenter = Augmenter(
                self.augmentation,
                order,
                train.input_shape,
                len(train),
                batch_size=size,
                epoch=len(self.history),
                seed=self.seed,
            )
        clock = time.perf_counter()
        made = chunks(
            train,
            order,
            size,
            dtype=dtype,
            outputs=self.network.output_shape[0],
            multiplications=self.network.theta.size,
            start=progress.row,
            augmenter=augmenter,
        )
        with steps.ready(), closing(made):
            for chunk in made:
                with np.errstate(over="ignore", invalid="ignore"):  # told by DivergenceError
                    self._train_chunk(chunk, steps)
                progress.row += len(chunk.y)
                if progress.row == progress.examples and not self._is_finite():
                    raise self._divergence(progress.step - 1, chunk.x[-size:])
                progress.seconds += time.perf_counter() - clock
                self._call("on_chunk_end")
                if self.interrupted:
                    break
                clock = time.perf_counter()

    def _train_chunk(self, chunk: Chunk, steps: Steps) -> None:
        """Make one step for each batch of the chunk, and measure the outputs."""
        progress, network, size = self.progress, self.network, self.progress.batch_size
        rows, first = len(chunk.y), progress.step
        base = self.base_rate
        rates = [base] * -(-rows // size)
        if type(self.schedule) is not Constant:
            rates = [
                self.schedule.rate(base, progress.position_after(i)) for i in range(len(rates))
            ]
        targets = chunk.mixed(self.loss.encode(chunk.y, network.output_shape[0], network.dtype))
        outputs = np.empty((rows, *network.output_shape), network.dtype)
        chance = stream(self.seed, "dropout", progress.phase, first)
        done = steps.run(chunk, targets, outputs, size, rates, self._step_watcher(), chance)
        progress.step = first + done
        self.optimizer.learning_rate = progress.learning_rate = rates[min(done, len(rates) - 1)]
        if done < len(rates) or not np.isfinite(outputs).all():
            finite = np.isfinite(outputs[: (done + 1) * size]).all(axis=1)
            bad = done if finite.all() else int(np.argmin(finite)) // size
            raise self._divergence(first + bad, chunk.x[bad * size : (bad + 1) * size])
        self.measured.add(outputs, targets, chunk.y)

    def _step_watcher(self) -> Callable[[], None] | None:
        """Return what to call after every step; None if no callback wants each step."""
        watchers = [c for c in self.callbacks if type(c).on_step_end is not Callback.on_step_end]
        if not watchers:
            return None

        def watch() -> None:
            self.progress.step += 1
            for callback in watchers:
                callback.on_step_end(self)

        return watch

    def _is_finite(self) -> bool:
        """Tell whether the weights are, and the loss of the epoch."""
        loss = self.measured.result().get("loss", 0.0)
        return math.isfinite(loss) and bool(np.isfinite(self.network.theta).all())

    def _divergence(self, step: int, x: np.ndarray) -> DivergenceError:
        """Say where; `step` counts from 0 since the phase began, `x` is its batch."""
        progress = self.progress
        step -= progress.epoch * progress.steps_per_epoch
        cache = self.network.new_cache()
        with np.errstate(over="ignore", invalid="ignore"):
            self.network.forward(x, cache, training=True)
        layer = self.network.first_unhealthy(cache)
        where = f"in layer {layer}" if layer else "where outputs or loss grew out of all bounds"
        return DivergenceError(
            f"training diverged at step {step + 1} of epoch {len(self.history) + 1}, {where}. "
            f"Use a smaller learning rate (it was {self.optimizer.learning_rate:g}) or clip_norm"
        )

    def _end_epoch(self, validation: Dataset | None) -> None:
        """Measure on the validation set, write the record, tell everybody."""
        progress = self.progress
        record: Record = {
            "epoch": len(self.history) + 1,
            "phase": progress.phase,
            "batch_size": progress.batch_size,
            "learning_rate": progress.learning_rate,
            "steps": progress.steps_per_epoch,
            **self.measured.result(),
        }
        clock = time.perf_counter()
        if validation is not None:
            self._call("on_validation_start")
            try:
                with np.errstate(over="ignore", invalid="ignore"):
                    measured = self.evaluate(validation, metrics=self.measured.names)
            finally:
                for callback in reversed(self.callbacks):
                    callback.on_validation_end(self)
            record |= {f"validation_{name}": value for name, value in measured.items()}
            record["validation_seconds"] = time.perf_counter() - clock
        record["seconds"] = progress.seconds
        self.history.records.append(record)
        progress.epoch += 1
        progress.row = 0
        self.schedule.observe(record)
        for callback in self.callbacks:
            callback.on_epoch_end(self, record)

    def _call(self, moment: str) -> None:
        for callback in self.callbacks:
            getattr(callback, moment)(self)

    @property
    def settings(self) -> dict[str, Any]:
        """What this phase and a continuation of it must have in common; once it has begun."""
        if not self._settings:
            self._settings = settings_of(self, self._train)
        return self._settings

    def state(self) -> dict[str, Any]:
        """Return all that decides the rest of the training, once a phase has begun."""
        return capture(self)

    def resume(self, path: str | os.PathLike[str]) -> None:
        """Take over a checkpoint. Then call `fit` as the first time: phases done are passed over.

        Parameters
        ----------
        path : path-like
            What `Checkpoint` wrote, in a run with the same network, data and settings.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is no checkpoint, or one of another network; later, in `fit`, if settings, data
            or callbacks are not those of the run.
        """
        state = read_state(path)
        restore_network(self, state, path)
        self._pending = state

    def _go_on(self, state: dict[str, Any]) -> bool:
        """Take over the checkpoint if it is of this phase; tell whether the phase has to run."""
        if self.progress.phase < state["progress"]["phase"]:
            return False
        restore_phase(self, state)
        self._pending = None
        return True


def _check_types(
    network: object, optimizer: object, schedule: object, metrics: object, callbacks: object
) -> None:
    """Refuse what is of the wrong kind, and say what would be right."""
    wanted = (
        ("network", network, Network, "Network([...], input_shape=...)"),
        ("optimizer", optimizer, Optimizer | None, "SGD(learning_rate=0.1)"),
        ("schedule", schedule, Schedule | None, "CosineAnnealingLR()"),
        ("metrics", metrics, list | tuple | None, '["accuracy"]'),
        ("callbacks", callbacks, list | tuple, "[EarlyStopping()]"),
    )
    for name, value, kind, example in wanted:
        if not isinstance(value, kind):
            raise TypeError(f"{name} must be such as {example}, got {value!r}")
    for callback in callbacks if isinstance(callbacks, list | tuple) else ():
        if not hasattr(callback, "on_epoch_end"):
            raise TypeError(f"callbacks must be such as EarlyStopping(), got {callback!r}")
