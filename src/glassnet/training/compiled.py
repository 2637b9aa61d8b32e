"""The compiled path: many steps in one call, for networks that are a chain of dense layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

import numpy as np

from glassnet.data.batches import Chunk
from glassnet.extras import installed, require
from glassnet.nn import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    HalfSquaredError,
    Loss,
    MeanSquaredError,
    Network,
)
from glassnet.nn.compiled import Unsupported, multiplications, plan_of, threads_for
from glassnet.optim import SGD, Adam, AdamW, Optimizer
from glassnet.training.layered import LayeredSteps, layered_saves
from glassnet.training.slots import first_moved
from glassnet.training.steps import NumpySteps, Steps

ENGINES = ("auto", "numpy", "numba")
"""What may compute the steps."""

_LOSSES: tuple[type[Loss], ...] = (
    HalfSquaredError,
    MeanSquaredError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
)
"""In the order of the codes in `glassnet.kernels.elementwise`."""

SECONDS_TO_SAVE = 5.0
"""In one call of `Trainer.fit`. With less to save, the first compilation costs more."""

_SAVED_PER_STEP, _SAVED_PER_MULTIPLICATION = 25e-6, 4e-12
"""Seconds, of a step and of a multiplication in its forward pass; see docs/performance.md."""


def choose_steps(
    engine: str,
    network: Network,
    loss: Loss,
    optimizer: Optimizer,
    *,
    batch_size: int,
    n_steps: int,
    weighted: bool = False,
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
    weighted : bool
        Whether examples count differently.

    Raises
    ------
    ValueError
        If the engine is "numba" and there are no compiled steps for this; says why.
    MissingExtraError
        If the engine is "numba" and Numba is not installed.
    """
    in_numpy = NumpySteps(network, loss, optimizer, first=first_moved(network, optimizer))
    layers_pay = layered_saves(network, batch_size=batch_size, n_steps=n_steps)
    if engine == "auto":
        in_products = _SAVED_PER_MULTIPLICATION * multiplications(network) * batch_size
        saved = n_steps * (_SAVED_PER_STEP + in_products)
        pays = saved >= SECONDS_TO_SAVE or layers_pay
        if not (pays and installed("numba") and installed("scipy")):
            return in_numpy
    if engine == "numpy":
        return in_numpy
    try:
        if weighted:
            raise Unsupported("there is nothing compiled for examples that count differently")
        return CompiledSteps(network, loss, optimizer, batch_size)
    except Unsupported as reason:
        if engine == "numba":
            return LayeredSteps(network, loss, optimizer, batch_size, instead=reason)
    if layers_pay:
        with suppress(Unsupported):
            return LayeredSteps(network, loss, optimizer, batch_size)
    return in_numpy


def compilable(optimizer: Optimizer) -> SGD | Adam | AdamW:
    """Return the optimizer, if the compiled steps can do its steps.

    Raises
    ------
    Unsupported
        If it is not SGD, Adam or AdamW, or one with groups, an L1 penalty or bounds on norms, or
        SGD with decoupled decay.
    """
    if not (type(optimizer) is SGD or type(optimizer) is Adam or type(optimizer) is AdamW):
        raise Unsupported(
            f"there is nothing compiled for {optimizer!r}, only for SGD, Adam and AdamW"
        )
    unsupported = ["groups", "l1", "max_norm"]
    if type(optimizer) is SGD:
        unsupported.append("decoupled_weight_decay")
    for name in unsupported:
        if getattr(optimizer, name):
            kind = type(optimizer).__name__
            raise Unsupported(f"there is nothing compiled for {kind} with {name}")
    return optimizer


