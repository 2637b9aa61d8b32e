"""A chain of dense layers as compiled code knows it: a table of layers, and memory to work in.

The flat parameter vector and a table of where each layer lies in it let one loop serve any depth,
every activation, loss and update rule.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from glassnet.alignment import aligned_zeros, round_up
from glassnet.kernels.compilation import part
from glassnet.kernels.elementwise import PRELU
from glassnet.kernels.matrices import MOST_BYTES_APART

W, B, INPUTS, UNITS, ACTIVATION, SLOPE, SLOPES, Z, A, D, T, S, X, PART = range(14)
"""Columns of the table of layers. In the parameter vector: where W and b begin, the shape of W, the
activation's code, where its slopes begin and how many there are. In the workspace: where the
pre-activations begin, the outputs, the gradients by the pre-activations, the transposed W (or -1),
each thread's gradients by the slopes; for the first layer the inputs of the batch, and each
thread's part of the pre-activations."""

ONE, ZEROS = 0, 16
"""What stands at the beginning of the workspace: a one, and a row of zeros."""

SGD_RULE, ADAM_RULE = range(2)
"""Codes of the update rules."""

ONE_ROW: Any = np.int64(1)
"""Not just 1, for which Numba would compile functions anew."""

MOST_TRANSPOSED = 2**14
"""Weights of a matrix that is kept transposed as well; BLAS multiplies by larger ones."""


class Parameters(NamedTuple):
    """The parameters, and what there is for each of them, shape (P,)."""

    theta: np.ndarray
    grad: np.ndarray
    velocity: np.ndarray
    """Of SGD; for Adam the first moment."""
    second_moment: np.ndarray
    """Of Adam; for SGD anything of the same dtype."""


class Chain(NamedTuple):
    """The layers, and memory to work in."""

    layers: np.ndarray
    """The table, shape (layers, 14)."""
    fixed_slopes: np.ndarray
    """Of leaky ReLUs, shape (layers,)."""
    work: np.ndarray
    """The workspace; it begins with a one and a row of zeros."""
    norms: np.ndarray
    """Each thread's part of the squared norm of the gradient, float64, shape (threads,)."""


class Examples(NamedTuple):
    """What is learned, and what came out; all flat."""

    x: np.ndarray
    """Inputs of a whole data set."""
    rows: np.ndarray
    """Which of them to take, in this order; int, shape (n,)."""
    y: np.ndarray
    """Targets of those, shape (n * outputs,)."""
    outputs: np.ndarray
    """Where to write their outputs, each with the weights of its step, shape (n * outputs,)."""


class LossSettings(NamedTuple):
    """The loss' code, and whether it forms a pair with the last activation."""

    code: int
    paired: bool


class UpdateSettings(NamedTuple):
    """Settings of an optimizer, numbers of the network's dtype.

    Biases and slopes don't decay.
    """

    rule: int
    """`SGD_RULE` or `ADAM_RULE`."""
    momentum: float
    """How much stays of a velocity, or of the first moment."""
    nesterov: bool
    """Of SGD."""
    second_momentum: float
    """How much stays of the second moment, of Adam."""
    weight_decay: float
    decoupled: bool
    """Whether the weights themselves decay, of Adam; else it is a part of their gradient."""
    clip_norm: float
    """0 means none."""


class Pace(NamedTuple):
    """Numbers of a step, of the network's dtype; or arrays of those of many, shape (steps,)."""

    rate: Any
    """The learning rate."""
    factor: Any
    """Of Adam, whose direction is ``m / (factor √v + epsilon)``."""
    epsilon: Any


def lay_out(
    rows: list[list[int]],
    slopes: list[float],
    dtype: np.dtype[Any],
    batch_size: int,
    threads: int,
    *,
    single: bool,
) -> Chain:
    """Return the table of these layers, and the memory to work in.

    Parameters
    ----------
    rows : list of list of int
        Columns `W` to `SLOPES` of each layer.
    slopes : list of float
        Of leaky ReLUs.
    dtype : dtype
        Of the network.
    batch_size : int
    threads : int
        Of the team.
    single : bool
        Whether it is for one example at a time, which every thread has a row for.
    """
    layers = np.full((len(rows), 14), -1)
    layers[:, : SLOPES + 1] = rows
    widest = int(layers[:, INPUTS : UNITS + 1].max())
    end = ZEROS + round_up(widest, 16)

    def place(size: int) -> int:
        nonlocal end
        at, end = end, end + round_up(size, 16)  # each begins on a cache line
        return at

    for k, layer in enumerate(layers):
        n = (threads if single else batch_size) * layer[UNITS]
        weights = layer[INPUTS] * layer[UNITS]
        layer[Z], layer[A], layer[D] = place(n), place(n), place(n)
        if k > 0 and weights <= MOST_TRANSPOSED:
            layer[T] = place(weights)
        layer[S] = place(threads * layer[SLOPES])
    first = layers[0]
    first[X] = -1 if single else place(batch_size * first[INPUTS])
    first[PART] = place(threads * batch_size * first[UNITS])
    work = aligned_zeros(end, dtype)
    work[ONE] = 1
    return Chain(layers, np.array(slopes, dtype), work, np.zeros(threads))


def uses_blas(network: Chain) -> bool:
    """Tell whether some of the products are left to BLAS."""
    table = network.layers
    apart = table[:, INPUTS : UNITS + 1].max() * network.work.itemsize
    return bool((table[1:, T] < 0).any()) or not apart < MOST_BYTES_APART


@part
def rows_of(work: np.ndarray, at: int, first: int, end: int, units: int) -> np.ndarray:
    """Return rows of a matrix in the workspace, one after the other, shape (rows * units,)."""
    return work[at + first * units : at + end * units]


@part
def slope_of(k: int, theta: np.ndarray, network: Chain) -> np.ndarray:
    """Return the slopes of a layer's activation: learned ones from theta, else the fixed one."""
    if network.layers[k, ACTIVATION] == PRELU:
        slope = network.layers[k, SLOPE]
        return theta[slope : slope + network.layers[k, SLOPES]]
    return network.fixed_slopes[k : k + 1]


@part
def slopes_of_thread(rank: int, k: int, network: Chain) -> np.ndarray:
    """Return where a thread leaves its gradients by the slopes."""
    n = network.layers[k, SLOPES]
    at = network.layers[k, S] + rank * n
    return network.work[at : at + n]


@part
def pace_of(step: int, paces: Pace) -> Pace:
    """Return the numbers of one step."""
    return Pace(paces.rate[step], paces.factor[step], paces.epsilon[step])
