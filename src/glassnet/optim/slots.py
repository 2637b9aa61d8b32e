"""Where each parameter lies in the flat vectors that an optimizer sees."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Slot(NamedTuple):
    """One parameter's stretch of the flat vectors.

    Examples
    --------
    >>> slot = Slot("dense_1.W", 0, 6, (3, 2), decays=True)
    >>> slot.units, slot.where
    (2, slice(0, 6, None))
    """

    name: str
    """As the network names it: ``"dense_1.W"``."""
    start: int
    stop: int
    """Its numbers are ``theta[start:stop]``."""
    shape: tuple[int, ...]
    decays: bool
    """Whether weight decay, L1 and bounds on norms apply: not to biases and norms' scales."""
    unit_axes: int = 1
    """How many of the last axes tell units, or filters, apart; the others are of one's inputs."""

    @property
    def units(self) -> int:
        """How many units or filters there are, each with a vector of weights."""
        return math.prod(self.shape[-self.unit_axes :])

    @property
    def where(self) -> slice:
        """Its stretch."""
        return slice(self.start, self.stop)


def stretches(slots: Iterable[Slot], values: Iterable[T]) -> Iterator[tuple[slice, T]]:
    """Yield stretches of one value each: neighbours whose values are equal become one.

    Examples
    --------
    >>> slots = [Slot(str(i), i, i + 1, (1,), True) for i in range(4)]
    >>> [(where.start, where.stop, value) for where, value in stretches(slots, [5, 5, 5, 1])]
    [(0, 3, 5), (3, 4, 1)]
    """
    pending: tuple[int, int, T] | None = None
    for slot, value in zip(slots, values, strict=True):
        if pending is not None and pending[1] == slot.start and pending[2] == value:
            pending = (pending[0], slot.stop, value)
            continue
        if pending is not None:
            yield slice(pending[0], pending[1]), pending[2]
        pending = (slot.start, slot.stop, value)
    if pending is not None:
        yield slice(pending[0], pending[1]), pending[2]
