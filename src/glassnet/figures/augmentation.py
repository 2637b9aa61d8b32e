"""Images as a training sees them, changed at random in each epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from glassnet.figures import style
from glassnet.figures.tiles import as_examples, draw_example, new_sheet, tile_shape

_GAP = 0.05  # inches between tiles
_SPACE = 0.14  # inches between an image and its changed versions
_TILE = 0.62  # inches, the longer side


@style.defaults()
def augmented(
    images: ArrayLike, versions: ArrayLike, names: Sequence[str], *, how: Sequence[str] = ()
) -> Figure:
    """Draw images, each in a row with what it becomes in some epochs.

    Parameters
    ----------
    images : array-like, shape (n, height, width, 1 or 3)
        In [0, 1].
    versions : array-like, shape (epochs, n, height, width, 1 or 3)
        The same images, changed; values outside [0, 1] are drawn as the nearest inside.
    names : sequence of str
        What each row is called: the image's class.
    how : sequence of str
        What changes them, in this order; stands above the picture, one after the other.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the arrays don't fit each other, or there is none.

    Examples
    --------
    >>> import glassnet as gn
    >>> from glassnet.data.augmentation import augment
    >>> images = np.random.default_rng(0).random((2, 8, 8, 1))
    >>> versions = [augment(gn.RandomFlip(), images, epoch=epoch) for epoch in range(3)]
    >>> figure = augmented(images, versions, ["cat", "dog"], how=["RandomFlip()"])
    >>> len(figure.axes[0].images)
    8
    """
    originals = as_examples(images)
    changed = np.clip(np.asarray(versions, dtype=np.float64), 0.0, 1.0)
    if originals.ndim < 3 or changed.ndim < 2 or len(originals) == 0 or len(changed) == 0:
        raise ValueError(
            f"expected images and versions of them, got shapes {np.shape(images)} and "
            f"{np.shape(versions)}"
        )
    if changed.shape[1:] != np.shape(images) or len(names) != len(originals):
        raise ValueError(
            f"{len(names)} names, images of shape {np.shape(images)} and versions of shape "
            f"{np.shape(versions)} don't fit; give a name for each image, and versions of shape "
            "(epochs, *shape of the images)"
        )
    shape = tile_shape(originals, _TILE)
    pitch = (shape[0] + _GAP, shape[1] + _GAP)
    labels = [style.fit(name, 1.4, style.BODY) for name in names]
    name_width = max(style.text_width(label, style.BODY) for label in labels) + 0.1
    first = style.MARGIN + name_width
    changes = first + pitch[0] + _SPACE
    width = changes + len(changed) * pitch[0] - _GAP + style.MARGIN
    lines = _in_lines(how, width - 2 * style.MARGIN)
    top = style.MARGIN + 0.16 * len(lines) + (0.1 if lines else 0.0)
    grid = top + 0.2
    figure, sheet = new_sheet(width, grid + len(originals) * pitch[1] - _GAP + style.MARGIN)
    for number, line in enumerate(lines):
        style.write(
            sheet, style.MARGIN, style.MARGIN + 0.16 * number, line, va="top", fontsize=style.SMALL
        )
    heads = [(first, "original")]
    heads += [(changes + k * pitch[0], f"epoch {k + 1}") for k in range(len(changed))]
    for x, text in heads:
        fitted = style.fit(text, pitch[0], style.SMALL)
        style.write(
            sheet, x + shape[0] / 2, grid - 0.06, fitted,
            ha="center", va="bottom", fontsize=style.SMALL, color=style.FAINT,
        )  # fmt: skip
    for row, label in enumerate(labels):
        y = grid + row * pitch[1]
        style.write(
            sheet, first - 0.1, y + shape[1] / 2, label,
            ha="right", va="center", fontsize=style.BODY,
        )  # fmt: skip
        draw_example(sheet, originals[row], first, y, shape)
        for k, of_epoch in enumerate(changed):
            tile = as_examples(of_epoch[row : row + 1])[0]
            draw_example(sheet, tile, changes + k * pitch[0], y, shape)
    return figure


def _in_lines(how: Sequence[str], width: float) -> list[str]:
    """Return the changes in a row, in as many lines as the width in inches makes necessary."""
    lines: list[str] = []
    for number, text in enumerate(how):
        joined = f"{lines[-1]}, {text}" if lines else text
        if number and style.text_width(joined, style.SMALL) <= width:
            lines[-1] = joined
        else:
            if lines:
                lines[-1] += ","
            lines.append(style.fit(text, width, style.SMALL))
    return lines
