"""Names at the ends of lines, instead of a legend; and texts above vertical marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from glassnet.figures import palette, style

LINE = 1.25  # of the type's size, from one line of text to the next
_REACH = 0.09  # inches from the panel to the names


class End(NamedTuple):
    """Where a line ends, in data coordinates, and what stands there."""

    x: float
    y: float
    text: str
    colour: str
    bold: bool = False


def spread(
    centres: ArrayLike, sizes: ArrayLike, *, low: float = 0.0, high: float = 1.0
) -> NDArray[np.float64]:
    """Move intervals apart so that none overlaps, each as little as possible.

    Parameters
    ----------
    centres, sizes : array-like of float, shape (n,)
        Where the intervals would be, and how long they are.
    low, high : float
        Nothing reaches beyond, if all fit between them.

    Returns
    -------
    ndarray of float64, shape (n,)
        The new centres, in the same order.

    Notes
    -----
    Least squares under an order: pool adjacent violators, on centres less the lengths before them.

    Examples
    --------
    >>> spread([0.5, 0.5, 0.9], [0.2, 0.2, 0.1]).round(2).tolist()
    [0.4, 0.6, 0.9]
    """
    wanted = np.asarray(centres, dtype=np.float64)
    lengths = np.asarray(sizes, dtype=np.float64)
    order = np.argsort(wanted, kind="stable")
    before = np.cumsum(lengths[order]) - lengths[order] / 2
    pools: list[list[float]] = []  # sum and number of the members of each pool
    for value in wanted[order] - before:
        pools.append([float(value), 1.0])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, count = pools.pop()
            pools[-1][0] += total
            pools[-1][1] += count
    starts = np.repeat([total / count for total, count in pools], [int(p[1]) for p in pools])
    placed = np.empty_like(wanted)
    placed[order] = np.clip(starts, low, max(low, high - lengths.sum())) + before
    return placed


def wrap(text: str, width: float, size: float, *, lines: int = 2) -> str:
    """Break text at blanks into at most so many lines, the last one shortened if need be.

    Examples
    --------
    >>> wrap("a rather long name of a cell", 0.9, 8).split(chr(10))
    ['a rather long', 'name of a cell']
    """
    done: list[str] = []
    rest = text.split()
    while rest and len(done) < lines - 1:
        count = len(rest)
        while count > 1 and style.text_width(" ".join(rest[:count]), size) > width:
            count -= 1
        done.append(style.fit(" ".join(rest[:count]), width, size))
        rest = rest[count:]
    if rest or not done:
        done.append(style.fit(" ".join(rest), width, size))
    return "\n".join(done)


def write_ends(
    axes: Axes,
    ends: Sequence[End],
    *,
    size: tuple[float, float],
    width: float = 1.5,
    font: float = style.SMALL,
) -> None:
    """Write names at the right of a panel, each beside its line's end or led there by a thin line.

    The limits of the axes must be set.

    Parameters
    ----------
    axes : Axes
        The panel.
    ends : sequence of End
        The names and where they belong.
    size : tuple of float
        Width and height of the panel in inches, about.
    width : float
        The widest name in inches; longer ones take two lines.
    font : float
        Size of the type in points.
    """
    if not ends:
        return
    to_panel = axes.transScale + axes.transLimits
    points = np.array([to_panel.transform((end.x, end.y)) for end in ends]).clip(0, 1)
    # Bold letters are a tenth wider, about.
    texts = [wrap(end.text, width * (0.88 if end.bold else 1.0), font) for end in ends]
    line = LINE * font * style.POINT / size[1]
    heights = np.array([line * (text.count("\n") + 1) for text in texts])
    places = spread(points[:, 1], heights, low=-line / 2, high=1 + line / 2)
    reach = _REACH / size[0]
    for end, text, (x, y), place in zip(ends, texts, points, places, strict=True):
        if abs(place - y) > 0.4 * line or x < 0.97:
            axes.plot(
                [x, 1 + 0.15 * reach, 1 + 0.75 * reach],
                [y, y if x < 0.97 else y + 0.15 * (place - y), place],
                transform=axes.transAxes, color=end.colour, linewidth=0.5, alpha=0.8,
                clip_on=False, label="_leader", linestyle=":" if x < 0.97 else "-",
            )  # fmt: skip
        style.write(
            axes, 1 + reach, place, text,
            transform=axes.transAxes, va="center", color=palette.text_colour(end.colour),
            fontsize=font, linespacing=1.1, fontweight="bold" if end.bold else "normal",
        )  # fmt: skip


def draw_marks(
    axes: Axes, marks: Sequence[tuple[float, str]], *, width: float, texts: bool = True
) -> int:
    """Draw vertical lines where something changes, and say above the panel what it is.

    Parameters
    ----------
    axes : Axes
        The panel; its limits must be set.
    marks : sequence of tuple
        Place on the x axis, and text.
    width : float
        Width of the panel in inches, about.
    texts : bool
        Whether the texts are written; lower panels of a column have only the lines.

    Returns
    -------
    int
        Rows that the texts take above the panel.
    """
    to_panel = axes.transScale + axes.transLimits
    taken: list[list[tuple[float, float]]] = []  # of each row above the panel, from and to
    for x, text in sorted(marks):
        axes.axvline(x, color=style.FAINT, linewidth=0.7, dashes=(3, 2), zorder=1.5)
        if not texts or not text:
            continue
        text = style.fit(text, width, style.SMALL)  # noqa: PLW2901
        at = float(to_panel.transform((x, axes.get_ylim()[0]))[0])
        length = style.text_width(text, style.SMALL) / width
        start = max(0.0, min(at - 0.01, 1.0 - length))
        row = 0
        while row < len(taken) and any(start < b and start + length > a for a, b in taken[row]):
            row += 1
        taken[row:] = taken[row:] or [[]]
        taken[row].append((start, start + length + 0.04))
        axes.annotate(
            text, (start, 1.0), xycoords="axes fraction",
            xytext=(0, 3 + row * LINE * style.SMALL), textcoords="offset points",
            fontsize=style.SMALL, color=style.FAINT, fontfamily=style.FONT, parse_math=False,
        )  # fmt: skip
    return len(taken)
