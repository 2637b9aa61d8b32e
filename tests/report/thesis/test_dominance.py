import numpy as np
import pytest

from glassnet.report.thesis.dominance import STUDY, section

NONE = {"learning rate": 0.0, "momentum": 0.0, "batch size": 0.0, "hidden units": 0.0}
ORDER = {
    "learning rate": ["0.03", "0.1", "0.3"],
    "momentum": ["0", "0.4", "0.8"],
    "batch size": ["1", "10", "50"],
    "hidden units": ["16", "32", "64"],
}


def making(of, *, wanted=lambda cell: True):
    """Runs of a known accuracy, a little different by seed and cell."""

    def make(cell, seed):
        if not wanted(cell):
            return None
        noise = 1e-4 * np.sin(7 * seed + sum(map(ord, cell.label)))
        return [{"validation_accuracy": 0.9 + of(cell.levels) + float(noise)}], {}

    return make


def linear(**sizes):
    """A sum of effects that are straight in the number of the level."""
    chosen = NONE | {name.replace("_", " "): size for name, size in sizes.items()}
    return lambda levels: sum(
        size * ORDER[name].index(levels[name]) for name, size in chosen.items()
    )


def test_the_largest_effect_dominates(fabricate):
    study = fabricate(STUDY, making(linear(momentum=0.01, hidden_units=0.002)), seeds=2)
    made = section({STUDY: study})
    assert made.answer[0].startswith(
        "Momentum dominates: of the variance of accuracy it explains 96 %"
    )
    assert "next comes hidden units 4 %" in made.answer[0]
    assert "momentum 0.8 (+2.0 points, 95 % interval" in " ".join(made.findings)
    names = [drawing.name.removeprefix(f"{STUDY}-") for drawing in made.drawings]
    assert names == ["importance", "grid", "levels", "rate-per-example"]
    best = made.tables[2]
    assert best.caption == "The best cells"
    assert len(best.rows) == 5
    assert {row[1] for row in best.rows} == {"0.8"}
    assert {row[1] for row in made.tables[3].rows} == {"0"}


def test_effects_of_the_same_size_do_not(fabricate):
    study = fabricate(STUDY, making(linear(momentum=0.005, batch_size=0.005)), seeds=2)
    assert section({STUDY: study}).answer[0].startswith("No single one dominates clearly")


@pytest.mark.parametrize(
    ("by_example", "words"), [(True, "are one: rate /"), (False, "are not one and the same")]
)
def test_whether_the_rate_per_example_is_all_there_is(fabricate, by_example, words):
    def of(levels):
        rate, momentum, batch = (
            float(levels[name]) for name in ("learning rate", "momentum", "batch size")
        )
        if by_example:
            return -0.01 * np.log10(rate / (1 - momentum) / batch) ** 2
        return 0.01 * (momentum == 0.4)

    assert words in " ".join(section({STUDY: fabricate(STUDY, making(of), seeds=2)}).findings)


def test_an_unfinished_grid_is_not_divided(fabricate):
    study = fabricate(
        STUDY,
        making(linear(momentum=0.01), wanted=lambda cell: cell.levels["batch size"] == "1"),
        seeds=2,
    )
    made = section({STUDY: study})
    assert made.answer[0].startswith("With 54 of 162 runs so far: It cannot be told yet")
    assert not made.drawings
    assert [table.caption for table in made.tables] == ["The best cells", "The worst cells"]


def test_nothing_run_says_so():
    assert section({}).answer == ["Nothing of this has been run, so there is no answer yet."]
