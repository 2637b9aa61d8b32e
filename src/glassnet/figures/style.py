"""What all pictures share: colours, type, and text that is measured before it is placed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.style import context
from matplotlib.text import Text

# Okabe and Ito's palette: distinct for colour-blind eyes, and in grey (blue is the darker one).
BLUE = "#0072B2"
VERMILION = "#D55E00"
INK = "#1f1f1f"
FAINT = "#6b6b6b"
RULE = "#dcdcdc"
PANEL = "#f1f1f1"
TRAINING = BLUE
VALIDATION = VERMILION

FONT = "DejaVu Sans"  # comes with matplotlib, so that the same picture is made everywhere
BODY = 8.5  # points, as all sizes below
SMALL = 7.5
TINY = 5.5

POINT = 1 / 72  # inches
MARGIN = 0.12  # inches of white around a picture

# Zero is white; the darkest orange still tells itself from black numbers beside it.
ERRORS: Colormap = LinearSegmentedColormap.from_list(
    "errors", ["#ffffff", "#fddcc0", "#f6a565", VERMILION, "#7a2f00"]
)
DIVERGING = "RdBu_r"


@contextmanager
def defaults(**settings: Any) -> Iterator[None]:  # noqa: ANN401
    """Keep a user's matplotlib settings out of a picture, in a with block or as a decorator.

    Characters that the font lacks, in the names of classes, are boxes, without a warning for each.

    Parameters
    ----------
    **settings
        What shall differ from matplotlib's defaults, with ``_`` for the dot: ``svg_hashsalt="a"``.
    """
    own = {key.replace("_", ".", 1): value for key, value in settings.items()}
    with context(["default", own]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
        yield


def new_figure(width: float, height: float, *, layout: str | None = None) -> Figure:
    """Return a white figure of a size in inches."""
    return Figure(figsize=(width, height), facecolor="white", layout=layout)  # type: ignore[arg-type]


def dress(axes: Axes, *, grid: str | None = None, size: float = SMALL) -> None:
    """Give axes their plain look: two thin spines, small ticks, a light grid behind the data.

    Parameters
    ----------
    axes : Axes
        What to dress.
    grid : {"x", "y", None}
        The axis whose ticks draw grid lines.
    size : float
        Size of the tick labels in points.
    """
    axes.set_facecolor("white")
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set_color(FAINT)
        spine.set_linewidth(0.6)
    axes.tick_params(
        labelsize=size,
        labelcolor=INK,
        labelfontfamily=FONT,
        color=FAINT,
        width=0.6,
        length=2.5,
        pad=2.5,
    )
    axes.tick_params(which="minor", length=0)
    if grid in {"x", "y"}:
        axes.grid(visible=True, axis="x" if grid == "x" else "y", color=RULE, linewidth=0.5)


def write(axes: Axes, x: float, y: float, text: str, **properties: Any) -> Text:  # noqa: ANN401
    """Write text in the house's type; a dollar sign is a dollar sign, never mathematics."""
    properties = {"fontsize": BODY, "color": INK, "fontfamily": FONT, **properties}
    return axes.text(x, y, text, parse_math=False, **properties)


def label(axes: Axes, *, x: str = "", y: str = "") -> None:
    """Name the axes' quantities."""
    axes.set_xlabel(x, fontsize=BODY, color=INK, fontfamily=FONT)
    axes.set_ylabel(y, fontsize=BODY, color=INK, fontfamily=FONT)


def text_width(text: str, size: float, *, weight: str = "normal") -> float:
    """Return the width in inches of one line of text at a size in points.

    Examples
    --------
    >>> 0.3 < text_width("airplane", 8) < 0.6
    True
    """
    font = get_font(findfont(FontProperties(family=FONT, weight=weight)))
    font.set_size(size, 72)
    font.set_text(text, 0.0)
    return float(font.get_width_height()[0]) / 64 * POINT  # in 64ths of a point at 72 dots an inch


def fit(text: str, width: float, size: float) -> str:
    """Shorten one line of text, with an ellipsis, so that it is no wider than `width` inches.

    Line breaks and other runs of blanks become one blank.

    Examples
    --------
    >>> fit("a  cat", 2.0, 8)
    'a cat'
    >>> fit("a very long class name", 0.6, 8).endswith("…")
    True
    """
    text = " ".join(text.split())[:200]
    if text_width(text, size) <= width:
        return text
    for end in range(len(text) - 1, 0, -1):
        shorter = text[:end].rstrip() + "…"
        if text_width(shorter, size) <= width:
            return shorter
    return "…"


def percent(share: float, digits: int = 1) -> str:
    """Return a share as per cent, ``"99.2 %"``, or a dash where there is none (NaN).

    Examples
    --------
    >>> percent(0.9915), percent(float("nan"))
    ('99.2 %', '–')
    """
    return "–" if share != share else f"{100 * share:.{digits}f} %"  # noqa: PLR0124
