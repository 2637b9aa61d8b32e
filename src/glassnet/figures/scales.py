"""Axes of numbers: their limits, and ticks that people would choose."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from glassnet.figures import style

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def short(value: float, *, least: float = 1e-3) -> str:
    """Return a tick's number; beyond `least` and 10,000 with a power of ten.

    Examples
    --------
    >>> short(0.05), short(1e-6), short(2e7)
    ('0.05', '10⁻⁶', '2·10⁷')
    """
    if value == 0 or least <= abs(value) < 1e4:
        return f"{value:g}"
    mantissa, exponent = f"{value:e}".split("e")
    power = "10" + str(int(exponent)).translate(_SUPERSCRIPT)
    factor = f"{float(mantissa):g}"
    return power if factor == "1" else f"{factor}·{power}"


def set_x(axes: Axes, x: NDArray[np.float64], *, log: bool, width: float) -> None:
    """Fit the x axis of a panel `width` inches wide to the places of its points.

    On a logarithmic axis the places themselves are the ticks, those that have room.
    """
    first, last = float(np.nanmin(x)), float(np.nanmax(x))
    if log:
        axes.set_xscale("log")
        places = np.unique(x)
        pad = (last / first) ** 0.03 if last > first else 2.0
        axes.set_xlim(first / pad, last * pad)
        span = np.log(last / first * pad**2)
        ticks: list[float] = []
        for place in places:
            room = style.text_width(f"{place:g}", style.SMALL) + 0.08
            if not ticks or np.log(place / ticks[-1]) * width > room * span:
                ticks.append(float(place))
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
        return
    pad = 0.5 if first == last else 0.02 * (last - first)
    axes.set_xlim(first - pad, last + pad)
    whole = bool(np.all(x == np.round(x)))
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=whole, min_n_ticks=1, steps=[1, 2, 5, 10]))


def set_y(
    axes: Axes,
    values: NDArray[np.float64],
    limits: tuple[float, float] | None = None,
    *,
    log: bool = False,
    ticks: int = 6,
) -> None:
    """Fit the y axis to values, of which some may be NaN, or to given limits."""
    if limits is None:
        values = values[np.isfinite(values) & ((values > 0) | (not log))]
        if values.size == 0:
            values = np.array([1.0])
        low, high = float(values.min()), float(values.max())
        pad = 0.05 * (high - low) or 0.05 * abs(high) or 0.5
        factor = (high / low) ** 0.05 if log and high > low else 1.1
        limits = (low / factor, high * factor) if log else (low - pad, high + pad)
    if log:
        axes.set_yscale("log")
        span = limits[1] / limits[0]
        subs: tuple[float, ...] = (1.0, 2.0, 5.0) if span < 10 ** (ticks / 3 + 0.5) else (1.0,)
        if span < 12:  # about a decade: with 1, 2 and 5 there would be two or three ticks
            subs = (1.0, 2.0, 3.0, 5.0, 7.0)
        axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=ticks + 2))
        least = 0.1 if limits[1] / limits[0] > 1e3 else 1e-3
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value, least=least)))
        axes.yaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10]))
    axes.set_ylim(*limits)


def shade(axes: Axes, zoom: tuple[float, float], x_from: float | None = None) -> None:
    """Shade what a second panel shows in detail: heights, from a place of the x axis on."""
    left, right = axes.get_xlim()
    axes.fill_between(
        [left if x_from is None else x_from, right], *zoom,
        color=style.PANEL, linewidth=0, zorder=0.5,
    )  # fmt: skip
    axes.set_xlim(left, right)
