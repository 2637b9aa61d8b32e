import numpy as np
import pytest

from glassnet.report.thesis.overfitting import PLAIN, STOPPED, STUDY, THESIS_RUN, section


def making(*, fall=0.0, loss=0.0, gains=None, stopped=33, epochs=45):
    """Runs whose held-out accuracy falls, and loss rises, by so much from epoch 32 to the end."""

    def make(cell, seed):
        end = stopped if cell.label == STOPPED else epochs
        late = np.clip((np.arange(1, end + 1) - 32) / 5, 0, 1) * (1 + 0.02 * seed)
        records = [
            {
                "phase": 1 + (epoch > 25),
                "accuracy": 0.96 + 0.01 * share,
                "validation_accuracy": 0.94 + 0.001 * seed - fall * share,
                "validation_loss": 0.04 + loss * share + 1e-4 * abs(epoch - 30),
            }
            for epoch, share in enumerate(late, 1)
        ]
        gain = (gains or {}).get(cell.label, 0.0)
        records[-1]["test_accuracy"] = 0.95 + 0.001 * seed + gain * (1 + 0.02 * seed)
        return records, {}

    return make


@pytest.mark.parametrize(
    ("fall", "loss", "words"),
    [
        (0.01, 0.02, "It overfits after epoch 32, up to epoch 45: held-out accuracy falls"),
        (0.0, 0.02, "in the loss only: that rises, but held-out accuracy does not fall by"),
        (-0.01, 0.02, "in the loss only: that rises, but held-out accuracy rises too"),
        (
            -0.01,
            -0.01,
            "It does not overfit after epoch 32, up to epoch 45: held-out accuracy",
        ),
    ],
)
def test_whether_it_overfits_follows_held_out_accuracy_and_loss(fabricate, fall, loss, words):
    made = section({STUDY: fabricate(STUDY, making(fall=fall, loss=loss))})
    assert words in made.answer[0]


def test_a_change_within_the_margin_is_told_from_one_that_cannot_be_told(fabricate):
    def unsteady(cell, seed):
        records, arrays = making(loss=-0.01)(cell, seed)
        for record in records[33:]:
            record["validation_accuracy"] += 0.01 * (seed - 1)
        return records, arrays

    within = section({STUDY: fabricate(STUDY, making(loss=-0.01))}).answer[0]
    assert within.startswith("It does not overfit by more than 0.25 points after epoch 32")
    beyond = section({STUDY: fabricate(STUDY, unsteady)}).answer[0]
    assert beyond.startswith("Whether it overfits after epoch 32, up to epoch 45 cannot be told")


def test_one_seed_cannot_tell(fabricate):
    def one(cell, seed):
        return making()(cell, seed) if seed == 0 else None

    made = section({STUDY: fabricate(STUDY, one)})
    assert "one seed cannot tell (0.00 points, one seed)" in made.answer[0]


def test_how_much_weaker_decay_becomes_with_the_batch_is_told(fabricate):
    text = " ".join(section({STUDY: fabricate(STUDY, making())}).findings)
    assert "50 times fewer steps, at 7.1 times the rate, so decay for each epoch is" in text
    assert "7.04 times weaker" in text


def test_a_remedy_that_helps_is_named_with_its_verdict(fabricate):
    study = fabricate(STUDY, making(gains={"L2 decay 1e-5": 0.01, STOPPED: -0.01}))
    short = section({STUDY: study}).answer[0]
    assert "L2 decay 1e-5 is better by 0.97 to 1.07 points" in short
    assert "early stopping is worse by 0.97 to 1.07 points" in short
    others = "L2 decay 1e-6, L2 decay 1e-4, decoupled decay 5e-5, dropout 0.1 and augmentation"
    assert f"{others}, 1 pixel cannot be told from it" in short


def test_remedies_without_effect_are_none(fabricate):
    made = section({STUDY: fabricate(STUDY, making())})
    assert "None of the seven remedies changes the test accuracy" in made.answer[0]


def test_epochs_that_early_stopping_used_are_told(fabricate):
    text = " ".join(section({STUDY: fabricate(STUDY, making(stopped=28))}).findings)
    assert "Early stopping ended 3 of 3 runs before epoch 45, after epoch 28 (28 to 28)" in text
    assert "what the change gains is lost" not in text
    early = " ".join(section({STUDY: fabricate(STUDY, making(stopped=24))}).findings)
    assert "In 3 of them that was before the batch size changes, after epoch 25" in early


def test_the_table_says_where_the_loss_turns(fabricate):
    made = section({STUDY: fabricate(STUDY, making(loss=0.02))})
    row = next(row for row in made.tables[1].rows if row[0] == PLAIN)
    assert row[3] == "30"
    assert row[4].startswith("+5")  # from 0.04 to 0.0615 at the end


@pytest.mark.parametrize(
    ("fall", "words"), [(0.01, "a clear fall"), (-0.01, "its fall after epoch 32 is not seen")]
)
def test_the_runs_of_the_figure_are_asked_too(fabricate, fall, words):
    study = fabricate(STUDY, making())
    figure = fabricate(THESIS_RUN, making(fall=fall, epochs=37))
    assert words in section({STUDY: study, THESIS_RUN: figure}).findings[-1]


def test_runs_that_are_too_short_do_not_tell(fabricate):
    made = section({STUDY: fabricate(STUDY, making(epochs=30))})
    assert made.answer[0].startswith("No run without a remedy goes on long enough")


def test_unfinished_runs_are_told(fabricate):
    def make(cell, seed):
        return making()(cell, seed) if cell.label != PLAIN else None

    made = section({STUDY: fabricate(STUDY, make)})
    assert made.answer[0].startswith("With 21 of 24 runs so far: No run without a remedy")
    assert "cannot be compared yet" in made.answer[0]


def test_nothing_run_says_so():
    assert section({}).answer == ["Nothing of this has been run, so there is no answer yet."]
