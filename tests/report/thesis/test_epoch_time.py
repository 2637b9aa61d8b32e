import pytest

from glassnet.report.thesis.epoch_time import STUDY, section


def making(*, hidden=0.5, batch=-0.25, momentum=1.0, wanted=None):
    """Runs that follow a power law; their first epoch is slow, and seeds differ by a factor."""

    def make(cell, seed):
        levels = {name: float(level) for name, level in cell.levels.items()}
        if wanted is not None and not wanted(levels):
            return None
        seconds = 0.1 * levels["hidden units"] ** hidden * levels["batch size"] ** batch
        seconds *= (momentum if levels["momentum"] else 1.0) * (1 + 0.01 * seed)
        return [
            {"seconds": factor * seconds, "validation_accuracy": 0.9} for factor in (3.0, 1.0, 1.1)
        ], {}

    return make


def test_the_exponents_of_a_power_law_are_found_from_each_runs_fastest_epoch(fabricate):
    made = section({STUDY: fabricate(STUDY, making(momentum=1.25))})
    assert "hidden units to the power of 0.50 (0.50 to 0.50)" in made.findings[0]
    assert "batch size to the power of −0.25 (−0.25 to −0.25)" in made.findings[0]
    assert "explains 100 % of the variance" in made.findings[0]
    assert "+25 % (+25 to +25 %) at batch size 50" in made.findings[1]
    rows = dict(made.tables[0].rows)
    assert rows["hidden units, at batch size 10"].startswith("0.50")
    assert rows["batch size, from 50 to 250"].startswith("−0.25")


@pytest.mark.parametrize(
    ("settings", "first"),
    [
        ({"batch": -0.9}, "Most depends on batch size: batch size 250 takes 0.00695 times"),
        ({"hidden": 2.0}, "Most depends on hidden units: hidden units 128 takes 64 times"),
        (
            {"hidden": 0.0, "batch": 0.0, "momentum": 0.5},
            "Most depends on momentum: momentum 0.8 takes 0.5 times",
        ),
    ],
)
def test_what_changes_the_time_most_comes_first(fabricate, settings, first):
    assert section({STUDY: fabricate(STUDY, making(**settings))}).answer[0].startswith(first)


def test_cells_of_the_table_are_mean_seconds(fabricate):
    made = section({STUDY: fabricate(STUDY, making(hidden=0.0, batch=0.0))})
    assert made.tables[-1].rows[0] == ["16 units, momentum 0", *["0.101"] * 4]


def test_three_panels_show_the_three_hyperparameters(fabricate):
    made = section({STUDY: fabricate(STUDY, making())})
    labels = [axes.get_xlabel() for axes in made.drawings[0].figure.axes]
    assert labels == ["batch size", "hidden units", "momentum (32 units)"]


def test_with_one_cell_nothing_is_compared(fabricate):
    def only(levels):
        return levels == {"batch size": 1.0, "hidden units": 32.0, "momentum": 0.0}

    made = section({STUDY: fabricate(STUDY, making(wanted=only), seeds=1)})
    assert made.answer[0].startswith("With 1 of 32 runs so far: The cells that the answer compares")


def test_one_repetition_has_no_interval(fabricate):
    made = section({STUDY: fabricate(STUDY, making(), seeds=1)})
    assert "(one repetition)" in made.answer[0]
    assert "to the power of 0.50 and batch" in made.findings[0]


def test_nothing_run_says_so():
    assert section({}).answer == ["Nothing of this has been run, so there is no answer yet."]
