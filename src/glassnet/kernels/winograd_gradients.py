"""The gradients of Winograd's convolution.

The gradient by the kernels takes the transposed transforms. That by the images is a convolution
too, of ``dy`` with the kernels turned around and the channels' sides exchanged. It could share the
values at the points of ``dy``, but its own tiles would overlap, and to add them up takes longer.
"""

from __future__ import annotations

import numpy as np

from glassnet.kernels.compilation import compiled
from glassnet.kernels.direct import FIRST, ONE
from glassnet.kernels.direct_gradients import add_rows, add_up
from glassnet.kernels.matrices import Matrix
from glassnet.kernels.team import Member, meet, share
from glassnet.kernels.tile_transforms import Places, kernel_from_points, output_to_points
from glassnet.kernels.tiles import multiply
from glassnet.kernels.winograd import POINTS, Blocks, Values, images_to_points

TAPS = 9


@compiled
def weight_gradients(
    member: Member,
    blocks: Blocks,
    images: int,
    x: np.ndarray,
    dy: np.ndarray,
    V: Values,
    D: Values,
    dU: Values,
    dW: np.ndarray,
    db: np.ndarray,
) -> None:
    """Write the gradients by the weights and the bias to `dW` and `db`, which may be empty.

    Parameters
    ----------
    member, blocks, images, x, V
        See `forward`.
    dy : ndarray, shape (images * n_out,)
    D : Values
        Memory for a block of tiles of `dy`.
    dU : Values
        Memory for each thread's gradient by the kernels at the points.
    dW : ndarray, shape (9 * channels * filters,)
    db : ndarray, shape (filters,)
    """
    first, end = share(images * blocks.tiles, member)
    channels, filters = blocks.channels, blocks.filters
    V_values, D_values = V.values[member.rank], D.values[member.rank]
    sums, spare = dU.values[member.rank], blocks.spare[member.rank]
    for k in range(sums.size):
        sums[k] = 0
    total = Matrix(sums, POINTS * dU.apart, filters, ONE)
    for tile in range(first, end, blocks.size):
        n = min(blocks.size, end - tile)
        for i in range(n):
            image, k = (tile + i) // blocks.tiles, (tile + i) % blocks.tiles
            at = image * blocks.n_out
            if db.size > 0 and k == 0:
                pixels = blocks.n_out // filters
                add_rows(at, pixels, filters, dy, total, blocks.offsets, blocks.ones)
            if dW.size == 0:
                continue
            for j in range(0, filters, blocks.panel):
                source = Places(dy, at + j, blocks.outputs, k * 16, blocks.zeros)
                to = i * D.row + j * D.column
                target = Places(D_values, to, D.table, FIRST, spare)
                width = min(blocks.panel, filters - j)
                output_to_points(width, source, target, blocks.zeros, FIRST)
        if dW.size == 0:
            continue
        images_to_points(tile, n, blocks, x, V, V_values, spare)
        for point in range(POINTS):
            a = Matrix(V_values, point * V.apart, ONE, V.row)
            b = Matrix(D_values, point * D.apart, D.row, D.column)
            c = Matrix(sums, point * dU.apart, dU.row, dU.column)
            multiply(a, blocks.offsets, FIRST, ONE, n, b, c, c, channels, filters)
    meet(member)  # the sums of all threads are there
    add_up(member, dU.values, POINTS * dU.apart, db)
    first, end = share(channels if dW.size > 0 else FIRST, member)
    for i in range(first, end):
        for tap in range(TAPS):
            at = (tap * channels + i) * filters
            for k in range(at, at + filters):
                dW[k] = 0
        for j in range(0, filters, blocks.panel):
            target = Places(dW, i * filters + j, blocks.taps, FIRST, spare)
            for rank in range(member.size):
                at = i * dU.row + j * dU.column
                source = Places(dU.values[rank], at, dU.table, FIRST, blocks.zeros)
                width = min(blocks.panel, filters - j)
                kernel_from_points(width, source, target, blocks.zeros, FIRST)


@compiled
def turn(member: Member, W: np.ndarray, out: np.ndarray) -> None:
    """Write the kernels, turned around and with the channels' sides exchanged, to `out`.

    Parameters
    ----------
    member : Member
    W : ndarray, shape (9, channels, filters)
    out : ndarray, shape (9, filters, channels)
    """
    first, end = share(TAPS * W.shape[2], member)
    for i in range(first, end):
        tap, k = i // W.shape[2], i % W.shape[2]
        for c in range(W.shape[1]):
            out[tap, k, c] = W[TAPS - 1 - tap, c, k]
    meet(member)
