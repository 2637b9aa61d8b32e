from __future__ import annotations

import numpy as np
import pytest

from glassnet.study.thesis.evidence import Evidence, MissingRunsError


def test_evidence_gives_the_curves_of_a_cell_seed_by_seed(fabricate) -> None:
    def make(cell, seed):
        return [{"validation_accuracy": 0.1 * seed + 0.01 * e, "loss": 1.0}
                for e in range(3)], {"array": np.full(4, seed)}  # fmt: skip

    evidence = Evidence({"figure-12": fabricate("figure-12", make)})
    curves = evidence.curves("figure-12", "batch 1, then 50")
    expected = np.add.outer([0, 0.1, 0.2], [0, 0.01, 0.02])
    assert curves == pytest.approx(expected)
    assert evidence.arrays("figure-12", "batch 1, then 50", "array").shape == (3, 4)
    with pytest.raises(MissingRunsError, match="figure-09"):
        evidence.curves("figure-09", "momentum 0")
