"""Two hyperparameters at once: means of a grid of cells, as a heat map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from glassnet.figures import palette, style


@style.defaults()
def interaction_grid(
    values: ArrayLike,
    levels_a: Sequence[str],
    levels_b: Sequence[str],
    *,
    name_a: str,
    name_b: str,
    value_name: str = "mean test accuracy (%)",
    scale: float = 100.0,
    digits: int = 1,
) -> Figure:
    """Draw means by two factors as an annotated heat map; the best cell has a frame.

    Parameters
    ----------
    values : array-like of float, shape (levels of a, levels of b)
        Means; NaN for a cell that was not run.
    levels_a, levels_b : sequence of str
        Levels of the rows and of the columns.
    name_a, name_b : str
        Names of the two factors.
    value_name : str
        What the values are, for the heading.
    scale : float
        Factor of all values: 100 turns accuracies into per cent.
    digits : int
        Digits after the point in the cells.

    Returns
    -------
    Figure
        One panel.

    Raises
    ------
    ValueError
        If the shape is not that of the levels, or no value is finite.

    Examples
    --------
    >>> figure = interaction_grid(
    ...     [[0.9, 0.92], [0.5, 0.1]], ["0.1", "1"], ["0", "0.8"], name_a="rate", name_b="momentum"
    ... )
    >>> [text.get_text() for text in figure.axes[0].texts][:4]
    ['90.0', '92.0', '50.0', '10.0']
    """
    array = scale * np.asarray(values, dtype=np.float64)
    if array.shape != (len(levels_a), len(levels_b)):
        raise ValueError(
            f"values has shape {array.shape}, but there are {len(levels_a)} levels_a and "
            f"{len(levels_b)} levels_b; give a row for each a and a column for each b"
        )
    if not np.isfinite(array).any():
        raise ValueError("values has no finite number; run at least one cell of the grid")
    rows = [style.fit(str(level), 1.2, style.BODY) for level in levels_a]
    columns = [style.fit(str(level), 1.2, style.BODY) for level in levels_b]
    written = [f"{v:.{digits}f}" for v in array[np.isfinite(array)]]
    cell = max(0.5, *(style.text_width(t, style.BODY) + 0.16 for t in [*columns, *written]))
    left = max(style.text_width(t, style.BODY) for t in rows) + style.MARGIN + 0.32
    tall, above, below = 0.34, 0.34, 0.5
    plot, body = cell * len(columns), tall * len(rows)
    width = left + max(plot, style.text_width(value_name, style.BODY)) + style.MARGIN
    height = above + body + below
    figure = style.new_figure(width, height)
    axes = figure.add_axes((left / width, below / height, plot / width, body / height))
    # A cell that failed altogether must not take the colours from all the others.
    high, middle = float(np.nanmax(array)), float(np.nanmedian(array))
    low = max(float(np.nanmin(array)), high - 4 * (high - middle))
    image = axes.imshow(
        np.ma.masked_invalid(array), cmap=palette.SHARES.with_extremes(bad=style.PANEL),
        vmin=low, vmax=high if high > low else low + 1, aspect="auto", interpolation="nearest",
    )  # fmt: skip
    style.dress(axes, size=style.BODY)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, pad=4)
    axes.set_yticks(range(len(rows)), rows, parse_math=False)
    axes.set_xticks(range(len(columns)), columns, parse_math=False)
    axes.set_xticks(np.arange(0.5, len(columns) - 1), minor=True)
    axes.set_yticks(np.arange(0.5, len(rows) - 1), minor=True)
    axes.grid(visible=True, which="minor", color="white", linewidth=1.5)
    for (row, column), value in np.ndenumerate(array):
        ground = image.to_rgba(np.array([value]))[0, :3]
        known = bool(np.isfinite(value))
        style.write(
            axes, column, row, f"{value:.{digits}f}" if known else "–",
            ha="center", va="center_baseline",
            color=palette.ink_on(ground) if known else style.FAINT,
            fontweight="bold" if value == high else "normal",
        )  # fmt: skip
    best = np.unravel_index(int(np.nanargmax(array)), array.shape)
    axes.add_patch(
        Rectangle(
            (best[1] - 0.5, best[0] - 0.5), 1, 1, fill=False, edgecolor=style.VERMILION,
            linewidth=1.8, clip_on=False, zorder=5,
        )
    )  # fmt: skip
    for x, y, text, properties in (
        (0.0, 1 + 0.14 / body, value_name, {"va": "center"}),
        (0.5, -0.38 / body, name_b, {"ha": "center", "va": "center"}),
        (-(left - 0.16) / plot, 0.5, name_a, {"rotation": 90, "ha": "center", "va": "center"}),
    ):
        style.write(axes, x, y, text, transform=axes.transAxes, **properties)
    return figure
