"""Small multiples: a quantity against one hyperparameter a panel, or of some cells a panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from glassnet.figures import style
from glassnet.figures.bands import Curve, checked, draw_curves, seeds_note
from glassnet.figures.ends import wrap
from glassnet.figures.scales import set_y

_SIZE = (2.1, 1.9)  # inches


class Panel(NamedTuple):
    """The times of an epoch, or another quantity, against one hyperparameter.

    Parameters
    ----------
    x_label : str
        The hyperparameter, ``"batch size"``.
    curves : sequence of Curve
        One an engine or network; `seeds` are repetitions.
    log_x : bool
        Whether the axis is logarithmic; momentum's is not.
    title : str
        Stands above.
    """

    x_label: str
    curves: Sequence[Curve]
    log_x: bool = True
    title: str = ""


@style.defaults()
def scaling(
    panels: Sequence[Panel],
    *,
    y_label: str = "seconds an epoch",
    log_y: bool = True,
    band_name: str = "95 % confidence",
    columns: int | None = None,
    repeated: str = "run",
    zero: bool = False,
) -> Figure:
    """Draw small multiples of times or another quantity, which share their y axis.

    Curves of the same name have the same colour in all panels.

    Parameters
    ----------
    panels : sequence of Panel
        From left to right.
    y_label : str
        Name of the shared axis.
    log_y : bool
        Whether it is logarithmic.
    band_name : str
        What the band is, for the note below.
    columns : int, optional
        Panels beside one another; by default all.
    repeated : str
        What the thin lines are, for the note below: "run" or "seed".
    zero : bool
        Whether a line shows where zero is, and points have no markers.

    Returns
    -------
    Figure
        One axes a panel.

    Raises
    ------
    ValueError
        If there is no panel or one has no curve, shapes don't fit, or a logarithmic axis would
        have a place that is not positive.

    Examples
    --------
    >>> curve = Curve("fast", [1, 10], [[2.0, 0.5]], [2.0, 0.5], [2.0, 0.5], [2.0, 0.5])
    >>> figure = scaling([Panel("batch size", [curve])])
    >>> figure.axes[0].get_xscale(), figure.axes[0].get_yscale()
    ('log', 'log')
    """
    if not panels or not all(panel.curves for panel in panels):
        raise ValueError("there is nothing to draw; give at least one panel, and each a curve")
    order = list(dict.fromkeys(curve.label for panel in panels for curve in panel.curves))
    cells = [
        [checked(curve, order.index(curve.label)) for curve in panel.curves] for panel in panels
    ]
    for panel, members in zip(panels, cells, strict=True):
        least = min(float(cell.x.min()) for cell in members)
        if panel.log_x and least <= 0:
            raise ValueError(
                f"{panel.x_label!r} has {least:g}, which a logarithmic axis can't show; "
                "give this panel log_x=False"
            )
    # Each panel has its names, for the lines may end in another order.
    names = [
        min(1.2, max(style.text_width(cell.label, style.SMALL) for cell in members)) + 0.2
        if len(order) > 1
        else 0.1
        for members in cells
    ]
    columns = min(columns or len(panels), len(panels))
    rows = -(-len(panels) // columns)
    left, gap = 0.66, 0.3
    above = 0.36 if any(panel.title for panel in panels) else 0.14
    steps = [max(names[k::columns]) + _SIZE[0] + gap for k in range(columns)]
    width = left + sum(steps) - gap + style.MARGIN
    note = wrap(
        seeds_note([c for members in cells for c in members], band_name).replace("seed", repeated),
        width - 0.3, style.SMALL,
    )  # fmt: skip
    below = 0.68 + 0.13 * note.count("\n")
    row_height = above + _SIZE[1] + 0.46
    height = rows * row_height - 0.46 + below
    figure = style.new_figure(width, height)
    values = [v.ravel() for members in cells for c in members for v in (c.seeds, c.mean)]
    for k, (panel, members) in enumerate(zip(panels, cells, strict=True)):
        row, column = divmod(k, columns)
        x, y = left + sum(steps[:column]), below + (rows - 1 - row) * row_height
        box = (x / width, y / height, _SIZE[0] / width, _SIZE[1] / height)
        axes = figure.add_axes(box)
        set_y(axes, np.concatenate(values), log=log_y)
        draw_curves(
            axes, members, size=_SIZE, limits=axes.get_ylim(), log_x=panel.log_x, log_y=log_y,
            names=len(order) > 1, markers=not zero,
        )  # fmt: skip
        if zero:
            axes.axhline(0, color=style.INK, linewidth=0.8, zorder=1.5)
        style.label(axes, x=panel.x_label, y=y_label if column == 0 else "")
        axes.xaxis.label.set_parse_math(False)
        axes.yaxis.label.set_parse_math(False)
        axes.tick_params(labelleft=column == 0)
        if panel.title:
            axes.set_title(
                panel.title, fontsize=style.SMALL, color=style.INK, fontfamily=style.FONT,
                loc="left", parse_math=False,
            )  # fmt: skip
    figure.text(
        0.5, 0.07 / height, note, ha="center", va="bottom", fontsize=style.SMALL,
        color=style.FAINT, fontfamily=style.FONT, parse_math=False,
    )  # fmt: skip
    return figure
