"""Batch normalisation with the activation that follows it, by a team of threads.

What these passes cost is the memory that they read and write. A training pass reads the inputs
once for their mean and variance, and once to normalise them; the backward pass reads inputs and
gradients twice, the second time to write the gradient by the inputs in place of that by the
outputs. Nothing else is stored: the activation's derivative is computed anew from the inputs.

All arrays are flat: pixel after pixel, with the channels of a pixel side by side. Loops run over
rows of a few pixels, as long as it takes to keep the processor's vectors filled.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from glassnet.alignment import aligned_zeros
from glassnet.kernels.activations import Kind, activated, derivative
from glassnet.kernels.compilation import compiled, part
from glassnet.kernels.elementwise import fill
from glassnet.kernels.team import Member, meet, share

_LEAST_WIDTH = 512
"""Numbers in a row, if a pixel has fewer channels."""

_BLOCK = 64
"""Rows summed up in the dtype of the numbers, before the sum is added to one in float64."""

_SAMPLES = 32
"""Pixels whose mean is subtracted before anything is squared and summed up."""

MEAN, SCALE, OFFSET, SIGN, LEVEL, TILT, FIRST, SECOND, PLACES = range(9)
"""Rows of a thread's workspace: what is subtracted from an input, what it is then multiplied with,
what is added, and the sign of the factor; what is added to the gradient, and the part of an input's
distance from the mean that is; sums over a block."""


class Norm(NamedTuple):
    """A layer's own numbers, shape (channels,)."""

    scale: np.ndarray
    offset: np.ndarray
    running_mean: np.ndarray
    running_variance: np.ndarray
    dscale: np.ndarray
    doffset: np.ndarray


class Workspace(NamedTuple):
    """Memory to work in, and what the forward pass leaves for the backward pass."""

    rows: np.ndarray
    """Shape (threads * `PLACES` * width,), of the dtype of the numbers."""
    totals: np.ndarray
    """Each thread's sums for each place in a row, float64, shape (threads * 2 * width,)."""
    sums: np.ndarray
    """Each thread's sums for each channel, float64, shape (threads * 2 * channels,)."""
    saved: np.ndarray
    """Mean of each channel, and one divided by its standard deviation, shape (2 * channels,)."""