class CompiledSteps:
    """Steps of gradient descent on a chain of dense layers, in compiled code.

    Parameters
    ----------
    network : Network
        `Dense` layers with biases, each with identity, sigmoid, tanh, ReLU, leaky ReLU, PReLU,
        softmax or none; `Standardize` and `Flatten` may come first.
    loss : Loss
        Squared error or cross-entropy.
    optimizer : Optimizer
        `SGD`, `Adam` or `AdamW` without parameter groups, L1 penalty and bounds on norms; `SGD`
        without decoupled weight decay.
    batch_size : int

    Raises
    ------
    Unsupported
        For anything else; says what.
    MissingExtraError
        If Numba is not installed.
    """

    name = "numba"

    def __init__(self, network: Network, loss: Loss, optimizer: Optimizer, batch_size: int) -> None:
        require("numba", "fast")
        require("scipy", "fast")
        known = compilable(optimizer)
        if type(loss) not in _LOSSES:
            raise Unsupported(f"there is nothing compiled for {loss!r}")
        self._plan = plan_of(network)
        # these need Numba, and take their time
        from glassnet.kernels import (  # noqa: PLC0415
            chain_layout,
            compilation,
            dense_chain,
            single_example,
            team,
        )
        from glassnet.training.rules import rule_of  # noqa: PLC0415

        self._announced, self._one_for_each = compilation.announced, team.one_for_each
        self._network, self._loss, self._optimizer = network, loss, known
        self._layout, self._rule = chain_layout, rule_of(known)
        single = batch_size == 1 and isinstance(known, SGD)
        self._steps = single_example.train if single else dense_chain.train
        self._team = team.Team(threads_for(network, batch_size))
        self._chain = chain_layout.lay_out(
            *self._plan[1:], network.dtype, batch_size, self._team.size, single=single
        )
        self._uses_blas = chain_layout.uses_blas(self._chain)

    @contextmanager
    def phase(self) -> Iterator[None]:
        """Keep threads ready, and tell of compiling."""
        with self._announced(), self._team.gathered():
            yield

    def ready(self) -> AbstractContextManager[None]:
        """Keep BLAS, if it is called, to one thread for each of ours."""
        return self._one_for_each() if self._uses_blas else nullcontext()

    def run(  # noqa: PLR0917
        self,
        chunk: Chunk,
        targets: np.ndarray,
        outputs: np.ndarray,
        batch_size: int,
        rates: Sequence[float],
        after_step: Callable[[], None] | None,
        chance: Callable[[], np.random.Generator] | None = None,  # noqa: ARG002 (it has no such layers)
    ) -> int:
        """Make a step for each batch; see `Steps.run`. Watching every step costs a call each."""
        if any(layer.state for layer in self._plan.head):  # it changes the inputs
            x, rows = self._plan.after_head(chunk.x), np.arange(len(chunk.rows))
        else:
            x, rows = chunk.scattered()
        targets = self._loss.smoothed(targets)
        if after_step is None:
            return self._train(x, rows, targets, outputs, batch_size, rates)
        for step, rate in enumerate(rates):
            batch = slice(step * batch_size, (step + 1) * batch_size)
            self._optimizer.learning_rate = rate
            examples = (rows[batch], targets[batch], outputs[batch])
            if not self._train(x, *examples, batch_size, [rate]):
                return step
            after_step()
        return len(rates)

    def _train(  # noqa: PLR0917
        self,
        x: np.ndarray,
        rows: np.ndarray,
        targets: np.ndarray,
        outputs: np.ndarray,
        batch_size: int,
        rates: Sequence[float],
    ) -> int:
        network, layout, rule, train = self._network, self._layout, self._rule, self._steps
        parameters = layout.Parameters(network.theta, network.grad, *rule.memory(network.theta))
        examples = layout.Examples(x.reshape(-1), rows, targets.reshape(-1), outputs.reshape(-1))
        loss = layout.LossSettings(
            _LOSSES.index(type(self._loss)), self._loss.pairs_with(network.layers[-1].parts[-1])
        )
        paces, settings = rule.paces(rates, network.dtype), rule.settings(network.dtype)
        arguments = (parameters, self._chain, examples, paces, batch_size, loss, settings)
        try:
            done: list[int] = self._team.run(lambda member: train(member, *arguments))
        except KeyboardInterrupt:
            self._optimizer.count(len(rates))  # Python tells of it when the steps are done
            raise
        self._optimizer.count(done[0])
        return done[0]
