"""The compiled forward pass, for networks that are a chain of dense layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import takewhile
from typing import NamedTuple

import numpy as np

from glassnet.extras import installed, require
from glassnet.nn.activation import Activation
from glassnet.nn.activations import (
    Identity,
    LeakyReLU,
    PReLU,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from glassnet.nn.convolution import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.layer import Cache, Layer
from glassnet.nn.network import Network
from glassnet.nn.reshape import Flatten
from glassnet.nn.standardize import Standardize
from glassnet.nn.threads import available_threads

_ACTIVATIONS: tuple[type[Activation], ...] = (
    Identity,
    Sigmoid,
    Tanh,
    ReLU,
    LeakyReLU,
    PReLU,
    Softmax,
)
"""In the order of the codes in `glassnet.kernels.elementwise`."""

LEAST_MULTIPLICATIONS = 250_000
"""Of one thread's share of a forward pass. With less to do it would mostly wait."""

LEAST_CONVOLUTIONS = 10**11
"""Multiplications in convolutions. With fewer to do, compiling would take longer."""

_BLOCK_ROWS = 64
"""Examples of which all activations are in memory at a time."""


class Unsupported(ValueError):  # noqa: N818 it is no failure: NumPy does it
    """Networks, losses and optimizers that have nothing compiled."""


class Predictor:
    """Predicts with little delay: a network's forward pass as one compiled function.

    Made for a program that asks for one example after the other: `Network.predict` takes longer for
    the calls from layer to layer than for their arithmetic. The weights stay the network's own, so
    that the predictor knows what it learns later. It may be called from several threads.

    Parameters
    ----------
    network : Network
        `Dense` layers, each with one of glassnet's activations or none; `Standardize` and `Flatten`
        may come first. Or any network with layers for images, or `BatchNormalization`: what else it
        has is run as it is.

    Raises
    ------
    Unsupported
        For other networks; says what there is nothing compiled for.
    MissingExtraError
        If Numba is not installed.

    Examples
    --------
    >>> network = Network([Dense(3, "tanh"), Dense(2, "softmax")], input_shape=4)
    >>> predictor = Predictor(network)
    >>> x = np.ones((1, 4), np.float32)
    >>> bool(np.allclose(predictor(x), network.predict(x)))
    True
    """

    def __init__(self, network: Network) -> None:
        require("numba", "fast")
        require("scipy", "fast")
        self._layered: Callable[[np.ndarray], np.ndarray] | None = None
        try:
            self._plan = plan_of(network)
        except Unsupported:
            from glassnet.nn.compiled_row import RowPredictor  # noqa: PLC0415

            layered = RowPredictor(network)
            if not layered.row.compiled:
                raise
            self._layered = layered
            return
        # these need Numba, and take their time
        from glassnet.kernels import chain_layout, compilation, prediction, team  # noqa: PLC0415

        self._network, self._dtype, self._shape = network, network.dtype, network.input_shape
        self._outputs = network.output_shape[0]
        self._predict, self._kernels = prediction.predict, team

        def settings(rows: int) -> tuple[int, np.ndarray, np.ndarray, np.ndarray, int]:
            chain = chain_layout.lay_out(*self._plan[1:], network.dtype, rows, 1, single=rows == 1)
            self._uses_blas = chain_layout.uses_blas(chain)
            return rows, network.theta, chain.layers, chain.fixed_slopes, chain.work.size

        self._single, self._block = settings(1), settings(_BLOCK_ROWS)
        nothing = network.theta[:0].reshape(0, 1)
        with compilation.announced():
            self._predict(0, 1, *self._single, nothing, nothing)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs.

        Parameters
        ----------
        x : array-like, shape (n, *input_shape)
            Finite numbers. An array of the network's dtype is read where it lies.

        Returns
        -------
        ndarray, shape (n, outputs)

        Raises
        ------
        ValueError
            If the shape is wrong, or a value is no real number or not finite.
        """
        if self._layered is not None:
            return self._layered(x)
        ready = type(x) is np.ndarray and x.dtype == self._dtype and x.flags.carray
        if not ready or x.shape[1:] != self._shape:
            x = np.require(self._network.checked_input(x), requirements="W")
        out = np.empty((len(x), self._outputs), self._dtype)
        features = self._plan.after_head(x) if self._plan.head else x
        if len(x) == 1:
            finite = self._predict(0, 1, *self._single, features, out)
        else:
            finite = self._predict_many(features, out)
        if not finite:
            self._network.checked_input(x)
        return out

    def _predict_many(self, x: np.ndarray, out: np.ndarray) -> bool:
        """Do it with as many threads as there is work for."""
        team = self._kernels.Team(threads_for(self._network, len(x)))
        with self._kernels.gathered(team, uses_blas=self._uses_blas):
            parts = team.run(lambda me: self._predict(me.rank, me.size, *self._block, x, out))
        return all(parts)


def threads_for(network: Network, batch_size: int) -> int:
    """Return how many threads should share a pass: no more than have enough to do."""
    useful = multiplications(network) * batch_size // LEAST_MULTIPLICATIONS
    return max(1, min(useful, available_threads()))


def forward_for(
    network: Network, examples: int, *, engine: str = "auto"
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what computes a network's outputs for so many examples in the least time.

    Parameters
    ----------
    network : Network
    examples : int
        How many there will be, in all batches together.
    engine : {"auto", "numpy", "numba"}
        "auto" takes compiled layers where Numba is installed and there are convolutions with
        enough to do for them; "numba" takes them wherever they exist.

    Returns
    -------
    callable
        Takes inputs, shape (n, *input_shape), of the network's dtype; returns the outputs, shape
        (n, *output_shape), which are valid until its next call.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Dense(2, "relu")], input_shape=3)
    >>> forward = forward_for(network, 1_000)
    >>> [forward(np.ones((n, 3), network.dtype)).shape for n in (600, 400)]
    [(600, 2), (400, 2)]
    """
    pays = convolution_multiplications(network) * examples >= LEAST_CONVOLUTIONS
    ready = installed("numba") and installed("scipy")
    if engine == "numba" or (engine == "auto" and pays and ready):
        from glassnet.nn.compiled_row import RowPredictor  # noqa: PLC0415 (it needs Numba)

        layered = RowPredictor(network)
        if layered.row.compiled:
            return layered
    cache = network.new_cache()
    return lambda x: network.forward(x, cache)


