"""From an estimator's parameters to a network."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.checks import real, whole
from glassnet.nn import Activation, Dense, Dropout, Flatten, Layer, Network, Sigmoid, Softmax
from glassnet.nn.activations import activation_named
from glassnet.nn.catalog import layer_from_config
from glassnet.nn.layer import LayerError
from glassnet.nn.row import Row

if TYPE_CHECKING:
    from glassnet.estimators.base import NeuralNetworkEstimator

SEEDS = 2**31 - 1
"""How many there are to draw from."""


def network_for(
    estimator: NeuralNetworkEstimator,
    input_shape: tuple[int, ...],
    outputs: int,
    *,
    output: str | None,
    dtype: str,
    rng: np.random.RandomState,
    class_names: Sequence[str] = (),
) -> Network:
    """Return the network that the parameters describe, its weights drawn from `rng`.

    Its last layer has so many outputs, with the activation `output`.

    Without `layers`, weights and biases are drawn as by scikit-learn's estimators, in the same
    order: the same random state gives the same start.

    Raises
    ------
    ValueError, TypeError
        If parameters are out of range, or layers do not fit each other or the input.
    """
    last = Dense(outputs, activation_named(output))
    shape = {"input_shape": input_shape, "dtype": dtype, "class_names": class_names}
    if estimator.layers is not None:
        layers = own_layers(estimator.layers)
        if isinstance(layers[-1].parts[-1], Softmax):
            raise ValueError(
                f"layers ends with {layers[-1]!r}; leave the output layer out: the estimator puts "
                f"{last!r} there"
            )
        try:
            output_shape = Row(own_layers(estimator.layers), input_shape).output_shape
        except LayerError as error:
            if estimator.input_shape is not None or len(input_shape) > 2:
                raise
            raise ValueError(f"{error}; {_hint(input_shape)}") from None
        if len(output_shape) > 1:
            layers.append(Flatten())
        return Network([*layers, last], seed=int(rng.randint(SEEDS)), **shape)  # type: ignore[arg-type]
    sizes = hidden_sizes(estimator.hidden_layer_sizes, estimator.n_layers, estimator.n_units)
    activations = hidden_activations(estimator.activation, len(sizes))
    rates = dropout_rates(estimator.dropout, len(sizes))
    hidden: list[Layer] = []
    for size, activation, rate in zip(sizes, activations, rates, strict=False):
        hidden.append(Dense(size, activation))
        if rate:
            hidden.append(Dropout(rate))
    network = Network([*hidden, last], **shape)  # type: ignore[arg-type]
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    for i, layer in enumerate(dense):
        sigmoid = isinstance(activations[min(i, len(activations) - 1)], Sigmoid)
        # Glorot and Bengio, AISTATS 2010: the factor 6 is for units with slope 1 at 0
        limit = math.sqrt((2.0 if sigmoid else 6.0) / sum(layer.W.shape))
        for parameter in (layer.W, layer.b):
            parameter.value[...] = rng.uniform(-limit, limit, parameter.shape)
    return network


def _hint(shape: tuple[int, ...]) -> str:
    """Say how layers for images get some."""
    if len(shape) == 2:
        return f"X has images without channels, say input_shape={(*shape, 1)}"
    return (
        f"X has rows of {shape[0]} numbers: where they are images, say so with "
        "input_shape=(height, width, channels)"
    )


def own_layers(layers: Any) -> list[Layer]:  # noqa: ANN401 (what users give)
    """Return copies of layers, or what their configurations describe; nothing given is touched."""
    if not isinstance(layers, list | tuple) or not layers:
        raise ValueError(
            f"layers must be a list such as [Conv2D(8, 3, activation='relu')], got {layers!r}"
        )
    made: list[Layer] = []
    for layer in layers:
        if isinstance(layer, Mapping):
            made.append(layer_from_config(layer))
        elif isinstance(layer, Layer):
            made.append(copy.deepcopy(layer))
        else:
            raise ValueError(f"layers must hold layers or their configurations, got {layer!r}")
    return made


def hidden_sizes(hidden_layer_sizes: Any, n_layers: Any, n_units: Any) -> list[int]:  # noqa: ANN401
    """Return how many units each hidden layer has.

    Examples
    --------
    >>> hidden_sizes("128-64", None, None), hidden_sizes((100,), 3, 16), hidden_sizes(5, None, None)
    ([128, 64], [16, 16, 16], [5])
    """
    if n_layers is not None or n_units is not None:
        count = 1 if n_layers is None else whole("n_layers", n_layers)
        return [100 if n_units is None else whole("n_units", n_units, at_least=1)] * count
    given = hidden_layer_sizes
    if isinstance(given, str):
        try:
            given = [int(size) for size in given.split("-")]
        except ValueError:
            raise ValueError(
                f"hidden_layer_sizes as text is such as '128-64', got {hidden_layer_sizes!r}"
            ) from None
    sizes = given if np.iterable(given) else [given]
    return [whole("each of hidden_layer_sizes", size, at_least=1) for size in sizes]


def hidden_activations(activation: Any, count: int) -> list[Activation]:  # noqa: ANN401
    """Return the activation of each hidden layer; of one at least, that of no layer at all."""
    several = isinstance(activation, list | tuple | np.ndarray)
    if several and len(activation) != count:
        raise ValueError(
            f"activation has {len(activation)} entries for {count} hidden layers: {activation!r}"
        )
    made = []
    for given in activation if several else [activation] * max(count, 1):
        name = "sigmoid" if given == "logistic" else given
        one = activation_named(copy.deepcopy(name))
        if one is None:
            raise ValueError("activation must be a name such as 'relu', got None")
        made.append(one)
    return made or [Sigmoid()]


def dropout_rates(dropout: Any, count: int) -> list[float]:  # noqa: ANN401
    """Return the rate after each hidden layer."""
    several = np.iterable(dropout) and not isinstance(dropout, str)
    rates = list(dropout) if several else [dropout] * count
    if len(rates) != count:
        raise ValueError(f"dropout has {len(rates)} entries for {count} hidden layers: {rates!r}")
    return [real("dropout", rate, at_least=0, below=1) for rate in rates]


def architecture_of(estimator: NeuralNetworkEstimator) -> dict[str, str]:
    """Return, as text, the parameters that decide the network."""
    names = ("hidden_layer_sizes", "n_layers", "n_units", "activation", "dropout", "layers")
    return {name: repr(_plain(getattr(estimator, name))) for name in names}


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Return arrays and their numbers as Python's, so that the same reads the same."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value


def check_architecture(estimator: NeuralNetworkEstimator, made_with: dict[str, str]) -> None:
    """Refuse to go on with a network that was made with other parameters.

    Raises
    ------
    ValueError
        If one of them has changed; says which.
    """
    for name, now in architecture_of(estimator).items():
        if now != made_with[name]:
            raise ValueError(
                f"warm_start and partial_fit go on with the network that there is, made with "
                f"{name}={made_with[name]}; now it is {now}: set warm_start=False to begin anew"
            )
