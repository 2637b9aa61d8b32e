import pytest

from glassnet.report.thesis import batch_or_rate
from glassnet.report.thesis.batch_or_rate import NO_CHANGE, STUDY, SWITCHES, THESIS, section

RATE_ALONE = SWITCHES[THESIS]


def making(gains, *, cells=None):
    """Runs whose accuracy rises after epoch 25 by about the gain of the cell."""

    def make(cell, seed):
        if cells is not None and cell.label not in cells:
            return None
        base = 0.94 + 0.002 * seed
        gain = gains.get(cell.label, 0.0) * (1 + 0.02 * seed)
        return [
            {"phase": 1 + (epoch > 25), "validation_accuracy": base + gain * (epoch > 25)}
            for epoch in range(1, 31)
        ], {}

    return make


@pytest.mark.parametrize(
    ("both", "rate", "words"),
    [
        (0.010, 0.009, "the rate explains most of it (its share: 90 %"),
        (0.010, 0.002, "the batch explains most of it (its share: 20 %"),
        (-0.010, -0.010, "lowers accuracy by 1.02 points"),
    ],
)
def test_the_jump_is_divided_into_what_the_rate_does_and_what_the_batch_does(
    fabricate, both, rate, words
):
    study = fabricate(STUDY, making({THESIS: both, RATE_ALONE: rate}))
    assert words in section({STUDY: study}).answer[0]


def test_without_a_clear_jump_nothing_is_divided(fabricate):
    made = section({STUDY: fabricate(STUDY, making({}))})
    assert "no difference that three seeds could show, neither in the first" in made.answer[0]
    assert [row[-1] for row in made.tables[0].rows] == ["–"] * 4


def test_the_change_of_the_epoch_after_the_switch_is_told_with_its_interval(fabricate):
    made = section({STUDY: fabricate(STUDY, making({THESIS: 0.01}))})
    assert "changes by +1.02 points, 95 % interval +0.97 to +1.07; without" in made.findings[0]
    row = next(row for row in made.tables[1].rows if row[0] == THESIS)
    assert row[1] == "1.02"


def test_the_picture_begins_before_the_switch(fabricate):
    made = section({STUDY: fabricate(STUDY, making({THESIS: 0.01}))})
    axes = made.drawings[1].figure.axes[0]
    assert 22 < axes.get_xlim()[0] <= 23


def test_each_panel_has_what_moves_an_example_equally_less_no_change(fabricate):
    made = section({STUDY: fabricate(STUDY, making({THESIS: 0.01}))})
    panels = made.drawings[1].figure.axes
    names = [[t.get_text() for t in axes.texts] for axes in panels]
    assert names == [["batch 50", "batch 1"]] * 2 + [["batch 50"]]
    assert "batch 50: 1.02 points at the end; batch 1: 0.00 points" in made.drawings[1].alt


def test_an_effect_that_only_the_correction_hides_is_not_called_nothing(fabricate):
    def make(cell, seed):
        records, arrays = making({})(cell, seed)
        late = 0.002 * (1 + 0.5 * (seed - 1)) if cell.label in {THESIS, RATE_ALONE} else 0
        for record in records[-5:]:
            record["validation_accuracy"] += late * (1 + 1e-3 * (cell.label == THESIS) * seed)
        return records, arrays

    made = section({STUDY: fabricate(STUDY, make, seeds=4)})
    assert made.answer[0].startswith("These four seeds cannot show it")
    assert "nothing to explain" not in made.answer[0]


def test_unfinished_runs_are_told_and_those_there_are_shown(fabricate):
    study = fabricate(STUDY, making({}, cells=[NO_CHANGE, THESIS]))
    made = section({STUDY: study})
    assert made.answer[0].startswith("With 6 of 18 runs so far: The cells that the answer compares")
    assert [row[1] for row in made.tables[-1].rows].count("–") == 4


def test_nothing_run_says_so(fabricate):
    study = fabricate(STUDY, lambda cell, seed: None)
    for studies in ({STUDY: study}, {}):
        made = batch_or_rate.section(studies)
        assert made.answer == ["Nothing of this has been run, so there is no answer yet."]
        assert not made.drawings
        assert made.command.startswith(f"glassnet study run {STUDY}")


def test_the_parts_add_up_to_the_whole(fabricate):
    made = section({STUDY: fabricate(STUDY, making({THESIS: 0.010, RATE_ALONE: 0.007}))})
    label, *parts, share = made.tables[0].rows[0]
    assert label == "batch 50, rate 0.71, after one epoch"
    assert [part.split(" ")[0] for part in parts] == ["+1.02", "+0.71", "+0.31"]
    assert share == "70 % (70 to 70 %)"
