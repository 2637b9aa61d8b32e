"""Convolution as matrix products of rows of windows.

`lowering` copies each pixel into as many rows of a matrix as it has windows. Here only the rows of
windows are laid out: the k-th row of one window is the first row of another, k further down. The
products of all first rows with the first row of the filters, of all second rows with the second,
and so on, add up to the outputs. That copies less, by the height of the filters.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glassnet.nn.lowering import NARROW, WORKSPACE_BYTES
from glassnet.nn.threads import in_shares
from glassnet.nn.windows import Windows

LEAST_PIXELS = 64
"""Of an output. Each image has a product of its own, and with fewer they are inefficient."""


def pays(windows: Windows, shape: tuple[int, ...], itemsize: int) -> bool:
    """Whether filters of a shape are done so, in less time than by `lowering`.

    Windows must not be apart vertically, and the rows of an image stay in the cache.
    """
    height, width, channels, _ = shape
    row = width * channels
    return (
        height > 1
        and windows.strides[0] == 1
        and windows.output[0] * windows.output[1] >= LEAST_PIXELS
        and row >= NARROW
        and windows.padded[0] * windows.output[1] * row * itemsize <= 2 * WORKSPACE_BYTES
    )


def correlate(x: np.ndarray, W: np.ndarray, windows: Windows, out: np.ndarray) -> None:
    """Write to `out` what filters give on images; see `correlation.correlate`."""
    filters, pixels = W.shape[3], windows.output[0] * windows.output[1]
    matrices = W.reshape(len(W), -1, filters)

    def work(start: int, stop: int, _: int) -> None:
        for place, rows in _blocks(x, windows, start, stop):
            z = out[place].reshape(-1, pixels, filters)
            np.matmul(rows[0], matrices[0], out=z)
            product = np.empty_like(z)
            for row, matrix in zip(rows[1:], matrices[1:], strict=True):
                z += np.matmul(row, matrix, out=product)

    in_shares(len(x), work, worth=float(out.size * W[..., 0].size), products=True)


def correlate_filters(x: np.ndarray, dy: np.ndarray, windows: Windows, out: np.ndarray) -> None:
    """Write to `out` the gradient by the filters; see `correlation.correlate_filters`."""
    filters, pixels = out.shape[3], windows.output[0] * windows.output[1]

    def work(start: int, stop: int, _: int) -> np.ndarray:
        total = np.zeros((len(out), out[0, ..., 0].size, filters), dy.dtype)
        for place, rows in _blocks(x, windows, start, stop):
            delta = dy[place].reshape(-1, pixels, filters)
            for i, row in enumerate(rows):
                total[i] += np.matmul(row.transpose(0, 2, 1), delta).sum(axis=0)
        return total

    totals = in_shares(len(x), work, worth=float(dy.size * out[..., 0].size), products=True)
    out[...] = np.sum(totals, axis=0).reshape(out.shape)


def _blocks(
    x: np.ndarray, windows: Windows, start: int, stop: int
) -> Iterator[tuple[slice, list[np.ndarray]]]:
    """Yield blocks of images from `start` to `stop`.

    Each is their place, and of each row of the kernel the rows of all windows, shape (images,
    out_height * out_width, kernel_width * channels). They lie in memory that is used again for the
    next block.
    """
    (height, width), (kernel, across) = windows.output, windows.kernel
    down, size = windows.padded[0], across * x.shape[3]
    bytes_each = down * width * size * x.itemsize
    images = max(1, min(WORKSPACE_BYTES // bytes_each, stop - start))
    padded = np.zeros((images, *windows.padded, x.shape[3]), x.dtype)
    memory = np.empty((images, down * width, size), x.dtype)
    views = windows.rows_of(padded)
    starts = [i * windows.dilation[0] * width for i in range(kernel)]
    for first in range(start, stop, images):
        count = min(images, stop - first)
        padded[:count][windows.inside] = x[first : first + count]
        np.copyto(memory[:count].reshape(views[:count].shape), views[:count])
        rows = [memory[:count, at : at + height * width] for at in starts]
        yield slice(first, first + count), rows
