"""Which pixels a trained network goes by: the gradient of a class, and occlusion."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from glassnet.checks import real, whole
from glassnet.nn.activations import Sigmoid, Softmax
from glassnet.nn.network import Network

_BATCH = 64
"""Images in one pass forward and back: their activations are all kept."""


def score_gradient(network: Network, x: ArrayLike, classes: Sequence[int]) -> np.ndarray:
    """Return the gradient of the score of a class by the input, for each example.

    The score is what the network says for the class before its final softmax or sigmoid: a
    probability near 1 has no gradient to speak of, its score has. The network is as in `predict`:
    batch normalisation goes by its running statistics, dropout leaves nothing out. Its own `grad`
    stays as it was.

    Parameters
    ----------
    network : Network
        One output a class; or a single one, the score of class 1 of two.
    x : array-like, shape (n, *input_shape)
    classes : sequence of int, length n
        A class for each example.

    Returns
    -------
    ndarray, shape (n, *input_shape)

    Raises
    ------
    ValueError
        As `Network.predict`; or if a class is not one of the network's, or not one an example.

    Notes
    -----
    ``∂S_c / ∂x``: backpropagation that begins with 1 at the score of class c and does not stop at
    the first layer.

    References
    ----------
    Simonyan, Vedaldi, Zisserman, "Deep Inside Convolutional Networks", arXiv 1312.6034, section 3.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Dense(2, "softmax")], input_shape=3)
    >>> gradient = score_gradient(network, np.zeros((1, 3)), [1])
    >>> bool((gradient[0] == network.layers[0].W.value[:, 1]).all())
    True
    """
    inputs = network.checked_input(np.asarray(x))
    of_class = _checked_classes(network, classes, len(inputs))
    gradient = np.empty_like(inputs)
    before = network.grad.copy()  # the layers write theirs on the way back
    for start in range(0, len(inputs), _BATCH):
        rows = slice(start, start + _BATCH)
        gradient[rows] = _backward(network, inputs[rows], of_class[rows])
    network.grad[...] = before
    return gradient


def _backward(network: Network, x: np.ndarray, of_class: np.ndarray) -> np.ndarray:
    """Return the gradient by `x` of the scores, weighted by `of_class`, shape (n, outputs)."""
    cache = network.new_cache()
    network.forward(x, cache)
    parts = network.parts
    if isinstance(parts[-1], Softmax | Sigmoid):
        parts = parts[:-1]
    delta: np.ndarray = of_class.copy()
    for i in range(len(parts) - 1, -1, -1):
        delta = parts[i].backward(delta, cache[i], need_dx=True)  # type: ignore[assignment]
    return delta


def saliency(
    network: Network,
    x: ArrayLike,
    classes: Sequence[int],
    *,
    copies: int = 8,
    noise: float = 0.1,
    seed: int = 0,
) -> np.ndarray:
    """Return how strongly each pixel moves the score of a class, for each image.

    Parameters
    ----------
    network : Network
    x : array-like, shape (n, height, width, channels)
    classes : sequence of int, length n
        A class for each image.
    copies : int
        The gradient is the mean over so many noisy copies of the image; 1 with `noise` 0 is the
        plain gradient.
    noise : float
        Standard deviation of the noise, as a part of the range of the image's values.
    seed : int
        Decides the noise.

    Returns
    -------
    ndarray, shape (n, height, width)
        At least 0; in units of score per unit of input.

    Raises
    ------
    ValueError
        As `score_gradient`; or if the input is no image, or a number is out of range.

    Notes
    -----
    ``max_channel |mean_k ∂S_c/∂x (x + ε_k)|`` with ``ε_k ~ N(0, (noise range)²)``.

    References
    ----------
    Simonyan, Vedaldi, Zisserman, arXiv 1312.6034, section 3.1 (the largest magnitude over the
    channels). Smilkov et al., "SmoothGrad", arXiv 1706.03825, section 3 (the mean over noise).
    """
    whole("copies", copies, at_least=1)
    real("noise", noise, at_least=0)
    images = _checked_images(network, x)
    flat = images.reshape(len(images), -1)
    deviation = noise * (flat.max(axis=1, initial=0.0) - flat.min(axis=1, initial=0.0))
    rng = np.random.default_rng(seed)
    total = np.zeros_like(images)
    for _ in range(copies):
        noisy = rng.standard_normal(images.shape, np.float32).astype(images.dtype)
        noisy *= deviation.reshape(-1, 1, 1, 1)
        total += score_gradient(network, images + noisy, classes)
    largest: np.ndarray = np.abs(total).max(axis=3) / copies
    return largest


def occlusion(
    network: Network,
    image: ArrayLike,
    label: int,
    *,
    patch: int | None = None,
    stride: int | None = None,
    fill: ArrayLike = 0.5,
    predict: Callable[[np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    """Return how much the probability of a class falls where a patch hides a part of the image.

    Parameters
    ----------
    network : Network
        Its outputs are probabilities.
    image : array-like, shape (height, width, channels)
    label : int
        The class.
    patch : int, optional
        Side of the patch in pixels; by default a quarter of the image's shorter side.
    stride : int, optional
        How far the patch moves, in pixels; by default so that it has about 10 places a side.
    fill : float or array-like, shape (channels,)
        Value or colour of the patch.
    predict : callable, optional
        What gives the outputs, ``network.predict`` by default; a `Predictor` takes less time.

    Returns
    -------
    ndarray, shape (height, width)
        At each pixel: probability without the patch, less that with the patch centred there (at
        the nearest place that it had). Above 0, what is hidden speaks for the class.

    Raises
    ------
    ValueError
        As `Network.predict`; or if the input is no image, or a number is out of range.

    References
    ----------
    Zeiler, Fergus, "Visualizing and Understanding Convolutional Networks", arXiv 1311.2901,
    section 4.2.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Dense(2, "softmax")], input_shape=(4, 4, 1))
    >>> occlusion(network, np.full((4, 4, 1), 0.5), 0).tolist()[0]  # as grey as the patch
    [0.0, 0.0, 0.0, 0.0]
    """
    pixels = _checked_images(network, np.asarray(image)[np.newaxis])[0]
    height, width, channels = pixels.shape
    shorter = min(height, width)
    side = whole("patch", max(1, shorter // 4) if patch is None else patch, at_least=1)
    step = whole("stride", max(1, shorter // 10) if stride is None else stride, at_least=1)
    of_class = _checked_classes(network, [label], 1)[0]
    colour = np.broadcast_to(np.asarray(fill, pixels.dtype), (channels,))
    rows, columns = (np.arange((min(step, size) - 1) // 2, size, step) for size in (height, width))
    hidden = np.repeat(pixels[np.newaxis], 1 + len(rows) * len(columns), axis=0)
    for k, (row, column) in enumerate(np.ndindex(len(rows), len(columns)), start=1):
        top, left = rows[row] - (side - 1) // 2, columns[column] - (side - 1) // 2
        hidden[k, max(0, top) : top + side, max(0, left) : left + side] = colour
    outputs = (predict or network.predict)(hidden).astype(np.float64) @ of_class
    falls = (outputs[0] - outputs[1:]).reshape(len(rows), len(columns))
    nearest = [
        np.minimum(np.arange(size) // step, len(places) - 1)
        for size, places in ((height, rows), (width, columns))
    ]
    map_of: np.ndarray = falls[np.ix_(*nearest)]
    return map_of


def _checked_images(network: Network, x: ArrayLike) -> np.ndarray:
    images = network.checked_input(np.asarray(x))
    if images.ndim != 4:
        raise ValueError(
            f"the network takes inputs of shape {network.input_shape}; only images, of shape "
            "(height, width, channels), have pixels to look at"
        )
    return images


def _checked_classes(network: Network, classes: Sequence[int], n: int) -> np.ndarray:
    """Return the weight of each output, shape (n, outputs): 1 for the class of the example.

    With one output for two classes it is 1 or -1.
    """
    outputs = math.prod(network.output_shape)
    count = 2 if outputs == 1 else outputs
    labels = np.asarray(classes)
    if network.output_shape != (outputs,) or labels.shape != (n,):
        raise ValueError(
            f"give a class for each of {n} examples, and a network whose output is a vector; got "
            f"classes of shape {labels.shape} and outputs of shape {network.output_shape}"
        )
    if labels.dtype.kind not in "iu" or (n and not 0 <= labels.min() <= labels.max() < count):
        raise ValueError(f"classes must be whole numbers from 0 to {count - 1}, got {classes!r}")
    if outputs == 1:
        return np.where(labels, 1.0, -1.0).astype(network.dtype)[:, np.newaxis]
    one_hot: np.ndarray = np.eye(count, dtype=network.dtype)[labels]
    return one_hot
