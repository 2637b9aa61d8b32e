"""Compiled convolution with 3 x 3 kernels by Winograd's algorithm, on tiles of 4 x 4 outputs.

A tile and the border around it, 6 x 6 numbers of each channel, become values at 36 points; so do
the kernels. At each point the values of many tiles are one matrix, tiles by channels, that is
multiplied with the kernels', channels by filters; of the products at all points the outputs are
made. This is done for one block of tiles after the other: what lies between stays in the cache.

With the points of `glassnet.kernels.tile_transforms`, outputs and gradients in float32 differ from
those in float64 by 4e-6 of the largest, or less.

See `glassnet.kernels.tile_transforms`, and the references there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from glassnet.kernels.compilation import compiled, part
from glassnet.kernels.direct import FIRST, ONE
from glassnet.kernels.matrices import Matrix
from glassnet.kernels.team import Member, meet, share
from glassnet.kernels.tile_transforms import (
    Places,
    image_to_points,
    kernel_to_points,
    output_from_points,
)
from glassnet.kernels.tiles import multiply

POINTS = 36


class Values(NamedTuple):
    """Values at the points: matrices, one a point."""

    values: np.ndarray
    """Each thread's, shape (threads, at least 36 * apart), or those of all in the first row."""
    apart: int
    """How far the matrices of two points lie apart."""
    row: int
    """And two rows of one."""
    column: int
    """1 where a row lies in one piece; for panels of columns, the rows of the matrix."""
    table: np.ndarray
    """Where the matrices begin, int32, shape (36,)."""


class Blocks(NamedTuple):
    """How the images are worked on."""

    n_in: int
    """Numbers of an image."""
    n_out: int
    """And of its output."""
    channels: int
    filters: int
    tiles: int
    """In an image."""
    size: int
    """Tiles in a block, at most."""
    panel: int
    """Columns in a panel of the kernels' matrices."""
    inputs: np.ndarray
    """Where in an image the pixels lie that a tile needs, or -1; int32, shape (tiles * 36,)."""
    outputs: np.ndarray
    """Where in the output a tile's pixels lie, or -1; int32, shape (tiles * 16,)."""
    taps: np.ndarray
    """Where the positions of the kernel lie in the weights, int32, shape (9,)."""
    zeros: np.ndarray
    """To read beside an image, and instead of a bias."""
    spare: np.ndarray
    """Memory to write beside it, shape (threads, columns)."""
    offsets: np.ndarray
    """A zero, int64."""
    ones: np.ndarray
    """A one."""


@compiled
def transform_kernels(
    member: Member, rows: int, columns: int, blocks: Blocks, W: np.ndarray, U: Values
) -> None:
    """Write the values at the points of the kernels `W`, in panels of columns, to `U`.

    Parameters
    ----------
    member : Member
        Of the team that calls.
    rows, columns : int
    blocks : Blocks
    W : ndarray, shape (9 * rows * columns,)
    U : Values
        All threads write to the first of its values.
    """
    first, end = share(rows, member)
    values, spare = U.values[0], blocks.spare[member.rank]
    for i in range(first, end):
        for j in range(0, columns, blocks.panel):
            source = Places(W, i * columns + j, blocks.taps, FIRST, blocks.zeros)
            target = Places(values, i * U.row + j * U.column, U.table, FIRST, spare)
            width = min(blocks.panel, columns - j)
            kernel_to_points(width, source, target, blocks.zeros, FIRST)
    meet(member)


@compiled
def forward(
    member: Member,
    blocks: Blocks,
    images: int,
    x: np.ndarray,
    U: Values,
    bias: np.ndarray,
    V: Values,
    M: Values,
    out: np.ndarray,
) -> None:
    """Write the convolution of all images with the kernels of `U`, plus `bias`, to `out`.

    Parameters
    ----------
    member : Member
        Of the team that calls.
    blocks : Blocks
    images : int
    x : ndarray, shape (images * n_in,)
    U : Values
        See `transform_kernels`; those of (channels, filters).
    bias : ndarray, shape (filters,)
    V, M : Values
        Memory for a block of tiles of the images, and of outputs.
    out : ndarray, shape (images * n_out,)
    """
    first, end = share(images * blocks.tiles, member)
    channels, filters = blocks.channels, blocks.filters
    V_values, M_values = V.values[member.rank], M.values[member.rank]
    kernels, spare = U.values[0], blocks.spare[member.rank]
    start = Matrix(blocks.zeros, FIRST, FIRST, ONE)
    for tile in range(first, end, blocks.size):
        n = min(blocks.size, end - tile)
        images_to_points(tile, n, blocks, x, V, V_values, spare)
        for point in range(POINTS):
            a = Matrix(V_values, point * V.apart, V.row, ONE)
            b = Matrix(kernels, point * U.apart, U.row, U.column)
            c = Matrix(M_values, point * M.apart, M.row, M.column)
            multiply(a, blocks.offsets, FIRST, ONE, channels, b, start, c, n, filters)
        for i in range(n):
            image, k = (tile + i) // blocks.tiles, (tile + i) % blocks.tiles
            for j in range(0, filters, blocks.panel):
                at = i * M.row + j * M.column
                source = Places(M_values, at, M.table, FIRST, blocks.zeros)
                at = image * blocks.n_out + j
                target = Places(out, at, blocks.outputs, k * 16, spare)
                output_from_points(min(blocks.panel, filters - j), source, target, bias, j)


@part
def images_to_points(
    tile: int,
    n: int,
    blocks: Blocks,
    x: np.ndarray,
    V: Values,
    V_values: np.ndarray,
    spare: np.ndarray,
) -> None:
    """Write the values at the points of `n` tiles of the images."""
    for i in range(n):
        image, k = (tile + i) // blocks.tiles, (tile + i) % blocks.tiles
        source = Places(x, image * blocks.n_in, blocks.inputs, k * POINTS, blocks.zeros)
        target = Places(V_values, i * V.row, V.table, FIRST, spare)
        image_to_points(blocks.channels, source, target, blocks.zeros, FIRST)


def places_of_tiles(
    height: int, width: int, channels: int, top: int, left: int, side: int, down: int, across: int
) -> np.ndarray:
    """Return where the pixels of squares of `side` lie in an image, or -1 outside; int32, flat.

    The squares begin 4 pixels apart, the first one `top` and `left` of the image; there are as many
    as `down` and `across` say.
    """
    y = 4 * np.arange(down)[:, None] + np.arange(side) - top
    x = 4 * np.arange(across)[:, None] + np.arange(side) - left
    rows = np.where((y >= 0) & (y < height), y, -1)[:, None, :, None]
    columns = np.where((x >= 0) & (x < width), x, -1)[None, :, None, :]
    places = (rows * width + columns) * channels
    return np.where((rows < 0) | (columns < 0), -1, places).astype(np.int32).ravel()
