"""Examples in the order in which training wants them, gathered ahead of the steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from glassnet.data.dataset import Dataset

_CHUNK_BYTES = 4 * 2**20
_CHUNK_ROWS = 1024


class Chunk(NamedTuple):
    """Consecutive batches, gathered into one piece of memory."""

    start: int
    """Position of the first example in the order."""
    x: np.ndarray
    """Inputs, shape (rows, *input_shape). Overwritten by the next chunk."""
    y: np.ndarray
    """Labels, shape (rows,), or targets, shape (rows, outputs)."""


def chunks(
    dataset: Dataset, order: np.ndarray, batch_size: int, *, dtype: np.dtype[Any], start: int = 0
) -> Iterator[Chunk]:
    """Yield the examples in this order, some whole batches at a time.

    Gathering scattered rows one batch at a time costs more than a small network's step; a chunk of
    some megabytes costs little and stays in the processor's cache. Batches are then mere views.

    Parameters
    ----------
    dataset : Dataset
    order : ndarray of int, shape (n,)
        Row numbers.
    batch_size : int
        Chunks hold whole batches, but for the last one.
    dtype : dtype
        Of the inputs.
    start : int
        Position in the order to begin at: the end of a chunk of an earlier pass.
    """
    x = dataset.x
    row_bytes = x[0].size * dtype.itemsize
    fitting = min(_CHUNK_BYTES // row_bytes, _CHUNK_ROWS)
    size = min(max(fitting // batch_size, 1) * batch_size, len(order))
    buffer = np.empty((size, *x.shape[1:]), dtype)
    for first in range(start, len(order), size):
        rows = order[first : first + size]
        gathered = buffer[: len(rows)]
        if x.dtype == dtype:
            np.take(x, rows, axis=0, out=gathered, mode="clip")  # "raise" would copy once more
        else:
            gathered[...] = x[rows]
        yield Chunk(first, gathered, dataset.y[rows])
