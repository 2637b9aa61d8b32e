"""The compiled path: many steps in one call, for networks that are a chain of dense layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from glassnet.extras import installed, require
from glassnet.nn import (
    Activation,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Dense,
    Flatten,
    HalfSquaredError,
    Identity,
    LeakyReLU,
    Loss,
    MeanSquaredError,
    Network,
    PReLU,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from glassnet.optim import SGD, Optimizer
from glassnet.training.steps import NumpySteps, Steps

ENGINES = ("auto", "numpy", "numba")
"""What may compute the steps."""

_ACTIVATIONS: tuple[type[Activation], ...] = (
    Identity,
    Sigmoid,
    Tanh,
    ReLU,
    LeakyReLU,
    PReLU,
    Softmax,
)
_LOSSES: tuple[type[Loss], ...] = (
    HalfSquaredError,
    MeanSquaredError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
)
"""In the order of the codes in `glassnet.kernels.elementwise`."""

MOST_MULTIPLICATIONS = 4_000_000
"""Of one step's forward pass. Above it two threads of BLAS do more than the compiled loop saves."""

FEWEST_STEPS = 100_000
"""Of one call of `Trainer.fit`. Below it the first compilation costs more than the steps save."""


class Unsupported(ValueError):  # noqa: N818 it is no failure: NumPy does it
    """Networks, losses and optimizers that have no compiled steps."""


def choose_steps(
    engine: str,
    network: Network,
    loss: Loss,
    optimizer: Optimizer,
    *,
    batch_size: int,
    n_steps: int,
) -> Steps:
    """Return what makes the steps.

    Parameters
    ----------
    engine : {"auto", "numpy", "numba"}
        "auto" takes the compiled steps where Numba is installed, they exist for this network, and
        they pay; "numba" insists on them.
    network, loss, optimizer
        What is trained, and how.
    batch_size : int
    n_steps : int
        How many steps there will be.

    Raises
    ------
    ValueError
        If the engine is "numba" and there are no compiled steps for this; says why.
    MissingExtraError
        If the engine is "numba" and Numba is not installed.
    """
    if engine == "auto":
        fast = installed("numba") and installed("scipy")
        heavy = _multiplications(network) * batch_size > MOST_MULTIPLICATIONS
        if not fast or heavy or n_steps < FEWEST_STEPS:
            return NumpySteps(network, loss, optimizer)
        try:
            return CompiledSteps(network, loss, optimizer)
        except Unsupported:
            return NumpySteps(network, loss, optimizer)
    return (CompiledSteps if engine == "numba" else NumpySteps)(network, loss, optimizer)


def _multiplications(network: Network) -> int:
    """Return how many multiplications the dense layers make for one example."""
    return sum(q.size for name, q in network.named_parameters() if name.endswith(".W"))


class CompiledSteps:
    """Steps of SGD on a chain of dense layers, in compiled code.

    Parameters
    ----------
    network : Network
        `Dense` layers, each with one of glassnet's activations or none; a `Flatten` may come first.
    loss : Loss
        One of glassnet's.
    optimizer : Optimizer
        `SGD`.

    Raises
    ------
    Unsupported
        For anything else; says what.
    MissingExtraError
        If Numba is not installed.
    """

    name = "numba"

    def __init__(self, network: Network, loss: Loss, optimizer: Optimizer) -> None:
        require("numba", "fast")
        require("scipy.linalg", "fast")
        if type(optimizer) is not SGD:
            raise Unsupported(f"there are no compiled steps for {optimizer!r}, only for SGD")
        if type(loss) not in _LOSSES:
            raise Unsupported(f"there are no compiled steps for {loss!r}")
        self._network, self._loss, self._optimizer = network, loss, optimizer
        self._layers, self._fixed_slopes = _table(network)

    def run(  # noqa: PLR0917
        self,
        x: np.ndarray,
        targets: np.ndarray,
        outputs: np.ndarray,
        batch_size: int,
        rates: Sequence[float],
        after_step: Callable[[], None] | None,
    ) -> int:
        """Make a step for each batch; see `Steps.run`. Watching every step costs a call each."""
        x = x.reshape(len(x), -1)
        targets = self._loss.smoothed(targets)
        if after_step is None:
            return self._train(x, targets, outputs, batch_size, rates)
        for step, rate in enumerate(rates):
            batch = slice(step * batch_size, (step + 1) * batch_size)
            self._optimizer.learning_rate = rate
            if not self._train(x[batch], targets[batch], outputs[batch], batch_size, [rate]):
                return step
            after_step()
        return len(rates)

    def _train(
        self,
        x: np.ndarray,
        targets: np.ndarray,
        outputs: np.ndarray,
        batch_size: int,
        rates: Sequence[float],
    ) -> int:
        from glassnet.kernels import dense_chain  # noqa: PLC0415 needs Numba, and takes its time

        network, optimizer, dtype = self._network, self._optimizer, self._network.dtype.type
        done: int = dense_chain.train(
            network.theta,
            network.grad,
            optimizer.velocity_for(network.theta),
            x,
            targets,
            outputs,
            np.asarray(rates, dtype),
            batch_size,
            self._layers,
            self._fixed_slopes,
            dense_chain.LossSettings(
                _LOSSES.index(type(self._loss)),
                self._loss.pairs_with(network.layers[-1].parts[-1]),
            ),
            dense_chain.SGDSettings(
                dtype(optimizer.momentum),
                optimizer.nesterov,
                dtype(optimizer.weight_decay),
                dtype(optimizer.clip_norm or 0.0),
            ),
        )
        return done


def _table(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Return where each dense layer lies in theta, as the compiled loop wants to know it."""
    layers = network.layers[isinstance(network.layers[0], Flatten) :]
    rows: list[list[int]] = []
    slopes: list[float] = []
    start = 0
    for layer in layers:
        if type(layer) is not Dense:
            raise Unsupported(f"there are no compiled steps for {layer!r}, only for Dense layers")
        activation = layer.activation or Identity()
        if type(activation) not in _ACTIVATIONS:
            raise Unsupported(f"there are no compiled steps for {activation!r}")
        inputs, units = layer.W.shape
        bias = start + layer.W.size
        learned = sum(parameter.size for parameter in activation.parameters)
        slope = bias + units if learned else -1
        code = _ACTIVATIONS.index(type(activation))
        rows.append([start, bias, inputs, units, code, slope, learned])
        slopes.append(activation.slope if isinstance(activation, LeakyReLU) else 0.0)
        start = bias + units + learned
    return np.array(rows), np.array(slopes, network.dtype)


@contextmanager
def one_blas_thread(steps: Steps) -> Iterator[None]:
    """Keep BLAS to one thread while compiled steps run: their products are too small to share."""
    if steps.name != "numba" or not installed("threadpoolctl"):
        yield
        return
    threadpoolctl: Any = require("threadpoolctl", "fast")
    with threadpoolctl.threadpool_limits(limits=1, user_api="blas"):
        yield
