"""The compiled forward pass."""

from __future__ import annotations

from functools import partial

import numpy as np

from glassnet.kernels.chain_layout import (
    INPUTS,
    UNITS,
    A,
    Chain,
    rows_of,
)
from glassnet.kernels.compilation import compiled
from glassnet.kernels.dense_chain import (
    forward_layer,
)
from glassnet.kernels.elementwise import copy
from glassnet.kernels.matrices import Matrix


@partial(compiled, allocates=True)
def predict(
    rank: int,
    threads: int,
    block: int,
    theta: np.ndarray,
    layers: np.ndarray,
    fixed_slopes: np.ndarray,
    places: int,
    x: np.ndarray,
    out: np.ndarray,
) -> bool:
    """Write the outputs of one thread's share of the examples; tell whether inputs were finite.

    Parameters
    ----------
    rank, threads : int
        Which of how many threads this is.
    block : int
        For how many examples at a time there is room in the workspace.
    theta, layers, fixed_slopes : ndarray
        See `glassnet.kernels.chain_layout.Chain`.
    places : int
        Of numbers in the workspace.
    x : ndarray, shape (n, inputs)
    out : ndarray, shape (n, outputs)
    """
    x, out = x.reshape(x.size), out.reshape(out.size)
    network = Chain(layers, fixed_slopes, np.empty(places, theta.dtype), np.empty(0))
    return _predict(rank, threads, block, theta, network, x, out)


@compiled
def _predict(
    rank: int,
    threads: int,
    block: int,
    theta: np.ndarray,
    network: Chain,
    x: np.ndarray,
    out: np.ndarray,
) -> bool:
    """Do that with memory to work in; `x` and `out` are flat."""
    layers = network.layers
    last = layers.shape[0] - 1
    inputs, units = layers[0, INPUTS], layers[last, UNITS]
    zero = x.dtype.type(0)
    n, total = x.size // inputs, zero
    end = n * (rank + 1) // threads
    for start in range(n * rank // threads, end, block):
        rows = min(block, end - start)
        examples = x[start * inputs : (start + rows) * inputs]
        for i in range(examples.size):
            total += examples[i] * zero
        a = Matrix(x, start * inputs, inputs, 1)
        for k in range(last + 1):
            a = forward_layer(k, a, 0, rows, theta, network)
        p = rows_of(network.work, layers[last, A], 0, rows, units)
        copy(p, out[start * units : (start + rows) * units])
    return bool(total == zero)
