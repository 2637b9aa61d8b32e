"""What all figures of the study lab have in common."""

import itertools

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.text import Text

from glassnet.figures import save
from glassnet.figures.bands import Curve, bands
from glassnet.figures.classes_over_time import awakening
from glassnet.figures.descent import DescentPath, descent
from glassnet.figures.differences import Difference, differences
from glassnet.figures.example_image import example_image
from glassnet.figures.importance import Importance, importance
from glassnet.figures.interactions import interaction_grid
from glassnet.figures.network_diagram import network_diagram
from glassnet.figures.neuron_diagram import neuron_diagram
from glassnet.figures.overlap import overlap
from glassnet.figures.scaling import Panel, scaling

LONG = "$\\frac{$ a label that goes on and on, further than anyone would read it aloud"
X = np.linspace(1, 30, 30)


def curves(n, names="cell {}"):
    rng = np.random.default_rng(0)
    out = []
    for k in range(n):
        s = 0.9 - 0.02 * k - np.exp(-X / 4) / 2 + 0.01 * rng.standard_normal((5, 30))
        s[0, 20:] = np.nan
        m = s[1:].mean(0)
        out.append(Curve(names.replace("{}", str(k)), X, s, m, m - 0.01, m + 0.01))
    return out


def draw_bands(cells, **settings):
    return bands(cells, x_label="epoch", y_label="$y$ (%)", **settings)


LINE = np.linspace(-1, 1, 15)
PICTURES = {
    "one curve": lambda: draw_bands(curves(1)),
    "six curves": lambda: draw_bands(curves(6, LONG + " {}"), title=LONG),
    "zoomed": lambda: draw_bands(curves(3), zoom=(80, 95), phases=[(5, LONG), (6, "b")]),
    "close phases": lambda: draw_bands(curves(2), phases=[(5, "a text"), (6, "b"), (29, "last")]),
    "differences": lambda: differences(
        [Difference(LONG, 0.1, 0.05, 0.2, LONG, True), Difference("c", 0, 0, 0)]
    ),
    "importance": lambda: importance(
        [Importance(LONG, 0.5, 0.2, 0.9), Importance("a × b", 0.1, 0, 0.2), Importance("seed", 0)]
    ),
    "grid": lambda: interaction_grid(
        [[0.9, 0.1, np.nan]], [LONG], ["a", "b", LONG], name_a="rate", name_b="$m$"
    ),
    "awakening": lambda: awakening(
        X, np.tile(np.linspace(0, 0.9, 30)[:, None], 10), [LONG, *"123456789"], 0,
        unit_panels=[(LONG, -X, False), ("norm", X**5, True)], marks=[(3, "it wakes"), (4, LONG)],
    ),
    "overlap": lambda: overlap([9000, 300, 100, 200], [8000, 1500, 99, 1], what="$images$"),
    "scaling": lambda: scaling([Panel("$batch$", curves(2, LONG + " {}")), Panel("b", curves(1))]),
    "network": lambda: network_diagram(
        [784, 32, 10], layer_names=[LONG, "b", LONG], output_names=[LONG] * 10
    ),
    "neuron": lambda: neuron_diagram(6),
    "image": lambda: example_image(np.eye(8), caption=LONG),
    "descent": lambda: descent(
        LINE, LINE, LINE**2 + LINE[:, None], [DescentPath(LONG, [[0, 0], [9, 9]], LONG)] * 2
    ),
}  # fmt: skip


def visible_texts(figure):
    """Return texts and their boxes, without tick labels that matplotlib keeps but won't draw."""
    figure.draw_without_rendering()
    kept, drawn = set(), set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            kept |= {tick.label1 for tick in [*axis.majorTicks, *axis.minorTicks]}
            if axes.axison:
                drawn |= {tick.label1 for tick in axis._update_ticks()}
    return [
        (text, text.get_window_extent())
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and (text in drawn or text not in kept)
    ]


@pytest.mark.parametrize("make", PICTURES.values(), ids=PICTURES)
def test_no_text_leaves_the_picture(make):
    figure = make()
    width, height = figure.bbox.size
    for text, box in visible_texts(figure):
        assert min(box.x0, box.y0) >= -1, text
        assert box.x1 <= width + 1, text
        assert box.y1 <= height + 1, text


@pytest.mark.parametrize("make", PICTURES.values(), ids=PICTURES)
def test_no_text_covers_another(make):
    boxes = [(text.get_text(), box.padded(-1.5)) for text, box in visible_texts(make())]
    for (a, first), (b, second) in itertools.combinations(boxes, 2):
        assert not first.overlaps(second), (a, b)


@pytest.mark.parametrize("make", PICTURES.values(), ids=PICTURES)
def test_names_are_never_mathematics(make):
    marked = [text for text, _ in visible_texts(make()) if "$" in text.get_text()]
    assert not any(text.get_parse_math() for text in marked)


@pytest.mark.parametrize("make", PICTURES.values(), ids=PICTURES)
def test_the_same_data_give_the_same_bytes_whatever_a_users_settings(make, tmp_path):
    first = save(make(), tmp_path / "a.svg").read_bytes()
    with rc_context(
        {"font.size": 20, "axes.grid": True, "lines.linewidth": 9, "text.color": "red"}
    ):
        second = save(make(), tmp_path / "b.svg").read_bytes()
    assert first == second


@pytest.mark.parametrize("make", PICTURES.values(), ids=PICTURES)
def test_a_picture_fits_a_page(make):
    width, height = make().get_size_inches()
    assert width <= 8.6
    assert height <= 7
