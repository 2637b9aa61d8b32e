"""The curves of growth, as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from glassnet.figures import style

# Okabe and Ito's palette; a marker of its own for each, for those who see no colours.
LOOKS = {
    "glassnet numba": (style.BLUE, "o"),
    "glassnet numpy": ("#56B4E9", "s"),
    "PyTorch eager": (style.VERMILION, "^"),
    "PyTorch compiled step": ("#E69F00", "<"),
    "JAX scan": ("#009E73", "D"),
    "scikit-learn": ("#CC79A7", "v"),
}
"""By contender."""

_PANEL = 2.45  # inches
_COLUMNS = 3
_WIDE = 100  # an axis that spans more is labelled at powers of ten only


@style.defaults()
def growth_figure(growth: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Draw the time of a step against what is varied, a panel for each sweep, log-log.

    Parameters
    ----------
    growth : mapping
        By name of the sweep, what `measure_growth` yields: ``label``, ``kept``, ``values``, and
        ``microseconds``, a list of rounds or None for each contender and value. The best round is
        drawn.

    Returns
    -------
    Figure
        A panel for each sweep, and the legend where the next would be.
    """
    rows = -(-(len(growth) + 1) // _COLUMNS)
    figure = style.new_figure(_COLUMNS * _PANEL, rows * _PANEL, layout="constrained")
    places = figure.subplots(rows, _COLUMNS, squeeze=False).flat
    panels = list(places)
    for axes, sweep in zip(panels, growth.values(), strict=False):
        draw(axes, sweep)
        axes.set_title(
            sweep["kept"], fontsize=style.SMALL, color=style.FAINT, loc="left",
            fontfamily=style.FONT,
        )  # fmt: skip
    for axes in panels[len(growth) :]:
        axes.set_axis_off()
    handles, names = panels[0].get_legend_handles_labels()
    panels[len(growth)].legend(
        handles, names, loc="center left", frameon=False, labelcolor=style.INK,
        prop={"family": style.FONT, "size": style.BODY},
    )  # fmt: skip
    return figure


def draw(axes: Axes, sweep: Mapping[str, Any]) -> None:
    """Draw one panel."""
    style.dress(axes, grid="y")
    style.label(axes, x=sweep["label"], y="time of a step (µs)")
    axes.set_xscale("log")
    axes.set_yscale("log")
    for name, points in sweep["microseconds"].items():
        drawn = [
            (value, min(rounds))
            for value, rounds in zip(sweep["values"], points, strict=True)
            if rounds
        ]
        color, marker = LOOKS[name]
        axes.plot(
            [x for x, _ in drawn], [y for _, y in drawn], color=color, marker=marker,
            linewidth=1.3, markersize=3.5, label=name,
        )  # fmt: skip
    axes.set_xticks(sweep["values"], [f"{value:,}" for value in sweep["values"]])
    axes.xaxis.set_minor_locator(NullLocator())
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1,) if high / low > _WIDE else (1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.10g}"))
    axes.yaxis.set_minor_locator(NullLocator())
