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

    Examples
    --------
    >>> from glassnet.study import Study
    >>> spec = Study.load("figure-08").specs[3]
    >>> step = Step(spec, "learning rate 0.1, seed 4", failure=None, done=1, total=40, share=0.03)
    >>> f"{step.label}: run {step.done} of {step.total}, {step.share:.0%} of the work"
    'learning rate 0.1, seed 4: run 1 of 40, 3% of the work'
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
