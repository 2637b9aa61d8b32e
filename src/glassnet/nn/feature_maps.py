"""What the convolutions of a trained network make of images."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from glassnet.nn.activation import Activation
from glassnet.nn.convolution import Conv2D
from glassnet.nn.depthwise import DepthwiseConv2D
from glassnet.nn.layer import Cache, Layer
from glassnet.nn.network import Network
from glassnet.nn.residual import Residual
from glassnet.nn.whitening import Whitening2D


class FeatureMaps(NamedTuple):
    """What one convolution, and what follows it, makes of images.

    Parameters
    ----------
    name : str
        Of the convolution: ``"conv2d_1"``.
    after : str
        The type of the layer whose output it is: ``"ReLU"``.
    maps : ndarray, shape (n, height, width, channels)
    """

    name: str
    after: str
    maps: np.ndarray


def feature_maps(network: Network, x: ArrayLike) -> list[FeatureMaps]:
    """Return the feature maps of images, as the network sees them after its training.

    A stage is a convolution (or a `Residual`) and what follows it up to the next one. Its maps are
    the output of its last activation function; of its last layer, if it has none.

    Parameters
    ----------
    network : Network
    x : array-like, shape (n, *input_shape)

    Returns
    -------
    list of FeatureMaps
        In the order of the layers; empty for a network without convolutions.

    Raises
    ------
    ValueError
        As `Network.predict`.

    Examples
    --------
    >>> import glassnet as gn
    >>> from glassnet.nn.convolution import Conv2D
    >>> layers = [Conv2D(4, 3, "relu"), Conv2D(8, 3, "relu"), gn.Flatten(), gn.Dense(2)]
    >>> network = gn.Network(layers, input_shape=(8, 8, 1))
    >>> [(s.name, s.after, s.maps.shape) for s in feature_maps(network, np.zeros((1, 8, 8, 1)))]
    [('conv2d_1', 'ReLU', (1, 6, 6, 4)), ('conv2d_2', 'ReLU', (1, 4, 4, 8))]
    """
    outputs = network.checked_input(np.asarray(x))
    stages: list[FeatureMaps] = []
    open_stage = activated = False
    for name, part in _row(network):
        outputs = part.forward(outputs, Cache(), training=False)
        kinds = Conv2D | DepthwiseConv2D | Whitening2D | Residual
        if isinstance(part, kinds) and outputs.ndim == 4:  # a residual may add vectors
            stages.append(FeatureMaps(name, "", outputs))
            open_stage, activated = True, False
        open_stage = open_stage and outputs.ndim == 4
        if open_stage and (isinstance(part, Activation) or not activated):
            stages[-1] = FeatureMaps(stages[-1].name, type(part).__name__, outputs)
            activated = isinstance(part, Activation)
    return stages


def _row(network: Network) -> list[tuple[str, Layer]]:
    """Return the parts that the network runs itself, with their layers' names."""
    names = [row.name for row in network.summary().rows]
    pairs = zip(names, network.layers, strict=True)
    return [(name, part) for name, layer in pairs for part in layer.parts]
