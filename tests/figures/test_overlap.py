import pytest

from glassnet.figures.overlap import overlap


def test_bars_are_observed_counts_with_their_numbers():
    axes = overlap([9000, 400, 0, 600], [8500, 1400, 100, 1e-5]).axes[0]
    assert [bar.get_height() for bar in axes.patches] == [9000, 400, 0, 600]
    assert [text.get_text() for text in axes.texts][:4] == ["9,000", "400", "0", "600"]
    assert axes.get_yscale() == "log"


def test_expected_counts_are_a_line_cut_at_half_an_image():
    axes = overlap([9000, 400, 600], [8500, 1400, 1e-5]).axes[0]
    (line,) = [item for item in axes.lines if item.get_label() == "expected"]
    assert line.get_ydata().tolist() == [8500, 1400, 1e-5]
    assert axes.get_ylim()[0] == 0.5


def test_many_seeds_have_no_numbers_above_their_bars():
    axes = overlap([10] * 61, [10] * 61).axes[0]
    assert [text.get_text() for text in axes.texts] == [
        "observed", "expected if the seeds erred independently",
    ]  # fmt: skip
    assert axes.get_xticks().tolist() == list(range(0, 61, 5))


@pytest.mark.parametrize(
    ("observed", "expected", "message"),
    [
        ([1, 2], [1, 2, 3], r"observed has shape \(2,\) and expected \(3,\)"),
        ([1], [1], "0, 1, ... seeds"),
        ([1, float("nan")], [1, 2], "put 0 where there is no image"),
        ([1, -1], [1, 2], "none may be negative"),
    ],
)
def test_counts_that_make_no_sense_are_refused(observed, expected, message):
    with pytest.raises(ValueError, match=message):
        overlap(observed, expected)
