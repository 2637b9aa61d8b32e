"""Threads that share work and wait for one another."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="the compiled kernels need the extra fast")

from numba import config, njit

from glassnet.kernels.team import Member, Team, meet, share

needs_threads = pytest.mark.skipif(
    bool(config.DISABLE_JIT), reason="without compiled code a team is one thread"
)


@njit(nogil=True)
def pass_on(member, seen, rounds):
    """In each round write a number, and then read what the neighbour wrote."""
    wrong = 0
    for step in range(rounds):
        seen[member.rank] = step
        if not meet(member):
            return -1
        wrong += seen[(member.rank + 1) % member.size] != step
        meet(member)
    return wrong


@needs_threads
@pytest.mark.parametrize("size", [1, 2, 5])
def test_who_meets_sees_what_the_others_wrote(size) -> None:
    team, seen = Team(size), np.zeros(size, np.int64)
    with team.gathered():
        for _ in range(20):
            assert team.run(lambda member: pass_on(member, seen, 50)) == [0] * size


@pytest.mark.parametrize("size", [1, 3, 4])
def test_the_shares_are_all_of_it_and_even(size) -> None:
    for n in (0, 1, 2, 10, 101):
        shares = [share(n, Member(rank, size, np.zeros(1, np.int64))) for rank in range(size)]
        assert [first for first, _ in shares] == [0, *(end for _, end in shares[:-1])]
        assert shares[-1][1] == n
        assert max(b - a for a, b in shares) - min(b - a for a, b in shares) <= 1


@needs_threads
def test_what_goes_wrong_in_a_thread_is_told_and_the_team_works_on() -> None:
    team = Team(2)

    def fail(member) -> int:
        if member.rank == 1:
            raise MemoryError("no room")
        return member.rank

    with team.gathered():
        with pytest.raises(MemoryError, match="no room"):
            team.run(fail)
        assert team.run(lambda member: member.rank) == [0, 1]


@needs_threads
@pytest.mark.parametrize("rank", [0, 1, 2])
@pytest.mark.parametrize("problem", [KeyboardInterrupt, MemoryError])
def test_nobody_waits_for_a_thread_that_never_came(rank, problem) -> None:
    team, seen, results = Team(3), np.zeros(3, np.int64), []

    def come(member) -> None:
        if member.rank == rank:
            raise problem
        results.append(pass_on(member, seen, 50))

    with team.gathered(), pytest.raises(problem):
        team.run(come)
    assert results == [-1, -1]


def test_a_team_that_is_not_gathered_is_one_thread() -> None:
    assert Team(3).run(lambda member: (member.rank, member.size)) == [(0, 1)]


def test_on_windows_a_team_is_one_thread(monkeypatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    assert Team(4).size == 1
