"""The mean of each window of images, by a team of threads, each with its share of the images."""

from __future__ import annotations

import numpy as np

from glassnet.kernels.compilation import compiled, part
from glassnet.kernels.elementwise import fill
from glassnet.kernels.pooling import Windows, image_size, pooled_size
from glassnet.kernels.team import Member, share


@compiled
def pool_mean(member: Member, x: np.ndarray, y: np.ndarray, w: Windows) -> bool:
    """Write the mean of each window to `y`; padding does not count."""
    first, end = share(y.size // pooled_size(w), member)
    c, line = w.channels, w.width * w.channels
    for image in range(first, end):
        pixels = x[image * image_size(w) : (image + 1) * image_size(w)]
        for row in range(w.out_height):
            for column in range(w.out_width):
                to = image * pooled_size(w) + (row * w.out_width + column) * c
                mean = y[to : to + c]
                top, bottom, left, right = inside(row, column, w)
                fill(mean, 0)
                for above in range(top, bottom):
                    for before in range(left, right):
                        at = above * line + before * c
                        _add_times(x.dtype.type(1), pixels[at : at + c], mean)
                weight = x.dtype.type(1) / x.dtype.type((bottom - top) * (right - left))
                for j in range(c):
                    mean[j] *= weight
    return True


@part
def inside(row: int, column: int, w: Windows) -> tuple[int, int, int, int]:
    """Return the first and last rows, and columns, of the image that a window sees."""
    top, left = row * w.stride_height - w.top, column * w.stride_width - w.left
    bottom, right = min(w.height, top + w.kernel_height), min(w.width, left + w.kernel_width)
    return max(0, top), bottom, max(0, left), right


@compiled
def _add_times(factor: float, x: np.ndarray, y: np.ndarray) -> None:
    for j in range(x.size):
        y[j] += factor * x[j]


@compiled
def pool_mean_back(member: Member, dy: np.ndarray, dx: np.ndarray, w: Windows) -> bool:
    """Write the gradient by the images to `dx`: each window's, shared by its pixels."""
    first, end = share(dy.size // pooled_size(w), member)
    c, line = w.channels, w.width * w.channels
    for image in range(first, end):
        pixels = dx[image * image_size(w) : (image + 1) * image_size(w)]
        fill(pixels, 0)
        for row in range(w.out_height):
            for column in range(w.out_width):
                to = image * pooled_size(w) + (row * w.out_width + column) * c
                slope = dy[to : to + c]
                top, bottom, left, right = inside(row, column, w)
                weight = dx.dtype.type(1) / dx.dtype.type((bottom - top) * (right - left))
                for above in range(top, bottom):
                    for before in range(left, right):
                        at = above * line + before * c
                        _add_times(weight, slope, pixels[at : at + c])
    return True
