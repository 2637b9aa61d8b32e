"""Many steps of gradient descent: the inner loop of Algorithm 1, layer by layer in NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import numpy as np

from glassnet.data.batches import Chunk
from glassnet.nn import Cache, Loss, Network, Weighted
from glassnet.nn.threads import small_products
from glassnet.optim import Optimizer


class Passes(Protocol):
    """Goes forward and backward through the layers of a network; the network itself does."""

    theta: np.ndarray
    grad: np.ndarray

    def new_cache(self) -> list[Cache]:
        """See `Network.new_cache`."""

    def forward(
        self, x: np.ndarray, cache: list[Cache] | None = None, *, training: bool = False
    ) -> np.ndarray:
        """See `Network.forward`."""

    def backward(
        self,
        p: np.ndarray,
        y: np.ndarray,
        loss: Loss,
        cache: list[Cache],
        first: int | None = None,
    ) -> None:
        """See `Network.backward`."""


class Steps(Protocol):
    """Makes the steps of a chunk of batches; there is one implementation for each engine."""

    name: str

    def phase(self) -> AbstractContextManager[None]:
        """Hold what is needed from the first step to the last."""

    def ready(self) -> AbstractContextManager[None]:
        """Hold what is needed while steps are made, and not between epochs."""

    def run(  # noqa: PLR0917
        self,
        chunk: Chunk,
        targets: np.ndarray,
        outputs: np.ndarray,
        batch_size: int,
        rates: Sequence[float],
        after_step: Callable[[], None] | None,
        chance: Callable[[], np.random.Generator] | None = None,
    ) -> int:
        """Make a step for each batch.

        Parameters
        ----------
        chunk : Chunk
            Of n examples.
        targets : ndarray, shape (n, outputs)
        outputs : ndarray, shape (n, outputs)
            Where to write the outputs of each example, with the weights of its step.
        batch_size : int
            The last batch may be shorter.
        rates : sequence of float
            The learning rate of each step.
        after_step : callable, optional
            Called after every step.
        chance : callable, optional
            Returns the generator that layers with chance in them draw from.

        Returns
        -------
        int
            The number of steps made before an output was found not to be finite.
        """


class NumpySteps:
    """The steps as the equations have them: forward, backward, and the optimizer's update.

    Parameters
    ----------
    network : Passes
        A network, or what runs its layers in another way.
    loss : Loss
    optimizer : Optimizer
    update : callable, optional
        ``update(theta, grad)``, in place of the optimizer's `step`.
    first : int, optional
        Which of the network's parts is the first that the optimizer moves.
    """

    name = "numpy"

    def __init__(
        self,
        network: Passes,
        loss: Loss,
        optimizer: Optimizer,
        update: Callable[[np.ndarray, np.ndarray], None] | None = None,
        *,
        first: int | None = None,
    ) -> None:
        self._update, self._first = update or optimizer.step, first
        self._network, self._loss, self._optimizer = network, loss, optimizer
        self._cache: list[Cache] = network.new_cache()

    def phase(self) -> AbstractContextManager[None]:
        """Hold nothing."""
        return nullcontext()

    def ready(self) -> AbstractContextManager[None]:
        """Keep BLAS to one thread where layers share their products among threads."""
        network = self._network
        if isinstance(network, Network) and any(
            part.shares_products for _, part in network.named_parts()
        ):
            return small_products()
        return nullcontext()

    def run(  # noqa: PLR0917
        self,
        chunk: Chunk,
        targets: np.ndarray,
        outputs: np.ndarray,
        batch_size: int,
        rates: Sequence[float],
        after_step: Callable[[], None] | None,
        chance: Callable[[], np.random.Generator] | None = None,
    ) -> int:
        """Make a step for each batch; see `Steps.run`."""
        network, loss, optimizer, cache = self._network, self._loss, self._optimizer, self._cache
        update = self._update
        if chance is not None:
            rng = chance()
            for part_cache in cache:
                part_cache.rng = rng
        x, weights = chunk.x, chunk.weights
        for step, rate in enumerate(rates):
            batch = slice(step * batch_size, (step + 1) * batch_size)
            p = network.forward(x[batch], cache, training=True)
            outputs[batch] = p
            if not math.isfinite(p.item(0)):
                return step
            if weights is not None:
                loss = Weighted(self._loss, weights[batch])
            network.backward(p, targets[batch], loss, cache, self._first)
            if rate != optimizer.learning_rate:
                optimizer.learning_rate = rate
            update(network.theta, network.grad)
            if after_step is not None:
                after_step()
        return len(rates)
