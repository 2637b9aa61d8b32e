"""How the time of a step grows: one quantity is varied, all others stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.contenders import contender_named
from benchmarks.measuring import measure
from benchmarks.works import WORKS, Work

CONTENDERS = (
    "glassnet numba", "glassnet numpy", "PyTorch eager", "PyTorch compiled step", "JAX scan",
    "scikit-learn",
)  # fmt: skip
LIMIT = 120.0
"""Seconds for making ready, and for a round; a point that takes longer is left out."""

_SHORT = 1.5e10
"""Multiplications of a round, about: some seconds for the slowest."""


@dataclass(frozen=True)
class Sweep:
    """A row of works.

    Parameters
    ----------
    label : str
        What is varied.
    values : tuple of int
    work : callable
        Of a value.
    kept : str
        Says what is not varied.
    threads : callable
        Of a value and the usual number.
    """

    label: str
    values: tuple[int, ...]
    work: Callable[[int], Work]
    kept: str
    threads: Callable[[int, int], int] = lambda _, usual: usual


def short(work: Work) -> Work:
    """Return the work with fewer examples, where a round would take long."""
    multiplications = sum(3 * a * b for a, b in zip(work.sizes, work.sizes[1:], strict=False))
    steps = max(10, min(2_000, int(_SHORT / (multiplications * work.batch_size))))
    return replace(work, examples=min(20_000, steps * work.batch_size))


_THESIS = WORKS["B3"]
_LARGE = WORKS["B5"]
# at a larger rate the deepest one amplifies rounding, and no two end alike
_RELU = replace(_LARGE, batch_size=50, learning_rate=0.0001, weight_decay=0.0)

SWEEPS: dict[str, Sweep] = {
    "hidden units": Sweep(
        "hidden units",
        (8, 32, 128, 512, 2048),
        lambda n: short(replace(_RELU, sizes=(784, n, 10))),
        "784-n-10 ReLU, 50 a step",
    ),
    "depth": Sweep(
        "hidden layers",
        (1, 2, 4, 8, 16),
        lambda n: short(replace(_RELU, sizes=(784, *[64] * n, 10))),
        "hidden layers of 64 ReLU, 50 a step",
    ),
    "batch size": Sweep(
        "batch size",
        (1, 4, 16, 64, 256, 1024),
        lambda n: short(replace(_THESIS, batch_size=n, learning_rate=0.1)),
        "784-32-10 sigmoid",
    ),
    "examples": Sweep(
        "examples in an epoch",
        (100, 1_000, 10_000, 60_000),
        lambda n: replace(_THESIS, examples=n),
        "784-32-10 sigmoid, 50 a step",
    ),
    "threads": Sweep(
        "threads",
        (1, 2),
        lambda _: short(_LARGE),
        "784-512-512-10 ReLU, 128 a step",
        lambda value, _: value,
    ),
}


def measure_growth(
    *,
    rounds: int,
    threads: int,
    data_dir: str | None,
    sweeps: dict[str, Sweep] = SWEEPS,
    contenders: Sequence[str] = CONTENDERS,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of each sweep, and its microseconds per step: by contender, point by point."""
    taking_part = [contender_named(name) for name in contenders]
    for name, sweep in sweeps.items():
        points: dict[str, list[list[float] | None]] = {each: [] for each in contenders}
        for value in sweep.values:
            measured = measure(
                sweep.work(value),
                taking_part,
                rounds=rounds,
                threads=sweep.threads(value, threads),
                data_dir=data_dir,
                limit=LIMIT,
            )
            for each in contenders:
                points[each].append(measured.microseconds.get(each))
        yield (
            name,
            {
                "label": sweep.label,
                "kept": sweep.kept,
                "values": list(sweep.values),
                "microseconds": points,
            },
        )
