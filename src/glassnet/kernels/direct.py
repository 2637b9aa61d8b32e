"""Compiled convolution of any geometry: products that read the patches where they lie.

Each thread has its share of the rows of all images' outputs. It copies the part of an image that
they need between borders of zeros, once, and multiplies from there: the patches themselves, which
hold each number as often as the kernel has positions, are never written.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from glassnet.kernels.compilation import compiled, part
from glassnet.kernels.matrices import Matrix
from glassnet.kernels.team import Member, share
from glassnet.kernels.tiles import multiply
from glassnet.kernels.vectors import Row, row_operation

FIRST: Any = np.int64(0)
ONE: Any = np.int64(1)
"""Not just 0 and 1, for which Numba would compile functions anew."""


class Layout(NamedTuple):
    """What of an image a convolution reads, and what it writes."""

    height: int
    width: int
    channels: int
    top: int
    """Where the first row and column lie in the padded image."""
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
    work : ndarray, shape (threads * padded_height * padded_width * channels,)
        Zeros at the borders.
    """
    first, end = share(images * layout.out_height, member)
    filters = layout.filters // layout.groups
    while first < end:
        image, y = first // layout.out_height, first % layout.out_height
        rows = min(end - first, layout.out_height - y)
        values, at = padded_image(member, layout, offsets, image, y, rows, x, work)
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
def padded_image(
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
    at = member.rank * layout.padded_height * line
    low = y * layout.stride_h - layout.top
    high = low + (rows - 1) * layout.stride_h + offsets[layout.stretches - 1] // line + 1
    n = layout.width * layout.channels
    for i in range(max(0, low), min(layout.height, high)):
        to = at + (layout.top + i) * line + layout.left * layout.channels
        copy_row(n, work, to, x, image * n_x + i * n)
    return work, at


@row_operation(arrays=2)
def copy_row(_: Row, source: Row) -> tuple[Row]:
    """Write a row to another."""
    return (source,)
