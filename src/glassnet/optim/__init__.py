"""How a network learns: optimizers and learning-rate schedules, on flat arrays."""

from typing import Any

from glassnet.configurable import from_config
from glassnet.optim.adagrad import Adagrad
from glassnet.optim.adam import Adam, AdamW
from glassnet.optim.descent import GradientDescent
from glassnet.optim.groups import ParameterGroup
from glassnet.optim.lookahead import Lookahead
from glassnet.optim.muon import Muon
from glassnet.optim.optimizer import Optimizer
from glassnet.optim.plateau import ReduceLROnPlateau
from glassnet.optim.rmsprop import RMSprop
from glassnet.optim.schedule import Position, Schedule
from glassnet.optim.schedules import (
    SCHEDULES,
    Constant,
    CosineAnnealingLR,
    LinearLR,
    OneCycleLR,
    PolynomialLR,
    SequentialLR,
    StepLR,
)
from glassnet.optim.sgd import SGD
from glassnet.optim.slots import Slot

OPTIMIZERS: dict[str, type[Optimizer]] = {
    optimizer.__name__: optimizer
    for optimizer in (SGD, Adam, AdamW, RMSprop, Adagrad, Muon, Lookahead)
}
"""Optimizers by name."""


def optimizer_from_config(config: dict[str, Any]) -> Optimizer:
    """Return the optimizer that a configuration describes: what ``optimizer.config()`` gave.

    Raises
    ------
    ValueError
        If the type or an argument is unknown, missing, or out of range.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> optimizer_from_config({"type": "SGD", "learning_rate": 0.1, "momentum": 0.9})
    SGD(0.1, momentum=0.9)
    """
    return from_config(OPTIMIZERS, config, "optimizer", untyped={"groups": ParameterGroup})


def schedule_from_config(config: dict[str, Any]) -> Schedule:
    """Return the schedule that a configuration describes: what ``schedule.config()`` gave.

    Raises
    ------
    ValueError
        If the type or an argument is unknown, missing, or out of range.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> schedule_from_config({"type": "StepLR", "step_size": 2})
    StepLR(2)
    """
    return from_config(SCHEDULES, config, "schedule")


__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Constant",
    "CosineAnnealingLR",
    "GradientDescent",
    "LinearLR",
    "Lookahead",
    "Muon",
    "OneCycleLR",
    "Optimizer",
    "ParameterGroup",
    "PolynomialLR",
    "Position",
    "RMSprop",
    "ReduceLROnPlateau",
    "Schedule",
    "SequentialLR",
    "Slot",
    "StepLR",
    "optimizer_from_config",
    "schedule_from_config",
]
