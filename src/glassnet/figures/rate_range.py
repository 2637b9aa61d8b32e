"""The learning-rate range test: the loss while the rate rises."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from glassnet.figures import style

_WIDTH, _HEIGHT = 4.6, 2.9
_ABOVE = 0.25  # of the range of averages up to the lowest, that is left free above it


@style.defaults()
def rate_range(
    rates: np.ndarray,
    losses: np.ndarray,
    smoothed: np.ndarray,
    *,
    suggestion: float | None = None,
    note: str | None = None,
    title: str | None = None,
) -> Figure:
    """Draw the loss of each step by its learning rate, and mark the suggested rate.

    Parameters
    ----------
    rates : ndarray, shape (steps,)
        Above 0, rising.
    losses, smoothed : ndarray, shape (steps,)
        Of each step: the batch's own, drawn thin, and averaged with its neighbours'. What grows
        far beyond the first ones is cut off.
    suggestion : float, optional
        A rate to mark. Another mark is where the smoothed loss is lowest.
    note : str, optional
        Lines at the top of the panel, such as why no rate is suggested.
    title : str, optional
        Stands above the panel.

    Returns
    -------
    Figure
        One panel.

    Raises
    ------
    ValueError
        If there are no steps, or not as many rates as losses.

    Examples
    --------
    >>> rates = np.geomspace(1e-4, 1.0, 50)
    >>> losses = (np.log10(rates) + 1.5) ** 2
    >>> figure = rate_range(rates, losses, losses, suggestion=0.003)
    >>> figure.axes[0].get_xscale()
    'log'
    """
    if not len(rates) == len(losses) == len(smoothed):
        raise ValueError(
            "rates, losses and smoothed must be of one length, got "
            f"{len(rates)}, {len(losses)} and {len(smoothed)}"
        )
    if not len(rates):
        raise ValueError("there are no steps to draw; make at least one")
    figure = style.new_figure(_WIDTH, _HEIGHT, layout="constrained")
    axes = figure.subplots()
    style.dress(axes, grid="y")
    style.label(axes, x="learning rate", y="loss")
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(10.0))
    axes.plot(rates, losses, color=style.BLUE, alpha=0.3, linewidth=0.7, gid="losses")
    axes.plot(rates, smoothed, color=style.BLUE, linewidth=1.5, gid="smoothed")
    lowest = int(np.argmin(smoothed))
    low, high = float(smoothed[lowest]), float(smoothed[: lowest + 1].max())
    span = max(high - low, abs(high) * 1e-3, 1e-12)
    axes.set_ylim(low - 0.1 * span, high + _ABOVE * span)
    axes.plot(rates[lowest], smoothed[lowest], "o", color=style.BLUE, markersize=4, gid="lowest")
    if suggestion is not None:
        axes.axvline(suggestion, color=style.VERMILION, linewidth=1.0, gid="suggestion")
        left = np.log(suggestion / rates[0]) > 0.5 * np.log(rates[-1] / rates[0])
        text = style.write(
            axes,
            suggestion,
            0.97,
            f" {suggestion:.2g} " if suggestion < 1e4 else f" {suggestion:.1e} ",
            color=style.VERMILION,
            transform=axes.get_xaxis_transform(),
            va="top",
            ha="right" if left else "left",
        )
        text.set_gid("suggested rate")
    if note is not None:
        lines = (style.fit(line, _WIDTH - 1.0, style.BODY) for line in note.splitlines())
        text = style.write(
            axes,
            0.0,
            1.02,
            "\n".join(lines),
            color=style.VERMILION,
            transform=axes.transAxes,
            va="bottom",
        )
        text.set_gid("note")
    if title is not None:
        axes.set_title(
            style.fit(title, _WIDTH - 0.6, style.BODY),
            fontsize=style.BODY,
            color=style.INK,
            fontfamily=style.FONT,
            loc="left",
            pad=6.0 if note is None else 10.0 + 1.4 * style.BODY * len(note.splitlines()),
            parse_math=False,
        )
    return figure
