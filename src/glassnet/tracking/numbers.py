"""What a tracking tool is told of a training, as flat tables of plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glassnet.training import Trainer
    from glassnet.training.history import Record

_VALIDATION = "validation_"
_NO_MEASUREMENTS = ("epoch", "phase", "batch_size", "steps", "examples")


def settings_of(trainer: Trainer) -> dict[str, Any]:
    """Return the settings of the phase that has begun, and the network, by dotted names."""
    network = trainer.network
    layers = {f"{at:02}": repr(layer) for at, layer in enumerate(network.layers, 1)}
    told = {**trainer.settings, "engine": trainer.engine_in_use}
    return flat(told | {"parameters": network.theta.size, "layers": layers})


def flat(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tree of tables and lists as one table; empty ones and None are left out.

    Examples
    --------
    >>> flat({"optimizer": {"type": "SGD", "momentum": 0.9}, "augmentation": []})
    {'optimizer.type': 'SGD', 'optimizer.momentum': 0.9}
    """
    told: dict[str, Any] = {}
    for name, value in tree.items():
        inner = dict(enumerate(value, 1)) if isinstance(value, list | tuple) else value
        if isinstance(inner, Mapping):
            told |= flat({f"{name}.{key}": item for key, item in inner.items()})
        elif inner is not None:
            told[name] = inner
    return told


def measurements(record: Record, where: str = "training") -> dict[str, float]:
    """Return what was measured, each number under ``"metric/where"``, and ``"learning_rate"``.

    What a record calls ``"validation_loss"`` is told as ``"loss/validation"``; a measurement of
    each class, such as its recall, as ``"metric/where/class"``. What is not finite is left out.

    Examples
    --------
    >>> measurements({"epoch": 1, "learning_rate": 0.1, "loss": 0.5, "validation_loss": 0.6})
    {'learning_rate': 0.1, 'loss/training': 0.5, 'loss/validation': 0.6}
    """
    told: dict[str, Any] = {}
    for name, value in record.items():
        if name == "learning_rate":
            told[name] = value
            continue
        if name in _NO_MEASUREMENTS:
            continue
        metric = name.removeprefix(_VALIDATION)
        tag = f"{metric}/{where if metric == name else 'validation'}"
        told |= (
            {f"{tag}/{k}": v for k, v in enumerate(value)}
            if isinstance(value, list)
            else {tag: value}
        )
    return {
        tag: float(value)
        for tag, value in told.items()
        if isinstance(value, int | float) and math.isfinite(value)
    }
