"""Steps through a network layer by layer, where compiled code runs the layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import numpy as np

from glassnet.data.batches import Chunk
from glassnet.extras import require
from glassnet.nn import Loss, Network
from glassnet.nn.compiled import Unsupported, convolution_multiplications
from glassnet.nn.threads import available_threads
from glassnet.optim import Optimizer
from glassnet.optim.compiled import compiled_update
from glassnet.training.slots import first_moved
from glassnet.training.steps import NumpySteps

SECONDS_TO_SAVE = 20.0
"""In one call of `Trainer.fit`. With less to save, the first compilation costs more."""

_SAVED_PER_MULTIPLICATION, _SAVED_PER_PARAMETER = 3e-11, 2e-9
"""Seconds of a step, for each multiplication of a convolution's forward pass and each parameter."""


def layered_saves(network: Network, *, batch_size: int, n_steps: int) -> bool:
    """Tell whether so many `LayeredSteps` pay.

    They do where there is enough to do for convolutions, or in the updates of the parameters.
    """
    for_an_example = convolution_multiplications(network) * _SAVED_PER_MULTIPLICATION
    of_a_step = batch_size * for_an_example + network.theta.size * _SAVED_PER_PARAMETER
    return n_steps * of_a_step >= SECONDS_TO_SAVE


class LayeredSteps:
    """Steps on a network of layers that have compiled twins, all in one team of threads.

    Parameters
    ----------
    network : Network
        Any. Layers that there is nothing compiled for are run as they are.
    loss : Loss
    optimizer : Optimizer
    batch_size : int
    instead : Unsupported, optional
        Raised if there is nothing compiled for any layer.

    Raises
    ------
    Unsupported
        If there is nothing compiled for any layer.
    MissingExtraError
        If Numba is not installed.
    """

    name = "numba"

    def __init__(
        self,
        network: Network,
        loss: Loss,
        optimizer: Optimizer,
        batch_size: int,
        *,
        instead: Unsupported | None = None,
    ) -> None:
        require("numba", "fast")
        require("scipy", "fast")
        # these need Numba, and take their time
        from glassnet.kernels import compilation, team  # noqa: PLC0415
        from glassnet.nn.compiled_row import CompiledRow  # noqa: PLC0415

        self._announced, self._one_for_each = compilation.announced, team.one_for_each
        self._team = team.Team(available_threads())
        self.row = CompiledRow(network, batch_size, self._team)
        if not self.row.compiled:
            raise instead or Unsupported("there is nothing compiled for the network's layers")
        update = compiled_update(optimizer, self._team)
        first = first_moved(network, optimizer)
        self._steps = NumpySteps(self.row, loss, optimizer, update, first=first)

    @contextmanager
    def phase(self) -> Iterator[None]:
        """Keep threads ready, and tell of compiling."""
        with self._announced(), self._team.gathered():
            yield

    def ready(self) -> AbstractContextManager[None]:
        """Keep BLAS to one thread for each of ours."""
        return self._one_for_each()

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
        return self._steps.run(chunk, targets, outputs, batch_size, rates, after_step, chance)
