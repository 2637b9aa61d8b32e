"""Batch normalisation next to a pooling layer, both in the passes of `normalization`.

Where pooling comes first, the largest numbers are added to the sums while they are in the cache,
and the gradient goes from the normalised images to the large ones image by image.

Where it comes last, and the activation between never falls, the largest activation of a window is
that of the largest normalised input: only this one is activated, and kept for the backward pass.
The other activations are never written.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from glassnet.kernels.activations import Kind
from glassnet.kernels.compilation import compiled, part
from glassnet.kernels.normalization import (
    LEVEL,
    MEAN,
    SCALE,
    SIGN,
    TILT,
    Norm,
    Workspace,
    add_moments,
    add_slopes,
    begin_moments,
    begin_slopes,
    finish_moments,
    finish_slopes,
    finish_sums,
    normalize_rows,
    row_of,
    set_rows,
    share_of_rows,
    slope_rows,
    width_of,
)
from glassnet.kernels.pooling import (
    Windows,
    image_size,
    pool_image,
    pool_image_back,
    pooled_size,
)
from glassnet.kernels.team import Member, meet, share


class Images(NamedTuple):
    """Images, and what is left of them; all flat."""

    large: np.ndarray
    """Shape (n * height * width * channels,)."""
    kept: np.ndarray
    """The largest number of each window, shape (n * out_height * out_width * channels,)."""
    winner: np.ndarray
    """Which it was, uint8, shape of `kept`."""


@part
def of_image(array: np.ndarray, image: int, size: int) -> np.ndarray:
    """Return the numbers of one image."""
    return array[image * size : (image + 1) * size]


@compiled
def pool_normalize_batch(
    member: Member,
    kind: Kind,
    images: Images,
    y: np.ndarray,
    windows: Windows,
    norm: Norm,
    work: Workspace,
    momentum: float,
    epsilon: float,
) -> bool:
    """Write the activations of normalised largest numbers to `y`; see `normalize_batch`."""
    large, small = image_size(windows), pooled_size(windows)
    first, end = share(y.size // small, member)
    begin_moments(member, images.large, work)
    for image in range(first, end):
        kept = of_image(images.kept, image, small)
        winner = of_image(images.winner, image, small)
        pool_image(of_image(images.large, image, large), kept, winner, windows)
        add_moments(member, kept, work)
    finish_sums(member, work)
    if not meet(member):
        return False
    finish_moments(member, y.size // windows.channels, norm, work, momentum, epsilon)
    meet(member)
    set_rows(member, norm, work)
    mine = slice(first * small, end * small)
    normalize_rows(member, kind, images.kept[mine], y[mine], work)
    return True


@compiled
def pool_normalize(
    member: Member,
    kind: Kind,
    images: Images,
    y: np.ndarray,
    windows: Windows,
    norm: Norm,
    work: Workspace,
) -> bool:
    """Do that with the mean and variance that `work` keeps."""
    large, small = image_size(windows), pooled_size(windows)
    first, end = share(y.size // small, member)
    set_rows(member, norm, work)
    for image in range(first, end):
        kept = of_image(images.kept, image, small)
        winner = of_image(images.winner, image, small)
        pool_image(of_image(images.large, image, large), kept, winner, windows)
        normalize_rows(member, kind, kept, of_image(y, image, small), work)
    return True


@compiled
def pool_normalize_back(
    member: Member,
    kind: Kind,
    images: Images,
    d: np.ndarray,
    dx: np.ndarray,
    windows: Windows,
    norm: Norm,
    work: Workspace,
    batch: bool,
    need_dx: bool,
) -> bool:
    """Write the gradient by the large images to `dx`; `d` is that by the activations, and lost."""
    large, small = image_size(windows), pooled_size(windows)
    first, end = share(d.size // small, member)
    mine = slice(first * small, end * small)
    set_rows(member, norm, work)
    begin_slopes(member, work)
    add_slopes(member, kind, images.kept[mine], d[mine], work)
    finish_sums(member, work)
    if not meet(member):
        return False
    finish_slopes(member, d.size, norm, work, batch)
    if not need_dx:
        return True
    for image in range(end - 1, first - 1, -1):
        slopes, kept = of_image(d, image, small), of_image(images.kept, image, small)
        slope_rows(member, kept, slopes, work)
        winner = of_image(images.winner, image, small)
        pool_image_back(slopes, winner, of_image(dx, image, large), windows)
    return True


@compiled
def normalize_pool_batch(
    member: Member,
    kind: Kind,
    images: Images,
    y: np.ndarray,
    windows: Windows,
    norm: Norm,
    work: Workspace,
    momentum: float,
    epsilon: float,
) -> bool:
    """Write the largest activations of normalised images to `y`; see `normalize_batch`.

    Windows are 2 x 2, side by side; the activation never falls.
    """
    x = images.large
    first, end = share_of_rows(x.size, width_of(work, member), member)
    begin_moments(member, x, work)
    add_moments(member, x[first:end], work)
    finish_sums(member, work)
    if not meet(member):
        return False
    finish_moments(member, x.size // windows.channels, norm, work, momentum, epsilon)
    meet(member)
    return normalize_pool(member, kind, images, y, windows, norm, work)


@compiled
def normalize_pool(
    member: Member,
    kind: Kind,
    images: Images,
    y: np.ndarray,
    windows: Windows,
    norm: Norm,
    work: Workspace,
) -> bool:
    """Do that with the mean and variance that `work` keeps."""
    large, small = image_size(windows), pooled_size(windows)
    set_rows(member, norm, work)
    first, end = share(y.size // small, member)
    for image in range(end - 1, first - 1, -1):
        kept = of_image(images.kept, image, small)
        winner = of_image(images.winner, image, small)
        _pool_rising(member, of_image(images.large, image, large), kept, winner, windows, work)
        normalize_rows(member, kind, kept, of_image(y, image, small), work)
    return True


@compiled
def _pool_rising(
    member: Member,
    x: np.ndarray,
    kept: np.ndarray,
    winner: np.ndarray,
    windows: Windows,
    work: Workspace,
) -> None:
    """Keep the input that is the largest once it is normalised, of each window of an image."""
    c, line = windows.channels, windows.width * windows.channels
    sign = row_of(work, member, SIGN, width_of(work, member))[:c]
    for row in range(windows.out_height):
        for column in range(windows.out_width):
            at, to = 2 * row * line + 2 * column * c, (row * windows.out_width + column) * c
            upper, lower = x[at : at + 2 * c], x[at + line :][: 2 * c]
            _keep_of_four(upper, lower, sign, kept[to : to + c], winner[to : to + c])


@compiled
def _keep_of_four(
    upper: np.ndarray, lower: np.ndarray, sign: np.ndarray, kept: np.ndarray, winner: np.ndarray
) -> None:
    c = kept.size
    right, last = upper[c:], lower[c:]
    for j in range(c):
        value, number, way = upper[j], np.uint8(0), sign[j]
        other = right[j]
        better = way * other > way * value or other != other  # noqa: PLR0124 (a NaN wins)
        number, value = (np.uint8(1), other) if better else (number, value)
        other = lower[j]
        better = way * other > way * value or other != other  # noqa: PLR0124
        number, value = (np.uint8(2), other) if better else (number, value)
        other = last[j]
        better = way * other > way * value or other != other  # noqa: PLR0124
        number, value = (np.uint8(3), other) if better else (number, value)
        kept[j] = value
        winner[j] = number


@compiled
def normalize_pool_back(
    member: Member,
    kind: Kind,
    images: Images,
    d: np.ndarray,
    dx: np.ndarray,
    windows: Windows,
    norm: Norm,
    work: Workspace,
    batch: bool,
    need_dx: bool,
) -> bool:
    """Write the gradient by the images to `dx`; `d` is that by the pooled ones, and lost."""
    large, small = image_size(windows), pooled_size(windows)
    first, end = share(d.size // small, member)
    mine = slice(first * small, end * small)
    set_rows(member, norm, work)
    begin_slopes(member, work)
    add_slopes(member, kind, images.kept[mine], d[mine], work)
    finish_sums(member, work)
    if not meet(member):
        return False
    finish_slopes(member, images.large.size, norm, work, batch)
    if not need_dx:
        return True
    for image in range(end - 1, first - 1, -1):
        slopes, winner = of_image(d, image, small), of_image(images.winner, image, small)
        x, out = of_image(images.large, image, large), of_image(dx, image, large)
        _slopes_of_image(member, x, slopes, winner, out, windows, work)
    return True


@compiled
def _slopes_of_image(
    member: Member,
    x: np.ndarray,
    d: np.ndarray,
    winner: np.ndarray,
    dx: np.ndarray,
    windows: Windows,
    work: Workspace,
) -> None:
    """Write an image's gradient, two lines of pixels at a time."""
    c, line, width = windows.channels, windows.width * windows.channels, width_of(work, member)
    mean, scale = row_of(work, member, MEAN, width), row_of(work, member, SCALE, width)[:c]
    tilt, level = row_of(work, member, TILT, width), row_of(work, member, LEVEL, width)
    for top in range(0, windows.height * line, 2 * line):
        bottom = min(top + 2 * line, x.size)
        for at in range(top, bottom, width):
            to = min(at + width, bottom)
            _level_row(x[at:to], mean, tilt, level, dx[at:to])
        row = top // (2 * line)
        if row >= windows.out_height:
            continue
        for column in range(windows.out_width):
            at, to = top + 2 * column * c, (row * windows.out_width + column) * c
            upper, lower = dx[at : at + 2 * c], dx[at + line :][: 2 * c]
            _add_to_four(d[to : to + c], winner[to : to + c], scale, upper, lower)


@compiled
def _level_row(
    x: np.ndarray, mean: np.ndarray, tilt: np.ndarray, level: np.ndarray, dx: np.ndarray
) -> None:
    for j in range(x.size):
        dx[j] = (x[j] - mean[j]) * tilt[j] + level[j]


@compiled
def _add_to_four(
    d: np.ndarray, winner: np.ndarray, scale: np.ndarray, upper: np.ndarray, lower: np.ndarray
) -> None:
    c, zero = d.size, d.dtype.type(0)
    right, last = upper[c:], lower[c:]
    for j in range(c):
        slope, number = d[j] * scale[j], winner[j]
        upper[j] += slope if number == np.uint8(0) else zero
        right[j] += slope if number == np.uint8(1) else zero
    for j in range(c):
        slope, number = d[j] * scale[j], winner[j]
        lower[j] += slope if number == np.uint8(2) else zero
        last[j] += slope if number == np.uint8(3) else zero
