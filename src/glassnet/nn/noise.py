"""Noise: in training, each number is a little off."""

from __future__ import annotations

import numpy as np

from glassnet.checks import real
from glassnet.nn.layer import Cache, Layer, Shape


class GaussianNoise(Layer):
    """In training, add a normally distributed number to each number.

    Before an activation, behind a `BatchNormalization`, it keeps a network from relying on small
    differences, much as `Dropout` keeps it from relying on single numbers. When the network
    predicts, it does nothing.

    Parameters
    ----------
    standard_deviation : float
        Of what is added, at least 0; its mean is 0.

    Notes
    -----
    ``y = x + s ε``, each entry of ``ε`` from N(0, 1), drawn from the generator of the pass. The
    gradient passes as it is.

    References
    ----------
    Sietsma and Dow, "Creating Artificial Neural Networks That Generalize", Neural Networks 4, 1991.
    Between the layers of a network with batch normalisation: Rasmus et al., "Semi-Supervised
    Learning with Ladder Networks", arXiv 1507.02672, the supervised baseline of Table 1.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.GaussianNoise(0.5)], input_shape=4)
    >>> network.predict(np.ones((1, 4)))
    array([[1., 1., 1., 1.]], dtype=float32)
    >>> bool((network.forward(np.ones((1, 4), np.float32), training=True) == 1.0).any())
    False
    """

    def __init__(self, standard_deviation: float) -> None:
        self.standard_deviation = real("standard_deviation", standard_deviation, at_least=0)

    def build(self, input_shape: Shape) -> Shape:
        """Return the same shape."""
        return input_shape

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:
        """Return the input, with noise if in training."""
        if not training or self.standard_deviation == 0.0:
            return x
        y = cache.array("y", x.shape, x.dtype)
        # the same numbers for both dtypes
        noise = cache.rng.standard_normal(x.shape, np.float32)
        np.multiply(noise, np.float32(self.standard_deviation), out=noise)
        np.add(x, noise, out=y)
        return y

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:  # noqa: ARG002
        """Return the gradient as it is."""
        return dy if need_dx else None
