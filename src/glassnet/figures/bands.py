"""Curves of several cells of a study, each over many seeds: mean, band, and every single seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from glassnet.figures import palette, style
from glassnet.figures.ends import End, draw_marks, wrap, write_ends
from glassnet.figures.scales import set_x, set_y, shade

BAND_NAME = "95 % confidence"
_PANEL = (3.6, 2.5)  # inches
_ZOOMED = (2.75, 2.5)
_NAME = 1.45  # inches, the widest name at the end of a line
_SHORT = 0.8  # names that are no wider stand beside each of two panels


class Curve(NamedTuple):
    """One cell's quantity by epoch or step.

    Parameters
    ----------
    label : str
        Stands at the line's end.
    x : array-like of float, shape (points,)
        Epochs, steps, seconds.
    seeds : array-like of float, shape (seeds, points)
        Each seed's values; NaN where there is none.
    mean, low, high : array-like of float, shape (points,)
        The strong line, and the band around it.
    colour : str, optional
        Instead of the next one of the palette.
    dashed : bool
        Whether the mean is a dashed line, to tell two quantities of one colour apart.
    """

    label: str
    x: ArrayLike
    seeds: ArrayLike
    mean: ArrayLike
    low: ArrayLike
    high: ArrayLike
    colour: str | None = None
    dashed: bool = False


@style.defaults()
def bands(
    curves: Sequence[Curve],
    *,
    x_label: str,
    y_label: str,
    scale: float = 100.0,
    phases: Sequence[tuple[float, str]] = (),
    limits: tuple[float, float] | None = None,
    zoom: tuple[float, float] | None = None,
    zoom_from: float | None = None,
    log_x: bool = False,
    log_y: bool = False,
    band_name: str = BAND_NAME,
    title: str | None = None,
) -> Figure:
    """Draw the curves of several cells: bands light, means strong, single seeds thin behind.

    Parameters
    ----------
    curves : sequence of Curve
        One a cell, or one a quantity.
    x_label, y_label : str
        Names of the axes.
    scale : float
        Factor of all values: 100 turns accuracies into per cent.
    phases : sequence of tuple
        Vertical marks: place on the x axis and text, ``(25.5, "batch 50 from here")``.
    limits : tuple of float, optional
        Least and greatest value of the y axis, in its own unit (per cent).
    zoom : tuple of float, optional
        The same of a second panel at the right, which shows a part in detail.
    zoom_from : float, optional
        Where the x axis of that panel begins; by default where that of the first does.
    log_x, log_y : bool
        Whether an axis is logarithmic.
    band_name : str
        What the band is, for the note below.
    title : str, optional
        Stands above.

    Returns
    -------
    Figure
        One panel, or two with `zoom`.

    Raises
    ------
    ValueError
        If there is no curve, shapes don't fit each other, or nothing is finite.

    Examples
    --------
    >>> seeds = np.array([[0.8, 0.9], [0.7, 0.9]])
    >>> curve = Curve("rate 0.1", [1, 2], seeds, seeds.mean(0), seeds.min(0), seeds.max(0))
    >>> figure = bands([curve], x_label="epoch", y_label="test accuracy (%)")
    >>> figure.axes[0].get_ylabel(), figure.axes[0].texts[0].get_text()
    ('test accuracy (%)', 'rate 0.1')
    """
    if not curves:
        raise ValueError("curves is empty; give at least one cell")
    cells = [checked(curve, number, scale) for number, curve in enumerate(curves)]
    panel = _PANEL if zoom is None else _ZOOMED
    views = [limits] if zoom is None else [limits, zoom]
    names = min(_NAME, max(style.text_width(c.label, style.SMALL) for c in cells))
    named = len(views) if names <= _SHORT else 1
    width = len(views) * (panel[0] + 0.65) + named * (names + 0.2) + 2 * style.MARGIN
    note = wrap(seeds_note(cells, band_name), width - 0.3, style.SMALL)
    height = panel[1] + 0.75 + (0.16 if phases else 0.0) + (0.22 if title else 0.0)
    figure = style.new_figure(width, height + 0.12 * note.count("\n"), layout="constrained")
    engine = figure.get_layout_engine()
    assert engine is not None  # noqa: S101
    engine.set(w_pad=0.06, h_pad=0.05, wspace=0.03)  # type: ignore[call-arg]
    panels = figure.subplots(1, len(views), squeeze=False)[0]
    for axes, view in zip(panels, views, strict=True):
        draw_curves(
            axes, cells, size=panel, limits=view, log_x=log_x, log_y=log_y, phases=phases,
            names=axes in panels[-named:], x_from=zoom_from if axes is not panels[0] else None,
        )  # fmt: skip
        style.label(axes, x=x_label, y=y_label if axes is panels[0] else "")
        axes.xaxis.label.set_parse_math(False)
        axes.yaxis.label.set_parse_math(False)
    if zoom is not None:
        shade(panels[0], zoom, zoom_from)
    figure.supxlabel(
        note, fontsize=style.SMALL, color=style.FAINT, fontfamily=style.FONT, linespacing=1.15
    )
    if title is not None:
        figure.suptitle(
            style.fit(title, width - 0.3, style.BODY + 1),
            fontsize=style.BODY + 1, color=style.INK, fontfamily=style.FONT, parse_math=False,
        )  # fmt: skip
    return figure


class Cell(NamedTuple):
    """A curve as arrays of float64, scaled, with its colour."""

    label: str
    x: NDArray[np.float64]
    seeds: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    colour: str
    dashed: bool


def checked(curve: Curve, number: int, scale: float = 1.0) -> Cell:
    """Return the `number`-th curve ready to be drawn; raise ValueError if its shapes don't fit."""
    x = np.asarray(curve.x, dtype=np.float64)
    seeds = np.atleast_2d(np.asarray(curve.seeds, dtype=np.float64))
    lines = [np.asarray(v, dtype=np.float64) for v in (curve.mean, curve.low, curve.high)]
    if x.ndim != 1 or x.size == 0:
        raise ValueError(
            f"curve {curve.label!r}: x must have shape (points,) with a point, got {x.shape}"
        )
    shapes = {"seeds": seeds.shape[1:]} | dict(
        zip(("mean", "low", "high"), (v.shape for v in lines), strict=True)
    )
    for name, shape in shapes.items():
        if shape != x.shape:
            raise ValueError(
                f"curve {curve.label!r}: {name} has {shape} points but x has {x.shape}; "
                "give a value, or NaN, for each x"
            )
    if not any(np.isfinite(v).any() for v in (seeds, lines[0])):
        raise ValueError(f"curve {curve.label!r} has no finite value; leave this cell out")
    mean, low, high = (scale * v for v in lines)
    colour = curve.colour or palette.colour(number)
    # Where the colours begin again, dashes tell the lines apart.
    dashed = curve.dashed or (curve.colour is None and number // len(palette.COLOURS) % 2 == 1)
    return Cell(curve.label, x, scale * seeds, mean, low, high, colour, dashed)


def seeds_note(cells: Sequence[Cell], band_name: str) -> str:
    """Return the line that says what strong, light and thin mean."""
    counts = {int(np.isfinite(cell.seeds).any(axis=1).sum()) for cell in cells}
    if counts <= {0, 1}:
        return "one seed"
    number = f"{min(counts)}" if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
    return f"strong: mean of {number} seeds; light: {band_name}; thin: single seeds"


def draw_curves(
    axes: Axes,
    cells: Sequence[Cell],
    *,
    size: tuple[float, float],
    limits: tuple[float, float] | None = None,
    log_x: bool = False,
    log_y: bool = False,
    phases: Sequence[tuple[float, str]] = (),
    names: bool = True,
    markers: bool = False,
    x_from: float | None = None,
) -> None:
    """Draw cells in a panel of a `size` in inches, with their names at the right."""
    style.dress(axes, grid="y")
    faint = 0.35 if len(cells) <= 4 else 0.2
    for cell in cells:
        if len(cell.seeds) > 1:
            axes.plot(
                cell.x, cell.seeds.T, color=cell.colour, linewidth=0.45, alpha=faint, zorder=2,
                label="_seed",
            )  # fmt: skip
        axes.fill_between(
            cell.x, cell.low, cell.high, color=cell.colour, alpha=0.2, linewidth=0, zorder=2.2
        )
        axes.plot(
            cell.x, cell.mean, color=cell.colour, linewidth=1.5, zorder=3, label=cell.label,
            linestyle=(0, (4, 1.5)) if cell.dashed else "-",
            marker="o" if markers or np.isfinite(cell.mean).sum() == 1 else None, markersize=3,
        )  # fmt: skip
    x = np.concatenate([c.x for c in cells])
    set_x(axes, x if x_from is None else x[x >= x_from], log=log_x, width=size[0])
    values = [np.ravel(v) for c in cells for v in (c.seeds, c.mean, c.low, c.high)]
    set_y(axes, np.concatenate(values), limits, log=log_y)
    draw_marks(axes, phases, width=size[0])
    if names:
        ends = [end for c in cells if (end := _end(c, axes.get_ylim())) is not None]
        write_ends(axes, ends, size=size)


def _end(cell: Cell, limits: tuple[float, float]) -> End | None:
    known = np.flatnonzero(np.isfinite(cell.mean))
    if known.size == 0:
        return None
    y = float(cell.mean[known[-1]])
    arrow = " ↓" if y < limits[0] else " ↑" if y > limits[1] else ""
    return End(float(cell.x[known[-1]]), y, cell.label + arrow, cell.colour)
