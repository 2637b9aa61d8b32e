"""One epoch of a training: the steps, chunk by chunk, and what is measured at its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data import Dataset
from glassnet.data.augmentation import Augmenter
from glassnet.data.batches import Chunk, chunks
from glassnet.optim import Constant
from glassnet.randomness import stream
from glassnet.training.callbacks import Callback
from glassnet.training.divergence import divergence, is_finite
from glassnet.training.history import Record
from glassnet.training.steps import Steps

if TYPE_CHECKING:
    from glassnet.training.trainer import Trainer


def train_epoch(trainer: Trainer, train: Dataset, steps: Steps) -> None:
    """Run the steps of one epoch, or what is left of it (Algorithm 1).

    Raises
    ------
    DivergenceError
        When an output, the loss or a weight is no longer finite.
    """
    progress = trainer.progress
    if progress.row == 0:
        trainer.shuffling_before = trainer.shuffling.bit_generator.state
        trainer.measured.reset()
        progress.seconds = 0.0
        for callback in trainer.callbacks:
            callback.on_epoch_start(trainer)
    order = trainer.shuffling.permutation(len(train)) if trainer.shuffle else np.arange(len(train))
    order = order[: progress.examples]
    made = chunks_of(
        trainer,
        train,
        order,
        batch_size=progress.batch_size,
        epoch=len(trainer.history),
        start=progress.row,
    )
    clock = time.perf_counter()
    with steps.ready(), closing(made):
        for chunk in made:
            with np.errstate(over="ignore", invalid="ignore"):  # told by DivergenceError
                _train_chunk(trainer, chunk, steps)
            progress.row += len(chunk.y)
            if progress.row == progress.examples and not is_finite(trainer):
                raise divergence(trainer, progress.step - 1, chunk.x[-progress.batch_size :])
            progress.seconds += time.perf_counter() - clock
            for callback in trainer.callbacks:
                callback.on_chunk_end(trainer)
            if trainer.interrupted:
                break
            clock = time.perf_counter()


def chunks_of(
    trainer: Trainer,
    train: Dataset,
    order: np.ndarray,
    *,
    batch_size: int,
    epoch: int,
    start: int = 0,
) -> Generator[Chunk, None, None]:
    """Return the examples of an epoch in chunks of batches, changed by the augmentations.

    Parameters
    ----------
    trainer : Trainer
    train : Dataset
    order : ndarray of int, shape (n,)
        Rows of the data set, as they come.
    batch_size : int
    epoch : int
        How many epochs there were before: decides how the examples are changed.
    start : int
        How many of the order are done already.
    """
    network, augmenter = trainer.network, None
    if trainer.augmentation:
        augmenter = Augmenter(
            trainer.augmentation,
            order,
            train.input_shape,
            len(train),
            batch_size=batch_size,
            epoch=epoch,
            seed=trainer.seed,
        )
    return chunks(
        train,
        order,
        batch_size,
        dtype=network.dtype,
        outputs=network.output_shape[0],
        multiplications=network.theta.size,
        start=start,
        augmenter=augmenter,
    )


def _train_chunk(trainer: Trainer, chunk: Chunk, steps: Steps) -> None:
    """Make one step for each batch of the chunk, and measure the outputs."""
    network, loss, progress = trainer.network, trainer.loss, trainer.progress
    rows, first, size = len(chunk.y), progress.step, progress.batch_size
    base = trainer.base_rate
    rates = [base] * -(-rows // size)
    if type(trainer.schedule) is not Constant:
        rates = [trainer.schedule.rate(base, progress.position_after(i)) for i in range(len(rates))]
    targets = chunk.mixed(loss.encode(chunk.y, network.output_shape[0], network.dtype))
    outputs = np.empty((rows, *network.output_shape), network.dtype)
    chance = partial(stream, trainer.seed, "dropout", progress.phase, first)
    done = steps.run(chunk, targets, outputs, size, rates, _step_watcher(trainer), chance)
    progress.step = first + done
    progress.learning_rate = rates[min(done, len(rates) - 1)]
    trainer.optimizer.learning_rate = progress.learning_rate
    if done < len(rates) or not np.isfinite(outputs).all():
        finite = np.isfinite(outputs[: (done + 1) * size]).all(axis=1)
        bad = done if finite.all() else int(np.argmin(finite)) // size
        raise divergence(trainer, first + bad, chunk.x[bad * size : (bad + 1) * size])
    trainer.measured.add(outputs, targets, chunk.y, chunk.weights)


def _step_watcher(trainer: Trainer) -> Callable[[], None] | None:
    """Return what to call after every step; None if nobody wants each step."""
    watchers = [c for c in trainer.callbacks if type(c).on_step_end is not Callback.on_step_end]
    groups = trainer.optimizer.scheduled_groups()
    if not watchers and not groups:
        return None

    def follow() -> None:
        for group, part in groups:
            group.follow(trainer.base_rate * part, trainer.progress.position_after(0))

    def watch() -> None:
        trainer.progress.step += 1
        follow()
        for callback in watchers:
            callback.on_step_end(trainer)

    follow()
    return watch


def end_epoch(trainer: Trainer, validation: Dataset | None) -> None:
    """Measure on the validation set, write the record, tell everybody."""
    progress = trainer.progress
    record: Record = {
        "epoch": len(trainer.history) + 1,
        "phase": progress.phase,
        "batch_size": progress.batch_size,
        "learning_rate": progress.learning_rate,
        "steps": progress.steps_per_epoch,
        **trainer.measured.result(),
    }
    if validation is not None:
        record |= _validate(trainer, validation)
    record["seconds"] = progress.seconds
    trainer.history.records.append(record)
    progress.epoch += 1
    progress.row = 0
    trainer.schedule.observe(record)
    for callback in trainer.callbacks:
        callback.on_epoch_end(trainer, record)


def _validate(trainer: Trainer, validation: Dataset) -> Record:
    """Return what is measured on the validation set, and how long it took."""
    clock = time.perf_counter()
    for callback in trainer.callbacks:
        callback.on_validation_start(trainer)
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            measured = trainer.evaluate(validation, metrics=trainer.measured.names)
    finally:
        for callback in reversed(trainer.callbacks):
            callback.on_validation_end(trainer)
    record = {f"validation_{name}": value for name, value in measured.items()}
    return record | {"validation_seconds": time.perf_counter() - clock}
