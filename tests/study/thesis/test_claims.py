"""The ledger judges runs that were never made, in worlds where the thesis is right or wrong."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.study.thesis import CLAIMS, ledger

FIGURES = (
    *("figure-08", "figure-09", "figure-10", "figure-11", "figure-12", "figure-14"),
    "figure-14-standard-normal",
)


def towards(end: float, speed: float, epochs: int = 35) -> np.ndarray:
    """A curve that comes nearer to its end by the factor `speed` an epoch."""
    return end - (end - 0.5) * speed ** np.arange(1, epochs + 1)


def zigzag(epochs: int, height: float) -> np.ndarray:
    return height * (-1.0) ** np.arange(epochs)


def at(curve: np.ndarray, epoch: int, value: float) -> np.ndarray:
    """The curve with its best epoch, of this value."""
    curve = np.minimum(curve, value - 1e-4)
    curve[epoch - 1] = value
    return curve


def sudden(curve: np.ndarray, epoch: int) -> np.ndarray:
    """The curve, 5 points lower before the epoch."""
    return np.where(np.arange(1, len(curve) + 1) < epoch, curve - 0.05, curve)


def as_in_the_thesis(label: str) -> np.ndarray:
    """Test accuracy by epoch of a cell, such that all that the thesis says holds.

    Rate 0.1, momentum 0 and batch size 1 are the same runs.
    """
    curves = {
        "learning rate 0.01": sudden(towards(0.9, 0.9), 12),
        "learning rate 0.1": at(towards(0.947, 0.56), 32, 0.9481),
        "learning rate 1": at(towards(0.944, 0.01), 20, 0.945),
        "learning rate 5": 0.6 + zigzag(35, 0.01),
        "momentum 0": at(towards(0.947, 0.56), 32, 0.9481),
        "momentum 0.4": at(np.r_[towards(0.944, 0.01, 7), np.full(28, 0.947)], 20, 0.9481),
        "momentum 0.8": at(np.r_[towards(0.944, 0.01, 7), 0.951 + zigzag(28, 0.0035)], 30, 0.955),
        "batch size 1": at(towards(0.947, 0.56), 32, 0.9481),
        "batch size 10": sudden(towards(0.93, 0.7), 8),
        "batch size 50": sudden(towards(0.92, 0.8), 9),
    }
    return curves[label]


def switched() -> tuple[np.ndarray, np.ndarray]:
    """Test and training accuracy of Fig. 12."""
    before = 0.9515 + zigzag(25, 0.001)
    after = np.array([0.957, 0.957, 0.957, 0.957, 0.957, 0.9575, 0.957, 0.9565, 0.956, 0.9555])
    after += before[-1] + 0.0045 - after[0]
    after[5] = 0.9575
    return np.r_[before, after], np.linspace(0.95, 0.99, 35)


def world(accuracy=as_in_the_thesis, *, grows=True, fig12=switched, cifar10=0.4194, confused=True):
    """Return what makes the runs of a world; each seed is a little off."""

    def make(cell, seed):
        off = 1e-5 * seed
        study = cell.specs[0].recipe.data.name
        if study == "cifar10":
            curve = np.r_[np.full(10, cifar10 - 0.02), np.full(20, cifar10)] + off
            matrix = np.full((10, 10), 5)
            matrix[1, 9] = 300 if confused else 0
            return [{"validation_accuracy": a} for a in curve], {"confusion": matrix}
        if cell.specs[0].record.steps:
            size = {"1": 4.0, "10": 2.0, "50": 1.0}[cell.levels["batch size"]]
            drift = 0.1 * size if grows else -0.1 * size
            error = 1 + zigzag(101, 0.01 * size) + np.linspace(0, drift, 101) + off
            return [{"validation_accuracy": 0.9}], {"step_mean_squared_error": error}
        if cell.label == "batch 1, then 50":
            test, train = fig12()
            return [
                {"validation_accuracy": a + off, "accuracy": b}
                for a, b in zip(test, train, strict=True)
            ], {}
        sign = 1 if cell.label in {"momentum 0.4", "learning rate 1"} else -1
        curve = accuracy(cell.label) + 1e-4 * sign * (seed - 1)  # else cells would be the same
        loss = 0.02 if cell.label == "momentum 0.8" else 0.03
        return [{"validation_accuracy": a, "accuracy": a, "loss": loss} for a in curve], {}

    return make


@pytest.fixture
def judged(fabricate):
    """Return a function that makes the runs of a world and returns its ledger, by claim."""

    def judge(make, names=FIGURES, seeds=3):
        studies = {name: fabricate(name, make, seeds=seeds) for name in names}
        return {row.claim: row for row in ledger(studies)}

    return judge


def test_every_claim_is_reproduced_in_a_world_where_the_thesis_is_right(judged) -> None:
    rows = judged(world())
    wrong = {row.claim: row.measured for row in rows.values() if row.verdict != "reproduced"}
    assert wrong == {}
    assert len(rows) == len(CLAIMS) >= 30


def test_claims_of_studies_that_were_not_run_are_not_measured_and_say_what_to_run(judged) -> None:
    rows = judged(world(), names=("figure-08",))
    assert rows["Rate 5 is too large and does poorly"].verdict == "reproduced"
    claim = rows["On CIFAR-10 the accuracy is 41.94 %"]
    assert claim.verdict == "not measured"
    assert claim.measured == "needs all runs of figure-14"


def test_a_study_with_a_missing_run_is_not_judged(judged) -> None:
    def without_seed_2(cell, seed):
        return None if seed == 2 else world()(cell, seed)

    rows = judged(without_seed_2, names=("figure-14",))
    assert {row.verdict for row in rows.values()} == {"not measured"}


GROWS = "After 100 steps of SGD the training set's error is larger than before"


@pytest.mark.parametrize(
    ("other", "claim"),
    [
        (world(grows=False), GROWS),
        (world(cifar10=0.52), "On CIFAR-10 the accuracy is 41.94 %"),
        (world(confused=False), "Trucks and automobiles are hard to tell apart"),
        (
            world(fig12=lambda: (np.full(35, 0.95), np.full(35, 0.95))),
            "After epoch 32 it overfits: training accuracy rises, test accuracy falls",
        ),
        (
            world(lambda label: as_in_the_thesis("learning rate 5")),
            "With rate 1 the accuracy is over 90 % after the first epoch",
        ),
        (
            world(lambda label: as_in_the_thesis("momentum 0.8")),
            "With rate 0.1 the best accuracy is 94.81 %",
        ),
        (
            world(lambda label: towards(0.95, 0.5)),
            "With rate 0.01 accuracy rises suddenly within one epoch, after epoch 10",
        ),
    ],
)
def test_a_claim_is_not_reproduced_where_the_runs_say_otherwise(judged, other, claim) -> None:
    assert judged(other)[claim].verdict == "not reproduced"


def test_a_claim_that_holds_for_some_seeds_depends_on_the_seed(judged) -> None:
    def make(cell, seed):
        return world(grows=seed % 2 == 0)(cell, seed)

    row = judged(make, names=("figure-10",), seeds=4)[GROWS]
    assert row.verdict == "depends on the seed"
    assert "in two of four seeds" in row.measured


def contrary(label: str) -> np.ndarray:
    """Test accuracy by epoch of a cell, such that hardly anything that the thesis says holds."""
    base = {
        "learning rate 0.01": 0.93,
        "learning rate 0.1": 0.60,
        "learning rate 1": 0.70,
        "learning rate 5": 0.92,
        "momentum 0": 0.60,
        "momentum 0.4": 0.55,
        "momentum 0.8": 0.40,
        "batch size 1": 0.60,
        "batch size 10": 0.80,
        "batch size 50": 0.90,
    }
    lead_grows = np.linspace(-0.1, 0.0, 35) if label == "learning rate 1" else 0.0
    return np.full(35, base[label]) - 1e-4 * np.arange(35) + lead_grows


def flat(label: str) -> np.ndarray:
    return np.full(35, 0.9)


def falling() -> tuple[np.ndarray, np.ndarray]:
    """Test and training accuracy of Fig. 12 where the larger batch harms."""
    test = np.r_[np.full(25, 0.5), 0.3 + zigzag(10, 0.01)]
    return test, np.linspace(0.9, 0.5, 35)


@pytest.fixture
def wrong_worlds(judged):
    """The ledgers of worlds where the thesis is wrong: all is contrary, or all is the same."""
    settings = {"grows": False, "fig12": falling, "cifar10": 0.3, "confused": False}

    def backwards(cell, seed):
        records, arrays = world(contrary, **settings)(cell, seed)
        if "step_mean_squared_error" in arrays:  # the larger the batch, the wilder and the worse
            size = {"1": 1.0, "10": 2.0, "50": 4.0}[cell.levels["batch size"]]
            error = 1 + zigzag(101, 0.01 * size) + np.linspace(0, 0.1 * (size - 2), 101)
            arrays["step_mean_squared_error"] = error
        if cell.specs[0].recipe.data.name == "cifar10":
            records = list(reversed(records))
            arrays["confusion"][0, 2:6] = 100
        for record in records:
            record["loss"] = 0.5 if cell.label == "momentum 0.8" else 0.1
        return records, arrays

    return [judged(backwards), judged(world(flat, **settings))]


def test_every_claim_can_fail(wrong_worlds) -> None:
    ledgers = [{claim: row.verdict for claim, row in rows.items()} for rows in wrong_worlds]
    always = [claim for claim in ledgers[0] if all(r[claim] == "reproduced" for r in ledgers)]
    assert always == []
