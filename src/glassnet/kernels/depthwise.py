"""Convolution of each channel by itself, by a team of threads, each with its share of the images.

For each row of outputs and each pixel of the window, the pixels of a row of the image that meet it
are multiplied with its weights; where windows are one pixel apart, they lie side by side.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from glassnet.alignment import aligned_zeros
from glassnet.kernels.compilation import compiled, part
from glassnet.kernels.elementwise import fill
from glassnet.kernels.pooling import Windows, image_size, pooled_size
from glassnet.kernels.team import Member, meet, share

_LEAST_WIDTH = 256
"""Numbers in a row of weights, if a pixel has fewer channels."""


class Taps(NamedTuple):
    """The windows, how far apart their pixels are, and memory to work in."""

    windows: Windows
    dilation_height: int
    dilation_width: int
    rows: np.ndarray
    """Each thread's weights, repeated, or sums for them, shape (threads, taps, width), flat."""
    sums: np.ndarray
    """Each thread's sums for each weight, float64, shape (threads, taps + 1, channels), flat."""


def taps_of(
    windows: Windows, dilation: tuple[int, int], threads: int, dtype: np.dtype[Any]
) -> Taps:
    """Return what a team of so many threads needs."""
    taps = windows.kernel_height * windows.kernel_width
    width = windows.channels * max(1, _LEAST_WIDTH // windows.channels)
    return Taps(
        windows,
        *dilation,
        aligned_zeros(threads * taps * width, dtype),
        np.zeros(threads * (taps + 1) * windows.channels),
    )


@part
def _rows_of(member: Member, taps: Taps) -> np.ndarray:
    count = taps.windows.kernel_height * taps.windows.kernel_width
    threads = taps.sums.size // ((count + 1) * taps.windows.channels)
    size = taps.rows.size // threads
    return taps.rows[member.rank * size : (member.rank + 1) * size]


@part
def _repeat_weights(W: np.ndarray, rows: np.ndarray, count: int, channels: int) -> int:
    """Fill a thread's rows with its weights; return how many numbers there are in a row."""
    width = rows.size // count
    for tap in range(count):
        for at in range(0, width, channels):
            pixel = rows[tap * width + at :]
            weights = W[tap * channels :]
            for j in range(channels):
                pixel[j] = weights[j]
    return width


@part
def _meeting(tap: int, row: int, taps: Taps) -> tuple[int, int, int, int]:
    """Return which row of the image meets a tap in a row of outputs, and where they meet.

    The first of the outputs, the end of them, and the column of the image at the first. There are
    none if the row is outside.
    """
    w = taps.windows
    i, j = tap // w.kernel_width, tap % w.kernel_width
    line = row * w.stride_height + i * taps.dilation_height - w.top
    shift = j * taps.dilation_width - w.left  # column of the image for output 0
    first = 0 if shift >= 0 else (w.stride_width - 1 - shift) // w.stride_width
    end = min(w.out_width, (w.width - 1 - shift) // w.stride_width + 1)
    if line < 0 or line >= w.height:
        end = first
    return line, first, end, first * w.stride_width + shift


@compiled
def depthwise(
    member: Member, x: np.ndarray, W: np.ndarray, bias: np.ndarray, z: np.ndarray, taps: Taps
) -> bool:
    """Write the convolution to `z`, plus the bias if it is not empty.

    Parameters
    ----------
    member : Member
    x : ndarray, shape (n * height * width * channels,)
    W : ndarray, shape (taps * channels,)
    bias : ndarray, shape (channels,) or (0,)
    z : ndarray, shape (n * out_height * out_width * channels,)
    taps : Taps
    """
    w = taps.windows
    c, count = w.channels, w.kernel_height * w.kernel_width
    rows = _rows_of(member, taps)
    width = _repeat_weights(W, rows, count, c)
    first, end = share(z.size // pooled_size(w), member)
    for image in range(first, end):
        pixels = x[image * image_size(w) : (image + 1) * image_size(w)]
        for row in range(w.out_height):
            start = image * pooled_size(w) + row * w.out_width * c
            out = z[start : start + w.out_width * c]
            fill(out, 0)
            for at in range(0, out.size if bias.size else 0, c):
                _add(bias, out[at : at + c])
            for tap in range(count):
                line, begin, stop, column = _meeting(tap, row, taps)
                weights = rows[tap * width : (tap + 1) * width]
                source = (line * w.width + column) * c
                if w.stride_width == 1:
                    for at in range(0, (stop - begin) * c, width):
                        size = min(width, (stop - begin) * c - at)
                        _multiply_add(
                            pixels[source + at :][:size], weights, out[begin * c + at :][:size]
                        )
                else:
                    for k in range(stop - begin):
                        at = source + k * w.stride_width * c
                        to = (begin + k) * c
                        _multiply_add(pixels[at : at + c], weights, out[to : to + c])
    return True


@compiled
def _multiply_add(x: np.ndarray, weights: np.ndarray, z: np.ndarray) -> None:
    for j in range(z.size):
        z[j] += x[j] * weights[j]


@compiled
def _add(x: np.ndarray, z: np.ndarray) -> None:
    for j in range(z.size):
        z[j] += x[j]


@compiled
def depthwise_back(
    member: Member, dz: np.ndarray, W: np.ndarray, dx: np.ndarray, taps: Taps
) -> bool:
    """Write the gradient by the images to `dx`."""
    w = taps.windows
    c, count = w.channels, w.kernel_height * w.kernel_width
    rows = _rows_of(member, taps)
    width = _repeat_weights(W, rows, count, c)
    first, end = share(dz.size // pooled_size(w), member)
    for image in range(first, end):
        pixels = dx[image * image_size(w) : (image + 1) * image_size(w)]
        fill(pixels, 0)
        for row in range(w.out_height):
            start = image * pooled_size(w) + row * w.out_width * c
            slopes = dz[start : start + w.out_width * c]
            for tap in range(count):
                line, begin, stop, column = _meeting(tap, row, taps)
                weights = rows[tap * width : (tap + 1) * width]
                target = (line * w.width + column) * c
                if w.stride_width == 1:
                    for at in range(0, (stop - begin) * c, width):
                        size = min(width, (stop - begin) * c - at)
                        _multiply_add(
                            slopes[begin * c + at :][:size], weights, pixels[target + at :][:size]
                        )
                else:
                    for k in range(stop - begin):
                        to = target + k * w.stride_width * c
                        at = (begin + k) * c
                        _multiply_add(slopes[at : at + c], weights, pixels[to : to + c])
    return True


@compiled
def depthwise_gradients(
    member: Member, x: np.ndarray, dz: np.ndarray, dW: np.ndarray, db: np.ndarray, taps: Taps
) -> bool:
    """Overwrite the gradients by the weights, and by the bias if it is not empty."""
    w = taps.windows
    c, count = w.channels, w.kernel_height * w.kernel_width
    rows = _rows_of(member, taps)
    width = rows.size // count
    size = (count + 1) * c
    sums = taps.sums[member.rank * size : (member.rank + 1) * size]
    fill(sums, 0)
    first, end = share(dz.size // pooled_size(w), member)
    for image in range(first, end):
        pixels = x[image * image_size(w) : (image + 1) * image_size(w)]
        fill(rows, 0)
        for row in range(w.out_height):
            start = image * pooled_size(w) + row * w.out_width * c
            slopes = dz[start : start + w.out_width * c]
            for at in range(0, slopes.size if db.size else 0, c):
                _add(slopes[at : at + c], sums[count * c :])
            for tap in range(count):
                line, begin, stop, column = _meeting(tap, row, taps)
                totals = rows[tap * width : (tap + 1) * width]
                source = (line * w.width + column) * c
                if w.stride_width == 1:
                    for at in range(0, (stop - begin) * c, width):
                        some = min(width, (stop - begin) * c - at)
                        to = begin * c + at
                        _multiply_add(
                            pixels[source + at :][:some], slopes[to : to + some], totals[:some]
                        )
                else:
                    for k in range(stop - begin):
                        at, to = source + k * w.stride_width * c, (begin + k) * c
                        _multiply_add(pixels[at : at + c], slopes[to : to + c], totals[:c])
        for tap in range(count):
            for at in range(0, width, c):
                _add(rows[tap * width + at :][:c], sums[tap * c : (tap + 1) * c])
    if not meet(member):
        return False
    first, end = share(count * c, member)
    for j in range(first, end):
        total = 0.0
        for rank in range(member.size):
            total += taps.sums[rank * size + j]
        dW[j] = total
    if member.rank == 0 and db.size:
        for j in range(c):
            total = 0.0
            for rank in range(member.size):
                total += taps.sums[rank * size + count * c + j]
            db[j] = total
    return True
