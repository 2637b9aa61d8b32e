import numpy as np
import pytest

from glassnet.report.thesis.figure_sections import figure_section

BASELINE = "batch size 1"


def steps(changes):
    """Runs whose error changes by so much of the first, which differs from seed to seed."""

    def make(cell, seed):
        start = 0.02 * (1 + seed)
        change = changes.get(cell.label, 0.0) * (1 + 0.02 * seed)
        errors = start * (1 + change * np.linspace(0, 1, 101))
        return [{"validation_accuracy": 0.9}], {"step_mean_squared_error": errors}

    return make


def switching(rise=0.005, fall=0.0, seeds=3):
    def make(cell, seed):
        if seed >= seeds:
            return None
        return [
            {
                "phase": 1 + (epoch > 25),
                "accuracy": 0.97,
                "validation_accuracy": 0.94
                + 0.001 * seed
                + (epoch > 25) * rise * (1 + 0.02 * seed)
                - max(0, epoch - 30) * fall,
            }
            for epoch in range(1, 36)
        ], {}

    return make


def test_the_error_by_step_is_told_and_drawn_as_a_change_within_each_seed(fabricate):
    made = figure_section(fabricate("figure-10", steps({BASELINE: 0.01, "batch size 50": -0.02})))
    assert made.answer[0].startswith(
        "Within 100 steps the error changes, by batch size. 1: +1.02 %"
    )
    assert "larger than before in 3 of 3 seeds; 10: 0.00 %" in made.answer[0]
    assert (
        "Batch size 50 against batch size 1: better by 2.91 to 3.21 percentage" in made.findings[1]
    )
    assert made.drawings[0].figure.axes[0].get_ylabel() == "change of the mean squared error (%)"
    assert made.tables[0].rows[2][:2] == ["batch size 50", "−2.04"]


def test_one_seed_is_drawn_with_the_errors_themselves(fabricate):
    made = figure_section(fabricate("figure-10", steps({BASELINE: 0.01})))
    assert made.drawings[1].name == "figure-10-one-seed"
    assert made.drawings[1].alt.startswith("1: 0.02020 after the last step")


def test_the_switch_is_told_with_its_rise_the_best_epoch_and_the_end(fabricate):
    made = figure_section(fabricate("figure-12", switching(fall=0.0002)))
    assert "epoch 26, test accuracy changes by +0.51 points" in made.answer[0]
    assert "it rises in 3 of 3 seeds" in made.answer[0]
    assert "highest after epoch 26: 94.61 %, 94.50 to 94.72 % over seeds" in made.answer[0]
    assert "to the end, epoch 35, it changes by −0.10 points" in made.answer[0]


def test_what_the_second_panel_shows_begins_before_the_switch(fabricate):
    whole, detail = figure_section(fabricate("figure-12", switching())).drawings[0].figure.axes
    assert whole.get_xlim()[0] < 1
    assert 14 < detail.get_xlim()[0] < 15
    assert detail.get_ylim() == pytest.approx((94.0, 97.0))


@pytest.mark.parametrize("name", ["figure-10", "figure-12"])
def test_one_seed_has_no_intervals_and_says_what_is_missing(fabricate, name):
    def make(cell, seed):
        if seed > 0:
            return None
        return (steps({}) if name == "figure-10" else switching())(cell, seed)

    made = figure_section(fabricate(name, make))
    assert "runs have finished" in made.answer[0]
    assert ", one seed" in made.answer[1]


def test_nothing_run_has_no_picture(fabricate):
    for name in ("figure-08", "figure-10", "figure-12"):
        assert figure_section(fabricate(name, lambda cell, seed: None)).drawings == []
