"""A single neuron, and how one is drawn: a circle of pre-activation and activation."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch

from glassnet.figures import style
from glassnet.figures.tiles import new_sheet

RADIUS = 0.2  # inches
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_KINDS = {  # face and edge
    "input": ("#fbe6b8", "#8a6100"),
    "hidden": ("#cfe6f5", "#00507d"),
    "output": ("#c9ebdf", "#00684c"),
}


@style.defaults()
def neuron_diagram(inputs: int = 3) -> Figure:
    """Draw one neuron: inputs, weights and bias flow into z, and σ makes it the activation a.

    Parameters
    ----------
    inputs : int
        Number of inputs, 1 to 6.

    Returns
    -------
    Figure
        The neuron with its two equations.

    Raises
    ------
    ValueError
        If the number of inputs is another one.

    Examples
    --------
    >>> texts = [text.get_text() for text in neuron_diagram(2).axes[0].texts]
    >>> texts[-2:]
    ['z = w₁x₁ + w₂x₂ + b₁', 'a = σ(z)']
    """
    if not 1 <= inputs <= 6:
        raise ValueError(f"inputs must be 1 to 6, got {inputs}; draw more with network_diagram")
    terms = " + ".join(f"w{index(k)}x{index(k)}" for k in range(inputs))
    equation = f"z = {terms} + b₁"
    pitch, middle = 0.62, 0.25 + max(0.62 * inputs, 1.3) / 2
    height = 2 * middle + 0.5
    width = max(4.1, style.text_width(equation, style.BODY) + 0.4)
    figure, sheet = new_sheet(width, height)
    at = (width / 2 + 0.1, middle)
    left = at[0] - 1.6
    for k in range(inputs):
        y = middle + pitch * (k - (inputs - 1) / 2)
        draw_unit(sheet, left, y, "input", (f"x{index(k)}",))
        _arrow(sheet, (left + RADIUS, y), at)
        style.write(
            sheet, left + 0.62, y + 0.62 / 1.6 * (middle - y) - 0.02, f"w{index(k)}",
            ha="center", va="center", fontsize=style.SMALL, fontstyle="italic", zorder=6,
            bbox={"boxstyle": "square,pad=0.12", "facecolor": "white", "linewidth": 0},
        )  # fmt: skip
    _arrow(sheet, (at[0], middle + 0.75), at)
    style.write(sheet, at[0] + 0.07, middle + 0.62, "b₁", fontstyle="italic", va="center")
    _arrow(sheet, (at[0] + RADIUS, middle), (at[0] + 1.2, middle), shrink=0.0)
    style.write(sheet, at[0] + 1.27, middle, "a", fontstyle="italic", va="center")
    draw_unit(sheet, *at, "hidden", ("z", "a"))
    for offset, text in ((0.4, equation), (0.19, "a = σ(z)")):
        style.write(sheet, width / 2, height - offset, text, ha="center", va="center")
    return figure


def draw_unit(sheet: Axes, x: float, y: float, kind: str, texts: Sequence[str]) -> None:
    """Draw a circle: with one text in it, or two that a line parts."""
    face, edge = _KINDS[kind]
    sheet.add_patch(Circle((x, y), RADIUS, facecolor=face, edgecolor=edge, linewidth=1.0, zorder=3))
    if len(texts) == 2:
        sheet.plot([x, x], [y - RADIUS, y + RADIUS], color=edge, linewidth=0.7, zorder=4)
    for text, offset in zip(texts, (0.0,) if len(texts) == 1 else (-0.09, 0.09), strict=False):
        style.write(
            sheet, x + offset, y, text, ha="center", va="center", fontsize=style.SMALL,
            fontstyle="italic", zorder=5,
        )  # fmt: skip


def index(unit: int) -> str:
    """Return the number of unit 0, 1, ... as a subscript, counted from 1.

    Examples
    --------
    >>> index(0), index(11)
    ('₁', '₁₂')
    """
    return str(unit + 1).translate(_SUBSCRIPT)


def _arrow(
    sheet: Axes, start: tuple[float, float], end: tuple[float, float], *, shrink: float = RADIUS
) -> None:
    sheet.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=8, color=style.INK, linewidth=0.8,
            shrinkA=0, shrinkB=shrink / style.POINT, zorder=2,
        )
    )  # fmt: skip
