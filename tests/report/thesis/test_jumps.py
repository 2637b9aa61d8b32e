import numpy as np
import pytest

from glassnet.report.thesis.awakenings import Course, asleep, awakenings, jumps
from glassnet.report.thesis.jump_evidence import TOO_LARGE
from glassnet.report.thesis.jumps import BASELINE, STUDY, section
from glassnet.report.thesis.output_units import after_first_epoch, while_dead

CLASSES, EPOCHS = 4, 8
SLOW = "rate 0.01"


def recalls(dead=(), alive=EPOCHS + 1):
    """All classes are recognised, but those that are dead before an epoch."""
    recall = np.full((EPOCHS, CLASSES), 0.9)
    recall[: alive - 1, list(dead)] = 0.0
    return recall


def units(recall, *, asleep_z=-9.0, start_z=-1.0):
    """Looks at the units before the first step and after each half epoch."""
    looked = np.concatenate([recall[:1], np.repeat(recall, 2, axis=0)])
    z = np.where(looked < 0.1, asleep_z, 2.0)
    z[0] = start_z
    gradient = 10.0 ** (z / 2)
    return {
        "unit_epoch": np.arange(len(looked)) / 2,
        "unit_recall": looked.astype(np.float32),
        "unit_z_own": z.astype(np.float32),
        "unit_z_others": (z - 3).astype(np.float32),
        "unit_gradient": gradient.astype(np.float32),
    }


def run(recall, *, extra=None, **settings):
    accuracy = recall.mean(axis=1) + (0 if extra is None else extra)
    records = [
        {"validation_accuracy": float(a), "validation_per_class_recall": r.tolist()}
        for a, r in zip(accuracy, recall, strict=True)
    ]
    return records, units(recall, **settings)


def making(**settings):
    """In the thesis' cells class 2 comes alive in epoch 7; in the others all always live."""

    def make(cell, seed):
        dead = [2] if cell.label in {BASELINE, SLOW} else []
        return run(recalls(dead, 7), **settings)

    return make


def test_a_class_comes_alive_where_it_passes_one_half_after_being_dead():
    recall = np.array([[0.0], [0.3], [0.04], [0.3], [0.6], [0.3], [0.05], [0.9]])
    found = awakenings(Course("", 0, recall[:, 0], recall, {}))
    assert [(one.label, one.dead, one.alive) for one in found] == [(0, 3, 5), (0, 7, 8)]
    assert found[0].rise == pytest.approx(0.3)
    assert asleep(recall)[:, 0].tolist() == [True] * 4 + [False] * 2 + [True, False]


def test_a_rise_that_many_classes_share_is_no_awakening():
    recall = recalls()
    recall[:6] -= 0.4
    recall[0, 1] = 0.0
    [jump] = jumps(Course("", 0, recall.mean(axis=1), recall, {}))
    assert (jump.epoch, jump.awakening) == (7, False)
    assert jump.share == pytest.approx(0.25)


def test_early_rises_are_no_jumps():
    recall = recalls([1], 4)
    assert jumps(Course("", 0, recall.mean(axis=1), recall, {})) == []


def test_a_rise_among_others_as_steep_is_no_jump():
    recall = np.tile(0.5 + 0.03 * np.arange(EPOCHS)[:, np.newaxis], CLASSES)
    assert jumps(Course("", 0, recall.mean(axis=1), recall, {})) == []
    recall[6:] += 0.2
    [jump] = jumps(Course("", 0, recall.mean(axis=1), recall, {}))
    assert jump.epoch == 7


def test_runs_of_figure_11_count_once_too(fabricate):
    def batches(cell, seed):
        return run(recalls([2], 7))

    studies = {STUDY: fabricate(STUDY, making()), "figure-11": fabricate("figure-11", batches)}
    # two cells here, three of figure 11
    assert "Of 15 sudden rises of accuracy in 3 seeds, 15" in section(studies).answer[0]
    studies["figure-08"] = fabricate("figure-08", batches)
    # 0.01, 0.1 and 1 of figure 8, 10 and 50 of figure 11: rate 0.1 is the same as batch 1
    assert "Of 15 sudden rises of accuracy in 3 seeds, 15" in section(studies).answer[0]


