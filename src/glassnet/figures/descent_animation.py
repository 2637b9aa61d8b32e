"""Gradient descent in motion: one SVG without a script, for a page or a picture element."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import cast

import numpy as np
from contourpy import FillType, contour_generator
from numpy.typing import ArrayLike, NDArray

from glassnet.checks import real
from glassnet.figures import palette, style
from glassnet.figures.descent import (
    CONTOUR,
    DescentPath,
    Surface,
    as_routes,
    as_surface,
    band_colours,
)

_PLOT = 300.0  # units of the view box, a panel's width
_GAP = 24.0
_MARGIN = 8.0
_ABOVE = 46.0
# What FillType.OuterOffset gives: polygons, and where their rings begin.
_Filled = tuple[list[NDArray[np.float64]], list[NDArray[np.uint32]]]
_HOLD = 0.82  # of the time the ball runs; then it rests at the end


def descent_animation(
    surface_x: ArrayLike,
    surface_y: ArrayLike,
    z: ArrayLike,
    paths: Sequence[DescentPath],
    *,
    seconds: float = 8.0,
    identifier: str = "descent",
    title: str = "Gradient descent on a surface",
) -> str:
    """Return an SVG in which a ball runs along each path, again and again.

    Balls of all paths take their steps at the same time, so that the faster one is seen to be
    faster. The motion is CSS within the SVG, which a page's Content-Security-Policy must allow
    (``style-src 'unsafe-inline'``). Who prefers reduced motion sees whole paths, at rest.

    Parameters
    ----------
    surface_x, surface_y, z : array-like of float
        The surface, as `descent` takes it.
    paths : sequence of DescentPath
        From left to right.
    seconds : float
        How long a round takes.
    identifier : str
        Begins the names of classes and animations, for they are the whole page's: give another
        one to each animation of a page. Letters, digits and hyphens.
    title : str
        What the picture shows, for those who don't see it.

    Returns
    -------
    str
        The ``<svg>`` element.

    Raises
    ------
    ValueError
        If shapes don't fit each other, or there is no path.

    Examples
    --------
    >>> w = np.linspace(-1, 1, 21)
    >>> path = DescentPath("plain", [[1, 1], [0, 0]])
    >>> descent_animation(w, w, w**2 + w[:, None] ** 2, [path])[:4]
    '<svg'
    """
    surface = as_surface(surface_x, surface_y, z)
    routes = as_routes(paths)
    real("seconds", seconds, above=0)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", identifier):
        raise ValueError(
            f"identifier must be letters, digits and hyphens, a letter first, got {identifier!r}"
        )
    tall = float(np.clip(np.ptp(surface.y) / np.ptp(surface.x), 0.3, 2.0)) * _PLOT
    width = 2 * _MARGIN + len(routes) * _PLOT + (len(routes) - 1) * _GAP
    height = _ABOVE + tall + _MARGIN
    ground = _ground(surface, tall)
    steps = max(map(len, routes))
    panels, rules = [], []
    for number, (path, route) in enumerate(zip(paths, routes, strict=True)):
        points = _to_panel(route, surface, tall)
        name = f"{identifier}-{number}"
        rules.append(_rules(name, points, steps, seconds))
        panels.append(
            f'<g transform="translate({_n(_MARGIN + number * (_PLOT + _GAP))} {_n(_ABOVE)})">'
            + _panel(
                name,
                path,
                points,
                tall,
                colour=palette.colour(number),
                ground=f"{identifier}-ground",
            )
            + "</g>"
        )
    still = ",".join(f".{identifier}-{k}-ball,.{identifier}-{k}-trail" for k in range(len(routes)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" '
        f'role="img" aria-labelledby="{identifier}-title" '
        f'style="width:100%;max-width:{_n(1.15 * width)}px;height:auto" '
        f'font-family="{style.FONT}, Verdana, sans-serif">'
        f'<title id="{identifier}-title">{escape(title)}</title>'
        f"<style>{''.join(rules)}"
        f"@media (prefers-reduced-motion:reduce){{{still}{{animation:none}}}}</style>"
        f'<defs><clipPath id="{identifier}-clip">'
        f'<rect width="{_n(_PLOT)}" height="{_n(tall)}"/></clipPath>'
        f'<g id="{identifier}-ground" clip-path="url(#{identifier}-clip)">{ground}</g></defs>'
        f'<rect width="{_n(width)}" height="{_n(height)}" fill="#ffffff"/>'
        f"{''.join(panels)}</svg>"
    )


def _n(value: float) -> str:
    """Return a coordinate with one digit after the point: a third of a pixel at most."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _to_panel(points: NDArray[np.float64], surface: Surface, tall: float) -> NDArray[np.float64]:
    """Return parameters, shape (n, 2), as places in a panel, y downwards."""
    x = (points[:, 0] - surface.x[0]) / (surface.x[-1] - surface.x[0]) * _PLOT
    y = (surface.y[-1] - points[:, 1]) / (surface.y[-1] - surface.y[0]) * tall
    return np.column_stack([x, y]).clip(-20 * _PLOT, 20 * _PLOT)


