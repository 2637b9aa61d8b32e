"""What the measurements are to show: how many times as long as ours a peer shall take at least."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.contenders import CONTENDERS

EVERY_PEER = "every peer"


@dataclass(frozen=True)
class Target:
    """A ratio to reach.

    Parameters
    ----------
    against : str
        A contender, a library (its fastest form counts), or `EVERY_PEER` (the fastest of all).
    at_least : float
    ours : str
        Which of our paths.
    """

    against: str
    at_least: float
    ours: str = "glassnet numba"


TARGETS: dict[str, tuple[Target, ...]] = {
    "B1": (
        Target("PyTorch", 40),
        Target("scikit-learn", 25),
        Target("JAX scan", 1.5),
        Target("C loop", 0.7),
        Target("PyTorch", 6, "glassnet numpy"),
        Target("scikit-learn", 4, "glassnet numpy"),
    ),
    "B2": (Target(EVERY_PEER, 1.5),),
    "B3": (Target(EVERY_PEER, 1.5),),
    "B4-1": (Target(EVERY_PEER, 2),),
    "B4-50": (Target(EVERY_PEER, 1.2),),
    "B5": (Target(EVERY_PEER, 1.1),),
    "B6": (Target(EVERY_PEER, 1.0),),
    "B7": (Target("PyTorch", 25), Target("scikit-learn", 15), Target("JAX scan", 1.2)),
    "B8-1": (Target(EVERY_PEER, 5),),
    "B8-10000": (Target(EVERY_PEER, 1.0),),
    "B11": (Target("PyTorch", 1.0), Target("PyTorch", 0.5, "glassnet numpy")),
    "B12": (Target("PyTorch", 1.2), Target("PyTorch", 0.5, "glassnet numpy")),
    "B13": (Target("PyTorch", 1.2), Target("PyTorch", 0.5, "glassnet numpy")),
}
"""By work."""

IMPORT_TARGET = Target("PyTorch", 10, "glassnet")
SIZE_TARGET = Target("PyTorch", 10, "glassnet")
MEMORY_TARGETS = (Target("PyTorch", 2),)
CONVOLUTION_MEMORY_TARGETS = (Target("PyTorch", 1), Target("PyTorch", 1, "glassnet numpy"))


def fastest(
    against: str, ratios: Mapping[str, Mapping[str, float]], kind: str
) -> tuple[str, Mapping[str, float]] | None:
    """Return the name of the fastest form that is meant, and its ratio; None if none was measured.

    Parameters
    ----------
    against : str
        As in `Target`.
    ratios : mapping
        By contender: ``median``, ``min`` and ``max``.
    kind : str
        Of work.
    """
    meant: list[tuple[str, Any]] = [
        (c.name, ratios[c.name])
        for c in CONTENDERS[kind]
        if c.name in ratios
        and (against in {c.name, c.library} or (against == EVERY_PEER and c.role == "peer"))
    ]
    return min(meant, key=lambda pair: pair[1]["median"], default=None)
