"""Lookahead: steps ahead, and part of the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.alignment import aligned_zeros
from glassnet.checks import real, whole
from glassnet.optim.groups import ParameterGroup
from glassnet.optim.optimizer import Optimizer
from glassnet.optim.slots import Slot


class Lookahead(Optimizer):
    """Let another optimizer go some steps ahead, then follow it part of the way, again and again.

    Parameters
    ----------
    optimizer : Optimizer
        The one that makes the steps. Its learning rate is that of both: schedules set it.
    every : int
        ``k``: after so many steps the weights are taken back.
    alpha : float
        In (0, 1]: which part of the way stays.

    Notes
    -----
    After every k-th step ``φ ← φ + α (θ - φ)``, then ``θ ← φ``, where ``φ`` are at first the
    weights before the first step of a phase of training. The memory of the other optimizer
    stays as it is.

    References
    ----------
    Zhang, Lucas, Hinton, Ba, arXiv 1907.08610, algorithm 1.

    Examples
    --------
    >>> from glassnet.optim import SGD
    >>> theta, optimizer = np.array([0.0]), Lookahead(SGD(1.0), every=2, alpha=0.5)
    >>> for _ in range(4):
    ...     optimizer.step(theta, np.array([-1.0]))
    ...     print(theta.item())
    1.0
    1.0
    2.0
    2.0
    """

    def __init__(self, optimizer: Optimizer, *, every: int = 5, alpha: float = 0.5) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"optimizer must be such as SGD(learning_rate=0.1), got {optimizer!r}")
        super().__init__(optimizer.learning_rate)
        self.optimizer = optimizer
        self.every = whole("every", every, at_least=1)
        self.alpha = real("alpha", alpha, above=0, at_most=1)
        self._slow: np.ndarray | None = None
        self._steps = 0

    def bind(self, slots: Sequence[Slot]) -> None:
        """Learn where which parameter lies; see `Optimizer.bind`."""
        self.optimizer.bind(slots)

    def start_phase(self) -> None:
        """Let ``φ`` begin at the weights that there are now."""
        self._slow = None
        self.optimizer.start_phase()

    @property
    def frozen(self) -> frozenset[str]:
        """What the other optimizer does not move."""
        return self.optimizer.frozen

    def scheduled_groups(self) -> list[tuple[ParameterGroup, float]]:
        """Return those of the other optimizer."""
        return self.optimizer.scheduled_groups()

    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        """Update `theta` in place."""
        self.begin(theta)
        with self.optimizer.at_rate(self._learning_rate):
            self.optimizer.step(theta, grad)
        self.end(theta)

    def begin(self, theta: np.ndarray) -> None:
        """Keep the weights before the first step."""
        if self._slow is None or self._slow.shape != theta.shape:
            self._slow = aligned_zeros(theta.size, theta.dtype)
            self._slow[...] = theta
            self._steps = 0

    def end(self, theta: np.ndarray) -> None:
        """Go back part of the way, if it is time."""
        self._steps += 1
        if self._steps % self.every == 0 and self._slow is not None:
            np.subtract(theta, self._slow, out=theta)
            np.multiply(theta, self.alpha, out=theta)
            np.add(self._slow, theta, out=self._slow)
            theta[...] = self._slow

    def state(self) -> dict[str, Any]:
        """Return the slow weights, the number of steps, and the state of the other optimizer."""
        return {"steps": self._steps, "slow": self._slow, "optimizer": self.optimizer.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a copy of what `state` returned."""
        self._steps, slow = int(state["steps"]), state["slow"]
        self._slow = None
        if slow is not None:
            self._slow = aligned_zeros(slow.size, slow.dtype)
            self._slow[...] = slow
        self.optimizer.load_state(state["optimizer"])
