"""Live progress of studies and searches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from glassnet.cli.console import duration, out, say

if TYPE_CHECKING:
    from glassnet.study import Step

_SECONDS_BETWEEN_LINES = 10.0
_FAILURES_SHOWN = 3


@contextmanager
def runs_shown(total: int) -> Iterator[Callable[[Step], None]]:
    """Yield what shows how far the runs are: a bar on a terminal, elsewhere a line now and then."""
    live = out.is_terminal and not out.is_dumb_terminal
    began = printed = time.monotonic()
    columns = (TextColumn("runs"), BarColumn(), TextColumn("{task.fields[place]}"))
    bars = Progress(*columns, console=out, disable=not live)
    task = bars.add_task("runs", total=1.0, place=f"0/{total:,}")
    failures: list[str | None] = []

    def told(step: Step) -> str:
        seconds = time.monotonic() - began
        left = seconds * (1 - step.share) / step.share
        more = f"  {duration(left)} left" if step.done < step.total else f"  {duration(seconds)}"
        return f"{step.done:,}/{step.total:,}{more}"

    def progress(step: Step) -> None:
        nonlocal printed
        bars.update(task, completed=step.share, place=told(step))
        if step.failure not in (None, *failures) and len(failures) < _FAILURES_SHOWN:
            failures.append(step.failure)
            line = Text(f"failed: {step.label}: {step.failure}", "yellow")
            bars.console.print(line, soft_wrap=True)
        now = time.monotonic()
        if not live and (now - printed > _SECONDS_BETWEEN_LINES or step.done == step.total):
            printed = now
            say(f"runs {told(step)}")

    with bars:
        yield progress


@contextmanager
def trials_shown(
    total: int, told: Callable[[float], str]
) -> Iterator[Callable[[int, float | None], None]]:
    """Yield the same for trials; `told` puts the best value into words."""
    live = out.is_terminal and not out.is_dumb_terminal
    columns = (TextColumn("trials"), BarColumn(), TextColumn("{task.fields[place]}"))
    bars = Progress(*columns, console=out, disable=not live)
    task = bars.add_task("trials", total=total, place="")
    printed, shown = time.monotonic(), ""

    def progress(done: int, best: float | None) -> None:
        nonlocal printed, shown
        found = "" if best is None else f"  best {told(best)}"
        bars.update(task, completed=done, place=f"{done:,}/{total:,}{found}")
        now = time.monotonic()
        late = now - printed > _SECONDS_BETWEEN_LINES
        if not live and (late or found != shown or done == total):
            printed, shown = now, found
            say(f"trial {done:,}/{total:,}{found}")

    with bars:
        yield progress
