"""The compiled convolution: one plan for one geometry, and the rule that chooses its algorithm."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.alignment import round_up
from glassnet.kernels.direct_plan import Direct
from glassnet.kernels.geometry import Geometry, Pair
from glassnet.kernels.scratch import Scratch
from glassnet.kernels.team import Team
from glassnet.kernels.winograd_plan import Winograd

ALGORITHMS: dict[str, type[Direct | Winograd]] = {"winograd 4x4": Winograd, "direct": Direct}
"""By their names."""

LEAST_SHARED = 2**21
"""Multiplications that a team shares; fewer take one thread less time than others to begin."""

_OF_TILE, _OF_OUTPUTS, _OF_KERNEL = 300, 180, 700
"""What Winograd's transforms take in the time of multiplications: of each channel of a tile, of
each filter of its outputs, and of each kernel; measured."""


def choose(geometry: Geometry, batch: int) -> str:
    """Return which of `ALGORITHMS` takes less time for a geometry and so many images.

    Winograd's is for kernels of 3 x 3, stride and dilation 1, in one group. There it takes 36
    multiplications for a tile of 4 x 4 outputs instead of 144, and its transforms. It loses with
    few channels, for which the transforms cost more than they save; with few and small images,
    which don't make up for the transforms of the kernels; and where tiles reach far beyond the
    output.
    """
    if (
        geometry.kernel != (3, 3)
        or not geometry.stride == geometry.dilation == (1, 1)
        or geometry.groups != 1
    ):
        return "direct"
    channels, filters = geometry.input_shape[2], geometry.filters
    height, width = geometry.output
    tiles = batch * -(-height // 4) * -(-width // 4)
    direct = batch * height * width * 9 * channels * filters
    transforms = _OF_TILE * round_up(channels, 16) + _OF_OUTPUTS * round_up(filters, 16)
    kernels = _OF_KERNEL * channels * filters
    winograd = tiles * (36 * channels * filters + transforms) + kernels
    return "winograd 4x4" if winograd < direct else "direct"


class Convolution:
    """A plan for one geometry.

    What it writes to must lie in one piece. It keeps nothing from one call to the next: `forward`
    for other images, or by another plan, may come between a pass and its gradients. Memory is taken
    when it is first asked for.

    Parameters
    ----------
    input_shape : tuple of int
        Height, width and channels of an image.
    kernel : tuple of int
        Its height and width.
    filters : int
    stride, dilation : tuple of int
        Down and across.
    padding : tuple of tuple of int
        Rows of zeros above and below, and columns to the left and right.
    groups : int
        Divides the channels and the filters.
    batch : int
        The most images at a time.
    dtype : dtype
        float32 or float64.
    threads : int
        Of the team that will work, at most.
    scratch : Scratch, optional
        Memory that it shares with plans that don't work at the same time; else it has its own.

    Attributes
    ----------
    algorithm : str
        Which of `ALGORITHMS`; see `choose`.
    output_shape : tuple of int
        Height, width and filters.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        kernel: Pair,
        filters: int,
        *,
        stride: Pair = (1, 1),
        padding: tuple[Pair, Pair] = ((0, 0), (0, 0)),
        dilation: Pair = (1, 1),
        groups: int = 1,
        batch: int,
        dtype: Any,  # noqa: ANN401
        threads: int,
        scratch: Scratch | None = None,
    ) -> None:
        geometry = Geometry(input_shape, kernel, filters, stride, padding, dilation, groups)
        self.output_shape = (*geometry.output, filters)
        self.batch = batch
        self.dtype = np.dtype(dtype)
        self.algorithm = choose(geometry, batch)
        self._algorithm = ALGORITHMS[self.algorithm](
            geometry, batch, self.dtype, threads, scratch or Scratch(self.dtype)
        )
        outputs = self.output_shape[0] * self.output_shape[1]
        self._multiplications = outputs * int(np.prod(geometry.weights_shape))
        self._alone = Team(1)

    def forward(
        self, team: Team, x: np.ndarray, W: np.ndarray, bias: np.ndarray | None, out: np.ndarray
    ) -> None:
        """Write the convolution of `x` with `W`, plus `bias`, to `out`.

        Parameters
        ----------
        team : Team
        x : ndarray, shape (n, height, width, channels)
        W : ndarray, shape (kernel height, kernel width, channels // groups, filters)
        bias : ndarray, shape (filters,), or None
        out : ndarray, shape (n, out height, out width, filters)
        """
        x, W = _readable(x), _readable(W)
        bias = None if bias is None else _readable(bias)
        self._algorithm.forward(self._team(team, len(x)), x, W, bias, out)

    def gradients(
        self,
        team: Team,
        x: np.ndarray,
        dy: np.ndarray,
        W: np.ndarray,
        dW: np.ndarray | None,
        db: np.ndarray | None,
        dx: np.ndarray | None,
    ) -> None:
        """Write the gradients by the weights, the bias and the input to those that are not None.

        Parameters
        ----------
        team : Team
        x : ndarray, shape (n, height, width, channels)
            What `forward` got.
        dy : ndarray, shape (n, out height, out width, filters)
            The gradient by what it wrote.
        W, dW : ndarray, shape (kernel height, kernel width, channels // groups, filters)
        db : ndarray, shape (filters,), or None
        dx : ndarray, shape (n, height, width, channels), or None
        """
        x, dy, W = _readable(x), _readable(dy), _readable(W)
        self._algorithm.gradients(self._team(team, len(x)), x, dy, W, dW, db, dx)

    def _team(self, team: Team, images: int) -> Team:
        """Return who works on so many images: one thread alone, if others would come too late."""
        return team if images * self._multiplications >= LEAST_SHARED else self._alone


def _readable(array: np.ndarray) -> np.ndarray:
    """Return an array as the kernels are compiled for: with its numbers in a row, and writable."""
    return np.require(array, requirements=["C", "W"])
