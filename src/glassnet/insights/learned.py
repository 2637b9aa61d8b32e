"""What a network has learned, as pictures; None where there is nothing to draw."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

from glassnet import figures
from glassnet.data import Dataset
from glassnet.figures.feature_maps import Stage
from glassnet.insights.kinds import kind_of
from glassnet.nn import Conv2D, Dense, DepthwiseConv2D, Network, Whitening2D
from glassnet.nn.feature_maps import FeatureMaps, feature_maps
from glassnet.nn.saliency import occlusion, saliency

_MISTAKES = 6  # so many have their maps drawn


def first_weights(network: Network) -> np.ndarray | None:
    """Return the weights, shape (inputs, units), of the first dense layer if it sees the input.

    Examples
    --------
    >>> import glassnet as gn
    >>> first_weights(gn.Network([gn.Dense(3), gn.Dense(2)], input_shape=4)).shape
    (4, 3)
    """
    for layer in network.layers:
        if kind_of(layer) in {"convolution", "pooling"}:
            return None
        if isinstance(layer, Dense):
            weights = layer.W.value
            return weights if len(weights) == np.prod(network.input_shape) else None
    return None


def first_layer(network: Network) -> dict[str, Figure]:
    """Draw what the first layer looks for, by the name of the picture: none, or one.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Flatten(), gn.Dense(4)], input_shape=(8, 8, 1))
    >>> list(first_layer(network))
    ['first_layer_weights']
    """
    if (weights := first_weights(network)) is not None:
        drawn = figures.first_layer_weights(weights, network.input_shape)
        return {"first_layer_weights": drawn}
    filters = first_filters(network)
    return {} if filters is None else {"first_filters": filters}


def first_filters(network: Network) -> Figure | None:
    """Draw the filters of the first convolution if it sees images, grey or in colour.

    Examples
    --------
    >>> import glassnet as gn
    >>> first_filters(gn.Network([gn.Conv2D(4, 3)], input_shape=(8, 8, 3)))
    <Figure size ...>
    """
    if not _sees_images(network):
        return None
    for _, part in network.named_parts():
        if isinstance(part, Whitening2D):
            return figures.convolution_filters(part.filters, whitening=True)
        if isinstance(part, DepthwiseConv2D):
            height, width, _, _ = part.W.shape
            return figures.convolution_filters(part.W.value.reshape(height, width, 1, -1))
        if isinstance(part, Conv2D):
            return figures.convolution_filters(part.W.value) if part.W.shape[2] in {1, 3} else None
    return None


def maps_of_an_image(network: Network, test: Dataset, outputs: np.ndarray) -> Figure | None:
    """Draw the feature maps of the first test image that is recognised, else of the first one.

    Parameters
    ----------
    network : Network
    test : Dataset
        Images with labels.
    outputs : ndarray, shape (n, classes)
        What the network gives for them.

    Examples
    --------
    >>> import glassnet as gn
    >>> layers = [gn.Conv2D(4, 3, "relu"), gn.Flatten(), gn.Dense(2, "softmax")]
    >>> network = gn.Network(layers, input_shape=(8, 8, 1))
    >>> test = Dataset(np.ones((3, 8, 8, 1)), [0, 1, 1])
    >>> maps_of_an_image(network, test, network.predict(test.x))
    <Figure size ...>
    """
    if not _sees_images(network):
        return None
    predicted = outputs.argmax(axis=1)
    chosen = int(np.argmax(predicted == test.y))
    stages = feature_maps(network, test.x[chosen : chosen + 1])
    if not stages:
        return None
    name, taken = (test.class_names[label] for label in (test.y[chosen], predicted[chosen]))
    share = f"{100 * outputs[chosen].max():.0f} %"
    known = "recognised" if name == taken else f"taken for {taken}"
    return figures.feature_maps(
        test.x[chosen],
        [Stage(_called(stage), stage.maps[0]) for stage in stages],
        caption=f"A test image of the class {name}, {known} ({share})",
    )


def saliency_of_mistakes(
    network: Network,
    test: Dataset,
    outputs: np.ndarray,
    predict: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Figure | None:
    """Draw what the network went by where it was wrong with the greatest confidence.

    Parameters
    ----------
    network : Network
    test : Dataset
        Images with labels.
    outputs : ndarray, shape (n, classes)
        What the network gives for them.
    predict : callable, optional
        What gives outputs for images; by default ``network.predict``.

    Examples
    --------
    >>> import glassnet as gn
    >>> layers = [gn.Conv2D(4, 3, "relu"), gn.Flatten(), gn.Dense(2, "softmax")]
    >>> network = gn.Network(layers, input_shape=(8, 8, 1))
    >>> test = Dataset(np.ones((3, 8, 8, 1)), [0, 1, 1])
    >>> saliency_of_mistakes(network, test, network.predict(test.x))
    <Figure size ...>
    """
    predicted = outputs.argmax(axis=1)
    wrong = np.flatnonzero(predicted != test.y)
    if not _sees_images(network) or wrong.size == 0:
        return None
    chosen = wrong[np.argsort(-outputs.max(axis=1)[wrong], kind="stable")][:_MISTAKES]
    images, labels = test.x[chosen], predicted[chosen]
    colour = test.x[:1000].mean(axis=(0, 1, 2))
    falls = [
        occlusion(network, image, label, fill=colour, predict=predict)
        for image, label in zip(images, labels.tolist(), strict=True)
    ]
    return figures.saliency_maps(
        images,
        test.y[chosen],
        outputs[chosen],
        test.class_names,
        gradients=saliency(network, images, labels),
        falls=np.stack(falls),
    )


def _called(stage: FeatureMaps) -> str:
    """Name the stage; and the layer after its convolution, if the maps come from there."""
    own = stage.name.startswith(f"{stage.after.lower()}_")
    return stage.name if own else f"{stage.name}, {stage.after}"


def _sees_images(network: Network) -> bool:
    return len(network.input_shape) == 3 and network.input_shape[2] in {1, 3}
