"""Runs that were never made, with known properties."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from glassnet.study import Cell, Finished, RunSpec, Study

    Made = tuple[list[dict[str, Any]], dict[str, np.ndarray]] | None


def fill(name: str, make: Callable[[Cell, int], Made], *, seeds: int, folder: Path) -> Study:
    """Return a shipped study with the runs that `make` gives; see the fixture `fabricate`."""
    from glassnet.study import Study

    study = Study.load(name, seeds=seeds, folder=folder)
    for cell in study.cells:
        for spec in cell.specs:
            made = make(cell, spec.seed)
            if made is not None:
                study.archive.keep(spec, finished(spec, *made))
    return study


def finished(
    spec: RunSpec, records: list[dict[str, Any]], arrays: dict[str, np.ndarray]
) -> Finished:
    """Return a run with these records, of which the rest is filled in."""
    from glassnet.study import Finished

    epochs = [
        {"epoch": number, "phase": 1, "steps": 10, "seconds": 0.5, "accuracy": 0.9, "loss": 0.1}
        | record
        for number, record in enumerate(records, 1)
    ]
    last = epochs[-1]
    accuracy = last.get("test_accuracy", last.get("validation_accuracy", 0.9))
    test = {"examples": 100, "loss": 0.1, "accuracy": accuracy}
    return Finished(spec.recipe.to_dict(), epochs, test, 1.0, {"glassnet": "0"}, arrays)
