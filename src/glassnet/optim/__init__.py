"""How a network learns: optimizers and learning-rate schedules, on flat arrays."""

from typing import Any

from glassnet.configurable import from_config
from glassnet.optim.optimizer import Optimizer
from glassnet.optim.schedules import (
    SCHEDULES,
    Constant,
    CosineAnnealingLR,
    LinearLR,
    OneCycleLR,
    Position,
    ReduceLROnPlateau,
    Schedule,
    SequentialLR,
    StepLR,
)
from glassnet.optim.sgd import SGD

OPTIMIZERS: dict[str, type[Optimizer]] = {"SGD": SGD}
"""Optimizers by name."""


def optimizer_from_config(config: dict[str, Any]) -> Optimizer:
    """Return the optimizer that a configuration describes."""
    return from_config(OPTIMIZERS, config, "optimizer")


def schedule_from_config(config: dict[str, Any]) -> Schedule:
    """Return the schedule that a configuration describes."""
    return from_config(SCHEDULES, config, "schedule")


__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Constant",
    "CosineAnnealingLR",
    "LinearLR",
    "OneCycleLR",
    "Optimizer",
    "Position",
    "ReduceLROnPlateau",
    "Schedule",
    "SequentialLR",
    "StepLR",
    "optimizer_from_config",
    "schedule_from_config",
]
