import pytest

from glassnet.figures.importance import Importance, importance

ROWS = [
    Importance("seed", 0.3, 0.2, 0.4),
    Importance("momentum", 0.08, 0.04, 0.12),
    Importance("rate", 0.5, 0.45, 0.55),
    Importance("rate:momentum", 0.1, -0.01, 0.2),
    Importance("higher interactions", 0.02),
]


def names(figure):
    return [text.get_text() for text in figure.axes[0].get_yticklabels()]


def test_the_greatest_share_is_on_top_and_what_nothing_explains_comes_last():
    assert names(importance(ROWS)) == [
        "rate", "rate × momentum", "momentum", "higher interactions", "seed",
    ]  # fmt: skip
    assert names(importance(ROWS, sort=False))[0] == "seed"


def test_bars_are_per_cents_with_their_values_beside():
    axes = importance(ROWS[1:3]).axes[0]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([50, 8])
    assert [text.get_text() for text in axes.texts] == ["50.0 %", "8.0 %"]


def test_intervals_end_at_zero():
    axes = importance(ROWS[3:4]).axes[0]
    (interval,) = axes.lines
    assert interval.get_xdata() == pytest.approx([0, 20])


def test_a_term_without_interval_has_a_bar_only():
    assert len(importance([Importance("rate", 1.0)]).axes[0].lines) == 0


def test_interactions_are_hatched_and_main_effects_are_not():
    axes = importance(ROWS).axes[0]
    bars = dict(zip(names(axes.figure), axes.patches, strict=False))
    assert bars["rate × momentum"].get_hatch() == bars["higher interactions"].get_hatch() == "////"
    assert bars["rate"].get_hatch() is None
    assert {"main effect", "interaction"} <= {text.get_text() for text in axes.texts}


def test_a_unknown_share_is_a_dash():
    axes = importance([Importance("rate", float("nan")), *ROWS[1:2]]).axes[0]
    assert [text.get_text() for text in axes.texts] == ["8.0 %", "–"]


def test_the_rest_may_have_another_name():
    bars = importance([Importance("noise", 0.9), *ROWS[1:2]], rest=["noise"]).axes[0].patches
    assert [bar.get_width() for bar in bars] == pytest.approx([8, 90])
    assert bars[0].get_facecolor() != bars[1].get_facecolor()


def test_no_term_is_refused():
    with pytest.raises(ValueError, match="give at least one term"):
        importance([])
