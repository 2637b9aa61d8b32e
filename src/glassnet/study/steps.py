"""What is told while the runs of studies are performed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from glassnet.study.definition import StudyError
from glassnet.study.design import RunSpec


@dataclass(frozen=True)
class Step:
    """A run that has just ended, and how many there are.

    Parameters
    ----------
    spec : RunSpec
    label : str
        The cell and the seed: "learning rate 0.1, seed 3".
    failure : str or None
        The error that it ended with.
    done, total : int
        Runs.
    share : float
        Of the work, 0 to 1.
    """

    spec: RunSpec
    label: str
    failure: str | None
    done: int
    total: int
    share: float


Progress = Callable[[Step], None]


class RunFailedError(StudyError):
    """The first run that failed, where none may."""
