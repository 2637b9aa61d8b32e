"""What the studies of the thesis measured, and the rules by which a claim is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glassnet.study.comparison import number_word, paired_differences, verdict
from glassnet.study.intervals import mean_interval
from glassnet.study.study import Study

Floats = NDArray[np.float64]
Verdict = Literal["reproduced", "not reproduced", "depends on the seed", "not measured"]

NEARLY_ALL, HARDLY_ANY = 0.9, 0.1
"""Shares of the seeds: from the first on a claim is reproduced, up to the second it is not."""

TOLERANCE = 0.0005
"""A number of the thesis is met if it is so near to the seeds' range: half a tenth of a point."""


@dataclass(frozen=True)
class Claim:
    """A claim of the thesis beside what was measured.

    Parameters
    ----------
    where : str
        Section and figure: "III-B, Fig. 8".
    claim, measured : str
        In words.
    verdict : Verdict
    """

    where: str
    claim: str
    measured: str
    verdict: Verdict


class Evidence:
    """The runs of the thesis' studies, as arrays.

    Parameters
    ----------
    studies : mapping of Study
        By name.
    """

    def __init__(self, studies: Mapping[str, Study]) -> None:
        self.studies = studies
        self._curves = lru_cache(maxsize=None)(self._read_curves)

    def curves(self, study: str, cell: str, value: str = "validation_accuracy") -> Floats:
        """Return a number of the epochs, shape (seeds, epochs), of a cell's finished runs.

        Raises
        ------
        MissingRunsError
            If a run is missing.
        """
        return self._curves(study)[cell, value]

    def _read_curves(self, name: str) -> dict[tuple[str, str], Floats]:
        study = self.complete(name)
        results = study.results()
        values = ("accuracy", "validation_accuracy")
        return {
            (str(cell), value): table.pivot_table(value, "seed", "epoch").to_numpy(float)
            for cell, table in results.groupby("cell", sort=False)
            for value in values
        }

    def arrays(self, study: str, cell: str, name: str) -> Floats:
        """Return an array that was recorded, shape (seeds, ...), of a cell's runs."""
        return np.array(
            [
                run.arrays[name]
                for found, _, run in self.complete(study).finished()
                if found.label == cell
            ]
        )

    def complete(self, name: str) -> Study:
        """Return a study of which all runs have finished, or raise `MissingRunsError`."""
        study = self.studies.get(name)
        if study is None or study.missing():
            raise MissingRunsError(name)
        return study


class MissingRunsError(LookupError):
    """Runs that a claim needs have not finished."""


def share_verdict(holds: ArrayLike) -> Verdict:
    """Judge a claim that holds for some seeds.

    Examples
    --------
    >>> share_verdict([True] * 9 + [False]), share_verdict([True, False])
    ('reproduced', 'depends on the seed')
    """
    share = float(np.mean(np.asarray(holds, bool)))
    if share >= NEARLY_ALL:
        return "reproduced"
    return "not reproduced" if share <= HARDLY_ANY else "depends on the seed"


def number_verdict(values: ArrayLike, claimed: float, tolerance: float = TOLERANCE) -> Verdict:
    """Judge a number: it is met if it lies within the seeds' range.

    Examples
    --------
    >>> number_verdict([0.95, 0.96], 0.9575), number_verdict([0.95, 0.96], 0.97)
    ('reproduced', 'not reproduced')
    """
    low, high = float(np.min(values)), float(np.max(values))
    within = low - tolerance <= claimed <= high + tolerance
    return "reproduced" if within else "not reproduced"


def seeds_told(holds: ArrayLike) -> str:
    """Return "in seven of ten seeds".

    Examples
    --------
    >>> seeds_told([True, False, True])
    'in two of three seeds'
    >>> seeds_told([True, True])
    'in both seeds'
    """
    held = np.asarray(holds, bool)
    n, k = held.size, int(held.sum())
    if k == n:
        return "in both seeds" if n == 2 else f"in all {number_word(n)} seeds"
    return f"in {number_word(k) if k else 'none'} of {number_word(n)} seeds"


def percents(values: ArrayLike, digits: int = 2) -> str:
    """Return mean and range of shares: "94.72 % (94.41 to 95.02)"."""
    shares = 100 * np.asarray(values, float)
    low, high = f"{shares.min():.{digits}f}", f"{shares.max():.{digits}f}"
    return f"{shares.mean():.{digits}f} % ({low} to {high})"


def points(values: ArrayLike, digits: int = 2) -> str:
    """Return mean difference and range in points: "+0.31 points (+0.10 to +0.48)"."""
    many = 100 * np.asarray(values, float)
    low, high = f"{many.min():+.{digits}f}", f"{many.max():+.{digits}f}"
    return f"{many.mean():+.{digits}f} points ({low} to {high})".replace("-", "−")


def epochs(values: ArrayLike) -> str:
    """Return median and range of epochs; infinite ones were not reached."""
    many = np.asarray(values, float)
    shown = [f"{v:g}" if np.isfinite(v) else "never" for v in (many.min(), many.max())]
    middle = float(np.median(many))
    if not np.isfinite(many).any():
        return "never"
    return ("never" if np.isinf(middle) else f"epoch {middle:g}") + f" ({shown[0]} to {shown[1]})"


def first_epoch(curves: Floats, threshold: float) -> Floats:
    """Return for each seed the first epoch that reaches the threshold; infinity if none does."""
    reached = curves >= threshold
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, np.inf)


def compared(first: Floats, second: Floats, names: tuple[str, str]) -> tuple[str, bool, float]:
    """Compare two cells seed by seed.

    Parameters
    ----------
    first, second : ndarray, shape (seeds,)
    names : tuple of str

    Returns
    -------
    sentence : str
        The verdict, with the mean difference.
    distinct : bool
        Whether they can be told apart.
    mean : float
        Of first - second.
    """
    values = {
        name: dict(enumerate(map(float, of_seeds)))
        for name, of_seeds in zip(names, (first, second), strict=True)
    }
    (difference,) = paired_differences(values)
    told = verdict(difference)
    mean, low, high = (100 * v for v in mean_interval(first - second))
    numbers = f"{mean:+.2f} points, 95 % interval {low:+.2f} to {high:+.2f}".replace("-", "−")
    return f"{told} ({numbers})", not told.startswith("indistinguishable"), mean / 100
