"""Contenders take turns at a work, each a process of its own, so that thread pools don't meet."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Timer
from typing import Any

import numpy as np

import glassnet as gn
from benchmarks.contenders import Contender
from benchmarks.given import (
    give,
    loss,
    network_with,
    read_arrays,
    read_examples,
    read_weights,
)
from benchmarks.works import Work

ROOT = Path(__file__).parents[1]
LOSS_TOLERANCE = 0.02
"""Gradient descent at batch size 1 is chaotic: rounding alone moves weights in the long run."""

PAUSE = 0.1
"""Seconds before a turn: the threads of the turn before spin for a while until they fall asleep."""


class OtherWork(Exception):  # noqa: N818
    """Says which contender did not do what the others did."""


@dataclass
class Measured:
    """What came of one work.

    Attributes
    ----------
    microseconds : dict of list of float
        By contender: of a step, round by round.
    losses : dict of float
        By contender: after the last round, where the loss is the work's.
    peak_mib : dict of float
        By contender: the most memory that its process held.
    skipped : dict of str
        By contender: why it did not take part.
    """

    microseconds: dict[str, list[float]] = field(default_factory=dict)
    losses: dict[str, float] = field(default_factory=dict)
    peak_mib: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def measure(
    work: Work,
    contenders: Sequence[Contender],
    *,
    rounds: int,
    threads: int,
    data_dir: str | None = None,
    limit: float | None = None,
) -> Measured:
    """Let all make some rounds, one after the other, and compare what comes out.

    Parameters
    ----------
    limit : float, optional
        Seconds for making ready, and for a round; who takes longer is left out.

    Raises
    ------
    OtherWork
        If contenders end with another loss, to 2 %, or with other predictions.
    RuntimeError
        If a contender fails.
    """
    result = Measured()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        give(work, folder, data_dir)
        with at_work(contenders, folder, threads) as workers:
            for contender in contenders:
                told = hear(workers[contender.name], contender.name, limit)
                if "skipped" in told:
                    result.skipped[contender.name] = told["skipped"]
            for _ in range(rounds):
                for contender in contenders:
                    if contender.name not in result.skipped:
                        take_turn(result, work, workers[contender.name], contender.name, limit)
        outputs = {name: read_arrays(folder / f"{name}.npz") for name in result.microseconds}
        compare(work, folder, outputs, result)
    return result


@contextmanager
def at_work(
    contenders: Sequence[Contender], folder: Path, threads: int
) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Start a process for each contender, and end them all."""
    workers = {
        contender.name: subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", contender.name, str(folder), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | environment(threads),
        )
        for contender in contenders
    }
    try:
        yield workers
    finally:
        for process in workers.values():
            process.kill()
            process.communicate()


def environment(threads: int) -> dict[str, str]:
    """Return the variables by which libraries learn how many threads they have."""
    names = ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB_MAXIMUM")
    eigen = str(threads > 1).lower()
    return {f"{name}_NUM_THREADS": str(threads) for name in names} | {
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={eigen} intra_op_parallelism_threads={threads}",
        "JAX_PLATFORMS": "cpu",
        "CUDA_VISIBLE_DEVICES": "",
        "TORCHINDUCTOR_COMPILE_THREADS": "1",  # more are processes that would stay beside it
    }


def hear(process: subprocess.Popen[str], name: str, limit: float | None) -> dict[str, Any]:
    """Return a worker's next answer; that it is skipped if it takes longer than the limit."""
    assert process.stdout is not None
    late = Event()

    def stop() -> None:
        late.set()
        process.kill()

    timer = Timer(limit or 0.0, stop)
    if limit is not None:
        timer.start()
    line = process.stdout.readline()
    timer.cancel()
    if line:
        return dict(json.loads(line))
    if late.is_set():
        return {"skipped": f"took longer than {limit:g} s"}
    raise RuntimeError(f"{name} failed; its message stands above")


def take_turn(
    result: Measured, work: Work, process: subprocess.Popen[str], name: str, limit: float | None
) -> None:
    """Ask a worker for a round, and note what it says."""
    time.sleep(PAUSE)
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    told = hear(process, name, limit)
    if "skipped" in told:
        result.skipped[name] = told["skipped"]
        result.microseconds.pop(name, None)
        return
    result.microseconds.setdefault(name, []).append(told["seconds"] / work.steps * 1e6)
    if told["peak_mib"] is not None:
        result.peak_mib[name] = told["peak_mib"]


def compare(
    work: Work, folder: Path, outputs: Mapping[str, list[np.ndarray]], result: Measured
) -> None:
    """Refuse results of which not all are of the same work; note the losses."""
    comparable = {name: arrays for name, arrays in outputs.items() if arrays}
    if work.task == "inference":
        expected = network_with(work, read_weights(folder)).predict(read_examples(folder)[0])
        for name, (p,) in comparable.items():
            if not np.allclose(p, expected, rtol=1e-4, atol=1e-5):
                raise OtherWork(f"{name} predicts otherwise, by {np.abs(p - expected).max():.2g}")
        return
    for name, weights in comparable.items():
        result.losses[name] = loss_of(work, folder, weights)
    losses = list(result.losses.values())
    if not np.allclose(losses, losses[:1] * len(losses), rtol=LOSS_TOLERANCE, atol=0.0):
        raise OtherWork(f"not all did the same work, for they end with the losses {result.losses}")


def loss_of(work: Work, folder: Path, weights: Sequence[np.ndarray]) -> float:
    """Return the loss of these weights on the examples of the round."""
    model = network_with(work, list(weights))
    data = gn.Dataset(*read_examples(folder))
    return float(gn.evaluate(model, data, loss=loss(work))["loss"])


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, float]:
    """Return how many times as long they take as we do, round by round: median, least and most."""
    pairs = [b / a for a, b in zip(ours, theirs, strict=True)]
    return {"median": statistics.median(pairs), "min": min(pairs), "max": max(pairs)}
