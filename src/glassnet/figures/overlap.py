"""Are the errors of several seeds the same images? Counts of images by how many seeds err."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator
from numpy.typing import ArrayLike

from glassnet.figures import palette, style

_FLOOR = 0.5  # images; the logarithmic axis begins here


@style.defaults()
def overlap(
    observed: ArrayLike,
    expected: ArrayLike,
    *,
    what: str = "images",
    expected_name: str = "expected if the seeds erred independently",
) -> Figure:
    """Draw how many images are wrong in exactly k of n seeds, beside what chance would give.

    Parameters
    ----------
    observed : array-like of int, shape (seeds + 1,)
        Images that exactly 0, 1, ... seeds get wrong.
    expected : array-like of float, shape (seeds + 1,)
        The same if each seed erred with its own rate, independently of the others.
    what : str
        What is counted.
    expected_name : str
        What `expected` is called.

    Returns
    -------
    Figure
        Bars of the observed counts with their numbers, and a dashed line of the expected ones.
        The axis is logarithmic and begins at half an image.

    Raises
    ------
    ValueError
        If the shapes differ, or a count is negative.

    Examples
    --------
    >>> figure = overlap([9000, 400, 600], [8500, 1400, 100])
    >>> [text.get_text() for text in figure.axes[0].texts][:3]
    ['9,000', '400', '600']
    """
    seen = np.asarray(observed, dtype=np.float64)
    chance = np.asarray(expected, dtype=np.float64)
    if seen.ndim != 1 or seen.size < 2 or seen.shape != chance.shape:
        raise ValueError(
            f"observed has shape {seen.shape} and expected {chance.shape}; give both for 0, 1, ... "
            "seeds, shape (seeds + 1,)"
        )
    if not (np.isfinite(seen).all() and np.isfinite(chance).all()):
        raise ValueError("observed and expected must be finite; put 0 where there is no image")
    if min(seen.min(), chance.min()) < 0:
        raise ValueError("observed and expected are numbers of images; none may be negative")
    n = len(seen) - 1
    pitch = 0.44 if n <= 12 else max(5.3 / n, 0.12)
    plot, body = max(pitch * (n + 1), 2.6), 2.1
    names = ("observed", expected_name)
    left, above, below = 0.72, 0.34, 0.5
    legend = sum(style.text_width(name, style.SMALL) for name in names) + 0.9
    width = left + max(plot, legend) + 2 * style.MARGIN
    height = above + body + below
    figure = style.new_figure(width, height)
    axes = figure.add_axes((left / width, below / height, plot / width, body / height))
    style.dress(axes, grid="y")
    top = 2.5 * max(seen.max(), chance.max(), 1.0)
    axes.set_yscale("log")
    axes.set_ylim(_FLOOR, top)
    axes.set_xlim(-0.6, n + 0.6)
    axes.yaxis.set_major_locator(LogLocator(numticks=8))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
    every = 1 if pitch >= 0.2 else 5
    axes.set_xticks(range(0, n + 1, every))
    axes.tick_params(axis="x", length=0)
    k = np.arange(n + 1)
    axes.bar(k, seen, bottom=0, width=0.66, color="#8cbfdf", zorder=2, label="observed")
    axes.plot(
        k, chance, "o--", color=style.VERMILION, markerfacecolor="white", markersize=4.2,
        linewidth=1.0, markeredgewidth=1.1, zorder=3, label="expected",
    )  # fmt: skip
    size = min(style.SMALL, 0.95 * pitch / style.text_width(f"{int(seen.max()):,}", 1.0))
    for number, count in zip(k, seen, strict=True):
        if pitch < 0.2:
            break
        # Above the bar, and above the point of chance where that would cover it.
        near = chance[number] / max(count, _FLOOR)
        at = max(count, _FLOOR, chance[number] if 0.75 < near < 2 else 0.0)
        axes.annotate(
            f"{count:,.0f}", (float(number), at), xytext=(0, 4), textcoords="offset points",
            ha="center", fontsize=size, color=style.INK, fontfamily=style.FONT, parse_math=False,
            bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "linewidth": 0}, zorder=2.5,
        )  # fmt: skip
    style.label(axes, x=f"seeds that are wrong, of {n}", y=what)
    axes.yaxis.label.set_parse_math(False)
    x = 0.0
    for name, colour, mark in zip(names, ("#8cbfdf", style.VERMILION), ("s", "o"), strict=True):
        axes.plot(
            [(x + 0.07) / plot], [1 + 0.17 / body], mark, transform=axes.transAxes, clip_on=False,
            color=colour, markerfacecolor=colour if mark == "s" else "white", markersize=5,
            label="_key",
        )  # fmt: skip
        style.write(
            axes, (x + 0.17) / plot, 1 + 0.17 / body, name, transform=axes.transAxes,
            va="center_baseline", fontsize=style.SMALL,
            color=palette.text_colour(style.BLUE if mark == "s" else colour),
        )  # fmt: skip
        x += 0.45 + style.text_width(name, style.SMALL)
    return figure
