"""A contender's process: it makes ready, then a round for every line that comes in."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

LEAST_SECONDS = 0.2
"""A round repeats the work until its clock has run so long, and takes the mean."""


def main(name: str, folder: Path, threads: int) -> None:
    """Work for the contender of that name; answers are lines of JSON on standard output."""
    keep_to(threads)  # before any library starts its threads
    from benchmarks.contenders import Unavailable, contender_named
    from benchmarks.given import read_work, write_arrays

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer

    def answer(**fields: Any) -> None:
        print(json.dumps(fields), file=answers, flush=True)

    work = read_work(folder)
    try:
        run = contender_named(name, work.kind).prepare(work, folder)
        run()  # compiles, warms up
    except Unavailable as error:
        answer(skipped=str(error))
        return
    answer(ready=True)
    for _ in sys.stdin:
        seconds, arrays = run()
        repeats = 1
        while seconds < LEAST_SECONDS:
            more, arrays = run()
            seconds, repeats = seconds + more, repeats + 1
        write_arrays(folder / f"{name}.npz", arrays)
        answer(seconds=seconds / repeats, peak_mib=peak_memory())


def keep_to(threads: int) -> None:
    """Let this process have so many processors: some libraries heed nothing else."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def peak_memory() -> float | None:
    """Return the most memory that this process has held, in MiB; None where no one knows.

    Linux: not ``ru_maxrss``, in which a new process begins with the peak of the one that made it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text("utf-8").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes on macOS


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
