"""The trainer: its settings, and the phases of a training."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet.checks import flag, whole
from glassnet.data import Dataset
from glassnet.data.augmentation import Augmentation
from glassnet.names import lookup
from glassnet.nn import Loss, Network, forward_for, loss_named
from glassnet.optim import SGD, Constant, Optimizer, Schedule
from glassnet.randomness import stream
from glassnet.training.callbacks import Callback
from glassnet.training.checkpoint import read_state
from glassnet.training.compiled import ENGINES, choose_steps
from glassnet.training.epoch import end_epoch, train_epoch
from glassnet.training.history import History
from glassnet.training.metrics import Metrics, check_fit, dataset_for, measure, metrics_for
from glassnet.training.progress import Progress
from glassnet.training.resume import capture, restore_network, restore_phase, settings_of
from glassnet.training.slots import slots_of
from glassnet.training.suitability import check_batches, check_ends, check_monitors, check_types
from glassnet.training.views import TestTimeAugmentation


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
    shuffle : bool
        Whether the examples come in another order in every epoch.
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
        shuffle: bool = True,
        metrics: Sequence[str] | None = None,
        callbacks: Sequence[Callback] = (),
        engine: str = "auto",
        seed: int = 0,
    ) -> None:
        check_types(network, optimizer, schedule, metrics, callbacks)
        self.network = network
        self.loss = loss_named(loss)
        self.loss.check_output(network.layers[-1].parts[-1])
        self.optimizer = optimizer or SGD(learning_rate=0.01, momentum=0.9)
        self.schedule = schedule or Constant()
        self.batch_size = batch_size
        self.augmentation, self.drop_last = augmentation, flag("drop_last", drop_last)
        self.shuffle = flag("shuffle", shuffle)
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
        self._class_names: tuple[str, ...] = ()

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
        train: Any,  # noqa: ANN401 of any library
        *,
        epochs: int,
        validation: Any = None,  # noqa: ANN401
        batch_size: int | str | None = None,
        optimizer: Optimizer | None = None,
        schedule: Schedule | None = None,
        augmentation: Sequence[Augmentation] | None = None,
        drop_last: bool | None = None,
    ) -> History:
        """Train for some epochs: one phase. Call it again to go on, with other settings if wanted.

        Parameters
        ----------
        train : Dataset, or what `as_dataset` takes
            Arrays ``(x, y)``, a data set of PyTorch or Hugging Face, a generator of batches.
        epochs : int
            Passes over the training examples.
        validation : Dataset, what `as_dataset` takes, or float, optional
            Measured after every epoch: a set, or the fraction of `train`, in (0, 1), that is held
            out for it (the same examples in every phase). If the classes of both sets have names,
            its labels are matched by name.
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
        self.drop_last = self.drop_last if drop_last is None else flag("drop_last", drop_last)
        train = dataset_for(self.network, train)
        self._class_names = train.class_names if train.named else ()
        if isinstance(validation, float | int):
            check_fit(self.network, train)
            train, validation = train.split(validation, seed=self.seed)
        elif validation is not None:
            validation = self._labelled(validation)
        self.check(train, validation)
        self.stopped = self.interrupted = self.resumed = False
        self.engine_in_use = self.engine
        self._train, self._settings = train, {}
        self.optimizer.bind(slots_of(self.network))
        self.optimizer.start_phase()
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
            weighted=train.weights is not None,
        )
        self.engine_in_use, self._forward = steps.name, None
        try:
            for callback in self.callbacks:
                callback.on_fit_start(self)
            with steps.phase():
                while self.progress.epoch < epochs and not (self.stopped or self.interrupted):
                    train_epoch(self, train, steps)
                    if self.progress.row == self.progress.examples:
                        end_epoch(self, validation)
            for callback in self.callbacks:
                callback.on_fit_end(self)
        except BaseException as error:
            for callback in self.callbacks:
                callback.on_fit_error(self, error)
            raise
        finally:
            self.optimizer.learning_rate = self.base_rate
            for group, _ in self.optimizer.scheduled_groups():
                group.follow(self.base_rate, None)
        return self.history

    def stop(self) -> None:
        """End the phase after this epoch; for callbacks."""
        self.stopped = True

    def interrupt(self) -> None:
        """Break the phase off within moments, to be resumed later; safe in a signal handler."""
        self.interrupted = True

    def evaluate(
        self,
        dataset: Any,  # noqa: ANN401 what `as_dataset` takes
        *,
        metrics: Sequence[str] | None = None,
        test_time: TestTimeAugmentation | None = None,
    ) -> dict[str, Any]:
        """Measure the network on a data set with the trainer's loss; see `glassnet.evaluate`.

        Where the data of the last `fit` has names for its classes, labels are matched by these.
        """
        dataset = self._labelled(dataset)
        if self._forward is None and self.engine_in_use != "auto":
            self._forward = forward_for(self.network, len(dataset), engine=self.engine_in_use)
        return measure(
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
        check_batches(self.network, self.batch_size, len(train), drop_last=self.drop_last)
        for augmentation in self.augmentation:
            augmentation.check(train.input_shape)
        outputs = self.network.output_shape[0]
        targets = train.y[:1] if train.n_classes else train.y  # every label is a class
        self.loss.encode(targets, outputs, self.network.dtype)
        names = metrics_for(train, self.metrics)
        self.measured = Metrics(self.loss, names, outputs)
        keys = [name for name in names if name != "per_class_recall"]
        if validation is not None:
            check_fit(self.network, validation)
            keys += [f"validation_{name}" for name in keys]
        check_monitors(self.schedule, self.callbacks, keys)
        check_ends(self.callbacks, validated=validation is not None)

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

    def _labelled(self, data: Any) -> Dataset:  # noqa: ANN401
        """Return data of any kind, its labels as the network learned them."""
        dataset = dataset_for(self.network, data)
        return dataset.relabelled(self._class_names or self.network.class_names)

    def _go_on(self, state: dict[str, Any]) -> bool:
        """Take over the checkpoint if it is of this phase; tell whether the phase has to run."""
        if self.progress.phase < state["progress"]["phase"]:
            return False
        restore_phase(self, state)
        self._pending = None
        return True