def convolution_multiplications(network: Network) -> int:
    """Return how many multiplications the convolutions make for one example."""
    return sum(
        layer.W.size * math.prod(layer.windows.output)
        for _, layer in network.named_parts()
        if isinstance(layer, Conv2D)
    )


def multiplications(network: Network) -> int:
    """Return how many multiplications the dense layers make for one example."""
    return sum(layer.W.size for layer in network.layers if isinstance(layer, Dense))


class Plan(NamedTuple):
    """A network as compiled code sees it."""

    head: tuple[Layer, ...]
    """Layers without parameters that come first; they stay with NumPy."""
    rows: list[list[int]]
    """Columns `W` to `SLOPES` of the table in `glassnet.kernels.chain_layout`, of each `Dense`."""
    slopes: list[float]
    """Of each one's leaky ReLU; 0 for others."""

    def after_head(self, x: np.ndarray) -> np.ndarray:
        """Return what the head makes of examples, shape (n, features)."""
        for layer in self.head:
            x = layer.forward(x, Cache(), training=False)
        return x.reshape(len(x), math.prod(x.shape[1:]))


def plan_of(network: Network) -> Plan:
    """Return how compiled code goes through a network.

    Raises
    ------
    Unsupported
        If a layer or an activation is none that can be compiled.
    """
    head = tuple(takewhile(lambda layer: type(layer) in {Flatten, Standardize}, network.layers))
    rows: list[list[int]] = []
    slopes: list[float] = []
    start = 0
    for layer in network.layers[len(head) :]:
        if type(layer) is not Dense:
            raise Unsupported(
                f"there is nothing compiled for {layer!r} in this place, only for Dense layers "
                "after Standardize and Flatten"
            )
        if not layer.use_bias:
            raise Unsupported(f"there is nothing compiled for {layer!r}: it has no bias")
        activation = layer.activation or Identity()
        if type(activation) not in _ACTIVATIONS:
            raise Unsupported(f"there is nothing compiled for {activation!r}")
        inputs, units = layer.W.shape
        bias = start + layer.W.size
        learned = sum(parameter.size for parameter in activation.parameters)
        slope = bias + units if learned else -1
        code = _ACTIVATIONS.index(type(activation))
        rows.append([start, bias, inputs, units, code, slope, learned])
        slopes.append(activation.slope if isinstance(activation, LeakyReLU) else 0.0)
        start = bias + units + learned
    if not rows:
        raise Unsupported("there is nothing compiled for networks without Dense layers")
    return Plan(head, rows, slopes)
