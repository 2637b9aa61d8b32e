"""Runs that were never made, with known properties."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from glassnet.study import Cell, Finished, RunSpec, Study

Made = tuple[list[dict[str, Any]], dict[str, np.ndarray]] | None


@pytest.fixture
def fabricate(tmp_path):
    """Return a function that fills a shipped study with runs.

    ``make(cell, seed)`` gives the epochs' records, of which the rest is filled in, and the arrays;
    or None for a run that is missing. The test accuracy is that of the last record, or its
    ``test_accuracy``.
    """

    def fill(name: str, make: Callable[[Cell, int], Made], *, seeds: int = 3) -> Study:
        study = Study.load(name, seeds=seeds, folder=tmp_path)
        for cell in study.cells:
            for spec in cell.specs:
                made = make(cell, spec.seed)
                if made is not None:
                    study.archive.keep(spec, _finished(spec, *made))
        return study

    return fill


def _finished(
    spec: RunSpec, records: list[dict[str, Any]], arrays: dict[str, np.ndarray]
) -> Finished:
    epochs = [
        {"epoch": number, "phase": 1, "steps": 10, "seconds": 0.5, "accuracy": 0.9, "loss": 0.1}
        | record
        for number, record in enumerate(records, 1)
    ]
    last = epochs[-1]
    accuracy = last.get("test_accuracy", last.get("validation_accuracy", 0.9))
    test = {"examples": 100, "loss": 0.1, "accuracy": accuracy}
    return Finished(spec.recipe.to_dict(), epochs, test, 1.0, {"glassnet": "0"}, arrays)
