"""The learning-rate range test: which rates a network can be trained with."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

import numpy as np

from glassnet.checks import real, whole
from glassnet.data import Dataset
from glassnet.data.batches import Chunk
from glassnet.nn import Network, Weighted
from glassnet.randomness import stream
from glassnet.training.compiled import choose_steps
from glassnet.training.epoch import chunks_of
from glassnet.training.metrics import dataset_for
from glassnet.training.progress import batch_of
from glassnet.training.rate_curve import FEWEST, RateRange, end_of, range_of
from glassnet.training.slots import slots_of
from glassnet.training.steps import Steps
from glassnet.training.trainer import Trainer


def rate_range_test(
    trainer: Trainer,
    train: Any,  # noqa: ANN401 of any library
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 200,
    progress: Callable[[int, int], None] | None = None,
) -> RateRange:
    """Train for some steps while the learning rate rises, and look where the loss falls.

    Network and optimizer are left as they were.

    Parameters
    ----------
    trainer : Trainer
        With the network, loss, optimizer and batch size that the rate is for. Its schedule and
        callbacks take no part.
    train : Dataset, or what `as_dataset` takes
        Passed over as often as the steps need.
    lowest, highest : float
        Rates of the first and the last step; from step to step they rise by the same factor.
    steps : int
        At least 10. With fewer, the curve is rough, and the network has learned less at each rate.
    progress : callable, optional
        Called with the number of steps done, and of all.

    Returns
    -------
    RateRange
        Up to the last step, or up to where the loss was more than at first, and four times the
        lowest, or not finite.

    Raises
    ------
    ValueError, TypeError
        If data and network don't fit, a number is out of range, or the first loss is not finite.

    References
    ----------
    L. Smith, "Cyclical learning rates for training neural networks", arXiv 1506.01186, section 3.3;
    there the rate rises linearly. That it rises by a factor, and that a tenth of the rate at the
    lowest loss is a good one, is practice since the fastai library.

    Examples
    --------
    >>> import glassnet as gn
    >>> x = np.random.default_rng(0).normal(size=(300, 2))
    >>> train = gn.Dataset(x, (x[:, 0] > 0).astype(int))
    >>> network = gn.Network([gn.Dense(2, "softmax")], input_shape=2)
    >>> trainer = gn.Trainer(network, loss="categorical_cross_entropy", batch_size=10)
    >>> found = gn.rate_range_test(trainer, train)
    >>> 1e-3 < found.suggestion < 1
    True
    """
    real("lowest", lowest, above=0)
    real("highest", highest, above=lowest)
    whole("steps", steps, at_least=FEWEST)
    train = dataset_for(trainer.network, train)
    _alone(trainer).check(train)
    rates = np.geomspace(lowest, highest, steps)
    losses: list[float] = []
    with _left_alone(trainer.network), np.errstate(over="ignore", invalid="ignore"):
        for measured in _losses(trainer, train, rates):
            losses += measured
            if progress is not None:
                progress(len(losses), steps)
            if end_of(losses) < len(losses):
                break
    if not losses:
        raise ValueError(
            "the loss of the first batch is not finite: look at the data, or how weights start"
        )
    return range_of(rates, losses)


def _alone(trainer: Trainer) -> Trainer:
    """Return a trainer with these settings, but without what could watch a validation."""
    return Trainer(
        trainer.network,
        loss=trainer.loss,
        optimizer=trainer.optimizer,
        batch_size=trainer.batch_size,
        augmentation=trainer.augmentation,
        drop_last=True,  # there are whole batches alone
        metrics=trainer.metrics,
        seed=trainer.seed,
    )


@contextmanager
def _left_alone(network: Network) -> Iterator[None]:
    """Put all numbers of the network back afterwards."""
    theta, state = network.theta.copy(), [array.copy() for _, array in network.named_state()]
    try:
        yield
    finally:
        network.theta[...] = theta
        for (_, array), kept in zip(network.named_state(), state, strict=True):
            array[...] = kept


def _losses(trainer: Trainer, train: Dataset, rates: np.ndarray) -> Iterator[list[float]]:
    """Make the steps; yield the losses of some at a time, as long as outputs are finite."""
    network = trainer.network
    optimizer = copy.deepcopy(trainer.optimizer)
    optimizer.bind(slots_of(network))
    optimizer.start_phase()
    size = batch_of(trainer.batch_size, len(train))
    steps = choose_steps(
        trainer.engine,
        network,
        trainer.loss,
        optimizer,
        batch_size=size,
        n_steps=len(rates),
        weighted=train.weights is not None,
    )
    done = 0
    made = _chunks(trainer, train, len(rates), size)
    with steps.phase(), steps.ready(), closing(made):
        for chunk in made:
            of_chunk = rates[done : done + len(chunk.y) // size].tolist()
            measured = _run(trainer, chunk, steps, size, of_chunk, first=done)
            yield measured
            done += len(measured)
            if len(measured) < len(of_chunk):
                return


def _chunks(
    trainer: Trainer, train: Dataset, steps: int, size: int
) -> Generator[Chunk, None, None]:
    """Yield whole batches for so many steps, pass after pass over the data in a new order."""
    shuffling, passes = stream(trainer.seed, "shuffling"), 0
    while steps > 0:
        order = shuffling.permutation(len(train))[: min(len(train) // size, steps) * size]
        steps -= len(order) // size
        yield from chunks_of(trainer, train, order, batch_size=size, epoch=passes)
        passes += 1


def _run(
    trainer: Trainer, chunk: Chunk, steps: Steps, size: int, rates: list[float], *, first: int
) -> list[float]:
    """Make the steps of a chunk; return the loss of each batch up to one that is not finite."""
    network, loss = trainer.network, trainer.loss
    targets = chunk.mixed(loss.encode(chunk.y, network.output_shape[0], network.dtype))
    outputs = np.empty((len(chunk.y), *network.output_shape), network.dtype)
    chance = partial(stream, trainer.seed, "dropout", 0, first)
    done = steps.run(chunk, targets, outputs, size, rates, None, chance)
    values: list[float] = []
    for start in range(0, done * size, size):
        batch = slice(start, start + size)
        of_batch = loss if chunk.weights is None else Weighted(loss, chunk.weights[batch])
        value = of_batch.value(outputs[batch], targets[batch])
        if not math.isfinite(value):
            break
        values.append(value)
    return values
