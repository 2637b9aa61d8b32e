"""Differences between cells of a study, with their confidence intervals: a forest plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from glassnet.figures import style
from glassnet.figures.ends import LINE, wrap

_PLOT = 2.3  # inches
_LABEL = 2.2  # the widest label and verdict, in inches
_VERDICT = 1.95
_GAP = 0.14


class Difference(NamedTuple):
    """A paired difference between two cells.

    Parameters
    ----------
    label : str
        What is compared, ``"momentum 0.8 − 0"``.
    mean, low, high : float
        The difference and its confidence interval; NaN where there is none.
    verdict : str
        In words, ``"better"``; may be empty.
    emphasised : bool
        Whether it stands out: of differences that hold after correction, say.
    """

    label: str
    mean: float
    low: float
    high: float
    verdict: str = ""
    emphasised: bool = False


@style.defaults()
def differences(
    rows: Sequence[Difference],
    *,
    scale: float = 100.0,
    x_label: str = "difference in test accuracy (points)",
    digits: int = 2,
    should_rise: bool = True,
    limits: tuple[float, float] | None = None,
    interval_name: str = "95 % interval",
) -> Figure:
    """Draw paired differences and their confidence intervals beside the line of no difference.

    Emphasised differences are filled, blue for the better and vermilion for the worse; the others
    are hollow and grey. The values stand at the right.

    Parameters
    ----------
    rows : sequence of Difference
        From top to bottom.
    scale : float
        Factor of all values: 100 turns differences of accuracies into points.
    x_label : str
        Name of the axis.
    digits : int
        Digits after the point of the values at the right.
    should_rise : bool
        Whether a difference above zero is the better one; not so for a loss.
    limits : tuple of float, optional
        Ends of the axis in points; intervals that reach beyond end in an arrow.
    interval_name : str
        Heading of the intervals, at the right.

    Returns
    -------
    Figure
        One panel.

    Raises
    ------
    ValueError
        If there is no row, or a mean is not within its interval.

    Examples
    --------
    >>> figure = differences([Difference("rate 1 − 0.1", 0.0051, 0.0042, 0.0061, "better", True)])
    >>> [text.get_text() for text in figure.axes[0].texts][2:]
    ['rate 1 − 0.1', '+0.51', '+0.42 to +0.61', 'better']
    """
    if not rows:
        raise ValueError("rows is empty; give at least one difference")
    for row in rows:
        if not row.low <= row.mean <= row.high and np.isfinite([row.mean, row.low, row.high]).all():
            raise ValueError(
                f"{row.label!r}: the mean {row.mean:g} is not within {row.low:g} to {row.high:g}; "
                "give mean, low, high in this order"
            )
    labels = [wrap(row.label, _LABEL, style.BODY) for row in rows]
    verdicts = [wrap(row.verdict, _VERDICT, style.SMALL) for row in rows]
    means = [_signed(scale * row.mean, digits) for row in rows]
    intervals = [
        f"{_signed(scale * row.low, digits)} to {_signed(scale * row.high, digits)}"
        if np.isfinite([row.low, row.high]).all()
        else "no interval"
        for row in rows
    ]
    line = LINE * style.BODY * style.POINT
    heights = [
        line * (1 + max(a.count("\n"), b.count("\n"))) + 0.13
        for a, b in zip(labels, verdicts, strict=True)
    ]
    centres = np.cumsum(heights) - np.array(heights) / 2

    left = _widest(labels, style.BODY) + style.MARGIN + _GAP
    columns = [_widest([*means, "mean"], style.BODY, weight="bold")]
    columns.append(_widest([*intervals, interval_name], style.SMALL))
    columns.append(_widest(verdicts, style.SMALL))
    right = sum(columns) + _GAP * (3 if columns[2] else 2) + style.MARGIN
    below, above, body = 0.48, 0.32, float(sum(heights))
    width, height = left + _PLOT + right, above + body + below
    figure = style.new_figure(width, height)
    axes = figure.add_axes((left / width, below / height, _PLOT / width, body / height))
    _dress(axes, rows, scale, limits, body)
    style.label(axes, x=x_label)
    axes.xaxis.label.set_parse_math(False)

    def say(x: float, y: float, text: str, **properties: object) -> None:
        """Write at inches from the panel's left top corner."""
        style.write(
            axes, x / _PLOT, 1 - y / body, text,
            transform=axes.transAxes, va="center", linespacing=1.1, **properties,
        )  # fmt: skip

    at_mean = _PLOT + _GAP + columns[0]
    at_interval = at_mean + _GAP
    say(at_mean, -0.14, "mean", ha="right", fontsize=style.SMALL, color=style.FAINT)
    say(at_interval, -0.14, interval_name, fontsize=style.SMALL, color=style.FAINT)
    for k, row in enumerate(rows):
        y = float(centres[k])
        colour = _colour(row, should_rise=should_rise)
        _draw_interval(axes, row, y, scale, colour)
        say(-_GAP, y, labels[k], ha="right")
        shown = style.INK if row.emphasised else style.FAINT
        say(
            at_mean, y, means[k],
            ha="right", color=colour, fontweight="bold" if row.emphasised else "normal",
        )  # fmt: skip
        say(at_interval, y, intervals[k], fontsize=style.SMALL, color=shown)
        if verdicts[k]:
            say(at_interval + columns[1] + _GAP, y, verdicts[k], fontsize=style.SMALL, color=shown)
    return figure


def _widest(texts: Sequence[str], size: float, *, weight: str = "normal") -> float:
    lines = [line for text in texts for line in text.split("\n")]
    return max(style.text_width(line, size, weight=weight) for line in lines)


def _signed(value: float, digits: int) -> str:
    """Return a number with its sign, a true minus, and no sign of what rounds to nothing."""
    if not np.isfinite(value):
        return "–"
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def _colour(row: Difference, *, should_rise: bool) -> str:
    if not row.emphasised:
        return style.FAINT
    return style.BLUE if (row.mean > 0) == should_rise else style.VERMILION


def _dress(
    axes: Axes,
    rows: Sequence[Difference],
    scale: float,
    limits: tuple[float, float] | None,
    body: float,
) -> None:
    style.dress(axes, grid="x")
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    axes.set_ylim(body, 0)
    if limits is None:
        values = scale * np.array([[row.mean, row.low, row.high] for row in rows])
        values = np.append(values[np.isfinite(values)], 0.0)
        low, high = float(values.min()), float(values.max())
        pad = 0.06 * (high - low) or 0.5
        limits = (low - pad, high + pad)
    axes.set_xlim(*limits)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.axvline(0, color=style.INK, linewidth=0.8, zorder=1.5)


def _draw_interval(axes: Axes, row: Difference, y: float, scale: float, colour: str) -> None:
    left, right = axes.get_xlim()
    low, mean, high = scale * row.low, scale * row.mean, scale * row.high
    if np.isfinite([low, high]).all() and low <= right and high >= left:
        axes.plot(
            [max(low, left), min(high, right)], [y, y], color=colour, linewidth=1.6,
            solid_capstyle="butt", zorder=3, label="interval",
        )  # fmt: skip
    for beyond, at, arrow in ((low < left, left, "<"), (high > right, right, ">")):
        if beyond:
            axes.plot([at], [y], arrow, color=colour, markersize=4.5, clip_on=False, zorder=4)
    if np.isfinite(mean) and left <= mean <= right:
        axes.plot(
            [mean], [y], "o", markersize=5.2, zorder=4, label="mean", markeredgewidth=1.2,
            color=colour if row.emphasised else "white", markeredgecolor=colour, clip_on=False,
        )  # fmt: skip
