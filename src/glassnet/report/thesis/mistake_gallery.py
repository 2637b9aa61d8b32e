"""Images that were misclassified, with what they are and what they were taken for."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from glassnet.figures import style
from glassnet.figures.tiles import as_examples, draw_example, new_sheet, tile_shape

COLUMNS, ROWS = 8, 3
_SIZE, _GAP, _LINE = (
    0.82,
    0.1,
    0.14,
)  # inches: a tile's longer side, between tiles, a caption's line


@style.defaults()
def mistake_gallery(
    images: ArrayLike, true: Sequence[str], taken_for: Sequence[str]
) -> tuple[Figure, int]:
    """Draw the first images, each with its class and, below, what it was taken for.

    Parameters
    ----------
    images : array-like, shape (n, height, width, 1 or 3) or (n, features)
    true, taken_for : sequence of str
        The names of the classes.

    Returns
    -------
    figure : Figure
    shown : int
        How many images it shows.
    """
    shown = min(len(true), COLUMNS * ROWS)
    examples = as_examples(images)[:shown]
    shape = tile_shape(examples, _SIZE)
    columns = min(COLUMNS, shown)
    row = shape[1] + 2 * _LINE + 0.16
    width = 2 * style.MARGIN + columns * (_SIZE + _GAP) - _GAP
    figure, sheet = new_sheet(width, 2 * style.MARGIN + math.ceil(shown / columns) * row)
    for i in range(shown):
        x = style.MARGIN + (i % columns) * (_SIZE + _GAP)
        y = style.MARGIN + i // columns * row
        draw_example(sheet, examples[i], x + (_SIZE - shape[0]) / 2, y, shape)
        for line, text, colour in ((0, true[i], style.INK), (1, f"→ {taken_for[i]}", "#a84800")):
            style.write(
                sheet, x + _SIZE / 2, y + shape[1] + 0.05 + line * _LINE,
                style.fit(text, _SIZE + _GAP - 0.04, style.SMALL),
                ha="center", va="top", fontsize=style.SMALL, color=colour,
            )  # fmt: skip
    return figure, shown
