"""Convolution with kernels of 3 x 3 by Winograd's algorithm, in matrix products.

Two polynomials of degrees 3 and 2 are multiplied by their values at six points, and so are a
stretch ``d`` of 6 pixels and a kernel ``g`` of 3, which give 4 outputs: ``y = At [(G g) * (Bt d)]``
takes 6 multiplications instead of 12. In two dimensions a tile of 6 x 6 pixels gives 4 x 4 outputs
with 36 instead of 144. The multiplications of all tiles and channels are a matrix product at each
of the 36 points; the transforms are products too, with a tile as a vector of 36 numbers.

References
----------
Winograd, "Arithmetic Complexity of Computations", SIAM 1980.
Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, section 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache as once
from threading import local
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from glassnet.nn.layer import Shape
from glassnet.nn.threads import in_shares, small_products
from glassnet.nn.windows import Pair, Windows

WORKSPACE_BYTES = 2**21
"""What the values at the points may take of the tiles that are done at a time: the L2 cache."""

LOSS = 1.4
"""How much longer a multiplication takes here than in the larger products of lowering; measured."""

FINITE_POINTS = (0, 2 / 3, -2 / 3, 3 / 2, -3 / 2)
"""With infinity, where the polynomials are evaluated: half the rounding errors of 0, ±1, ±2."""


def pays(windows: Windows, shape: Shape, images: int) -> bool:
    """Whether a convolution with filters of a shape can be done so, in less time than by lowering.

    It is for kernels of 3 x 3, stride and dilation 1. With few channels the transforms cost more
    than they save; with few images, those of the kernels do; and where tiles reach far beyond the
    output, too much of it is for nothing.
    """
    if windows.kernel != (3, 3) or not windows.strides == windows.dilation == (1, 1):
        return False
    (down, across), (height, width) = _tiles(windows), windows.output
    channels, filters = shape[2:]
    tiles, weights = images * down * across, channels * filters
    lowered = images * height * width * 9 * weights
    transforms = tiles * 36 * (36 * channels + 16 * filters) + 36 * 9 * weights
    return LOSS * (tiles * 36 * weights + transforms) < lowered


def correlate(x: np.ndarray, W: np.ndarray, windows: Windows, out: np.ndarray) -> None:
    """Write to `out` what filters give on images; see `correlation.correlate`."""
    channels, filters = W.shape[2:]
    of_tile, of_kernel, of_output = transforms(x.dtype)
    with small_products():
        U = np.dot(of_kernel, W.reshape(9, -1)).reshape(36, channels, filters)

    def work(start: int, stop: int, _: int) -> None:
        memory = _memory_for(x.dtype)
        for band in _bands(start, stop, windows, channels + filters, x.itemsize):
            tiles = _to_tiles(x, band, windows, 6, memory)
            V = np.dot(of_tile, tiles, out=memory("V", tiles.shape)).reshape(36, -1, channels)
            M = np.matmul(V, U, out=memory("M", (*V.shape[:2], filters))).reshape(36, -1)
            y = np.dot(of_output.T, M, out=memory("y", (16, M.shape[1])))
            _from_tiles(y, band, windows, out)

    in_shares(len(x), work, worth=float(out.size * 9 * channels), products=True)


def correlate_filters(x: np.ndarray, dy: np.ndarray, windows: Windows, out: np.ndarray) -> None:
    """Write to `out` the gradient by the filters; see `correlation.correlate_filters`."""
    channels, filters = out.shape[2:]
    of_tile, of_kernel, of_output = transforms(x.dtype)

    def work(start: int, stop: int, _: int) -> np.ndarray:
        memory, total = _memory_for(x.dtype), np.zeros((36, channels, filters), dy.dtype)
        for band in _bands(start, stop, windows, channels + filters, x.itemsize):
            tiles = _to_tiles(x, band, windows, 6, memory)
            V = np.dot(of_tile, tiles, out=memory("V", tiles.shape)).reshape(36, -1, channels)
            tiles = _to_tiles(dy, band, windows, 4, memory)
            D = np.dot(of_output, tiles, out=memory("D", (36, tiles.shape[1])))
            D = D.reshape(36, -1, filters)
            total += np.matmul(V.transpose(0, 2, 1), D, out=memory("of band", total.shape))
        return total

    totals = in_shares(len(x), work, worth=float(dy.size * 9 * channels), products=True)
    for total in totals[1:]:
        totals[0] += total
    with small_products():
        out[...] = np.dot(of_kernel.T, totals[0].reshape(36, -1)).reshape(out.shape)


class _Memory:
    """Memory by name, which a thread keeps: to get it anew takes as long as the products."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._dtype = dtype
        self._arrays: dict[str, np.ndarray] = {}

    def __call__(self, name: str, shape: Shape) -> np.ndarray:
        size = math.prod(shape)
        if size > self._arrays.get(name, np.empty(0)).size:
            self._arrays[name] = np.zeros(size, self._dtype)
        return self._arrays[name][:size].reshape(shape)


