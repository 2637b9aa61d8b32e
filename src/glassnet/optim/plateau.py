"""A learning rate that falls when training makes no progress."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from glassnet.checks import real, whole
from glassnet.names import lookup
from glassnet.optim.monitoring import should_rise
from glassnet.optim.schedule import Position, Schedule


class ReduceLROnPlateau(Schedule):
    """Multiply the rate by `factor` when a number has not improved for more than `patience` epochs.

    Parameters
    ----------
    monitor : str
        A key of the epochs' records. Keys that end in ``accuracy`` or ``recall`` should rise,
        others fall.
    factor : float
        In (0, 1).
    patience : int
        Epochs without improvement that are borne.
    threshold : float
        An improvement smaller than this part of the best value is none.
    min_lr : float
        The rate never falls below.

    Examples
    --------
    >>> schedule = ReduceLROnPlateau("loss", factor=0.5, patience=1)
    >>> rates = []
    >>> for step, loss in enumerate([3.0, 2.0, 2.0, 2.0, 1.0]):
    ...     schedule.observe({"loss": loss})
    ...     rates.append(schedule.rate(0.1, Position(step, 1, 5)))
    >>> rates
    [0.1, 0.1, 0.1, 0.05, 0.05]
    """

    def __init__(
        self,
        monitor: str = "validation_loss",
        *,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        min_lr: float = 0.0,
    ) -> None:
        self.monitor = monitor
        self.factor = real("factor", factor, above=0, below=1)
        self.patience = whole("patience", patience)
        self.threshold = real("threshold", threshold, at_least=0)
        self.min_lr = real("min_lr", min_lr, at_least=0)
        self._scale, self._best, self._waited = 1.0, math.inf, 0

    def rate(self, base: float, position: Position) -> float:  # noqa: ARG002
        """Return the base rate times the reductions so far."""
        return max(base * self._scale, min(self.min_lr, base))

    def observe(self, record: Mapping[str, Any]) -> None:
        """Compare the epoch with the best so far."""
        value = float(lookup(record, self.monitor, "key to monitor"))
        if should_rise(self.monitor):
            value = -value
        if not math.isfinite(self._best) or value < self._best - self.threshold * abs(self._best):
            self._best, self._waited = value, 0
            return
        self._waited += 1
        if self._waited > self.patience:
            self._scale *= self.factor
            self._waited = 0

    def state(self) -> dict[str, Any]:
        """Return the reductions so far, the best value, and the epochs waited."""
        return {"scale": self._scale, "best": self._best, "waited": self._waited}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self._scale, self._best = float(state["scale"]), float(state["best"])
        self._waited = int(state["waited"])
