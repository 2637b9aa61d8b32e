"""Recall by class, as bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from glassnet.figures import style


@style.defaults()
def per_class_recall(
    recalls: ArrayLike, class_names: Sequence[str], *, axes: Axes | None = None
) -> Figure:
    """Draw the share of each class that was recognised, the worst class on top.

    Parameters
    ----------
    recalls : array-like of float, shape (classes,)
        0 to 1; NaN for a class without examples.
    class_names : sequence of str
        The name of class 0, 1, ...
    axes : Axes, optional
        Where to draw, instead of a new figure.

    Returns
    -------
    Figure
        The figure that holds the bars.

    Raises
    ------
    ValueError
        If there is not one recall for each class, or one is not in 0 to 1.

    Examples
    --------
    >>> figure = per_class_recall([0.9, 0.5], ["cat", "dog"])
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['dog', 'cat']
    """
    values = np.asarray(recalls, dtype=float)
    if values.shape != (len(class_names),) or len(class_names) == 0:
        raise ValueError(
            f"recalls has shape {values.shape}, but there are {len(class_names)} class_names; "
            "give one recall for each class"
        )
    known = values[np.isfinite(values)]
    if known.size and (known.min() < 0 or known.max() > 1):
        raise ValueError(
            f"recalls must be shares from 0 to 1, got {known.min():g} to {known.max():g}; "
            "divide per cents by 100"
        )
    n = len(values)
    row = 0.2 if n <= 30 else 0.11
    size = min(style.BODY, 0.85 * row / style.POINT)
    if axes is None:
        figure = style.new_figure(5.2, 0.55 + row * n + 0.3, layout="constrained")
        axes = figure.add_subplot()
    order = np.argsort(values, kind="stable")  # NaN comes last
    axes.barh(range(n), np.nan_to_num(100 * values[order]), height=0.66, color=style.BLUE)
    style.dress(axes, grid="x")
    axes.set_yticks(
        range(n), [style.fit(class_names[i], 1.8, size) for i in order], parse_math=False
    )
    axes.tick_params(axis="y", length=0, labelsize=size)
    axes.set_ylim(n - 0.4, -0.6)
    axes.set_xlim(0, 100)
    style.label(axes, x="recall (%)")
    for position, value in enumerate(values[order]):
        style.write(
            axes,
            1.015,
            position,
            style.percent(value) if np.isfinite(value) else "no example",
            transform=axes.get_yaxis_transform(),
            va="center_baseline",
            fontsize=min(size, style.SMALL),
        )
    if known.size > 1:
        mean = 100 * float(known.mean())
        axes.axvline(mean, color=style.VERMILION, linewidth=1.0)
        axes.set_title(
            f"mean of the classes {mean:.1f} %",
            loc="left",
            fontsize=style.SMALL,
            color=style.VERMILION,
            fontfamily=style.FONT,
            pad=4,
        )
    owner = axes.figure
    return owner if isinstance(owner, Figure) else owner.figure
