"""Layers by name: how a configuration, read from a file, becomes layer objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glassnet.configurable import from_config
from glassnet.nn.activations import ACTIVATIONS
from glassnet.nn.dense import Dense
from glassnet.nn.layer import Layer
from glassnet.nn.reshape import Flatten
from glassnet.nn.standardize import Standardize

_ALL: tuple[type[Layer], ...] = (Dense, Flatten, Standardize, *ACTIVATIONS.values())

LAYERS: dict[str, type[Layer]] = {layer.__name__: layer for layer in _ALL}
"""Layers by class name."""


def layer_from_config(config: Mapping[str, Any]) -> Layer:
    """Return the layer that a configuration describes: what ``layer.config()`` gave.

    Raises
    ------
    ValueError
        If the type or an argument is unknown, missing, or out of range.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> layer_from_config({"type": "Dense", "units": 3, "activation": "relu"})
    Dense(3, ReLU())
    """
    return from_config(LAYERS, config, "layer")