def _polyline(points: NDArray[np.float64]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)


def _ground(surface: Surface, tall: float) -> str:
    """Return the bands of the surface, which all panels share."""
    generator = contour_generator(surface.x, surface.y, surface.z, fill_type=FillType.OuterOffset)
    levels = surface.levels.copy()
    levels[0] -= 1e-9 + 1e-9 * abs(levels[0])  # the deepest point is inside
    levels[-1] += 1e-9 + 1e-9 * abs(levels[-1])
    parts = []
    for k, fill in enumerate(band_colours(len(levels) - 1)):
        filled = cast(_Filled, generator.filled(levels[k], levels[k + 1]))
        rings = [
            f"M{_polyline(_to_panel(polygon[a:b], surface, tall))}Z"
            for polygon, starts in zip(*filled, strict=True)
            for a, b in pairwise(starts)
        ]
        if rings:
            # Contours are the bands' own edges: half the size of lines drawn once more.
            parts.append(f'<path fill="{fill}" d="{"".join(rings)}"/>')
    shared = f'fill-rule="evenodd" stroke="{CONTOUR}" stroke-width=".7"'
    return f"<g {shared}>{''.join(parts)}</g>"


def _lengths(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how long the path is up to each of its points, shape (n,)."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])


def _rules(name: str, points: NDArray[np.float64], steps: int, seconds: float) -> str:
    """Return the CSS that moves one ball and draws its trail."""
    times = 100 * _HOLD * np.arange(len(points)) / max(steps - 1, 1)
    lengths = _lengths(points)
    whole = lengths[-1] + 1  # a length that no rounding exceeds
    ball, trail = [], []
    for k, (time, (x, y), length) in enumerate(zip(times, points, lengths, strict=True)):
        at = f"{time:.2f}%" + (",100%" if k == len(points) - 1 else "")
        ball.append(f"{at}{{transform:translate({_n(x)}px,{_n(y)}px)}}")
        trail.append(f"{at}{{stroke-dashoffset:{_n(whole - length)}}}")
    (x, y), run = points[-1], f"{seconds:g}s linear infinite"
    return (
        f"@keyframes {name}-run{{{''.join(ball)}}}"
        f"@keyframes {name}-draw{{{''.join(trail)}}}"
        f".{name}-ball{{transform:translate({_n(x)}px,{_n(y)}px);animation:{name}-run {run}}}"
        f".{name}-trail{{stroke-dasharray:{_n(whole)};animation:{name}-draw {run}}}"
    )


def _panel(
    name: str,
    path: DescentPath,
    points: NDArray[np.float64],
    tall: float,
    *,
    colour: str,
    ground: str,
) -> str:
    """Return one panel: its heading, the ground, the path, the trail and the ball."""
    line = _polyline(points)
    x, y = points[0]
    clip = ground.replace("-ground", "-clip")
    label = style.fit(path.label, 0.88 * _PLOT / 96, 15 * 72 / 96)
    note = style.fit(path.note, _PLOT / 96, 12 * 72 / 96)
    return (
        f'<text y="-26" font-size="15" font-weight="bold" fill="{palette.text_colour(colour)}">'
        f'{escape(label)}</text><text y="-9" font-size="12" fill="{style.FAINT}">{escape(note)}'
        f'</text><use href="#{ground}"/>'
        f'<rect width="{_n(_PLOT)}" height="{_n(tall)}" fill="none" stroke="{style.RULE}"/>'
        f'<g clip-path="url(#{clip})" fill="none" stroke-linejoin="round">'
        f'<polyline points="{line}" stroke="{colour}" stroke-width=".8" opacity=".45"/>'
        f'<polyline class="{name}-trail" points="{line}" stroke="{colour}" stroke-width="2"/>'
        f'<circle cx="{_n(x)}" cy="{_n(y)}" r="4" fill="#ffffff" stroke="{colour}" '
        f'stroke-width="1.8"/>'
        f'<circle class="{name}-ball" r="7" fill="{colour}" stroke="#ffffff" stroke-width="1.2"/>'
        "</g>"
    )
