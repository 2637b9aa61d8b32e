"""What the losses at rising learning rates say."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

_KEPT = 0.9
"""Of the average of the losses that tells whether to end, at each step."""

_TOO_MUCH = 4.0
"""Times the lowest loss, and more than at first: the test ends."""

_FALLEN, _DEVIATIONS = 0.95, 5.0
"""A loss has fallen if it is below this part of that at first, and by so many deviations."""

_RISEN, _RISEN_DEVIATIONS = 0.1, 3.0
"""A loss has risen if it comes back this part of the way that it fell, and so many deviations:
fewer, for its noise is less where it is low."""

_FASTEST = 1.5
"""By what the rate may rise from step to step for a fall to be seen before the loss explodes."""

FEWEST = 10
"""Steps of a test."""

_PARTS = 40
"""Of the steps: how far the mean of losses reaches to each side."""


class RateRange(NamedTuple):
    """What a learning-rate range test found.

    Examples
    --------
    >>> import glassnet as gn
    >>> x = np.random.default_rng(0).normal(size=(300, 2))
    >>> network = gn.Network([gn.Dense(2, "softmax")], input_shape=2)
    >>> trainer = gn.Trainer(network, loss="categorical_cross_entropy", batch_size=10)
    >>> found = gn.rate_range_test(trainer, (x, (x[:, 0] > 0).astype(int)), highest=1e-3)
    >>> found.suggestion is None, found.problem
    (True, 'the loss did not fall at any rate up to 0.001: take more steps, or other rates')
    """

    rates: np.ndarray
    """Of each step, rising; float64, shape (steps,)."""
    losses: np.ndarray
    """Of each step's batch, before the step; shape (steps,)."""
    smoothed: np.ndarray
    """Each loss averaged with its neighbours', shape (steps,)."""
    suggestion: float | None
    """A tenth of the rate at the lowest smoothed loss; None if the loss did not fall, or fell and
    did not rise again: then the range of rates was too small."""
    exploded: bool
    """Whether the test ended before the highest rate because the loss grew out of bounds."""
    fell: bool
    """Whether the smoothed loss fell."""
    rose: bool
    """Whether it rose again from where it was lowest."""

    @property
    def problem(self) -> str | None:
        """Why there is no suggestion, and what to do; None if there is one."""
        if self.suggestion is not None:
            return None
        last = f"{self.rates[-1]:.3g}"
        if self.exploded and (self.rates[1:] > _FASTEST * self.rates[:-1]).any():
            return (
                f"the loss grew out of bounds within {len(self.rates)} steps, too few to say "
                "more: take more steps, or a lower rate as the highest"
            )
        if self.exploded and not self.fell:
            return (
                f"the loss grew from the first rates on, {self.rates[0]:.3g} to {last}: take a "
                "lower one as the lowest"
            )
        if not self.fell:
            return (
                f"the loss did not fall at any rate up to {last}: take more steps, or other rates"
            )
        return f"the loss did not rise at any rate up to {last}: take a higher one as the highest"


def range_of(rates: np.ndarray, losses: list[float]) -> RateRange:
    """Return what the losses of steps at rising rates say.

    Parameters
    ----------
    rates : ndarray, shape (steps,)
        Of all steps that there were to make.
    losses : list of float
        Of those that were made, one at least.
    """
    steps, end = len(rates), end_of(losses)
    rates, kept = rates[:end], np.array(losses[:end])
    reach = max(2, steps // _PARTS)
    smoothed = _smoothed(kept, reach)
    deviation = float(kept[:FEWEST].std()) / math.sqrt(2 * reach + 1)
    exploded, fell = end < steps, _has_fallen(smoothed, deviation)
    rose = exploded or _has_risen(smoothed, deviation)
    suggestion = float(rates[smoothed.argmin()]) / 10.0 if fell and rose else None
    return RateRange(rates, kept, smoothed, suggestion, exploded, fell, rose)


def end_of(losses: list[float]) -> int:
    """Return the number of steps before the loss grew out of bounds."""
    average, lowest, first = 0.0, math.inf, 0.0
    for step, value in enumerate(losses, 1):
        average = _KEPT * average + (1.0 - _KEPT) * value
        now = average / (1.0 - _KEPT**step)
        if step <= FEWEST:
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


def _has_fallen(smoothed: np.ndarray, deviation: float) -> bool:
    """Tell whether the loss was lower at some rate than it was at first.

    `deviation` is that of the smoothed losses while nothing is learned yet.
    """
    first = float(smoothed[:FEWEST].mean())
    return float(smoothed.min()) <= min(_FALLEN * first, first - _DEVIATIONS * deviation)


def _has_risen(smoothed: np.ndarray, deviation: float) -> bool:
    """Tell whether the loss was higher again at some rate above that where it was lowest."""
    lowest = int(np.argmin(smoothed))
    fall = float(smoothed[:FEWEST].mean() - smoothed[lowest])
    rise = float(smoothed[lowest:].max() - smoothed[lowest])
    return rise > max(_RISEN * fall, _RISEN_DEVIATIONS * deviation)
