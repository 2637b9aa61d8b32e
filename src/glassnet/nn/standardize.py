"""Standardising the input with statistics of the training part."""

from __future__ import annotations

import math

import numpy as np

from glassnet.nn.layer import Cache, Layer, Shape

_CHUNK = 2**20
"""Numbers that `adapt` takes at once: 8 MiB in float64."""


def checked_weights(weights: np.ndarray | None, examples: int) -> np.ndarray | None:
    """Return the weights for the statistics of so many examples, float64; None if all are the same.

    Raises
    ------
    ValueError
        If there is not one for each example, or they cannot be weights.
    """
    if weights is None:
        return None
    each = np.asarray(weights, np.float64)
    if each.shape != (examples,):
        raise ValueError(f"adapt expects {examples} weights, one an example, got {each.shape}")
    if not (each.min() >= 0.0 and 0.0 < each.max() < math.inf):
        raise ValueError("weights must be 0 or more, finite, and not all of them 0")
    return None if each.min() == each.max() else each


class Standardize(Layer):
    """Give each feature mean 0 and standard deviation 1: ``(x - mean) / deviation``.

    The statistics come from `adapt`, are constants of the network from then on, and are saved with
    it: whoever loads the model feeds raw inputs. Before `adapt` the mean is NaN, and `forward`
    raises a ValueError.

    Parameters
    ----------
    axis : {"feature", "channel"}
        One mean and deviation for each feature (pixel), or for each entry of the last axis.

    Examples
    --------
    >>> import glassnet as gn
    >>> layer = gn.Standardize()
    >>> network = gn.Network([layer, gn.Dense(1)], input_shape=2)
    >>> layer.adapt(np.array([[1.0, 5.0], [3.0, 5.0]]))
    >>> layer.mean.tolist(), layer.deviation.tolist()
    ([2.0, 5.0], [1.0, 1.0])
    """

    def __init__(self, axis: str = "feature") -> None:
        if axis not in ("feature", "channel"):
            raise ValueError(f"axis must be 'feature' or 'channel', got {axis!r}")
        self.axis = axis

    def build(self, input_shape: Shape) -> Shape:
        """Declare the statistics."""
        shape = input_shape if self.axis == "feature" else input_shape[-1:]
        self.mean = np.broadcast_to(np.nan, shape)  # no memory yet: the network makes it writable
        self.deviation = np.broadcast_to(1.0, shape)
        self.least = {"deviation": float(np.finfo(np.float64).tiny)}
        self._input_shape = input_shape
        return input_shape

    def adapt(self, x: np.ndarray, weights: np.ndarray | None = None) -> None:
        """Take the statistics from the training inputs.

        A feature that never varies keeps a deviation of 1: it becomes 0.

        Parameters
        ----------
        x : ndarray, shape (n, *input_shape)
        weights : ndarray, shape (n,), optional
            How much each example counts; by default all the same. A whole number is an example
            that is there so often.

        Raises
        ------
        ValueError
            If the inputs are of another shape, there are none, or the layer is in no network yet;
            if there is not one weight for each of them, or a value is not finite.
        """
        if not self.in_network:
            raise ValueError("put Standardize into a Network before adapt: it needs the shapes")
        if x.shape[1:] != self._input_shape or len(x) == 0:
            expected = ("n", *self._input_shape)
            raise ValueError(
                f"Standardize expects inputs of shape ({', '.join(map(str, expected))}), "
                f"got shape {x.shape}"
            )
        each = checked_weights(weights, len(x))
        rows = max(1, _CHUNK // math.prod(self._input_shape))
        chunks = [slice(i, i + rows) for i in range(0, len(x), rows)]  # x may be in a file
        total = len(x) if each is None else each.sum()
        count = total * (math.prod(self._input_shape) / self.mean.size)

        def summed(values: np.ndarray, chunk: slice) -> np.ndarray:
            """Sum examples up, and all axes that have statistics in common."""
            if each is None:
                axes = (0,) if self.axis == "feature" else tuple(range(values.ndim - 1))
                return np.asarray(values.sum(axis=axes, dtype=np.float64))
            weighted = np.tensordot(each[chunk], values, 1)
            others = tuple(range(weighted.ndim - 1)) if self.axis == "channel" else ()
            return np.asarray(weighted.sum(axis=others))

        mean = np.asarray(sum(summed(x[chunk], chunk) for chunk in chunks) / count)
        if not np.isfinite(mean).all():
            raise ValueError("Standardize cannot adapt to NaN or infinity; remove or replace them")
        squares = sum(summed(np.square(x[chunk] - mean), chunk) for chunk in chunks)
        deviation = np.sqrt(squares / count)
        # rounding leaves a constant feature a deviation of about 1e-8 of its value, not 0
        constant = deviation <= 1e-6 * np.abs(mean)
        self.mean[...] = mean
        self.deviation[...] = np.where(constant, 1.0, deviation)

    @property
    def adapted(self) -> bool:
        """Whether there are statistics: from `adapt`, or from a saved network."""
        return not math.isnan(self.mean.flat[0])

    @property
    def state(self) -> dict[str, np.ndarray]:
        """Mean and deviation."""
        return {"mean": self.mean, "deviation": self.deviation}

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:  # noqa: ARG002
        """Return the standardised input; refuse if not `adapted`."""
        if not self.adapted:
            raise ValueError("Standardize has no statistics yet; call network.adapt(train.x) first")
        z = cache.array("z", x.shape, x.dtype)
        np.subtract(x, self.mean, out=z, casting="same_kind")
        np.divide(z, self.deviation, out=z, casting="same_kind")
        return z

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Return ``dy / deviation``."""
        if not need_dx:
            return None
        dx = cache.array("dx", dy.shape, dy.dtype)
        np.divide(dy, self.deviation, out=dx, casting="same_kind")
        return dx
