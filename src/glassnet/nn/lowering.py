"""Convolution as matrix products: windows laid out as rows of a matrix, a block at a time.

A window of all channels becomes a row, so that all windows of some images, times the filters as a
matrix, are their outputs. The matrix of all windows would be as many times larger than the images
as a window has pixels: it is laid out in blocks that stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from glassnet.nn.threads import in_shares
from glassnet.nn.windows import Windows

WORKSPACE_BYTES = 2**19
"""What the rows of a block may take: they should stay in the L2 cache until they are multiplied."""

ROWS = 256
"""As many rows of a block as make an efficient product, even if the workspace grows by it."""

NARROW = 16
"""With fewer numbers in a line of a window, NumPy copies faster along the lines of the image."""


def correlate(
    x: np.ndarray, W: np.ndarray, windows: Windows, out: np.ndarray, *, groups: int = 1
) -> None:
    """Write to `out` what filters give on images; see `correlation.correlate`."""
    size, filters = W[..., 0].size, W.shape[3]
    share = filters // groups
    matrices = [
        np.ascontiguousarray(W[..., g * share : (g + 1) * share]).reshape(size, share)
        for g in range(groups)
    ]
    if _is_plain(windows) and groups == 1:
        np.dot(x.reshape(-1, size), matrices[0], out=out.reshape(-1, filters))
        return

    def work(start: int, stop: int, _: int) -> None:
        for place, columns_of in _blocks(x, windows, start, stop, size):
            z = out[place].reshape(-1, filters)
            for g, matrix in enumerate(matrices):
                columns = columns_of(g)
                if groups == 1:
                    np.dot(columns, matrix, out=z)
                else:
                    z[:, g * share : (g + 1) * share] = np.dot(columns, matrix)

    in_shares(len(x), work, worth=float(out.size * size), products=True)


def correlate_filters(
    x: np.ndarray, dy: np.ndarray, windows: Windows, out: np.ndarray, *, groups: int = 1
) -> None:
    """Write to `out` the gradient by the filters; see `correlation.correlate_filters`."""
    size, filters = out[..., 0].size, out.shape[3]
    share = filters // groups
    if _is_plain(windows) and groups == 1:
        np.dot(x.reshape(-1, size).T, dy.reshape(-1, filters), out=out.reshape(size, filters))
        return

    def work(start: int, stop: int, _: int) -> np.ndarray:
        total = np.zeros((size, filters), dy.dtype)
        product = np.empty((size, share), dy.dtype)
        for place, columns_of in _blocks(x, windows, start, stop, size, least=2 * filters):
            delta = dy[place].reshape(-1, filters)
            for g in range(groups):
                of_group = slice(g * share, (g + 1) * share)
                np.dot(columns_of(g).T, delta[:, of_group], out=product)
                total[:, of_group] += product
        return total

    totals = in_shares(len(x), work, worth=float(dy.size * size), products=True)
    for total in totals[1:]:
        totals[0] += total
    out[...] = totals[0].reshape(out.shape)


def scatter(
    dy: np.ndarray, W: np.ndarray, windows: Windows, out: np.ndarray, *, groups: int = 1
) -> None:
    """Write to `out` the gradient by the images, where windows may be apart.

    What each output gives to the pixels of its window is added there; see
    `correlation.correlate_back`.
    """
    height, width, inputs, filters = W.shape
    share = filters // groups
    size = height * width * inputs
    matrices = [
        np.ascontiguousarray(W[..., g * share : (g + 1) * share].reshape(size, share).T)
        for g in range(groups)
    ]

    def work(start: int, stop: int, _: int) -> None:
        padded = np.empty((1, *windows.padded, out.shape[3]), dy.dtype)
        for n in range(start, stop):
            padded[...] = 0.0
            for g, matrix in enumerate(matrices):
                delta = dy[n, ..., g * share : (g + 1) * share].reshape(-1, share)
                columns = np.dot(delta, matrix).reshape(1, *windows.output, height, width, inputs)
                of_group = padded[..., g * inputs : (g + 1) * inputs]
                for i, j in np.ndindex(height, width):
                    entry = windows.at(of_group, i, j)
                    entry += columns[..., i, j, :]
            out[n] = padded[windows.inside][0]

    in_shares(len(dy), work, worth=float(dy.size * size), products=True)


def _is_plain(windows: Windows) -> bool:
    """Whether each window is a pixel, and each pixel a window."""
    return windows.kernel == (1, 1) and windows.output == windows.image == windows.padded


def _blocks(
    x: np.ndarray, windows: Windows, start: int, stop: int, size: int, *, least: int = 0
) -> Iterator[tuple[tuple[slice, ...], Callable[[int], np.ndarray]]]:
    """Yield blocks of windows of the images from `start` to `stop`.

    Each is the place of its outputs in an array of shape (n, out_height, out_width, ...), and a
    function that returns its windows of one group's channels as rows, shape (rows, size). They lie
    in memory that is used again for the next.
    """
    height, width = windows.output
    kernel, channels = windows.kernel, x.shape[3]
    inputs = size // (kernel[0] * kernel[1])
    rows = max(WORKSPACE_BYTES // (size * x.itemsize), min(ROWS, least))
    images = max(1, min(rows // (height * width), stop - start))
    lines = height if images > 1 else max(1, min(height, rows // width))
    padded = np.zeros((images, *windows.padded, channels), x.dtype)
    memory = np.empty(images * lines * width * size, x.dtype)
    narrow = kernel[1] * inputs < NARROW
    for first in range(start, stop, images):
        count = min(images, stop - first)
        padded[:count][windows.inside] = x[first : first + count]
        for line in range(0, height, lines):
            here = slice(line, min(height, line + lines))

            def columns(g: int, count: int = count, here: slice = here) -> np.ndarray:
                of_group = padded[:count, ..., g * inputs : (g + 1) * inputs]
                view = windows.of(of_group)[:, here]
                block = memory[: view.size]
                if narrow:
                    by_entry = view.transpose(3, 4, 5, 0, 1, 2)
                    np.copyto(block.reshape(by_entry.shape), by_entry)
                    return block.reshape(size, -1).T
                np.copyto(block.reshape(view.shape), view)
                return block.reshape(-1, size)

            yield (slice(first, first + count), here), columns
