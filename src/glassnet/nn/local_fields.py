"""Dense layers that start out looking at a small region of an image each."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from glassnet.checks import real
from glassnet.configurable import Configurable
from glassnet.nn.windows import checked_pair, pair


class LocalFields(Configurable):
    """Weights of a dense layer that are 0 but for a window of the image around each unit.

    Inputs and units are laid over the same image as grids, row by row, several at each place. A
    unit starts out with random weights for the inputs near its place; those from farther away start
    at 0 and learn like all others. So a fully connected network begins as a locally connected one,
    and keeps of that what helps.

    Parameters
    ----------
    inputs : int or (int, int)
        Height and width of the grid of inputs. At each place there are as many as there are
        channels: for a flattened image of shape (16, 16, 3) it is 16.
    units : int or (int, int)
        The same of the units.
    window : float
        In (0, 1]: how much of the image's height and width a unit sees.

    Raises
    ------
    ValueError
        If a number is out of range; when a layer is built, if the layer's inputs or units do not
        fill the places of their grid evenly, or a unit would see nothing.

    Notes
    -----
    ``W[i, j] ~ N(0, 2 / n_j)`` where ``|place_i - place_j|`` is at most half a window in height and
    width, else 0; ``n_j`` is the number of inputs that unit j sees. Places are ``(row + 1/2) /
    height`` and ``(column + 1/2) / width``.

    References
    ----------
    The variance is He's (arXiv 1502.01852, Eq. 10), for the inputs in the window. That fully
    connected networks on images become local when they generalise: Neyshabur, arXiv 2007.13657.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> W = LocalFields(4, 2, window=0.5)(rng, (16, 4), 16, 4)
    >>> (W[:, 0].reshape(4, 4) != 0).astype(int)
    array([[1, 1, 0, 0],
           [1, 1, 0, 0],
           [0, 0, 0, 0],
           [0, 0, 0, 0]])
    """

    def __init__(
        self, inputs: int | Sequence[int], units: int | Sequence[int], *, window: float
    ) -> None:
        self.inputs = checked_pair("inputs", inputs, at_least=1)
        self.units = checked_pair("units", units, at_least=1)
        self.window = real("window", window, above=0, at_most=1)

    def __call__(
        self,
        rng: np.random.Generator,
        shape: tuple[int, ...],
        fan_in: int,  # noqa: ARG002 (every initializer takes the same arguments)
        fan_out: int,  # noqa: ARG002
    ) -> np.ndarray:
        """Return weights of shape (inputs, units)."""
        if len(shape) != 2:
            raise ValueError(f"LocalFields is for dense layers, got weights of shape {shape}")
        seen = self.seen(*shape)
        if not (n := seen.sum(axis=0)).all():
            raise ValueError(f"with window={self.window} there are units that see no input")
        weights: np.ndarray = rng.normal(size=shape) * seen * np.sqrt(2.0 / n)
        return weights

    def seen(self, inputs: int, units: int) -> np.ndarray:
        """Return which inputs each unit sees: booleans, shape (inputs, units)."""
        places = _places(pair(self.inputs), inputs, "inputs")
        centres = _places(pair(self.units), units, "units")
        distance = np.abs(places[:, None] - centres)
        near: np.ndarray = (distance <= 0.5 * self.window + 1e-9).all(axis=2)
        return near


def _places(grid: tuple[int, int], count: int, what: str) -> np.ndarray:
    """Return where each of so many stands, shape (count, 2), in shares of the image."""
    height, width = grid
    at_each, rest = divmod(count, math.prod(grid))
    if rest or not at_each:
        raise ValueError(
            f"{count} {what} do not fill a grid of {height} x {width} evenly; "
            f"their number must be a multiple of {height * width}"
        )
    rows, columns = np.indices(grid).reshape(2, -1)
    places = np.stack([(rows + 0.5) / height, (columns + 0.5) / width], axis=1)
    return np.repeat(places, at_each, axis=0)
