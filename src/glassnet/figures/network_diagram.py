"""Fully connected networks as circles and lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import ArrayLike, NDArray

from glassnet.figures import style
from glassnet.figures.neuron_diagram import RADIUS, draw_unit, index
from glassnet.figures.tiles import new_sheet

_PITCH = 0.52  # inches from unit to unit
_STEP = 1.65  # inches from layer to layer


@style.defaults()
def network_diagram(
    units: Sequence[int],
    *,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    layer_names: Sequence[str] | None = None,
    symbols: bool = True,
    weights: Sequence[ArrayLike] | None = None,
    most: int = 6,
) -> Figure:
    r"""Draw a fully connected network: a column of circles a layer, a line a weight.

    A circle of the hidden and the output layers holds its pre-activation z and its activation a;
    the output's activation is the prediction p. A layer of more than `most` units shows its
    first ones and its last, and dots between.

    Parameters
    ----------
    units : sequence of int
        Units of the input layer, of each hidden layer, and of the output layer.
    input_names, output_names : sequence of str, optional
        One a unit, beside the circles.
    layer_names : sequence of str, optional
        One a layer, below it, instead of "input", "hidden 1", ..., "output".
    symbols : bool
        Whether circles and weights have their symbols.
    weights : sequence of array-like, optional
        Shape (inputs, outputs) each; colours the lines, red above zero and blue below.
    most : int
        At most so many circles a layer, at least 3.

    Returns
    -------
    Figure
        The network, from left to right.

    Raises
    ------
    ValueError
        If there are fewer than two layers, one has no unit, or names or weights don't fit.

    Examples
    --------
    >>> figure = network_diagram([784, 32, 10])
    >>> [text.get_text() for text in figure.axes[0].texts][-3:]
    ['input\n784 units', 'hidden\n32 units', 'output\n10 units']
    """
    _check(units, input_names, output_names, layer_names, most)
    matrices = _as_matrices(weights, units)
    shown = [_shown(count, most) for count in units]
    tallest = max(len(rows) + _dots(rows, count) for rows, count in zip(shown, units, strict=True))
    left = _names_width(input_names, shown[0])
    right = _names_width(output_names, shown[-1])
    names = list(layer_names) if layer_names else _layer_names(len(units))
    names = [style.fit(name, _STEP - 0.1, style.BODY) for name in names]
    edge = max(style.text_width(name, style.BODY) / 2 for name in names) + style.MARGIN
    edge = max(edge, 0.45)
    width = max(left + RADIUS, edge) + max(right + RADIUS, edge) + _STEP * (len(units) - 1)
    above = 0.42 if symbols else 0.2
    below = 0.52 if matrices is None else 0.72
    height = above + tallest * _PITCH + below
    figure, sheet = new_sheet(width, height)
    first = max(left + RADIUS, edge)
    x: NDArray[np.float64] = first + _STEP * np.arange(len(units), dtype=np.float64)
    middle = above + tallest * _PITCH / 2
    places = [_heights(rows, count, middle) for rows, count in zip(shown, units, strict=True)]

    for layer in range(1, len(units)):
        _draw_weights(
            sheet, x[layer - 1 : layer + 1], places[layer - 1 : layer + 1],
            None if matrices is None
            else matrices[layer - 1][np.ix_(shown[layer - 1], shown[layer])],
        )  # fmt: skip
        if symbols:
            highest = min(places[layer - 1].min(), places[layer].min()) - RADIUS
            style.write(
                sheet, (x[layer - 1] + x[layer]) / 2, max(0.14, highest - 0.05),
                f"W{_power(layer)}", ha="center", va="center", fontstyle="italic",
            )  # fmt: skip
    for layer, (rows, heights) in enumerate(zip(shown, places, strict=True)):
        kind = "input" if layer == 0 else "output" if layer == len(units) - 1 else "hidden"
        for row, y in zip(rows, heights, strict=True):
            texts = _symbols(kind, row, units[layer]) if symbols else ()
            draw_unit(sheet, float(x[layer]), float(y), kind, texts)
        if len(rows) < units[layer]:
            for offset in (-0.11, 0.0, 0.11):
                y = (heights[-2] + heights[-1]) / 2 + offset
                sheet.add_patch(Circle((x[layer], y), 0.025, color=style.FAINT, linewidth=0))
    for given, at, side in ((input_names, 0, -1), (output_names, -1, 1)):
        for row, y in zip(shown[at], places[at], strict=True):
            if given is not None:
                style.write(
                    sheet, x[at] + side * (RADIUS + 0.08), y,
                    style.fit(given[row], 1.3, style.SMALL),
                    ha="right" if side < 0 else "left", va="center", fontsize=style.SMALL,
                )  # fmt: skip
    for layer, (name, count) in enumerate(zip(names, units, strict=True)):
        style.write(
            sheet, x[layer], height - below + 0.06, f"{name}\n{count:,} unit{'s' * (count != 1)}",
            ha="center", va="top", color=style.INK, linespacing=1.25,
        )  # fmt: skip
    if matrices is not None:
        style.write(
            sheet, width / 2, height - 0.1, "weights: red above zero, blue below",
            ha="center", va="bottom", fontsize=style.SMALL, color=style.FAINT,
        )  # fmt: skip
    return figure


def _check(
    units: Sequence[int],
    input_names: Sequence[str] | None,
    output_names: Sequence[str] | None,
    layer_names: Sequence[str] | None,
    most: int,
) -> None:
    if len(units) < 2 or min(units) < 1:
        raise ValueError(
            f"units must be two layers or more with at least one unit each, got {list(units)}"
        )
    if most < 3:
        raise ValueError(f"most must be at least 3, got {most}")
    for name, given, wanted in (
        ("input_names", input_names, units[0]),
        ("output_names", output_names, units[-1]),
        ("layer_names", layer_names, len(units)),
    ):
        if given is not None and len(given) != wanted:
            raise ValueError(f"{name} has {len(given)} names; give {wanted}")


def _as_matrices(
    weights: Sequence[ArrayLike] | None, units: Sequence[int]
) -> list[NDArray[np.float64]] | None:
    if weights is None:
        return None
    matrices = [np.asarray(W, dtype=np.float64) for W in weights]
    shapes = [(units[k], units[k + 1]) for k in range(len(units) - 1)]
    if [W.shape for W in matrices] != shapes:
        raise ValueError(
            f"weights have shapes {[W.shape for W in matrices]}; give {shapes}, inputs by outputs"
        )
    return matrices


def _shown(count: int, most: int) -> list[int]:
    """Return the units that have a circle: all, or the first ones and the last."""
    return list(range(count)) if count <= most else [*range(most - 2), count - 1]


def _dots(rows: list[int], count: int) -> int:
    return int(len(rows) < count)


def _heights(rows: list[int], count: int, middle: float) -> NDArray[np.float64]:
    """Return the heights of the circles, shape (shown units,), with room for dots."""
    places = np.arange(len(rows), dtype=np.float64)
    if _dots(rows, count):
        places[-1] += 1
    heights: NDArray[np.float64] = middle + _PITCH * (places - places[-1] / 2)
    return heights


def _names_width(names: Sequence[str] | None, rows: list[int]) -> float:
    if names is None:
        return 0.0
    widest = max(style.text_width(style.fit(names[r], 1.3, style.SMALL), style.SMALL) for r in rows)
    return widest + 0.1 + style.MARGIN


def _layer_names(layers: int) -> list[str]:
    hidden = [f"hidden {k}" for k in range(1, layers - 1)] if layers > 3 else ["hidden"]
    return ["input", *hidden[: layers - 2], "output"]


_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def _power(layer: int) -> str:
    return f"⁽{str(layer).translate(_SUPERSCRIPT)}⁾"


def _symbols(kind: str, row: int, count: int) -> tuple[str, ...]:
    number = index(row) if count > 1 else ""
    if kind == "input":
        return (f"x{number}",)
    return ("z", "a") if kind == "hidden" else ("z", f"p{number}")


def _draw_weights(
    sheet: Axes,
    x: NDArray[np.float64],
    heights: Sequence[NDArray[np.float64]],
    matrix: NDArray[np.float64] | None,
) -> None:
    ends = [((x[0], a), (x[1], b)) for a in heights[0] for b in heights[1]]
    if matrix is None:
        sheet.add_collection(LineCollection(ends, colors=style.FAINT, linewidths=0.45, zorder=1))
        return
    scale = float(np.abs(matrix).max(initial=0.0)) or 1.0
    values = matrix.ravel() / scale
    order = np.argsort(np.abs(values), kind="stable")  # the strongest on top
    colours = colormaps[style.DIVERGING](0.5 + values / 2)
    sheet.add_collection(
        LineCollection(
            [ends[k] for k in order], colors=colours[order],
            linewidths=0.3 + 1.7 * np.abs(values[order]), zorder=1,
        )
    )  # fmt: skip
