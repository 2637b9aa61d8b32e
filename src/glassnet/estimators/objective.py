"""What an estimator's training minimises and measures."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from glassnet.nn import Loss


class Objective(NamedTuple):
    """What an estimator's training minimises and measures."""

    loss: Loss
    share: float
    """What the network's loss is multiplied by to be minimised."""
    told: float
    """What it is multiplied by to be told."""
    metrics: list[str] | None
    """What the trainer measures; None for what suits the data."""
    score: Callable[[], float] | None
    """Measures the network on validation data; None where the trainer does, or there are none."""