_of_thread = local()


def _memory_for(dtype: np.dtype[Any]) -> _Memory:
    memory = _of_thread.__dict__.setdefault(dtype.char, _Memory(dtype))
    assert isinstance(memory, _Memory)  # noqa: S101 (for mypy)
    return memory


def _tiles(windows: Windows) -> Pair:
    """Return how many tiles cover an image's outputs, down and across."""
    height, width = windows.output
    return -(-height // 4), -(-width // 4)


class _Band(NamedTuple):
    """Some tiles: those in rows `first` to `end` of some images."""

    images: slice
    first: int
    end: int


def _bands(start: int, stop: int, windows: Windows, numbers: int, itemsize: int) -> Iterator[_Band]:
    """Yield some images at a time, or some rows of one, whose values at the points have room."""
    down, across = _tiles(windows)
    rows = max(1, WORKSPACE_BYTES // (36 * across * numbers * itemsize))
    images = max(1, rows // down)
    for i in range(start, stop, images):
        for first in range(0, down, rows):
            yield _Band(slice(i, min(stop, i + images)), first, min(down, first + rows))


def _to_tiles(
    x: np.ndarray, band: _Band, windows: Windows, size: int, memory: _Memory
) -> np.ndarray:
    """Return tiles of images (6 pixels each way), or of outputs (4), shape (size ** 2, columns).

    A column is one channel of one tile. Tiles begin 4 pixels apart; outside there are zeros.
    """
    x, down, across = x[band.images], band.end - band.first, _tiles(windows)[1]
    n, height, width, channels = x.shape
    top, left = windows.before if size == 6 else (0, 0)
    padded = memory(f"padded {size}", (n, 4 * down + size - 4, 4 * across + size - 4, channels))
    padded[...] = 0.0
    above = 4 * band.first - top  # where the band begins in the image
    lines = slice(max(0, above), max(0, min(height, above + padded.shape[1])))
    inside = padded[:, lines.start - above : lines.stop - above, left : left + width]
    inside[...] = x[:, lines, : inside.shape[2]]
    image, row, column, channel = padded.strides
    tiles = memory(f"tiles {size}", (size * size, n * down * across * channels))
    by_pixel = (size, size, n, down, across, channels)
    tiles.reshape(by_pixel)[...] = as_strided(
        padded, by_pixel, (row, column, image, 4 * row, 4 * column, channel)
    )
    return tiles


def _from_tiles(tiles: np.ndarray, band: _Band, windows: Windows, out: np.ndarray) -> None:
    """Write tiles of 4 x 4 outputs, shape (16, columns), to where they are in images."""
    out = out[band.images, 4 * band.first : 4 * band.end]
    down, across, (n, height, width, channels) = (
        band.end - band.first,
        _tiles(windows)[1],
        out.shape,
    )
    by_line = tiles.reshape(4, 4, n, down, across, channels).transpose(2, 3, 0, 4, 1, 5)
    if (height, width) == (4 * down, 4 * across):  # copied once, not twice
        image, row, column, channel = out.strides
        tiled = as_strided(out, by_line.shape, (image, 4 * row, row, 4 * column, column, channel))
        tiled[...] = by_line
    else:
        out[...] = by_line.reshape(n, 4 * down, 4 * across, channels)[:, :height, :width]


@once
def transforms(dtype: np.dtype[Any]) -> tuple[np.ndarray, ...]:
    """Return matrices that give the values at the points: of a tile, of a kernel, of outputs.

    Returns
    -------
    of_tile : ndarray, shape (36, 36)
        ``kron(Bt, Bt)``.
    of_kernel : ndarray, shape (36, 9)
        ``kron(G, G)``.
    of_output : ndarray, shape (36, 16)
        ``kron(A, A)``: the transpose of what makes outputs of values.
    """
    # the powers of a point; of infinity, the highest alone
    A = np.vstack([np.vander(FINITE_POINTS, 4, increasing=True), [0, 0, 0, 1]])
    G = np.vstack([np.vander(FINITE_POINTS, 3, increasing=True), [0, 0, 1]])
    Bt = np.zeros((6, 6))  # a row: the polynomial that is zero at all other points
    for i, point in enumerate(FINITE_POINTS):
        others = [p for p in FINITE_POINTS if p != point]
        Bt[i, :5] = np.poly(others)[::-1]
        G[i] /= math.prod(point - p for p in others)
    Bt[5] = np.poly(FINITE_POINTS)[::-1]
    return tuple(np.kron(M, M).astype(dtype) for M in (Bt, G, A))
