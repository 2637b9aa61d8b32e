"""What a learning-rate schedule is: the contract that every one keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from glassnet.configurable import Configurable


class Position(NamedTuple):
    """How far a phase of training is.

    Examples
    --------
    >>> position = Position(step=25, steps_per_epoch=10, epochs=5)
    >>> position.epoch, position.total_steps
    (2, 50)
    """

    step: int
    """Steps done in this phase."""
    steps_per_epoch: int
    epochs: int
    """Epochs that the phase will have."""

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return self.step // self.steps_per_epoch

    @property
    def total_steps(self) -> int:
        """Steps that the phase will have."""
        return self.steps_per_epoch * self.epochs


class Schedule(Configurable, ABC):
    """Gives the learning rate for every step.

    Examples
    --------
    >>> class Halving(Schedule):
    ...     def rate(self, base, position):
    ...         return base / 2**position.epoch
    >>> Halving().rate(0.1, Position(step=20, steps_per_epoch=10, epochs=5))
    0.025
    """

    schedules: Sequence[Schedule] = ()
    """Those that it is made of, if any."""

    @abstractmethod
    def rate(self, base: float, position: Position) -> float:
        """Return the learning rate of the next step."""

    def observe(self, record: Mapping[str, Any]) -> None:
        """See the record of an epoch that ended; most schedules don't care."""

    def each(self) -> Iterator[Schedule]:
        """Yield this schedule and all inside it."""
        yield self
        for inner in self.schedules:
            yield from inner.each()

    def state(self) -> dict[str, Any]:
        """Return what `rate` depends on besides its arguments."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
