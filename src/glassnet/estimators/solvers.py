"""The solvers: optimizers and schedules behind scikit-learn's names, and L-BFGS."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data import Dataset
from glassnet.extras import require
from glassnet.nn import Layer, Loss, Network, Weighted
from glassnet.optim import SGD, Adam, Constant, Optimizer, Position, Schedule
from glassnet.training import Callback
from glassnet.training.slots import slots_of

if TYPE_CHECKING:
    from glassnet.estimators.base import NeuralNetworkEstimator
    from glassnet.training.trainer import Trainer

SMALLEST_RATE = 1e-6
"""An adaptive learning rate that is this small is not made smaller: training ends."""


class InverseScaling(Schedule):
    """The rate after t examples is ``base / (t + 1) ** power``; it changes after epochs.

    Parameters
    ----------
    power : float
    examples : int
        In an epoch.
    seen : int
        How many there were before.
    """

    def __init__(self, power: float, examples: int, seen: int = 0) -> None:
        self.power, self.examples, self.seen = power, examples, seen

    def rate(self, base: float, position: Position) -> float:
        """Return the learning rate of the epoch."""
        examples = self.seen + position.epoch * self.examples
        return float(base / (examples + 1) ** self.power)


class Adaptive(Schedule):
    """A rate that somebody divides by 5 where there is no progress."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def rate(self, base: float, position: Position) -> float:  # noqa: ARG002
        """Return the rate as it is now."""
        return base * self.scale


class VelocityOfSteps(Callback):
    """Lets a new learning rate count for new gradients alone, as scikit-learn's SGD does.

    Its velocity is a sum of steps ``λ g``, that of `SGD` a sum of gradients, which are all
    multiplied by the rate that there is now. So where the rate changes from one epoch to the next,
    the velocity is multiplied by what the rate is divided by.
    """

    def on_epoch_start(self, trainer: Trainer) -> None:
        """Do that, if the rate of the epoch is not that of the epoch before."""
        optimizer = trainer.optimizer
        if not trainer.history or not isinstance(optimizer, SGD):
            return
        now = trainer.schedule.rate(trainer.base_rate, trainer.progress.position_after(0))
        before = trainer.history[-1].get("learning_rate", now)  # L-BFGS has none
        if before != now:
            optimizer.velocity_for(trainer.network.theta)[...] *= before / now


def optimizer_for(estimator: NeuralNetworkEstimator, *, decay: float, share: float) -> Optimizer:
    """Return the optimizer.

    Parameters
    ----------
    estimator : NeuralNetworkEstimator
    decay : float
        ``decay * W`` is the gradient of the penalty on the weights.
    share : float
        What the network's loss is multiplied by to give the estimator's: `share` outputs have their
        mean there and their sum here. Neither optimizer's steps depend on such a factor if its
        settings follow.
    """
    decay = decay / share
    if estimator.solver == "sgd":
        return SGD(
            estimator.learning_rate_init * share,
            momentum=estimator.momentum,
            nesterov=bool(estimator.nesterovs_momentum) and estimator.momentum > 0,
            weight_decay=decay,
        )
    return Adam(
        estimator.learning_rate_init,
        beta_1=estimator.beta_1,
        beta_2=estimator.beta_2,
        epsilon=estimator.epsilon / share,
        weight_decay=decay,
    )


def schedule_for(
    estimator: NeuralNetworkEstimator, examples: int, *, seen: int, scale: float
) -> Schedule:
    """Return the schedule of the learning rate; with the names of scikit-learn Adam has none."""
    if isinstance(estimator.learning_rate, Schedule):
        return copy.deepcopy(estimator.learning_rate)
    if estimator.solver != "sgd" or estimator.learning_rate == "constant":
        return Constant()
    if estimator.learning_rate == "adaptive":
        return Adaptive(scale)
    return InverseScaling(float(estimator.power_t), examples, seen)


class _NoChance:
    """Stands for a random generator where the loss has to be the same for the same weights."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (nothing is returned)
        raise ValueError(
            f"solver='lbfgs' needs the same loss for the same weights, and {self._layer!r} changes "
            "it by chance; use 'adam' or 'sgd' with it"
        )


def penalised(network: Network) -> list[np.ndarray]:
    """Return flat views of the parameters that the penalty is on: weights, not biases."""
    return [network.theta[slot.start : slot.stop] for slot in slots_of(network) if slot.decays]


def squared_norm(arrays: list[np.ndarray]) -> float:
    """Return the sum of all squares."""
    with np.errstate(over="ignore"):  # the trainer tells of weights that are out of bounds
        return float(sum(np.dot(array, array) for array in arrays))


def minimise(
    network: Network,
    loss: Loss,
    train: Dataset,
    *,
    decay: float,
    share: float,
    tol: float,
    max_iter: int,
    max_fun: int,
    after_iteration: Callable[[float], None],
) -> Any:  # noqa: ANN401 (SciPy's result)
    """Minimise the loss over all examples at once by L-BFGS, in place.

    Parameters
    ----------
    network, loss, train
        What is trained, by what, on what.
    decay, share
        As in `optimizer_for`.
    tol : float
        It ends where no entry of the gradient is larger.
    max_iter, max_fun : int
        How many iterations, and evaluations of the loss, there may be.
    after_iteration : callable
        Called with the loss.

    Raises
    ------
    ValueError
        If a layer draws random numbers in training.
    KeyboardInterrupt
        If it is interrupted: the network is that of the last iteration.

    References
    ----------
    Byrd, Lu, Nocedal, Zhu, SIAM J. Sci. Comput. 16 (1995).
    """
    optimize = require("scipy.optimize", "sklearn")
    x = np.ascontiguousarray(train.x, network.dtype)
    y = loss.encode(train.y, network.output_shape[0], network.dtype)
    weighted = loss if train.weights is None else Weighted(loss, train.weights)
    cache = network.new_cache()
    for part, part_cache in zip(network.parts, cache, strict=False):
        part_cache.rng = _NoChance(part)  # type: ignore[assignment] # in place of a generator
    decaying = [s for s in slots_of(network) if s.decays]

    def value_and_gradient(theta: np.ndarray) -> tuple[float, np.ndarray]:
        network.theta[...] = theta
        p = network.forward(x, cache, training=True)
        network.backward(p, y, weighted, cache)
        gradient = network.grad.astype(np.float64)
        gradient *= share
        for slot in decaying:
            gradient[slot.start : slot.stop] += decay * theta[slot.start : slot.stop]
        penalty = 0.5 * decay * squared_norm(penalised(network))
        return share * weighted.value(p, y) + penalty, gradient

    reached = network.theta.astype(np.float64)

    def note(intermediate_result: Any) -> None:  # noqa: ANN401
        reached[...] = intermediate_result.x
        after_iteration(float(intermediate_result.fun))

    try:
        result = optimize.minimize(
            value_and_gradient,
            reached.copy(),
            method="L-BFGS-B",
            jac=True,
            callback=note,
            options={"maxiter": max_iter, "maxfun": max_fun, "gtol": tol},
        )
        reached = result.x
    finally:  # what was tried last is not what is best
        network.theta[...] = reached
    return result