def test_a_saturated_unit_that_comes_alive_supports_the_hypothesis(fabricate):
    made = section({STUDY: fabricate(STUDY, making(), seeds=4)})
    assert made.answer[0].startswith("Yes, but not since initialisation: the first steps")
    assert "Of 8 sudden rises of accuracy in 4 seeds, 8 (100 % (51 to 100 %)) are" in made.answer[0]
    assert "against the thesis' settings, which have 1.0 on average" in made.answer[0]
    assert "cross-entropy: fewer by 1.0; smaller initial weights: fewer by 1.0" in made.answer[0]


def test_a_unit_saturated_since_initialisation_is_said_to_be(fabricate):
    made = section({STUDY: fabricate(STUDY, making(start_z=-9.0), seeds=4)})
    assert made.answer[0].startswith("Yes: an output unit that was saturated since initialisation")


def test_a_dead_unit_that_is_not_saturated_does_not(fabricate):
    # at z = 0 the sigmoid is steeper than at the 2 of the living units
    made = section({STUDY: fabricate(STUDY, making(asleep_z=0.0), seeds=4)})
    assert made.answer[0].startswith("No: a saturated output unit that comes alive is not")


def test_rises_of_all_classes_together_refute_it(fabricate):
    def make(cell, seed):
        recall = recalls()
        recall[:6] -= 0.4
        return run(recall)

    made = section({STUDY: fabricate(STUDY, make, seeds=4)})
    assert made.answer[0].startswith("No: ")
    assert "Of 16 sudden rises of accuracy in 4 seeds, 0 (0 %" in made.answer[0]


def test_without_jumps_there_is_nothing_to_explain(fabricate):
    made = section({STUDY: fabricate(STUDY, lambda cell, seed: run(recalls()))})
    assert made.answer[0].startswith("In these runs accuracy does not jump")
    assert [drawing.name for drawing in made.drawings] == [f"{STUDY}-curves"]


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (-1.0, "not saturated since initialisation; the first steps"),
        (-9.0, "Most dead units are saturated"),
    ],
)
def test_since_when_units_are_saturated_is_told(fabricate, start, words):
    text = " ".join(section({STUDY: fabricate(STUDY, making(start_z=start))}).findings)
    assert words in text


def test_the_picture_shows_the_class_that_comes_alive(fabricate):
    made = section({STUDY: fabricate(STUDY, making())})
    drawing = made.drawings[0]
    assert "class 2 is dead until epoch 6 and alive after epoch 7" in drawing.caption
    assert len(drawing.figure.axes) == 4
    assert ["as in the thesis, seed 0", "2", "6", "7", "+22.50"] in made.tables[1].rows


def test_runs_that_both_studies_have_count_once_and_rate_5_not_at_all(fabricate):
    def rates(cell, seed):
        return run(recalls([2], 7 if cell.label != TOO_LARGE else 6))

    studies = {STUDY: fabricate(STUDY, making()), "figure-08": fabricate("figure-08", rates)}
    # 0.01, 0.1 and 1 of figure 8, three seeds each
    assert "Of 9 sudden rises of accuracy in 3 seeds, 9" in section(studies).answer[0]


def test_more_dead_classes_than_in_the_thesis_are_told(fabricate):
    def make(cell, seed):
        dead = {BASELINE: [2], SLOW: [0, 1, 2]}.get(cell.label, [])
        return run(recalls(dead, 7))

    rows = section({STUDY: fabricate(STUDY, make)}).tables[0].rows
    by_cell = {row[0]: row for row in rows}
    assert by_cell[SLOW][1:4] == ["3.0", "3 of 3", "9"]
    assert by_cell[SLOW][-1] == "more by 2.0"
    assert by_cell["cross-entropy"][-1] == "fewer by 1.0"


def test_dead_units_are_compared_with_living_ones_of_the_same_moment():
    course = Course("", 0, np.zeros(EPOCHS), recalls([2], 7), units(recalls([2], 7)))
    dead = while_dead([course])
    assert (dead.dead, dead.saturated) == (6, 6)
    assert dead.gradient.mean == pytest.approx(10.0 ** (-11 / 2), rel=1e-4)
    start = after_first_epoch([course], 0)
    assert (start.dead, start.saturated, start.gradient.mean) == (1, 0, pytest.approx(1))


def test_unfinished_runs_are_told(fabricate):
    def make(cell, seed):
        return making()(cell, seed) if cell.label == SLOW else None

    made = section({STUDY: fabricate(STUDY, make)})
    assert made.answer[0].startswith("With 3 of 12 runs so far: ")
    assert [row[1] for row in made.tables[0].rows].count("–") == 3


def test_nothing_run_says_so():
    assert section({}).answer == ["Nothing of this has been run, so there is no answer yet."]
