from __future__ import annotations

import _thread
import threading
import traceback
from collections.abc import Iterator

import pytest

from glassnet.data.ahead import ahead


def threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("glassnet-ahead")]


def test_items_come_in_their_order_from_another_thread() -> None:
    made = []

    def items() -> Iterator[int]:
        for i in range(5):
            made.append(threading.current_thread().name)
            yield i

    assert list(ahead(items())) == [0, 1, 2, 3, 4]
    assert all(name.startswith("glassnet-ahead") for name in made)
    assert threads() == []


def test_one_is_made_ahead_and_no_more() -> None:
    begun: list[int] = []
    second = threading.Event()

    def items() -> Iterator[int]:
        for i in range(10):
            begun.append(i)
            if i == 1:
                second.set()
            yield i

    coming = ahead(items())
    assert next(coming) == 0
    assert second.wait(10)  # it is made while the first is in use
    coming.close()
    assert begun == [0, 1]
    assert threads() == []


def broken() -> Iterator[int]:
    yield 1
    raise OSError("the disk is gone")


def test_an_error_comes_where_the_item_would_have_with_its_traceback() -> None:
    coming = ahead(broken())
    assert next(coming) == 1
    with pytest.raises(OSError, match="the disk is gone") as caught:
        next(coming)
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert "broken" in frames
    assert threads() == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_loop_that_is_broken_off_leaves_no_thread(error) -> None:
    coming = ahead(iter(range(100)))
    with pytest.raises(error):
        coming.throw(error) if next(coming) == 0 else None
    assert threads() == []


def test_ctrl_c_while_an_item_is_waited_for_leaves_no_thread() -> None:
    def items() -> Iterator[int]:
        yield 0
        _thread.interrupt_main()
        yield 1

    with pytest.raises(KeyboardInterrupt):
        list(ahead(items()))
    assert threads() == []


def test_nothing_begins_before_it_is_asked_for() -> None:
    ahead(broken())
    assert threads() == []
