"""What an optimizer is: the contract that every one keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from glassnet.checks import real
from glassnet.configurable import Configurable
from glassnet.optim.groups import ParameterGroup
from glassnet.optim.slots import Slot


class Optimizer(Configurable, ABC):
    """Moves a flat vector of parameters against its gradient.

    It sees two arrays, and where in them which parameter lies. What it remembers from step to step
    lies in flat vectors too, made at the first step.

    Parameters
    ----------
    learning_rate : float
        Above 0. May be set anew at any time; schedules do.

    Raises
    ------
    ValueError, TypeError
        For a number out of range, also when set later.

    Examples
    --------
    >>> import glassnet as gn
    >>> theta = np.array([1.0, -2.0])
    >>> optimizer = gn.SGD(learning_rate=0.5)
    >>> optimizer.step(theta, 2 * theta)
    >>> theta.tolist()
    [0.0, 0.0]
    """

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = real("learning_rate", learning_rate, above=0)

    @property
    def learning_rate(self) -> float:
        """Step size, at least 0: a schedule may end there."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate = real("learning_rate", value, at_least=0)

    @contextmanager
    def at_rate(self, rate: float) -> Iterator[None]:
        """Take another learning rate for a while: that of an optimizer around this one."""
        own, self._learning_rate = self._learning_rate, rate
        try:
            yield
        finally:
            self._learning_rate = own

    def bind(self, slots: Sequence[Slot]) -> None:
        """Learn where which parameter lies; before the first step.

        Unbound, an optimizer takes the whole vector for one parameter, which decays.

        Parameters
        ----------
        slots : sequence of Slot
            Of all parameters, in their order; the trainer gives those of the network.

        Raises
        ------
        ValueError
            If a parameter group fits none of them.
        """

    def start_phase(self) -> None:
        """Forget what the weights were: between two phases of training others may set them.

        Velocities and moments, which are of gradients, stay.
        """

    @property
    def frozen(self) -> frozenset[str]:
        """The names of parameters that no step moves, so that nobody needs their gradients."""
        return frozenset()

    def scheduled_groups(self) -> list[tuple[ParameterGroup, float]]:
        """Return the groups with schedules of their own, each with its multiple of the base rate.

        Whoever sets the learning rate step by step also lets these follow; see
        `ParameterGroup.follow`.
        """
        return []

    @abstractmethod
    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        """Update `theta` in place.

        Parameters
        ----------
        theta, grad : ndarray, shape (P,)
            Parameters, and the gradient of the loss by them, which may be changed in place.
        """

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return what the next step depends on besides the settings: arrays and numbers."""

    @abstractmethod
    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
