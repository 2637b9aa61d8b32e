"""Examples in the order in which training wants them, gathered ahead of the steps."""

from __future__ import annotations

import math
from collections.abc import Generator
from functools import cached_property
from itertools import cycle
from typing import Any

import numpy as np

from glassnet.data.ahead import ahead
from glassnet.data.augmentation import Augmenter
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
    dtype : dtype
        Of the inputs.
    augmenter : Augmenter, optional
        What changes the inputs.

    Attributes
    ----------
    y : ndarray, shape (n,) or (n, outputs)
        Labels, or targets.
    weights : ndarray, shape (n,), or None
        How much each example counts; None if all do the same.
    """

    def __init__(
        self,
        dataset: Dataset,
        start: int,
        rows: np.ndarray,
        buffer: np.ndarray,
        *,
        dtype: np.dtype[Any],
        augmenter: Augmenter | None = None,
    ) -> None:
        self.start, self.rows, self.y = start, rows, dataset.y[rows]
        self.weights = None if dataset.weights is None else dataset.weights[rows]
        self._all, self._streamed = dataset.x, dataset.streamed
        self._buffer, self._dtype = buffer, dtype
        self._augmenter = augmenter
        self._drawn = augmenter.draw(start, start + len(rows)) if augmenter else []

    @cached_property
    def x(self) -> np.ndarray:
        """Inputs, shape (n, *input_shape), in one piece. Overwritten by the next chunk but one."""
        gathered = self._buffer[: len(self.rows)]
        if self._streamed is not None:
            self._streamed.read(self.rows, gathered)
        elif self._all.dtype == gathered.dtype:
            # "raise" would copy once more
            np.take(self._all, self.rows, axis=0, out=gathered, mode="clip")
        else:
            gathered[...] = self._all[self.rows]
        if self._augmenter is not None:
            gathered = self._augmenter.apply(gathered, self._drawn)
        return np.asarray(gathered, self._dtype, order="C")

    def mixed(self, targets: np.ndarray) -> np.ndarray:
        """Return the targets, shape (n, outputs), that go with the inputs as they were changed."""
        if self._augmenter is None:
            return targets
        return self._augmenter.apply_to_targets(targets, self._drawn)

    def scattered(self) -> tuple[np.ndarray, np.ndarray]:
        """Return inputs, shape (N, features), and which of their rows are the chunk's.

        They are the data set's own where these stay as they are, have the right dtype and lie as
        compiled code expects it: in one piece, aligned and writable.
        """
        x, rows = self._all, self.rows
        own = self._augmenter is None and self._streamed is None
        if not own or x.dtype != self._dtype or not x.flags.carray:
            x, rows = self.x, np.arange(len(self.rows))
        return x.reshape(len(x), -1), rows

    def prepared(self) -> Chunk:
        """Return the chunk with its inputs gathered and changed."""
        _ = self.x
        return self


def chunks(
    dataset: Dataset,
    order: np.ndarray,
    batch_size: int,
    *,
    dtype: np.dtype[Any],
    outputs: int = 1,
    multiplications: int = 1,
    start: int = 0,
    augmenter: Augmenter | None = None,
) -> Generator[Chunk, None, None]:
    """Yield the examples in this order, some whole batches at a time.

    Gathering scattered rows one batch at a time costs more than a small network's step; a chunk of
    some megabytes costs little and stays in the processor's cache. Batches are then mere views.

    Where preparing a chunk costs something, because images are changed or read from a file, a
    thread does it while the chunk before it is in use.

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
    augmenter : Augmenter, optional
        What changes the inputs. It knows the same order and batch size.
    """
    row_bytes = max(math.prod(dataset.input_shape), outputs) * dtype.itemsize
    fitting = min(
        _CHUNK_BYTES // row_bytes, _CHUNK_ROWS, _CHUNK_MULTIPLICATIONS // max(multiplications, 1)
    )
    size = min(max(fitting // batch_size, 1) * batch_size, len(order))
    slow = augmenter is not None or dataset.streamed is not None
    # it is float32 that is read and changed; one buffer is in use while the thread fills the other
    gathered = np.dtype(np.float32) if slow else dtype
    buffers = [np.empty((size, *dataset.x.shape[1:]), gathered) for _ in range(1 + slow)]
    made = (
        Chunk(dataset, at, order[at : at + size], buffer, dtype=dtype, augmenter=augmenter)
        for at, buffer in zip(range(start, len(order), size), cycle(buffers), strict=False)
    )
    yield from ahead(chunk.prepared() for chunk in made) if slow else made
