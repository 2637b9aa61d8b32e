import subprocess
import sys

import numpy as np
import pytest
from matplotlib.text import Text

from glassnet import figures
from glassnet.figures import style


def test_text_is_as_wide_as_matplotlib_draws_it():
    figure = style.new_figure(6, 1)
    drawn = figure.text(0, 0, "true → predicted, 99 %", fontsize=9, fontfamily=style.FONT)
    extent = drawn.get_window_extent(figure._get_renderer()).width / figure.dpi
    assert style.text_width("true → predicted, 99 %", 9) == pytest.approx(extent, rel=0.05)


def test_text_that_fits_stays_whole():
    assert style.fit("cat", 1.0, 8) == "cat"


@pytest.mark.parametrize("width", [0.3, 0.7, 1.5])
def test_shortened_text_fits(width):
    short = style.fit("a class name that has no end " * 50, width, 8)
    assert short.endswith("…")
    assert style.text_width(short, 8) <= width


def test_text_without_any_room_is_an_ellipsis():
    assert style.fit("cat", 0.0, 8) == "…"


def test_pictures_are_drawn_without_pyplot():
    code = (
        "import sys; from glassnet import figures; "
        "figures.learning_curves([{'epoch': 1, 'loss': 1.0}]); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib_the_extra_is_named():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from glassnet.extras import MissingExtraError\n"
        "try:\n    import glassnet.figures\n"
        "except MissingExtraError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "matplotlib is not installed; get it with: pip install 'glassnet[cli]'\n"


RNG = np.random.default_rng(0)
NAMES = ["$x$ and $y$", "^{", "\\frac"]
PICTURES = {
    "curves": lambda: figures.learning_curves([{"epoch": 1, "loss": 1.0}], title="$x$ ^{"),
    "confusion": lambda: figures.confusion_matrix([0, 1, 2], [1, 1, 2], NAMES),
    "misclassified": lambda: figures.misclassified(
        RNG.random((3, 2, 2, 3)), [0, 1, 2], np.eye(3)[[1, 2, 0]], NAMES
    ),
    "samples": lambda: figures.samples(RNG.random((3, 2, 2, 3)), [0, 1, 2], NAMES),
    "recall": lambda: figures.per_class_recall([0.1, 0.2, 0.3], NAMES),
    "weights": lambda: figures.first_layer_weights(np.eye(3), (3,), feature_names=NAMES),
}


@pytest.mark.parametrize("make", PICTURES.values(), ids=PICTURES)
def test_names_are_never_mathematics(make):
    figure = make()
    figure.draw_without_rendering()  # would raise for "^{"
    marked = [t for t in figure.findobj(Text) if "$" in t.get_text()]
    assert marked
    assert not any(text.get_parse_math() for text in marked)


@pytest.mark.parametrize("make", PICTURES.values(), ids=PICTURES)
def test_pictures_do_not_depend_on_a_users_settings(make, tmp_path):
    import matplotlib as mpl

    state = RNG.bit_generator.state
    plain = figures.save(make(), tmp_path / "plain.png").read_bytes()
    RNG.bit_generator.state = state
    changed = {
        "text.color": "red",
        "font.family": "monospace",
        "font.size": 20,
        "axes.facecolor": "black",
        "axes.grid": True,
        "lines.linewidth": 9,
        "image.cmap": "jet",
        "savefig.bbox": "tight",
        "savefig.dpi": 30,
        "figure.constrained_layout.use": True,
    }
    with mpl.rc_context(changed):
        styled = figures.save(make(), tmp_path / "styled.png").read_bytes()
    assert styled == plain
