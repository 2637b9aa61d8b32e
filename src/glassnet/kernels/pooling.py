"""The largest number of each window of images, by a team of threads.

Each thread has its share of the images.

Images are flat: pixel after pixel, with the channels of a pixel side by side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from glassnet.kernels.compilation import compiled, part
from glassnet.kernels.elementwise import copy, fill
from glassnet.kernels.team import Member, share


class Windows(NamedTuple):
    """Where the windows lie on an image."""

    height: int
    width: int
    channels: int
    out_height: int
    out_width: int
    kernel_height: int
    kernel_width: int
    stride_height: int
    stride_width: int
    top: int
    """Rows of padding above the image."""
    left: int
    """Columns of padding left of it."""
    places: np.ndarray
    """uint32, shape (out_width * channels,): where in a line of the image the top left number of a
    window stands, for each number of a line of windows, if they don't reach into the padding."""


@part
def image_size(w: Windows) -> int:
    """Return how many numbers there are in an image."""
    return w.height * w.width * w.channels


@part
def pooled_size(w: Windows) -> int:
    """Return how many numbers there are in a pooled image."""
    return w.out_height * w.out_width * w.channels


@part
def quarters(w: Windows) -> bool:
    """Tell whether the windows are 2 x 2, side by side, without padding."""
    return (
        w.kernel_height == w.kernel_width == w.stride_height == w.stride_width == 2
        and w.top == w.left == 0
        and w.height >= 2 * w.out_height
        and w.width >= 2 * w.out_width
    )


@part
def apart(w: Windows) -> bool:
    """Tell whether no two windows share a pixel."""
    return w.stride_height >= w.kernel_height and w.stride_width >= w.kernel_width


@part
def narrow(w: Windows) -> bool:
    """Tell whether a pixel's channels are too few for vectors: whole lines are one loop then."""
    return w.channels < 16


