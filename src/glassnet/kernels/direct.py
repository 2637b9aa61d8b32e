"""Compiled convolution of any geometry: products that read the patches where they lie.

Each thread has its share of the rows of all images' outputs. It copies the part of an image that
they need between borders of zeros, once, and multiplies from there: the patches themselves, which
hold each number as often as the kernel has positions, are never written.

The gradient by the input is a convolution too: of ``dy``, its rows and columns apart by the stride,
with the kernel turned around and the channels' sides exchanged.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from glassnet.kernels.compilation import compiled, part
from glassnet.kernels.matrices import Matrix
from glassnet.kernels.team import Member, meet, share
from glassnet.kernels.tiles import multiply

FIRST: Any = np.int64(0)
ONE: Any = np.int64(1)
"""Not just 0 and 1, for which Numba would compile functions anew."""


class Layout(NamedTuple):
    """What of an image a convolution reads, and what it writes."""

    height: int
    width: int
    channels: int
    spread_h: int
    """Rows and columns of the image lie so far apart in the padded one."""
    spread_w: int
    top: int
    """Where the first row and column lie in the padded image; they may be outside of it."""
    left: int
    padded_height: int
    padded_width: int
    padded: int
    """Whether the image is copied between borders, 0 or 1."""
    stride_h: int
    stride_w: int
    stretches: int
    """A patch consists of so many stretches of numbers side by side."""
    depth: int
    """Of so many numbers each."""
    groups: int
    out_height: int
    out_width: int
    filters: int


def stretches_of(
    layout: Layout, kernel: tuple[int, int], dilation: tuple[int, int]
) -> tuple[Layout, np.ndarray]:
    """Return the layout with its stretches, and where in a padded image those of a patch begin."""
    rows = np.arange(kernel[0]) * dilation[0] * layout.padded_width * layout.channels
    columns = np.arange(kernel[1]) * dilation[1] * layout.channels
    depth = layout.channels // layout.groups
    if dilation[1] == 1 and layout.groups == 1:
        columns, depth = columns[:1], kernel[1] * depth
    offsets = (rows[:, None] + columns).ravel().astype(np.int64)
    return layout._replace(stretches=len(offsets), depth=depth), offsets


@compiled
def convolve(
    member: Member,
    layout: Layout,
    offsets: np.ndarray,
    images: int,
    x: np.ndarray,
    W: np.ndarray,
    bias: Matrix,
    out: np.ndarray,
    work: np.ndarray,
) -> None:
    """Write the convolution of all images with `W`, plus `bias`, to `out`; all arrays are flat.

    Parameters
    ----------
    member : Member
        Of the team that calls.
    layout : Layout
    offsets : ndarray of int64
        Where in a padded image the stretches of a patch begin.
    images : int
    x : ndarray, shape (images * height * width * channels,)
    W : ndarray, shape (stretches * depth * filters,)
    bias : Matrix
        One row.
    out : ndarray, shape (images * out_height * out_width * filters,)
    work : ndarray, shape (threads, padded_height * padded_width * channels)
        Zeros at the borders, and between rows and columns that lie apart.
    """
    first, end = share(images * layout.out_height, member)
    filters = layout.filters // layout.groups
    while first < end:
        image, y = first // layout.out_height, first % layout.out_height
        rows = min(end - first, layout.out_height - y)
        values, at = _padded(member, layout, offsets, image, y, rows, x, work)
        line = layout.padded_width * layout.channels
        for g in range(layout.groups):
            b = Matrix(W, g * filters, layout.filters, 1)
            start = Matrix(bias.values, bias.at + g * filters, 0, 1)
            for i in range(y, y + rows):
                a_at = at + i * layout.stride_h * line + g * (layout.channels // layout.groups)
                a = Matrix(values, a_at, layout.stride_w * layout.channels, 1)
                c_at = (image * layout.out_height + i) * layout.out_width * layout.filters
                c = Matrix(out, c_at + g * filters, layout.filters, 1)
                multiply(
                    a, offsets, FIRST, layout.stretches, layout.depth,
                    b, start, c, layout.out_width, filters,
                )  # fmt: skip
        first += rows


@part
def _padded(
    member: Member,
    layout: Layout,
    offsets: np.ndarray,
    image: int,
    y: int,
    rows: int,
    x: np.ndarray,
    work: np.ndarray,
) -> tuple[np.ndarray, int]:
    """Return an array, and where in it an image lies with its borders.

    At least what is needed for `rows` rows of outputs from row `y` is there.
    """
    n_x = layout.height * layout.width * layout.channels
    if layout.padded == 0:
        return x, image * n_x
    line = layout.padded_width * layout.channels
    n = layout.padded_height * line
    at = member.rank * n
    low = y * layout.stride_h
    high = (y + rows - 1) * layout.stride_h + offsets[layout.stretches - 1] // line + 1
    side_by_side = (
        layout.spread_w == 1
        and layout.left >= 0
        and layout.left + layout.width <= layout.padded_width
    )
    for i in range(layout.height):
        row = layout.top + i * layout.spread_h
        if low <= row < high:
            source = image * n_x + i * layout.width * layout.channels
            if side_by_side:
                to = at + row * line + layout.left * layout.channels
                for k in range(layout.width * layout.channels):
                    work[to + k] = x[source + k]
            else:
                for j in range(layout.width):
                    column = layout.left + j * layout.spread_w
                    if 0 <= column < layout.padded_width:
                        to = at + row * line + column * layout.channels
                        for k in range(layout.channels):
                            work[to + k] = x[source + j * layout.channels + k]
    return work, at


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
            values, at = _padded(member, layout, offsets, image, y, rows, x, work)
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
def turn(member: Member, groups: int, W: np.ndarray, out: np.ndarray) -> None:
    """Write the kernel, turned around and with the channels' sides exchanged, to `out`.

    Parameters
    ----------
    member : Member
    groups : int
    W : ndarray, shape (taps, channels // groups, filters)
    out : ndarray, shape (taps, filters // groups, channels)
    """
    taps, channels, filters = W.shape[0], W.shape[1], W.shape[2] // groups
    first, end = share(taps * filters, member)
    for i in range(first, end):
        tap, k = i // filters, i % filters
        for g in range(groups):
            for c in range(channels):
                out[tap, k, g * channels + c] = W[taps - 1 - tap, c, g * filters + k]
    meet(member)
