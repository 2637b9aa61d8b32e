"""Threads that run the same compiled function, each on its share, and wait for one another."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import NamedTuple, TypeVar

import numpy as np
from numba import config, types
from numba.extending import intrinsic, overload
from numba.np.linalg import ensure_blas

from glassnet.blas_threads import one_thread_a_product
from glassnet.extras import installed
from glassnet.kernels.compilation import SETTINGS, part
from glassnet.kernels.vectors import Code, data_of

T = TypeVar("T")

ARRIVED, ROUND, STOPPED, LEFT = 0, 8, 16, 24
"""Places in the state of a team, a cache line apart: how many wait at the barrier, how often all
have met, and whether they have to stop, or one has left."""

_PATIENCE = 20_000
"""Looks at the barrier before a thread lets others have its processor."""


class Member(NamedTuple):
    """One thread's part in a team."""

    rank: int
    size: int
    state: np.ndarray


class Team:
    """A team of threads.

    Parameters
    ----------
    size : int
        How many. On Windows, and where Numba compiles nothing, it is 1.
    """

    def __init__(self, size: int) -> None:
        self.size = 1 if config.DISABLE_JIT or sys.platform == "win32" else size
        self._others: ThreadPoolExecutor | None = None

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Keep the threads ready."""
        if self.size == 1:
            yield
            return
        with ThreadPoolExecutor(self.size - 1, "glassnet") as others:
            self._others = others
            try:
                yield
            finally:
                self._others = None

    def run(self, function: Callable[[Member], T]) -> list[T]:
        """Call `function` in every thread; return what it gives in each.

        Outside `gathered` the team is one thread. If a call fails, or is interrupted, nobody waits
        for it in `meet`.
        """
        state = np.zeros(LEFT + 8, np.int64)
        if self._others is None:
            return [function(Member(0, 1, state))]

        def call(member: Member) -> T:
            try:
                return function(member)
            except BaseException:
                state[LEFT] = 1
                raise

        members = [Member(rank, self.size, state) for rank in range(self.size)]
        others: list[Future[T]] = []
        try:
            others.extend(self._others.submit(call, member) for member in members[1:])
            first = call(members[0])
        except BaseException:
            state[LEFT] = 1
            raise
        finally:
            wait(others)
        return [first, *(other.result() for other in others)]


@contextmanager
def gathered(team: Team, *, uses_blas: bool) -> Iterator[None]:
    """Keep the threads of a team ready; and BLAS, if they use it, to one for each of them."""
    with team.gathered(), one_for_each() if uses_blas else nullcontext():
        yield


def one_for_each() -> AbstractContextManager[None]:
    """Return what keeps BLAS to one thread for each that calls it."""
    ensure_blas()  # loads SciPy's, so that it can be told
    return one_thread_a_product if installed("threadpoolctl") else nullcontext()


@part
def share(n: int, member: Member) -> tuple[int, int]:
    """Return where the member's share of `n` things begins and ends."""
    return n * member.rank // member.size, n * (member.rank + 1) // member.size


@intrinsic
def _read(_: Code, state: Code, place: Code) -> tuple[Code, Code]:
    """Return a number that other threads write; what they wrote before it is seen from now on."""

    def generate(context: Code, builder: Code, signature: Code, arguments: Code) -> Code:
        pointer = _pointer(context, builder, signature, arguments)
        return builder.load_atomic(pointer, "acquire", 8)

    return types.int64(state, types.intp), generate


@intrinsic
def _write(_: Code, state: Code, place: Code, value: Code) -> tuple[Code, Code]:
    """Write a number that other threads read, after all that was written before."""

    def generate(context: Code, builder: Code, signature: Code, arguments: Code) -> Code:
        pointer = _pointer(context, builder, signature, arguments)
        builder.store_atomic(arguments[2], pointer, "release", 8)
        return context.get_dummy_value()

    return types.void(state, types.intp, types.int64), generate


@intrinsic
def _add(_: Code, state: Code, place: Code, value: Code) -> tuple[Code, Code]:
    """Add to a number that all threads add to; return what it was."""

    def generate(context: Code, builder: Code, signature: Code, arguments: Code) -> Code:
        pointer = _pointer(context, builder, signature, arguments)
        return builder.atomic_rmw("add", pointer, arguments[2], "acq_rel")

    return types.int64(state, types.intp, types.int64), generate


def _pointer(context: Code, builder: Code, signature: Code, arguments: Code) -> Code:
    data = data_of(context, builder, signature.args[0], arguments[0])
    return builder.gep(data, [arguments[1]])


def meet(member: Member) -> bool:
    """Wait until the whole team is here; what each has written is then seen by all.

    Return False if somebody left instead.
    """
    return member.size == 1


@overload(meet, jit_options=SETTINGS, strict=False)
def _meet(member: Code) -> Code:
    if sys.platform == "win32":  # where there is no sched_yield, and teams are one thread
        return lambda member: True  # noqa: ARG005
    make_way = types.ExternalFunction("sched_yield", types.intc())

    def look(member: Member) -> bool:
        if member.size == 1:
            return True
        state = member.state
        rounds = _read(state, ROUND)
        if _add(state, ARRIVED, 1) == member.size - 1:
            _write(state, ARRIVED, 0)
            _write(state, ROUND, rounds + 1)
            return True
        looks = 0
        while _read(state, ROUND) == rounds:
            if _read(state, LEFT) != 0:
                return False
            looks += 1
            if looks > _PATIENCE:
                make_way()
        return True

    return look
