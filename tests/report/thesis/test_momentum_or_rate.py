import pytest

from glassnet.report.thesis.momentum_or_rate import CELL, EQUAL_RATE, LARGE, STUDY, section


def making(gain, *, epochs=10):
    """Runs whose accuracy is 0.94, and by the gain of their cell more."""

    def make(cell, seed):
        accuracy = 0.94 + 0.002 * seed + gain(cell) * (1 + 0.02 * seed)
        return [{"validation_accuracy": accuracy + 1e-4 * epoch} for epoch in range(epochs)], {}

    return make


def of_rate(large):
    return lambda cell: large * ("effective rate 0.5" in cell.label)


def test_if_only_the_effective_rate_counts_it_is_the_rate(fabricate):
    made = section({STUDY: fabricate(STUDY, making(of_rate(0.01)))})
    assert made.answer[0].startswith("It is the rate: at the same effective rate, momentum ends")
    assert "of the 1.02 points that momentum 0.8 gains" in made.answer[0]
    assert "explains 100 % (100 to 100 %)" in made.answer[0]


@pytest.mark.parametrize(
    ("gain", "words"),
    [(0.004, "Momentum does more than lengthen the step"), (-0.004, "not find better minima")],
)
def test_momentum_that_changes_the_end_at_the_same_effective_rate_is_no_rate(
    fabricate, gain, words
):
    study = fabricate(STUDY, making(lambda cell: gain * (not cell.label.endswith("momentum 0"))))
    assert words in section({STUDY: study}).answer[0]
    assert "in four of four comparisons" in section({STUDY: study}).answer[0]


def test_effects_of_both_signs_depend(fabricate):
    gains = {CELL.format("0.1", "0.8"): -0.004, LARGE: 0.004}
    study = fabricate(STUDY, making(lambda cell: gains.get(cell.label, 0.0)))
    assert (
        "ends better in one and worse in one of four comparisons"
        in section({STUDY: study}).answer[0]
    )


def test_without_any_difference_nothing_is_blamed(fabricate):
    made = section({STUDY: fabricate(STUDY, making(lambda cell: 0.0))})
    assert made.answer[0].startswith("At the same effective rate momentum changes nothing")
    assert "as the thesis compares, the difference is not clear" in made.answer[0]


def test_the_comparison_of_the_thesis_is_taken_from_its_figure(fabricate):
    study = fabricate(STUDY, making(of_rate(0.01)))
    alone = section({STUDY: study}).findings
    figure = fabricate(EQUAL_RATE, making(lambda cell: 0.005 * (cell.label == "momentum 0.4")))
    both = section({STUDY: study, EQUAL_RATE: figure}).findings
    assert "momentum 0.4 is better by 0.4" in " ".join(both)
    assert "momentum 0.4 is better" not in " ".join(alone)


def test_unfinished_runs_are_told(fabricate):
    def make(cell, seed):
        return making(of_rate(0.01))(cell, seed) if cell.label == LARGE else None

    made = section({STUDY: fabricate(STUDY, make)})
    assert made.answer[0].startswith("With 3 of 18 runs so far: The cells")
    assert [row[1] for row in made.tables[0].rows].count("–") == 5


def test_nothing_run_says_so():
    assert section({}).answer == ["Nothing of this has been run, so there is no answer yet."]
