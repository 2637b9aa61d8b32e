"""Layers by name: how a configuration, read from a file, becomes layer objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glassnet.configurable import from_config
from glassnet.nn.activations import ACTIVATIONS
from glassnet.nn.convolution import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.depthwise import DepthwiseConv2D
from glassnet.nn.dropout import Dropout, SpatialDropout2D
from glassnet.nn.global_pooling import GlobalAveragePooling2D, GlobalMaxPooling2D
from glassnet.nn.layer import Layer
from glassnet.nn.noise import GaussianNoise
from glassnet.nn.normalization import BatchNormalization, LayerNormalization
from glassnet.nn.pooling import AveragePooling2D, MaxPooling2D
from glassnet.nn.rescaling import Rescaling
from glassnet.nn.reshape import Flatten, Reshape, ZeroPadding2D
from glassnet.nn.residual import Residual
from glassnet.nn.standardize import Standardize
from glassnet.nn.whitening import Whitening2D

_ALL: tuple[type[Layer], ...] = (
    Dense,
    Conv2D,
    DepthwiseConv2D,
    MaxPooling2D,
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    BatchNormalization,
    LayerNormalization,
    Dropout,
    SpatialDropout2D,
    GaussianNoise,
    Flatten,
    Reshape,
    ZeroPadding2D,
    Residual,
    Rescaling,
    Standardize,
    Whitening2D,
    *ACTIVATIONS.values(),
)

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
