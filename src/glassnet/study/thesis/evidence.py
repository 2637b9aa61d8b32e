"""What the studies of the thesis measured, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from glassnet.study.study import Study

Floats = NDArray[np.float64]


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
        values = ("loss", "accuracy", "validation_accuracy")
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
            raise MissingRunsError(f"all runs of {name}")
        return study


class MissingRunsError(LookupError):
    """Says which study a claim needs whose runs have not finished, or that it needs more seeds."""
