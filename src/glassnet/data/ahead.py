"""Things made in a background thread while the ones before them are in use."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T]) -> Generator[T, None, None]:
    """Yield the items, each made in a thread while the one before is in use: one ahead, no more.

    What making an item raises is raised where it would have come. When the loop ends, whether by
    itself or broken off, the item that is being made is finished and the thread ends.

    Parameters
    ----------
    items : iterator
        NumPy frees the interpreter's lock where it copies and computes, so that it is worth it.

    Examples
    --------
    >>> list(ahead(iter("abc")))
    ['a', 'b', 'c']
    """
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - takes 4 ms, and few need it

    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="glassnet-ahead") as thread:
        coming = thread.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, items, end)
            yield item  # type: ignore[misc]
