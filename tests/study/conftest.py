from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from glassnet.study import Study

RATE = "training.phases.0.optimizer.learning_rate"


@pytest.fixture
def tiny(tmp_path) -> Callable[..., Study]:
    """A study of the digits that takes moments: rates times seeds runs of two epochs."""

    def make(folder: str = "studies", *, rates=(0.01, 0.1), seeds: int = 2, **changes) -> Study:
        return Study(
            {
                "name": "tiny",
                "recipe": "digits",
                "changes": {"training.phases.0.epochs": 2},
                "factors": [{"name": "rate", "keys": [RATE], "values": list(rates)}],
                "seeds": seeds,
                "record": {"predictions": True, "output_units": True},
            }
            | changes,
            folder=tmp_path / folder,
        )

    return make


@pytest.fixture
def numbers() -> Callable[[Study], dict[str, Any]]:
    """All that a study's finished runs hold but for times and machine, to compare with ``==``."""

    def of(study: Study) -> dict[str, Any]:
        return {
            spec.key: (
                run.recipe,
                [{k: v for k, v in r.items() if not k.endswith("seconds")} for r in run.epochs],
                run.test,
                {n: (a.dtype.str, np.ascontiguousarray(a).tolist()) for n, a in run.arrays.items()},
            )
            for _, spec, run in study.finished()
        }

    return of
