"""Gradient descent on a surface of two parameters: paths over contours, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from glassnet.figures import palette, style

GROUND = ("#e3eef6", "#ffffff")  # colours of the deepest and the highest band
CONTOUR = "#9db4c4"
BANDS = 14
_SIDE = 2.9  # inches


class DescentPath(NamedTuple):
    """Where an optimizer went.

    Parameters
    ----------
    label : str
        Stands above, ``"momentum 0.8"``.
    points : array-like of float, shape (steps + 1, 2)
        The parameters, from the start on. A path that diverged ends before what is not finite.
    note : str
        Smaller, beside the label: ``"40 steps, f = 0.02"``.
    """

    label: str
    points: ArrayLike
    note: str = ""


class Surface(NamedTuple):
    """A function of two parameters on a grid, and levels that part it into equal areas."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    z: NDArray[np.float64]
    levels: NDArray[np.float64]


@style.defaults()
def descent(
    surface_x: ArrayLike,
    surface_y: ArrayLike,
    z: ArrayLike,
    paths: Sequence[DescentPath],
    *,
    x_label: str = "w₁",
    y_label: str = "w₂",
) -> Figure:
    """Draw paths of an optimizer down a surface, one panel each.

    The darker the ground the deeper; contours part the surface into bands of equal area. A hollow
    circle is the start, a dot each step, the full circle the end.

    Parameters
    ----------
    surface_x : array-like of float, shape (columns,)
        Values of the first parameter, ascending.
    surface_y : array-like of float, shape (rows,)
        Values of the second one, ascending.
    z : array-like of float, shape (rows, columns)
        The function.
    paths : sequence of DescentPath
        From left to right.
    x_label, y_label : str
        Names of the parameters.

    Returns
    -------
    Figure
        One panel a path.

    Raises
    ------
    ValueError
        If shapes don't fit each other, or there is no path.

    Examples
    --------
    >>> w = np.linspace(-1, 1, 21)
    >>> figure = descent(w, w, w**2 + w[:, None] ** 2, [DescentPath("plain", [[1, 1], [0, 0]])])
    >>> figure.axes[0].texts[0].get_text()
    'plain'
    """
    surface = as_surface(surface_x, surface_y, z)
    routes = as_routes(paths)
    ratio = float(np.ptp(surface.y) / np.ptp(surface.x))
    plot, body = (_SIDE, _SIDE * ratio) if ratio <= 1 else (_SIDE / ratio, _SIDE)
    plot, body = max(plot, 1.2), max(body, 1.2)
    left, gap, above, below = 0.6, 0.25, 0.48, 0.48
    width = left + len(routes) * plot + (len(routes) - 1) * gap + 0.2
    height = above + body + below
    figure = style.new_figure(width, height)
    for number, (path, points) in enumerate(zip(paths, routes, strict=True)):
        x = left + number * (plot + gap)
        axes = figure.add_axes((x / width, below / height, plot / width, body / height))
        _draw_surface(axes, surface)
        _draw_path(axes, points, palette.colour(number))
        axes.tick_params(labelleft=number == 0)
        style.label(axes, x=x_label, y=y_label if number == 0 else "")
        axes.xaxis.label.set_parse_math(False)
        axes.yaxis.label.set_parse_math(False)
        for text, up, size, colour in (
            (path.label, 0.31, style.BODY, palette.text_colour(palette.colour(number))),
            (path.note, 0.13, style.SMALL, style.FAINT),
        ):
            style.write(
                axes, 0, 1 + up / body, style.fit(text, 0.88 * plot, size),
                transform=axes.transAxes, va="center", fontsize=size, color=colour,
                fontweight="bold" if up > 0.2 else "normal",
            )  # fmt: skip
    return figure


def as_surface(surface_x: ArrayLike, surface_y: ArrayLike, z: ArrayLike) -> Surface:
    """Return the surface as arrays; raise ValueError if they don't fit each other."""
    x = np.asarray(surface_x, dtype=np.float64)
    y = np.asarray(surface_y, dtype=np.float64)
    values = np.asarray(z, dtype=np.float64)
    if x.ndim != 1 or y.ndim != 1 or min(x.size, y.size) < 2 or values.shape != (y.size, x.size):
        raise ValueError(
            f"z has shape {values.shape}, surface_x {x.shape} and surface_y {y.shape}; give a row "
            "of z for each y and a column for each x, at least two of both"
        )
    if not ((np.diff(x) > 0).all() and (np.diff(y) > 0).all()):
        raise ValueError("surface_x and surface_y must ascend; sort them, and z with them")
    if not np.isfinite(values).all():
        raise ValueError("z must be finite everywhere; choose a part of the plane where it is")
    levels = np.unique(np.quantile(values, np.linspace(0, 1, BANDS + 1)))
    if levels.size == 1:  # a plane: one band
        levels = levels[0] + np.array([-1.0, 1.0])
    return Surface(x, y, values, levels)


def as_routes(paths: Sequence[DescentPath]) -> list[NDArray[np.float64]]:
    """Return the points of each path up to the first that is not finite."""
    if not paths:
        raise ValueError("paths is empty; give at least one path")
    routes = []
    for path in paths:
        points = np.asarray(path.points, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(
                f"path {path.label!r} has points of shape {points.shape}; give (steps + 1, 2)"
            )
        broken = np.flatnonzero(~np.isfinite(points).all(axis=1))
        points = points[: broken[0]] if broken.size else points
        if len(points) == 0:
            raise ValueError(f"path {path.label!r} has no finite start; give at least one point")
        routes.append(points)
    return routes


def band_colours(count: int) -> list[str]:
    """Return the grounds of `count` bands, from the deepest to the highest."""
    low, high = (np.array([int(g[k : k + 2], 16) for k in (1, 3, 5)]) for g in GROUND)
    deep = np.array([0x9F, 0xC3, 0xDD])
    shares = np.linspace(0, 1, count)
    mixed = [deep + (low - deep) * min(1, 2 * s) + (high - low) * max(0, 2 * s - 1) for s in shares]
    return ["#" + "".join(f"{round(float(v)):02x}" for v in colour) for colour in mixed]


def _draw_surface(axes: Axes, surface: Surface) -> None:
    style.dress(axes)
    axes.contourf(
        surface.x, surface.y, surface.z, levels=surface.levels,
        colors=band_colours(len(surface.levels) - 1),
    )  # fmt: skip
    axes.contour(
        surface.x, surface.y, surface.z, levels=surface.levels[1:-1], colors=CONTOUR,
        linewidths=0.5, linestyles="solid",
    )  # fmt: skip
    axes.set_xlim(surface.x[0], surface.x[-1])
    axes.set_ylim(surface.y[0], surface.y[-1])
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(5))


def _draw_path(axes: Axes, points: NDArray[np.float64], colour: str) -> None:
    # Far outside, where a diverging path goes, a renderer's coordinates overflow.
    low, high = np.array([axes.get_xlim(), axes.get_ylim()]).T
    points = points.clip(low - 50 * (high - low), high + 50 * (high - low))
    axes.plot(*points.T, "o-", color=colour, linewidth=1.1, markersize=1.9, zorder=3, label="path")
    axes.plot(
        *points[0], "o", color="white", markeredgecolor=colour, markeredgewidth=1.3, markersize=5.5,
        zorder=4, label="start",
    )  # fmt: skip
    axes.plot(
        *points[-1], "o", color=colour, markeredgecolor="white", markeredgewidth=0.8,
        markersize=7, zorder=4, label="end",
    )  # fmt: skip
