"""Images with their pixels moved, interpolated between four neighbours."""

from __future__ import annotations

from typing import Literal

import numpy as np

Edge = Literal["zero", "edge"]

_PIXELS = 2**16
"""Moved at once: what lies between steps stays in the processor's cache."""


def resample(x: np.ndarray, rows: np.ndarray, columns: np.ndarray, edge: Edge) -> np.ndarray:
    """Return images whose pixels come from elsewhere in the same image (bilinear).

    Parameters
    ----------
    x : ndarray, shape (n, height, width, channels), dtype float32
    rows, columns : ndarray, shape (n, height, width), dtype float32
        Where each pixel's value comes from, in pixels; the first pixel's centre is (0, 0).
    edge : {"zero", "edge"}
        What is outside: black, or the nearest pixel at the edge.

    Returns
    -------
    ndarray, shape (n, height, width, channels), dtype float32
    """
    n, height, width, _ = x.shape
    moved = np.empty_like(x)
    at_once = max(1, _PIXELS // (height * width))
    for start in range(0, n, at_once):
        part = slice(start, start + at_once)
        moved[part] = _resampled(x[part], rows[part], columns[part], edge)
    return moved


def _resampled(x: np.ndarray, rows: np.ndarray, columns: np.ndarray, edge: Edge) -> np.ndarray:
    n, height, width, channels = x.shape
    # with a margin of one pixel, a position between two pixels has both neighbours
    mode = "constant" if edge == "zero" else "edge"
    source = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode=mode)  # type: ignore[call-overload]
    top, down = _neighbours(rows, height)
    left, right = _neighbours(columns, width)
    image = np.arange(n, dtype=np.intp)[:, None, None] * (height + 2)
    first = (image + top) * (width + 2) + left
    pixels = source.reshape(-1, channels) if channels > 1 else source.reshape(-1)
    if channels > 1:
        down, right = down[..., None], right[..., None]
    above = _between(pixels, first, right)
    below = _between(pixels, first + (width + 2), right)
    below -= above
    below *= down
    above += below
    return above.reshape(x.shape)


def _neighbours(position: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixel before each position, in the image with its margin, and what is left."""
    inside = np.clip(position + np.float32(1), 0, length + 1)
    before = np.minimum(inside.astype(np.intp), length)
    inside -= before
    return before, inside.astype(np.float32, copy=False)


def _between(pixels: np.ndarray, first: np.ndarray, right: np.ndarray) -> np.ndarray:
    value = np.take(pixels, first, axis=0)
    difference = np.take(pixels, first + 1, axis=0)
    difference -= value
    difference *= right
    value += difference
    return value