@compiled
def pool_max(member: Member, x: np.ndarray, y: np.ndarray, winner: np.ndarray, w: Windows) -> bool:
    """Write the largest number of each window to `y`, and which it was to `winner`.

    Parameters
    ----------
    member : Member
    x : ndarray, shape (n * height * width * channels,)
    y : ndarray, shape (n * out_height * out_width * channels,)
    winner : ndarray of uint8, shape of `y`
    w : Windows
    """
    first, end = share(y.size // pooled_size(w), member)
    for image in range(first, end):
        at, to = image * image_size(w), image * pooled_size(w)
        won = winner[to : to + pooled_size(w)]
        pool_image(x[at : at + image_size(w)], y[to : to + pooled_size(w)], won, w)
    return True


@compiled
def pool_image(x: np.ndarray, y: np.ndarray, winner: np.ndarray, w: Windows) -> None:
    """Do that for one image."""
    c, line = w.channels, w.width * w.channels
    size = w.out_width * c
    if quarters(w):
        for row in range(w.out_height):
            upper, lower = x[2 * row * line :][:line], x[(2 * row + 1) * line :][:line]
            if narrow(w):
                here = slice(row * size, (row + 1) * size)
                _largest_in_line(upper, lower, w.places, c, y[here], winner[here])
                continue
            for column in range(w.out_width):
                four, to = slice(2 * column * c, 2 * (column + 1) * c), row * size + column * c
                _largest_of_four(upper[four], lower[four], y[to : to + c], winner[to : to + c])
        return
    for row in range(w.out_height):
        for column in range(w.out_width):
            to = (row * w.out_width + column) * c
            largest, won = y[to : to + c], winner[to : to + c]
            begun = False
            for i in range(w.kernel_height):
                above = row * w.stride_height + i - w.top
                if above < 0 or above >= w.height:
                    continue
                for j in range(w.kernel_width):
                    before = column * w.stride_width + j - w.left
                    if before < 0 or before >= w.width:
                        continue
                    at, number = above * line + before * c, i * w.kernel_width + j
                    _keep_larger(x[at : at + c], largest, won, np.uint8(number), begun)
                    begun = True


# In the comparisons a NaN wins, and the first of equal numbers.


@part
def _largest(a: float, b: float, c: float, d: float) -> tuple[float, np.uint8]:
    value, number = a, np.uint8(0)
    number = np.uint8(1) if b > value or b != b else number  # noqa: PLR0124
    value = b if b > value or b != b else value  # noqa: PLR0124
    number = np.uint8(2) if c > value or c != c else number  # noqa: PLR0124
    value = c if c > value or c != c else value  # noqa: PLR0124
    number = np.uint8(3) if d > value or d != d else number  # noqa: PLR0124
    value = d if d > value or d != d else value  # noqa: PLR0124
    return value, number


@compiled
def _largest_of_four(
    upper: np.ndarray, lower: np.ndarray, y: np.ndarray, winner: np.ndarray
) -> None:
    c = y.size
    right, last = upper[c:], lower[c:]
    for j in range(c):
        y[j], winner[j] = _largest(upper[j], right[j], lower[j], last[j])


@compiled
def _largest_in_line(
    upper: np.ndarray,
    lower: np.ndarray,
    places: np.ndarray,
    c: int,
    y: np.ndarray,
    winner: np.ndarray,
) -> None:
    right, last = upper[c:], lower[c:]
    for j in range(places.size):
        i = places[j]
        four = upper[i], right[i], lower[i], last[i]
        total = four[0] + four[1] + four[2] + four[3]
        if total != total:  # noqa: PLR0124 (there may be a NaN among them)
            y[j], winner[j] = _largest(four[0], four[1], four[2], four[3])
            continue
        # no branches: which is the largest cannot be foreseen
        of_upper, of_lower = four[1] > four[0], four[3] > four[2]
        high = four[1] if of_upper else four[0]
        low = four[3] if of_lower else four[2]
        below = low > high
        y[j] = low if below else high
        winner[j] = of_upper + below * (2 + of_lower - of_upper)


@compiled
def _keep_larger(
    x: np.ndarray, y: np.ndarray, winner: np.ndarray, number: np.uint8, begun: bool
) -> None:
    if not begun:
        copy(x, y)
        for j in range(x.size):
            winner[j] = number
        return
    for j in range(x.size):
        value, largest, won = x[j], y[j], winner[j]
        won = number if value > largest or value != value else won  # noqa: PLR0124
        largest = value if value > largest or value != value else largest  # noqa: PLR0124
        y[j] = largest
        winner[j] = won


@compiled
def pool_max_back(
    member: Member, dy: np.ndarray, winner: np.ndarray, dx: np.ndarray, w: Windows
) -> bool:
    """Write the gradient by the images to `dx`: a window's goes to its largest number."""
    first, end = share(dy.size // pooled_size(w), member)
    for image in range(first, end):
        at, to = image * image_size(w), image * pooled_size(w)
        pool_image_back(
            dy[to : to + pooled_size(w)],
            winner[to : to + pooled_size(w)],
            dx[at : at + image_size(w)],
            w,
        )
    return True


@compiled
def pool_image_back(dy: np.ndarray, winner: np.ndarray, dx: np.ndarray, w: Windows) -> None:
    """Do that for one image."""
    c, line, size = w.channels, w.width * w.channels, w.out_width * w.channels
    if quarters(w):
        for row in range(w.out_height):
            if narrow(w):
                here, lines = slice(row * size, (row + 1) * size), dx[2 * row * line :][: 2 * line]
                _to_largest_in_lines(dy[here], winner[here], w.places, c, lines)
                continue
            upper, lower = dx[2 * row * line :][:line], dx[(2 * row + 1) * line :][:line]
            for column in range(w.out_width):
                four, to = slice(2 * column * c, 2 * (column + 1) * c), row * size + column * c
                slopes, won = dy[to : to + c], winner[to : to + c]
                _to_largest_of_four(slopes, won, upper[four], lower[four])
            fill(upper[2 * size :], 0)
            fill(lower[2 * size :], 0)
        fill(dx[2 * w.out_height * line :], 0)
        return
    fill(dx, 0)
    for row in range(w.out_height):
        for column in range(w.out_width):
            to = (row * w.out_width + column) * c
            for i in range(w.kernel_height):
                above = row * w.stride_height + i - w.top
                if above < 0 or above >= w.height:
                    continue
                for j in range(w.kernel_width):
                    before = column * w.stride_width + j - w.left
                    if before < 0 or before >= w.width:
                        continue
                    at, number = above * line + before * c, i * w.kernel_width + j
                    slopes, won = dy[to : to + c], winner[to : to + c]
                    _add_to_winner(slopes, won, np.uint8(number), dx[at : at + c])


@compiled
def _to_largest_of_four(
    dy: np.ndarray, winner: np.ndarray, upper: np.ndarray, lower: np.ndarray
) -> None:
    c, zero = dy.size, dy.dtype.type(0)
    right, last = upper[c:], lower[c:]
    for j in range(c):
        slope, number = dy[j], winner[j]
        upper[j] = slope if number == np.uint8(0) else zero
        right[j] = slope if number == np.uint8(1) else zero
    for j in range(c):
        slope, number = dy[j], winner[j]
        lower[j] = slope if number == np.uint8(2) else zero
        last[j] = slope if number == np.uint8(3) else zero


@compiled
def _to_largest_in_lines(
    dy: np.ndarray, winner: np.ndarray, places: np.ndarray, c: int, dx: np.ndarray
) -> None:
    right, below = np.uint32(c), np.uint32(dx.size // 2)
    fill(dx, 0)
    for j in range(dy.size):
        number = np.uint32(winner[j])
        to = places[j] + (number & np.uint32(1)) * right + (number >> np.uint32(1)) * below
        dx[to] = dy[j]


@compiled
def _add_to_winner(dy: np.ndarray, winner: np.ndarray, number: np.uint8, dx: np.ndarray) -> None:
    zero = dy.dtype.type(0)
    for j in range(dy.size):
        dx[j] += dy[j] if winner[j] == number else zero
