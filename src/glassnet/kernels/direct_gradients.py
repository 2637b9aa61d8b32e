"""The gradients of a compiled convolution of any geometry.

That by the weights is a product of the patches, read where they lie, with the gradient by the
outputs; each thread has a sum of its own. That by the input is made patch by patch: those of many
outputs are one product, and each is added to the image where it lies.
"""

from __future__ import annotations

import numpy as np

from glassnet.kernels.compilation import compiled, part
from glassnet.kernels.direct import FIRST, ONE, Layout, copy_row, padded_image
from glassnet.kernels.matrices import Matrix
from glassnet.kernels.team import Member, meet, share
from glassnet.kernels.tiles import multiply
from glassnet.kernels.vectors import Row, row_operation


@row_operation(arrays=2)
def _add_row(total: Row, row: Row) -> tuple[Row]:
    """Add a row to another."""
    return (total + row,)


@compiled
def weight_gradients(
    member: Member,
    layout: Layout,
    offsets: np.ndarray,
    lines: np.ndarray,
    images: int,
    x: np.ndarray,
    dy: np.ndarray,
    dW: np.ndarray,
    db: np.ndarray,
    work: np.ndarray,
    sums: np.ndarray,
    ones: np.ndarray,
) -> None:
    """Write the gradients by the weights and the bias to `dW` and `db`, which may be empty.

    Parameters
    ----------
    member, layout, offsets, images, x, dW, work
        See `convolve`; the layout is that of the forward pass, and `dW` shaped like `W`.
    lines : ndarray of int64, shape (out_height,)
        How far the patches of each row of outputs lie from those of the first.
    dy : ndarray, shape (images * out_height * out_width * filters,)
    db : ndarray, shape (filters,)
    sums : ndarray, shape (threads, at least n_W + filters)
        Each thread's sums.
    ones : ndarray
        At least one.
    """
    first, end = share(images * layout.out_height, member)
    filters, depth = layout.filters // layout.groups, layout.depth
    channels = layout.channels // layout.groups
    n_W = layout.stretches * depth * layout.filters
    mine = sums[member.rank]
    for k in range(n_W + layout.filters):
        mine[k] = 0
    while first < end:
        image, y = first // layout.out_height, first % layout.out_height
        rows = min(end - first, layout.out_height - y)
        b_at = first * layout.out_width * layout.filters
        if dW.size > 0:
            values, at = padded_image(member, layout, offsets, image, y, rows, x, work)
            for g in range(layout.groups):
                b = Matrix(dy, b_at + g * filters, layout.filters, 1)
                for s in range(layout.stretches):
                    a_at = at + offsets[s] + g * channels
                    a = Matrix(values, a_at, 1, layout.stride_w * layout.channels)
                    c_at = s * depth * layout.filters + g * filters
                    c = Matrix(mine, c_at, layout.filters, 1)
                    multiply(a, lines, y, rows, layout.out_width, b, c, c, depth, filters)
        if db.size > 0:
            total = Matrix(mine, n_W, layout.filters, 1)
            add_rows(b_at, rows * layout.out_width, layout.filters, dy, total, lines, ones)
        first += rows
    meet(member)  # the sums of all threads are there
    add_up(member, sums, 0, dW)
    add_up(member, sums, n_W, db)


@part
def add_rows(
    at: int,
    rows: int,
    columns: int,
    values: np.ndarray,
    total: Matrix,
    lines: np.ndarray,
    ones: np.ndarray,
) -> None:
    """Add so many rows of a matrix, one after the other from ``values[at]``, to one row."""
    matrix = Matrix(values, at, columns, 1)
    multiply(Matrix(ones, 0, 0, 0), lines, FIRST, ONE, rows, matrix, total, total, ONE, columns)


@part
def add_up(member: Member, sums: np.ndarray, at: int, out: np.ndarray) -> None:
    """Write the sum of what the threads have left from column `at`."""
    first, end = share(out.size, member)
    for k in range(first, end):
        total = sums[0, at + k]
        for rank in range(1, member.size):
            total += sums[rank, at + k]
        out[k] = total


@compiled
def input_gradients(
    member: Member,
    layout: Layout,
    offsets: np.ndarray,
    block: int,
    images: int,
    dy: np.ndarray,
    W: np.ndarray,
    dx: np.ndarray,
    patches: np.ndarray,
    work: np.ndarray,
    zeros: np.ndarray,
) -> None:
    """Write the gradient by the input to `dx`.

    Parameters
    ----------
    member, layout, offsets, images, dy
        See `weight_gradients`.
    block : int
        Outputs whose patches are made at a time.
    W : ndarray, shape (groups, filters // groups * numbers in the panels of a patch)
        See `transpose`.
    dx : ndarray, shape (images * height * width * channels,)
    patches : ndarray, shape (threads, block * stretches * depth)
    work : ndarray, shape (threads * padded_height * padded_width * channels,)
        Empty if nothing is padded.
    zeros : ndarray
        As many as a panel has columns.
    """
    first, end = share(images, member)
    filters, pixels = layout.filters // layout.groups, layout.out_height * layout.out_width
    line, n_row = layout.padded_width * layout.channels, layout.width * layout.channels
    n_x, n_padded = layout.height * n_row, layout.padded_height * line
    columns, mine = layout.stretches * layout.depth, patches[member.rank]
    start = Matrix(zeros, FIRST, FIRST, FIRST)
    for image in range(first, end):
        target = dx if layout.padded == 0 else work
        at = image * n_x if layout.padded == 0 else member.rank * n_padded
        for k in range(at, at + n_padded):
            target[k] = 0
        for pixel in range(0, pixels, block):
            n = min(block, pixels - pixel)
            for g in range(layout.groups):
                a_at = (image * pixels + pixel) * layout.filters + g * filters
                a = Matrix(dy, a_at, layout.filters, ONE)
                b = Matrix(W[g], FIRST, zeros.size, filters)
                c = Matrix(mine, FIRST, columns, ONE)
                multiply(a, offsets, FIRST, ONE, filters, b, start, c, n, columns)
                for i in range(n):
                    y, x = (pixel + i) // layout.out_width, (pixel + i) % layout.out_width
                    to = at + y * layout.stride_h * line + x * layout.stride_w * layout.channels
                    to += g * (layout.channels // layout.groups)
                    for s in range(layout.stretches):
                        patch = i * columns + s * layout.depth
                        _add_row(layout.depth, target, to + offsets[s], mine, patch)
        if layout.padded != 0:
            for i in range(layout.height):
                row = at + (layout.top + i) * line + layout.left * layout.channels
                copy_row(n_row, dx, image * n_x + i * n_row, work, row)


@compiled
def transpose(member: Member, panel: int, W: np.ndarray, out: np.ndarray) -> None:
    """Write the transposed weights of each group, with their columns in panels, to `out`.

    Parameters
    ----------
    member : Member
    panel : int
        Columns of a panel.
    W : ndarray, shape (numbers in a group's patch, filters)
    out : ndarray, shape (groups, filters // groups * numbers in the panels of a patch)
    """
    groups, filters = out.shape[0], W.shape[1] // out.shape[0]
    first, end = share(W.shape[0], member)
    for j in range(first, end):
        at = j // panel * panel * filters + j % panel
        for g in range(groups):
            for k in range(filters):
                out[g, at + k * panel] = W[j, g * filters + k]
    meet(member)