def workspace(channels: int, threads: int, dtype: np.dtype[Any]) -> Workspace:
    """Return a workspace for a team of so many threads."""
    width = channels * max(1, _LEAST_WIDTH // channels)
    return Workspace(
        aligned_zeros(threads * PLACES * width, dtype),
        np.zeros(threads * 2 * width),
        np.zeros(threads * 2 * channels),
        np.zeros(2 * channels),
    )


@part
def width_of(work: Workspace, member: Member) -> int:
    """Return how many numbers there are in a row."""
    return work.totals.size // (work.sums.size // work.saved.size) // 2


@part
def row_of(work: Workspace, member: Member, place: int, width: int) -> np.ndarray:
    """Return a row of the thread's workspace."""
    at = (member.rank * PLACES + place) * width
    return work.rows[at : at + width]


@compiled
def normalize_batch(
    member: Member,
    kind: Kind,
    x: np.ndarray,
    y: np.ndarray,
    norm: Norm,
    work: Workspace,
    momentum: float,
    epsilon: float,
) -> bool:
    """Write to `y` the activations of inputs normalised by their own mean and variance.

    Parameters
    ----------
    member : Member
    kind : Kind
        Of the activation; its slope is of the dtype of the numbers.
    x, y : ndarray, shape (pixels * channels,)
    norm : Norm
        Its running statistics move on.
    work : Workspace
        Keeps the statistics.
    momentum, epsilon : float
    """
    width, channels = width_of(work, member), work.saved.size // 2
    first, end = share_of_rows(x.size, width, member)
    begin_moments(member, x, work)
    add_moments(member, x[first:end], work)
    finish_sums(member, work)
    if not meet(member):
        return False
    finish_moments(member, x.size // channels, norm, work, momentum, epsilon)
    meet(member)
    set_rows(member, norm, work)
    normalize_rows(member, kind, x[first:end], y[first:end], work)
    return True


@compiled
def normalize(
    member: Member, kind: Kind, x: np.ndarray, y: np.ndarray, norm: Norm, work: Workspace
) -> bool:
    """Do that with the mean and variance that `work` keeps."""
    first, end = share_of_rows(x.size, width_of(work, member), member)
    set_rows(member, norm, work)
    normalize_rows(member, kind, x[first:end], y[first:end], work)
    return True


@compiled
def normalize_back(
    member: Member,
    kind: Kind,
    x: np.ndarray,
    d: np.ndarray,
    norm: Norm,
    work: Workspace,
    batch: bool,
    need_dx: bool,
) -> bool:
    """Turn the gradient by the activations, in `d`, into that by the inputs; see `normalize_batch`.

    It overwrites the gradients by scale and offset. Unless `batch`, mean and variance were not
    those of the inputs.
    """
    width = width_of(work, member)
    first, end = share_of_rows(x.size, width, member)
    set_rows(member, norm, work)
    begin_slopes(member, work)
    add_slopes(member, kind, x[first:end], d[first:end], work)
    finish_sums(member, work)
    if not meet(member):
        return False
    finish_slopes(member, x.size, norm, work, batch)
    if need_dx:
        slope_rows(member, x[first:end], d[first:end], work)
    return True


@part
def share_of_rows(size: int, width: int, member: Member) -> tuple[int, int]:
    """Return where the thread's share of the numbers begins and ends, in whole rows if it can."""
    first, end = share(size // width, member)
    return first * width, size if member.rank == member.size - 1 else end * width


@compiled
def begin_moments(member: Member, x: np.ndarray, work: Workspace) -> None:
    """Prepare for `add_moments`; every thread subtracts the same."""
    width, channels = width_of(work, member), work.saved.size // 2
    mean, pixels = row_of(work, member, MEAN, width), x.size // channels
    samples = min(_SAMPLES, pixels)
    of_pixel = mean[:channels]
    fill(of_pixel, 0)
    for i in range(samples):
        at = i * pixels // samples * channels
        pixel = x[at : at + channels]
        for j in range(channels):
            of_pixel[j] += pixel[j] / x.dtype.type(samples)
    repeat(mean, channels)
    fill(work.totals[member.rank * 2 * width : (member.rank + 1) * 2 * width], 0)


@part
def repeat(row: np.ndarray, channels: int) -> None:
    """Fill a row with copies of its first pixel."""
    for at in range(channels, row.size, channels):
        pixel = row[at : at + channels]
        for j in range(channels):
            pixel[j] = row[j]


@compiled
def add_moments(member: Member, x: np.ndarray, work: Workspace) -> None:
    """Add the inputs and their squares to the thread's sums, place by place of their rows."""
    width = width_of(work, member)
    mean = row_of(work, member, MEAN, width)
    total, squares = row_of(work, member, FIRST, width), row_of(work, member, SECOND, width)
    for start in range(0, x.size, _BLOCK * width):
        end = min(x.size, start + _BLOCK * width)
        fill(total, 0)
        fill(squares, 0)
        at = start
        while at + 4 * width <= end:
            _add_four(x[at : at + 4 * width], width, mean, total, squares)
            at += 4 * width
        while at < end:
            row = x[at : min(end, at + width)]
            for j in range(row.size):
                apart = row[j] - mean[j]
                total[j] += apart
                squares[j] += apart * apart
            at += width
        _to_totals(member, width, work)


@compiled
def _add_four(
    x: np.ndarray, width: int, mean: np.ndarray, total: np.ndarray, squares: np.ndarray
) -> None:
    a, b = x[:width], x[width : 2 * width]
    c, d = x[2 * width : 3 * width], x[3 * width : 4 * width]
    for j in range(width):
        p, q, r, s = a[j] - mean[j], b[j] - mean[j], c[j] - mean[j], d[j] - mean[j]
        total[j] += (p + q) + (r + s)
        squares[j] += (p * p + q * q) + (r * r + s * s)


@part
def _to_totals(member: Member, width: int, work: Workspace) -> None:
    """Add a block's sums to those of the thread."""
    sums = work.rows[(member.rank * PLACES + FIRST) * width :][: 2 * width]
    totals = work.totals[member.rank * 2 * width : (member.rank + 1) * 2 * width]
    for j in range(sums.size):
        totals[j] += sums[j]


@compiled
def finish_sums(member: Member, work: Workspace) -> None:
    """Sum up what belongs to one channel, for the others to read."""
    width, channels = width_of(work, member), work.saved.size // 2
    sums = work.sums[member.rank * 2 * channels : (member.rank + 1) * 2 * channels]
    totals = work.totals[member.rank * 2 * width : (member.rank + 1) * 2 * width]
    fill(sums, 0)
    for half in range(2):
        for at in range(0, width, channels):
            for j in range(channels):
                sums[half * channels + j] += totals[half * width + at + j]


@part
def _of_all(member: Member, place: int, work: Workspace) -> float:
    """Return a sum over all threads."""
    total = 0.0
    for rank in range(member.size):
        total += work.sums[rank * work.saved.size + place]
    return total


@compiled
def finish_moments(
    member: Member, pixels: int, norm: Norm, work: Workspace, momentum: float, epsilon: float
) -> None:
    """Leave mean and variance of all threads' inputs in the workspace; move the running ones on."""
    if member.rank > 0:
        return
    width, channels = width_of(work, member), work.saved.size // 2
    shift = row_of(work, member, MEAN, width)
    for j in range(channels):
        apart = _of_all(member, j, work) / pixels
        variance = _of_all(member, channels + j, work) / pixels - apart * apart
        variance = 0.0 if variance < 0.0 else variance
        mean = shift[j] + apart
        work.saved[j] = mean
        work.saved[channels + j] = 1.0 / np.sqrt(variance + epsilon)
        stays, comes = momentum, 1.0 - momentum
        unbiased = variance * pixels / max(1, pixels - 1)
        norm.running_mean[j] = stays * norm.running_mean[j] + comes * mean
        norm.running_variance[j] = stays * norm.running_variance[j] + comes * unbiased


@compiled
def set_rows(member: Member, norm: Norm, work: Workspace) -> None:
    """Write what inputs are normalised with."""
    width, channels = width_of(work, member), work.saved.size // 2
    mean, scale = row_of(work, member, MEAN, width), row_of(work, member, SCALE, width)
    offset, sign = row_of(work, member, OFFSET, width), row_of(work, member, SIGN, width)
    for j in range(channels):
        mean[j] = work.saved[j]
        scale[j] = work.saved[channels + j] * norm.scale[j]
        offset[j] = norm.offset[j]
        sign[j] = np.sign(scale[j])
    repeat(mean, channels)
    repeat(scale, channels)
    repeat(offset, channels)


@compiled
def normalize_rows(
    member: Member, kind: Kind, x: np.ndarray, y: np.ndarray, work: Workspace
) -> None:
    """Write the activations to `y`; the last rows come first, they are still in the cache."""
    width = width_of(work, member)
    mean, scale = row_of(work, member, MEAN, width), row_of(work, member, SCALE, width)
    offset = row_of(work, member, OFFSET, width)
    block = _BLOCK * width
    for start in range((x.size - 1) // block * block, -1, -block):
        for at in range(start, min(x.size, start + block), width):
            end = min(x.size, at + width)
            _normalize_row(kind, x[at:end], mean, scale, offset, y[at:end])


@compiled
def _normalize_row(
    kind: Kind,
    x: np.ndarray,
    mean: np.ndarray,
    scale: np.ndarray,
    offset: np.ndarray,
    y: np.ndarray,
) -> None:
    for j in range(x.size):
        y[j] = activated(kind, (x[j] - mean[j]) * scale[j] + offset[j])


@compiled
def begin_slopes(member: Member, work: Workspace) -> None:
    """Prepare for `add_slopes`."""
    width = width_of(work, member)
    fill(work.totals[member.rank * 2 * width : (member.rank + 1) * 2 * width], 0)


@compiled
def add_slopes(member: Member, kind: Kind, x: np.ndarray, d: np.ndarray, work: Workspace) -> None:
    """Turn `d` into the gradients by what is activated, and add them to the thread's sums.

    They are added as they are, and times the inputs' distance from the mean.
    """
    width = width_of(work, member)
    for start in range(0, x.size, _BLOCK * width):
        end = min(x.size, start + _BLOCK * width)
        total, products = row_of(work, member, FIRST, width), row_of(work, member, SECOND, width)
        fill(total, 0)
        fill(products, 0)
        for at in range(start, end, width):
            to = min(end, at + width)
            _add_slope(
                kind,
                x[at:to],
                d[at:to],
                row_of(work, member, MEAN, width),
                row_of(work, member, SCALE, width),
                row_of(work, member, OFFSET, width),
                total,
                products,
            )
        _to_totals(member, width, work)


@compiled
def _add_slope(
    kind: Kind,
    x: np.ndarray,
    d: np.ndarray,
    mean: np.ndarray,
    scale: np.ndarray,
    offset: np.ndarray,
    total: np.ndarray,
    products: np.ndarray,
) -> None:
    # LLVM gives up on a loop with more than eight pairs of arrays that might overlap.
    for j in range(x.size):
        d[j] *= derivative(kind, (x[j] - mean[j]) * scale[j] + offset[j])
    for j in range(x.size):
        total[j] += d[j]
        products[j] += d[j] * (x[j] - mean[j])


@compiled
def finish_slopes(member: Member, size: int, norm: Norm, work: Workspace, batch: bool) -> None:
    """Overwrite the gradients by scale and offset; prepare for `slope_rows`."""
    width, channels = width_of(work, member), work.saved.size // 2
    scale, level = row_of(work, member, SCALE, width), row_of(work, member, LEVEL, width)
    tilt, pixels = row_of(work, member, TILT, width), size // channels
    for j in range(channels):
        total, products = _of_all(member, j, work), _of_all(member, channels + j, work)
        inverse = work.saved[channels + j]
        if member.rank == 0:
            norm.doffset[j] = total
            norm.dscale[j] = products * inverse
        by_pixel = 1.0 / pixels if batch else 0.0
        level[j] = -scale[j] * total * by_pixel
        tilt[j] = -scale[j] * inverse * inverse * products * by_pixel
    repeat(level, channels)
    repeat(tilt, channels)


@compiled
def slope_rows(member: Member, x: np.ndarray, d: np.ndarray, work: Workspace) -> None:
    """Turn the gradients by what is activated, in `d`, into those by the inputs, from the end."""
    width = width_of(work, member)
    mean, scale = row_of(work, member, MEAN, width), row_of(work, member, SCALE, width)
    level, tilt = row_of(work, member, LEVEL, width), row_of(work, member, TILT, width)
    block = _BLOCK * width
    for start in range((x.size - 1) // block * block, -1, -block):
        for at in range(start, min(x.size, start + block), width):
            end = min(x.size, at + width)
            _slope_row(x[at:end], d[at:end], mean, scale, level, tilt)


@compiled
def _slope_row(
    x: np.ndarray,
    d: np.ndarray,
    mean: np.ndarray,
    scale: np.ndarray,
    level: np.ndarray,
    tilt: np.ndarray,
) -> None:
    for j in range(x.size):
        d[j] = d[j] * scale[j] + ((x[j] - mean[j]) * tilt[j] + level[j])
