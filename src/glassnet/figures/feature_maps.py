"""What the convolutions of a network make of one image, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from glassnet.figures import style
from glassnet.figures.tiles import as_examples, draw_image, new_sheet, tile_shape

_WIDTH = 7.0  # inches
_GAP = 0.06  # inches between tiles
_SIDE = 1.25  # inches, the image's longer side
_SAYING = (
    "Each tile is one channel: where in the image its filter responds.",
    "White is 0, red above, blue below; the darkest is a row's strongest response.",
)


class Stage(NamedTuple):
    """A row of the picture.

    Parameters
    ----------
    name : str
        What made the maps: ``"conv2d_1, ReLU"``.
    maps : array-like of float, shape (height, width, channels)
    """

    name: str
    maps: ArrayLike


@style.defaults()
def feature_maps(
    image: ArrayLike, stages: Sequence[Stage], *, caption: str = "", n: int = 10, rows: int = 8
) -> Figure:
    """Draw an image, and below it the maps that the stages of a network make of it.

    Of each stage the channels with the greatest mean magnitude are drawn, the greatest first, each
    below its number. One scale holds for a row; it ends at the 99.5th percentile of the magnitudes.

    Parameters
    ----------
    image : array-like of float, shape (height, width, 1 or 3)
        In [0, 1].
    stages : sequence of Stage
        From the input to the output.
    caption : str
        Stands beside the image: what it is, and what the network takes it for.
    n : int
        At most so many channels of a stage.
    rows : int
        At most so many stages: of more, some in between are left out.

    Returns
    -------
    Figure
        A row a stage.

    Raises
    ------
    ValueError
        If an array has another shape or is not finite, or there is no stage.

    Examples
    --------
    >>> figure = feature_maps(np.eye(8)[..., None], [Stage("conv2d_1", np.ones((6, 6, 4)))])
    >>> len(figure.axes[0].images)
    5
    """
    pixels = np.asarray(image, dtype=np.float64)
    if pixels.ndim != 3:
        raise ValueError(f"image must have shape (height, width, 1 or 3), got {pixels.shape}")
    example = as_examples(pixels[np.newaxis])
    if n < 1 or rows < 1:
        raise ValueError(f"n and rows must be at least 1, got {n} and {rows}")
    named = [(name, _as_maps(name, maps)) for name, maps in _spread(stages, rows)]
    columns = max(min(n, maps.shape[2]) for _, maps in named)
    side = min(_SIDE, (_WIDTH - 2 * style.MARGIN + _GAP) / max(columns, 6) - _GAP)
    shape = tile_shape(example, _SIDE)
    tile = tile_shape(example, side)
    step = 0.2 + 0.12 + tile[1] + 0.14
    top = style.MARGIN + shape[1] + 0.2
    figure, sheet = new_sheet(_WIDTH, top + len(named) * step - 0.14 + style.MARGIN)
    draw_image(sheet, example[0], style.MARGIN, style.MARGIN, shape, cmap="gray", limits=(0.0, 1.0))
    _say(sheet, caption, style.MARGIN + shape[0] + 0.16)
    for row, (name, maps) in enumerate(named):
        _draw_stage(sheet, (name, maps), top + row * step, tile, n)
    return figure


def _spread(stages: Sequence[Stage], rows: int) -> list[Stage]:
    """Return at most so many stages, the first and the last among them."""
    if not stages:
        raise ValueError("there is no stage to draw; a network without convolutions has no maps")
    places = np.linspace(0, len(stages) - 1, min(rows, len(stages))).round().astype(int)
    return [stages[i] for i in places]


def _as_maps(name: str, maps: ArrayLike) -> NDArray[np.float64]:
    array: NDArray[np.float64] = np.asarray(maps, dtype=np.float64)
    if array.ndim != 3 or array.size == 0:
        raise ValueError(f"maps of {name} must have shape (height, width, channels): {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"maps of {name} has values that are not finite; the training diverged")
    return array


def _say(sheet: Axes, caption: str, x: float) -> None:
    """Write beside the image what it is and how to read the tiles."""
    width = _WIDTH - x - style.MARGIN
    y = style.MARGIN + 0.02
    if caption:
        style.write(sheet, x, y, style.fit(caption, width, style.BODY), va="top")
        y += 0.26
    for line in _SAYING:
        style.write(sheet, x, y, line, va="top", fontsize=style.SMALL, color=style.FAINT)
        y += 0.16


def _draw_stage(
    sheet: Axes, stage: tuple[str, NDArray[np.float64]], y: float, tile: tuple[float, float], n: int
) -> None:
    name, maps = stage
    height, width, channels = maps.shape
    order = np.argsort(-np.abs(maps).mean(axis=(0, 1)), kind="stable")[:n]
    size = f"{height} × {width}, {channels:,} channel{'s' * (channels != 1)}"
    if len(order) < channels:
        size += f"; the {len(order)} most active"
    heading = style.write(sheet, style.MARGIN, y, name, va="top", fontweight="bold")
    heading.set_fontsize(style.SMALL)
    style.write(
        sheet, style.MARGIN + style.text_width(name, style.SMALL, weight="bold") + 0.12, y, size,
        va="top", fontsize=style.SMALL, color=style.FAINT,
    )  # fmt: skip
    shown = maps[..., order]
    limit = float(np.quantile(np.abs(shown), 0.995)) or float(np.abs(shown).max()) or 1.0
    for k, channel in enumerate(order):
        x = style.MARGIN + k * (tile[0] + _GAP)
        style.write(
            sheet, x, y + 0.2 + 0.105, str(channel),
            va="bottom", fontsize=style.TINY, color=style.FAINT,
        )  # fmt: skip
        draw_image(
            sheet, maps[..., channel], x, y + 0.32, tile,
            cmap=style.DIVERGING, limits=(-limit, limit),
        )  # fmt: skip
