"""The learning-rate range test: which rates a network can be trained with."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

import numpy as np

from glassnet.checks import real, whole
from glassnet.data import Dataset
from glassnet.data.augmentation import Augmenter
from glassnet.data.batches import Chunk, chunks
from glassnet.nn import Network
from glassnet.randomness import stream
from glassnet.training.compiled import choose_steps
from glassnet.training.slots import slots_of
from glassnet.training.steps import Steps
from glassnet.training.trainer import Trainer

_KEPT = 0.9
"""Of the average of the losses that tells whether to end, at each step."""

_TOO_MUCH = 4.0
"""Times the lowest loss, and more than at first: the test ends."""

_FALLEN, _DEVIATIONS = 0.95, 5.0
"""A loss has fallen if it is below this part of that at first, and by so many deviations."""

_FEWEST = 10
_PARTS = 40
"""Of the steps: how far the mean of losses reaches to each side."""


class RateRange(NamedTuple):
    """What a learning-rate range test found."""

    rates: np.ndarray
    """Of each step, rising; float64, shape (steps,)."""
    losses: np.ndarray
    """Of each step's batch, before the step; shape (steps,)."""
    smoothed: np.ndarray
    """Each loss averaged with its neighbours', shape (steps,)."""
    suggestion: float | None
    """A tenth of the rate at the lowest smoothed loss; None if the loss does not fall."""
    exploded: bool
    """Whether the test ended before the highest rate because the loss grew out of bounds."""


def rate_range_test(
    trainer: Trainer,
    train: Dataset,
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
    train : Dataset
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
    whole("steps", steps, at_least=_FEWEST)
    _alone(trainer).check(train)
    rates = np.geomspace(lowest, highest, steps)
    losses: list[float] = []
    with _left_alone(trainer.network), np.errstate(over="ignore", invalid="ignore"):
        for measured in _losses(trainer, train, rates):
            losses += measured
            if progress is not None:
                progress(len(losses), steps)
            if _end_of(losses) < len(losses):
                break
    if not losses:
        raise ValueError(
            "the loss of the first batch is not finite: look at the data, or how weights start"
        )
    end = _end_of(losses)
    rates, kept = rates[:end], np.array(losses[:end])
    reach = max(2, steps // _PARTS)
    smoothed = _smoothed(kept, reach)
    deviation = float(kept[:_FEWEST].std()) / math.sqrt(2 * reach + 1)
    suggestion = _suggestion(rates, smoothed, deviation)
    return RateRange(rates, kept, smoothed, suggestion, exploded=end < steps)


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
    size = len(train) if trainer.batch_size == "full" else min(int(trainer.batch_size), len(train))
    steps = choose_steps(
        trainer.engine, network, trainer.loss, optimizer, batch_size=size, n_steps=len(rates)
    )
    done = 0
    with steps.ready(), closing(_chunks(trainer, train, len(rates), size)) as made:
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
        augmenter = None
        if trainer.augmentation:
            augmenter = Augmenter(
                trainer.augmentation,
                order,
                train.input_shape,
                len(train),
                batch_size=size,
                epoch=passes,
                seed=trainer.seed,
            )
        passes += 1
        yield from chunks(
            train,
            order,
            size,
            dtype=trainer.network.dtype,
            outputs=trainer.network.output_shape[0],
            multiplications=trainer.network.theta.size,
            augmenter=augmenter,
        )


def _run(
    trainer: Trainer, chunk: Chunk, steps: Steps, size: int, rates: list[float], *, first: int
) -> list[float]:
    """Make the steps of a chunk; return the loss of each batch up to one that is not finite."""
    network, loss = trainer.network, trainer.loss
    targets = chunk.mixed(loss.encode(chunk.y, network.output_shape[0], network.dtype))
    outputs = np.empty((len(chunk.y), *network.output_shape), network.dtype)
    chance = stream(trainer.seed, "dropout", 0, first)
    done = steps.run(chunk, targets, outputs, size, rates, None, chance)
    values: list[float] = []
    for start in range(0, done * size, size):
        batch = slice(start, start + size)
        value = loss.value(outputs[batch], targets[batch])
        if not math.isfinite(value):
            break
        values.append(value)
    return values


def _end_of(losses: list[float]) -> int:
    """Return the number of steps before the loss grew out of bounds."""
    average, lowest, first = 0.0, math.inf, 0.0
    for step, value in enumerate(losses, 1):
        average = _KEPT * average + (1.0 - _KEPT) * value
        now = average / (1.0 - _KEPT**step)
        if step <= _FEWEST:
            first = max(first, now)
        elif now > max(first, _TOO_MUCH * lowest):
            return step - 1
        lowest = min(lowest, now)
    return len(losses)


def _smoothed(losses: np.ndarray, reach: int) -> np.ndarray:
    """Return the mean of each loss and those up to `reach` steps before and after it."""
    sums = np.concatenate([[0.0], np.cumsum(losses)])
    steps = np.arange(len(losses))
    begin, end = np.maximum(steps - reach, 0), np.minimum(steps + reach + 1, len(losses))
    means: np.ndarray = (sums[end] - sums[begin]) / (end - begin)
    return means


def _suggestion(rates: np.ndarray, smoothed: np.ndarray, deviation: float) -> float | None:
    """Return a tenth of the rate at the lowest loss, if that is lower than it was at first.

    `deviation` is that of the smoothed losses while nothing is learned yet.
    """
    lowest, first = int(np.argmin(smoothed)), float(smoothed[:_FEWEST].mean())
    if smoothed[lowest] > min(_FALLEN * first, first - _DEVIATIONS * deviation):
        return None
    return float(rates[lowest]) / 10.0
