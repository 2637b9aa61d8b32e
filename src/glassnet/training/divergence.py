"""Training that leaves the finite numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from glassnet.training.trainer import Trainer


class DivergenceError(ArithmeticError):
    """Training left the finite numbers.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Dense(1)], input_shape=1)
    >>> trainer = gn.Trainer(network, loss="mean_squared_error", optimizer=gn.SGD(1e30))
    >>> try:
    ...     trainer.fit(([[1.0], [2.0]], [[2.0], [4.0]]), epochs=100)
    ... except gn.DivergenceError as error:
    ...     print(str(error)[:17])
    training diverged
    """


def is_finite(trainer: Trainer) -> bool:
    """Tell whether the weights are, and the loss of the epoch."""
    loss = trainer.measured.result().get("loss", 0.0)
    return math.isfinite(loss) and bool(np.isfinite(trainer.network.theta).all())


def divergence(trainer: Trainer, step: int, x: np.ndarray) -> DivergenceError:
    """Say where; `step` counts from 0 since the phase began, `x` is its batch."""
    network, progress = trainer.network, trainer.progress
    step -= progress.epoch * progress.steps_per_epoch
    if not np.isfinite(x).all():
        return DivergenceError(
            f"an example of step {step + 1} of epoch {len(trainer.history) + 1} has values that "
            "are NaN or infinite; look at the data, and at what changes it on its way"
        )
    cache = network.new_cache()
    with np.errstate(over="ignore", invalid="ignore"):
        network.forward(x, cache, training=True)
    layer = network.first_unhealthy(cache)
    where = f"in layer {layer}" if layer else "where outputs or loss grew out of all bounds"
    return DivergenceError(
        f"training diverged at step {step + 1} of epoch {len(trainer.history) + 1}, {where}. "
        f"Use a smaller learning rate (it was {trainer.optimizer.learning_rate:g}) or clip_norm"
    )
