"""One run, class by class: recalls over time, and below them what the class's output unit does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from glassnet.figures import style
from glassnet.figures.ends import LINE, End, draw_marks, write_ends
from glassnet.figures.scales import set_x, set_y

_WIDTH = 4.6  # inches, of all panels
_TOP = 2.15
_LOWER = 0.8
_OTHERS = "#9aa3aa"


class UnitPanel(NamedTuple):
    """A quantity of output units over time.

    Parameters
    ----------
    label : str
        Stands above the panel.
    values : array-like of float, shape (points,) or (points, classes)
        Of the emphasised class's unit, or of every unit.
    log : bool
        Whether the axis is logarithmic.
    """

    label: str
    values: ArrayLike
    log: bool = False


@style.defaults()
def awakening(
    x: ArrayLike,
    recalls: ArrayLike,
    names: Sequence[str],
    emphasised: int,
    *,
    unit_panels: Sequence[UnitPanel | tuple[str, ArrayLike, bool]] = (),
    marks: Sequence[tuple[float, str]] = (),
    x_label: str = "step",
    log_x: bool = False,
) -> Figure:
    """Draw the recall of each class over time, and below quantities of one class's output unit.

    Parameters
    ----------
    x : array-like of float, shape (points,)
        Steps or epochs.
    recalls : array-like of float, shape (points, classes)
        0 to 1; NaN where unknown.
    names : sequence of str
        The name of class 0, 1, ...
    emphasised : int
        The class that the figure is about, drawn strong; the others are grey.
    unit_panels : sequence of UnitPanel
        From top to bottom, on the same axis of time.
    marks : sequence of tuple
        Vertical lines through all panels: place and text.
    x_label : str
        Name of the axis of time.
    log_x : bool
        Whether the axis of time is logarithmic.

    Returns
    -------
    Figure
        One panel more than `unit_panels`.

    Raises
    ------
    ValueError
        If shapes don't fit each other, or there is no class `emphasised`.

    Examples
    --------
    >>> figure = awakening(
    ...     [1, 2, 3], [[0.9, 0.0], [0.9, 0.0], [0.9, 0.8]], ["0", "1"], 1,
    ...     unit_panels=[UnitPanel("mean pre-activation", [-9, -6, 2])],
    ... )
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['recall of each class (%)', 'mean pre-activation']
    """
    time = np.asarray(x, dtype=np.float64)
    shares = 100 * np.asarray(recalls, dtype=np.float64)
    if time.ndim != 1 or time.size == 0 or shares.shape != (len(time), len(names)):
        raise ValueError(
            f"recalls has shape {shares.shape}, but x has shape {time.shape} and there are "
            f"{len(names)} names; give a row for each x and a column for each class"
        )
    if not 0 <= emphasised < len(names):
        raise ValueError(f"there is no class {emphasised}; emphasise one of 0 to {len(names) - 1}")
    panels = [UnitPanel(*panel) for panel in unit_panels]
    quantities = [_as_columns(panel, len(time), len(names), emphasised) for panel in panels]

    widest = max(style.text_width(n, style.SMALL, weight="bold") for n in names)
    left, right = 0.62, min(1.3, widest) + 0.22
    rows = min(len(marks), 2)  # of texts above the panel
    above = 0.3 + rows * LINE * style.SMALL * style.POINT
    gap, below = 0.36, 0.5
    width = left + _WIDTH + right
    height = above + _TOP + len(panels) * (_LOWER + gap) + below
    figure = style.new_figure(width, height)
    top = above
    drawn: list[Axes] = []
    for number, tall in enumerate([_TOP] + [_LOWER] * len(panels)):
        box = (left / width, 1 - (top + tall) / height, _WIDTH / width, tall / height)
        axes = figure.add_axes(box, sharex=drawn[0] if drawn else None)
        drawn.append(axes)
        style.dress(axes, grid="y")
        set_x(axes, time, log=log_x, width=_WIDTH)
        last = number == len(panels)
        axes.tick_params(labelbottom=last)
        if number == 0:
            _draw_recalls(axes, time, shares, names, emphasised)
        else:
            values, column = quantities[number - 1]
            _draw_unit(axes, time, values, column, log=panels[number - 1].log)
        taken = draw_marks(axes, marks, width=_WIDTH, texts=number == 0)
        title = panels[number - 1].label if number else "recall of each class (%)"
        axes.set_title(
            style.fit(title, _WIDTH, style.SMALL), loc="left", fontsize=style.SMALL,
            color=style.INK, fontfamily=style.FONT, parse_math=False,
            pad=4 + taken * LINE * style.SMALL,
        )  # fmt: skip
        if last:
            style.label(axes, x=x_label)
            axes.xaxis.label.set_parse_math(False)
        top += tall + gap
    return figure


def _as_columns(
    panel: UnitPanel, points: int, classes: int, emphasised: int
) -> tuple[NDArray[np.float64], int]:
    """Return values of shape (points, units), and the emphasised unit's column."""
    values = np.asarray(panel.values, dtype=np.float64)
    if values.shape == (points,):
        return values[:, None], 0
    if values.shape == (points, classes):
        return values, emphasised
    raise ValueError(
        f"panel {panel.label!r} has values of shape {values.shape}; give ({points},) for the "
        f"emphasised class's unit, or ({points}, {classes}) for all units"
    )


def _draw_recalls(
    axes: Axes,
    time: NDArray[np.float64],
    shares: NDArray[np.float64],
    names: Sequence[str],
    emphasised: int,
) -> None:
    axes.set_ylim(-3, 103)
    axes.set_yticks([0, 25, 50, 75, 100])
    ends = []
    for number, name in enumerate(names):
        strong = number == emphasised
        colour = style.VERMILION if strong else _OTHERS
        values = shares[:, number]
        _draw_line(axes, time, values, colour, strong=strong, label=name)
        known = np.flatnonzero(np.isfinite(values))
        if known.size:
            end = (float(time[known[-1]]), float(values[known[-1]]))
            ends.append(End(*end, name, colour, strong))
    # Twenty lines of small type fill the panel; more classes keep only the emphasised name.
    ends = ends if len(ends) <= 20 else [end for end in ends if end.bold]
    write_ends(axes, ends, size=(_WIDTH, _TOP), width=1.3)


def _draw_unit(
    axes: Axes,
    time: NDArray[np.float64],
    values: NDArray[np.float64],
    column: int,
    *,
    log: bool,
) -> None:
    set_y(axes, values.ravel(), log=log, ticks=3)
    if not (np.isfinite(values) & ((values > 0) | (not log))).any():
        axes.set_yticks([])
        style.write(
            axes, 0.5, 0.5, "no value to show", transform=axes.transAxes, ha="center", va="center",
            color=style.FAINT,
        )  # fmt: skip
        return
    if not log and values[np.isfinite(values)].min(initial=0) < 0:
        axes.axhline(0, color=style.FAINT, linewidth=0.6, zorder=1.5)
    for unit in range(values.shape[1]):
        strong = unit == column
        colour = style.VERMILION if strong else _OTHERS
        _draw_line(axes, time, values[:, unit], colour, strong=strong)


def _draw_line(
    axes: Axes,
    time: NDArray[np.float64],
    values: NDArray[np.float64],
    colour: str,
    *,
    strong: bool,
    label: str = "_unit",
) -> None:
    axes.plot(
        time, values, color=colour, linewidth=1.7 if strong else 0.8, zorder=3 if strong else 2,
        label=label, marker="o" if len(time) == 1 else None, markersize=3,
    )  # fmt: skip
