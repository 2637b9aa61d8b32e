"""While threads of our own share work, a matrix product takes one."""

from __future__ import annotations

import sys

import pytest

pytest.importorskip("threadpoolctl")

from threadpoolctl import threadpool_limits

from glassnet import blas_threads
from glassnet.blas_threads import OneThreadAProduct, one_thread_a_product
from glassnet.nn import threads


def limits() -> set[int]:
    with one_thread_a_product:  # so that they are known
        libraries = one_thread_a_product._libraries
    return {i["num_threads"] for i in libraries.info() if i["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def three_threads() -> None:
    with threadpool_limits(limits=3, user_api="blas"):
        yield


def test_products_keep_to_one_thread_while_anybody_is_inside() -> None:
    before = limits()
    assert 1 not in before
    with one_thread_a_product:
        with one_thread_a_product:
            assert limits() == {1}
        assert limits() == {1}
    assert limits() == before


def test_a_library_that_comes_later_keeps_to_one_thread_too(monkeypatch) -> None:
    monkeypatch.delitem(sys.modules, "scipy.linalg.cython_blas", raising=False)
    one, before = OneThreadAProduct(), limits()
    one.__enter__()
    first = one._libraries
    monkeypatch.setitem(sys.modules, "scipy.linalg.cython_blas", blas_threads)
    with one:
        assert one._libraries is not first
    assert limits() == {1}
    one.__exit__()
    assert limits() == before


def test_a_team_and_shared_work_that_overlap_leave_the_limit_as_it_was(monkeypatch) -> None:
    pytest.importorskip("numba", reason="teams need the extra fast")
    pytest.importorskip("scipy", reason="teams need the extra fast")
    from glassnet.kernels.team import Team, gathered

    monkeypatch.setattr(threads, "available_threads", lambda: 2)
    with gathered(Team(2), uses_blas=True):
        pass  # SciPy's is loaded now
    before, team = limits(), gathered(Team(2), uses_blas=True)
    assert 1 not in before
    team.__enter__()

    def work(start: int, stop: int, number: int) -> None:
        if number == 0:  # the team goes away while the work is still shared
            team.__exit__(None, None, None)

    threads.in_shares(4, work, worth=1e9, products=True)
    assert limits() == before
