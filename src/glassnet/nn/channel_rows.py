"""Sums over all pixels of each channel, and other work channel by channel."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from glassnet.nn.threads import blocks, in_shares

T = TypeVar("T")

WIDTH = 1024
"""Numbers in a row of the matrices that NumPy works on."""


class ChannelRows:
    """Arrays of shape (..., channels) as a matrix whose rows have many pixels' channels.

    NumPy works fast along rows of about a thousand numbers, and not along a few channels.
    """

    def __init__(self, x: np.ndarray) -> None:
        self._x, self._channels = x, x.shape[-1]
        self.count = x.size // self._channels
        """Numbers of each channel."""
        pixels = math.prod(x.shape[1:-1])
        most = max(1, WIDTH // self._channels)
        self._repeats = max(k for k in range(1, most + 1) if pixels % k == 0)

    def _matrix(self, array: np.ndarray) -> np.ndarray:
        return array.reshape(-1, self._repeats * self._channels)

    def wide(self, values: np.ndarray) -> np.ndarray:
        """Return one number for each channel as a row, in the dtype of the arrays."""
        return np.tile(values.astype(self._x.dtype), self._repeats)

    def _narrow(self, sums: list[np.ndarray]) -> np.ndarray:
        """Return the sums of rows as one number for each channel, shape (len(sums), channels)."""
        table = np.array(sums, np.float64)
        total: np.ndarray = table.reshape(len(sums), self._repeats, self._channels).sum(axis=1)
        return total

    def each(self, arrays: Sequence[np.ndarray], work: Callable[..., T]) -> list[T]:
        """Call `work` with the same rows of all arrays, block after block; return the results."""
        matrices = [self._matrix(array) for array in arrays]
        bytes_each = len(arrays) * matrices[0].shape[1] * matrices[0].itemsize

        def share(start: int, stop: int, _: int) -> list[T]:
            return [
                work(*(matrix[block] for matrix in matrices))
                for block in blocks(start, stop, bytes_each)
            ]

        shares = in_shares(len(matrices[0]), share, worth=4.0 * self._x.size)
        return [result for results in shares for result in results]

    def add(self, values: np.ndarray) -> None:
        """Add one number for each channel to the array, shape (channels,)."""
        row = self.wide(values)

        def to_block(x: np.ndarray) -> None:
            x += row

        self.each((self._x,), to_block)

    def sums(self) -> np.ndarray:
        """Return the sum of each channel, in float64, shape (channels,)."""
        parts = self.each((self._x,), lambda x: self._narrow([np.add.reduce(x, axis=0)]))
        total: np.ndarray = np.sum(parts, axis=(0, 1))
        return total

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and (biased) variance of each channel, in float64, shape (channels,).

        Notes
        -----
        Each block gives its mean and the sum of squares about it, so that nothing cancels; those of
        all blocks together follow from them (Chan, Golub, LeVeque, "Updating Formulae and a
        Pairwise Algorithm for Computing Sample Variances", 1979, Eq. 2.1).
        """

        def of_block(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
            count = len(x) * self._repeats
            mean = self._narrow([np.add.reduce(x, axis=0)])[0] / count
            about = x - self.wide(mean)
            rest = np.add.reduce(about, axis=0)
            np.square(about, out=about)
            squares, rests = self._narrow([np.add.reduce(about, axis=0), rest])
            # the mean was rounded to the dtype: what is left of it counts too
            rounded = mean.astype(x.dtype).astype(np.float64)
            return rounded + rests / count, squares - np.square(rests) / count, count

        parts = self.each((self._x,), of_block)
        means, squares, counts = (np.array(part) for part in zip(*parts, strict=True))
        weights = counts[:, np.newaxis] / self.count
        mean = (weights * means).sum(axis=0)
        between = (weights * np.square(means - mean)).sum(axis=0)
        return mean, squares.sum(axis=0) / self.count + between

    def sums_along(self, dy: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``Σ dy`` and ``Σ dy (x - mean)`` of each channel, in float64."""
        middle = self.wide(mean)

        def of_block(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
            along = x - middle
            along *= dy
            return self._narrow([np.add.reduce(dy, axis=0), np.add.reduce(along, axis=0)])

        by_beta, by_gamma = np.sum(self.each((self._x, dy), of_block), axis=0)
        return by_beta, by_gamma
