"""Work on many images: shared by threads, in blocks that stay in the processor's cache.

NumPy holds Python's lock neither while it copies nor while it calculates, so that Python's own
threads are enough.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache as once
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from glassnet.blas_threads import one_thread_a_product
from glassnet.extras import installed
from glassnet.nn.layer import Cache

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

T = TypeVar("T")

BLOCK_BYTES = 2**18
"""What a block's arrays may take together: a quarter of a usual L2 cache."""

LEAST_WORTH = 2.0e6
"""Operations for which a second thread is worth calling."""


def in_shares(
    n: int, work: Callable[[int, int, int], T], *, worth: float, products: bool = False
) -> list[T]:
    """Call ``work(start, stop, number)`` for shares of `n` things, each in a thread of its own.

    The shares depend on the number of threads and nothing else, and so do the results.

    Parameters
    ----------
    n : int
    work : callable
        Takes where its share begins and ends, and the share's number. It may call NumPy, and no
        other work in shares.
    worth : float
        About how many operations on numbers all shares have. With few, there is one share.
    products : bool
        Whether there are matrix products in it: they then keep to their own thread.

    Returns
    -------
    list
        What the calls return, in the order of the shares.
    """
    count = 1 if worth < LEAST_WORTH else min(available_threads(), n)
    if count < 2 or (products and not installed("threadpoolctl")):
        return [work(0, n, 0)]
    edges = [n * i // count for i in range(count + 1)]
    with small_products() if products else nullcontext():
        others = [_pool().submit(work, edges[i], edges[i + 1], i) for i in range(1, count)]
        try:
            first = work(0, edges[1], 0)
        finally:
            results = [other.result() for other in others]
    return [first, *results]


def small_products() -> AbstractContextManager[None]:
    """Return what keeps matrix products to the thread that asks for them.

    For those next to work in shares: BLAS' own threads wait for more to do by turning round and
    round, some 20 ms long, and would take the processors from ours.
    """
    return one_thread_a_product if installed("threadpoolctl") else nullcontext()


def in_blocks(
    arrays: Sequence[np.ndarray],
    work: Callable[..., None],
    cache: Cache,
    *,
    spare: int = 0,
    worth_each: float = 1.0,
) -> None:
    """Call `work` with the same stretch of all arrays, block after block, in shares.

    Parameters
    ----------
    arrays : sequence of ndarray
        Of the same shape, in C order.
    work : callable
        Takes a stretch of each, shape (size,), then the spare ones. Where all is one block, it gets
        the arrays as they are, and spare ones of their shape.
    cache : Cache
        Where the spare arrays are kept.
    spare : int
        So many more arrays of a stretch's size for `work` to calculate in, of the dtype of the
        first.
    worth_each : float
        About how many operations there are for one element.
    """
    shape, size, dtype = arrays[0].shape, arrays[0].size, arrays[0].dtype
    rows = max(1, BLOCK_BYTES // (dtype.itemsize * (len(arrays) + spare)))
    if size <= rows:
        beside = cache.array("spare", (spare * size,), dtype) if spare else arrays[0][:0]
        work(*arrays, *beside.reshape(spare, *shape))
        return
    flat = [array.reshape(-1) for array in arrays]
    if spare:
        memory = cache.array("spare", (available_threads() * spare * rows,), dtype)
        spares = memory.reshape(-1, spare, rows)

    def share(start: int, stop: int, number: int) -> None:
        for first in range(start, stop, rows):
            block = slice(first, min(stop, first + rows))
            further = spares[number, :, : block.stop - first] if spare else ()
            work(*(array[block] for array in flat), *further)

    in_shares(size, share, worth=worth_each * size)


def by_images(
    arrays: Sequence[np.ndarray], work: Callable[..., None], *, worth_each: float = 2.0
) -> None:
    """Call `work` with the same images of all arrays, shape (n, ...), as `in_blocks` does."""
    largest = max(array.size for array in arrays)
    bytes_each = sum(array.nbytes for array in arrays) // max(1, len(arrays[0]))

    def share(start: int, stop: int, _: int) -> None:
        for block in blocks(start, stop, bytes_each):
            work(*(array[block] for array in arrays))

    in_shares(len(arrays[0]), share, worth=worth_each * largest)


def blocks(start: int, stop: int, bytes_each: int) -> Iterator[slice]:
    """Yield slices of things that take about `BLOCK_BYTES` together."""
    rows = max(1, BLOCK_BYTES // max(1, bytes_each))
    for first in range(start, stop, rows):
        yield slice(first, min(stop, first + rows))


def available_threads() -> int:
    """Return how many threads to use at most: ``OMP_NUM_THREADS``, or one for each processor."""
    limit = os.environ.get("OMP_NUM_THREADS", "")
    if limit.isdecimal() and int(limit) > 0:
        return int(limit)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@once
def _pool() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 (imports a lot)

    return ThreadPoolExecutor(max(1, available_threads() - 1), "glassnet")


if hasattr(os, "register_at_fork"):  # a forked process has none of the threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
