"""Examples in the order in which training wants them, gathered ahead of the steps."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from glassnet.data.dataset import Dataset

_CHUNK_BYTES = 8 * 2**20
_CHUNK_ROWS = 16384
_CHUNK_MULTIPLICATIONS = 2**30  # some tenths of a second, after which callbacks are called


class Chunk:
    """Consecutive batches.

    Parameters
    ----------
    dataset : Dataset
    start : int
        Position of the first example in the order.
    rows : ndarray of int, shape (n,)
        Where in the data set the examples stand.
    buffer : ndarray, shape (at least n, *input_shape)
        Where to gather the inputs, if they are asked for.

    Attributes
    ----------
    y : ndarray, shape (n,) or (n, outputs)
        Labels, or targets.
    """

    def __init__(self, dataset: Dataset, start: int, rows: np.ndarray, buffer: np.ndarray) -> None:
        self.start, self.rows, self.y = start, rows, dataset.y[rows]
        self._all, self._buffer = dataset.x, buffer

    @cached_property
    def x(self) -> np.ndarray:
        """Inputs, shape (n, *input_shape), in one piece. Overwritten by the next chunk."""
        gathered = self._buffer[: len(self.rows)]
        if self._all.dtype == gathered.dtype:
            # "raise" would copy once more
            np.take(self._all, self.rows, axis=0, out=gathered, mode="clip")
        else:
            gathered[...] = self._all[self.rows]
        return gathered

    def scattered(self) -> tuple[np.ndarray, np.ndarray]:
        """Return inputs, shape (N, features), and which of their rows are the chunk's.

        They are the data set's own where these have the right dtype and lie as compiled code
        expects it: in one piece, aligned and writable.
        """
        x, rows = self._all, self.rows
        if x.dtype != self._buffer.dtype or not x.flags.carray:
            x, rows = self.x, np.arange(len(self.rows))
        return x.reshape(len(x), -1), rows


def chunks(
    dataset: Dataset,
    order: np.ndarray,
    batch_size: int,
    *,
    dtype: np.dtype[Any],
    outputs: int = 1,
    multiplications: int = 1,
    start: int = 0,
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
    outputs : int
        Numbers that the network gives for each example; they take memory too.
    multiplications : int
        About how many it makes for each, in one pass.
    start : int
        Position in the order to begin at: the end of a chunk of an earlier pass.
    """
    row_bytes = max(dataset.x[0].size, outputs) * dtype.itemsize
    fitting = min(
        _CHUNK_BYTES // row_bytes, _CHUNK_ROWS, _CHUNK_MULTIPLICATIONS // max(multiplications, 1)
    )
    size = min(max(fitting // batch_size, 1) * batch_size, len(order))
    buffer = np.empty((size, *dataset.x.shape[1:]), dtype)
    for first in range(start, len(order), size):
        yield Chunk(dataset, first, order[first : first + size], buffer)
