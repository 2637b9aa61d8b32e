"""The weights of a first layer, drawn in the shape of its input."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from glassnet.figures import style
from glassnet.figures.tiles import draw_image, new_sheet, tile_shape

_GAP = 0.06  # inches between tiles
_NUMBER = 0.11  # inches for the unit's number above its tile


@style.defaults()
def first_layer_weights(
    weights: ArrayLike,
    input_shape: Sequence[int],
    *,
    n: int = 64,
    feature_names: Sequence[str] | None = None,
) -> Figure:
    """Draw what each unit of a first layer looks for.

    Units come in the order of their weights' norm, the largest first, each below its number. One
    scale holds for all of them; it ends at the 99.5th percentile of the weights' magnitudes, so
    that a few extreme weights don't fade the rest.

    Parameters
    ----------
    weights : array-like of float, shape (inputs, units)
        The layer's W.
    input_shape : sequence of int
        ``(height, width)`` or ``(height, width, 1)``: an image of each unit, zero in white;
        ``(height, width, 3)``: a colour image of each unit, zero in grey; ``(features,)``: one heat
        map, a row for each feature and a column for each unit.
    n : int
        At most so many units.
    feature_names : sequence of str, optional
        The names of the features of a heat map.

    Returns
    -------
    Figure
        The picture, with a colour bar unless the tiles are in colour.

    Raises
    ------
    ValueError
        If the weights don't fit the input's shape, or can't be drawn.

    Examples
    --------
    >>> figure = first_layer_weights(np.eye(4), (2, 2, 1))
    >>> len(figure.axes[0].images)
    4
    """
    W = np.asarray(weights, dtype=np.float64)
    shape = tuple(int(size) for size in input_shape)
    if W.ndim != 2 or W.size == 0 or W.shape[0] != math.prod(shape):
        raise ValueError(
            f"weights must have shape ({math.prod(shape)}, units) for inputs of shape {shape}, "
            f"got {W.shape}"
        )
    if not np.isfinite(W).all():
        raise ValueError("weights has values that are not finite; the training diverged")
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    if len(shape) not in (1, 2, 3) or (len(shape) == 3 and shape[2] not in (1, 3)):
        raise ValueError(
            f"inputs of shape {shape} can't be drawn; only (height, width, 1 or 3) and (features,)"
        )
    if feature_names is not None and len(feature_names) != W.shape[0]:
        raise ValueError(f"{len(feature_names)} feature_names for {W.shape[0]} inputs")

    order = np.argsort(-np.linalg.norm(W, axis=0), kind="stable")[:n]
    limit = float(np.quantile(np.abs(W[:, order]), 0.995)) or float(np.abs(W).max()) or 1.0
    units = W.shape[1]
    if units == 1:
        caption = "the only unit"
    elif len(order) == units:
        caption = f"all {units:,} units, largest norm first"
    else:
        caption = f"{len(order)} of {units:,} units, largest norm first"
    if len(shape) == 1:
        return _heat_map(W[:, order], order, limit, caption, feature_names)
    return draw_units(W[:, order].T.reshape(-1, *shape), order, limit, caption)


def draw_units(
    images: NDArray[np.float64],
    order: NDArray[np.intp],
    limit: float,
    caption: str,
    *,
    columns: int | None = None,
    size: float = 1.1,
) -> Figure:
    """Draw weights as images, shape (units, height, width) or (..., 1 or 3), on one scale.

    Each stands below the number that `order` has for it; 0 is white, or grey in colour images.
    `size` is that of a tile's longer side in inches.
    """
    in_colour = images.ndim == 4 and images.shape[-1] == 3
    if images.ndim == 4 and not in_colour:
        images = images[..., 0]
    columns = columns or _columns(len(images))
    rows = math.ceil(len(images) / columns)
    shape = tile_shape(images, min(size, 6.4 / columns - _GAP))
    if in_colour:
        caption += f"; grey is 0, full colour ±{limit:.2g}"
    step_x, step_y = shape[0] + _GAP, shape[1] + _NUMBER + _GAP
    top = style.MARGIN + 0.24
    least = max(style.text_width(caption, style.SMALL), 2.2)
    width = 2 * style.MARGIN + max(columns * step_x - _GAP, least)
    height = top + rows * step_y + (0.0 if in_colour else 0.5) + style.MARGIN - _GAP
    figure, sheet = new_sheet(width, height)
    style.write(
        sheet,
        style.MARGIN,
        style.MARGIN,
        caption,
        va="top",
        fontsize=style.SMALL,
        color=style.FAINT,
    )
    for k, (unit, image) in enumerate(zip(order, images, strict=True)):
        row, column = divmod(k, columns)
        x, y = style.MARGIN + column * step_x, top + row * step_y
        style.write(
            sheet, x, y + _NUMBER - 0.015, str(unit),
            va="bottom", fontsize=style.TINY, color=style.FAINT,
        )  # fmt: skip
        shown = np.clip(0.5 + image / (2 * limit), 0, 1) if in_colour else image
        draw_image(
            sheet, shown, x, y + _NUMBER, shape, cmap=style.DIVERGING, limits=(-limit, limit)
        )
    if not in_colour:
        _add_colour_bar(figure, limit, np.abs(images).max() > limit)
    return figure


def _columns(tiles: int) -> int:
    """Return how many columns leave the fewest places empty, from a square to twice as wide."""
    least, most = math.ceil(math.sqrt(tiles)), math.ceil(math.sqrt(2 * tiles))
    return min(range(least, most + 1), key=lambda columns: -tiles % columns)


def _heat_map(
    W: NDArray[np.float64],
    order: NDArray[np.intp],
    limit: float,
    caption: str,
    feature_names: Sequence[str] | None,
) -> Figure:
    features, units = W.shape
    row = min(0.2, max(0.02, 6.0 / features))
    column = min(0.3, max(0.05, 5.5 / units))
    named = feature_names is not None and row >= 0.1
    size = min(style.SMALL, 0.85 * row / style.POINT) if named else style.SMALL
    names = [style.fit(name, 1.8, size) for name in feature_names or ()] if named else []
    left = style.MARGIN + 0.25 + max((style.text_width(name, size) for name in names), default=0.35)
    top, below = style.MARGIN + 0.26, 0.42 + 0.5 + style.MARGIN
    least = max(style.text_width(caption, style.SMALL), 2.2)
    width = left + max(column * units, least) + style.MARGIN
    height = top + max(row * features, 0.3) + below
    figure = style.new_figure(width, height)
    axes = figure.add_axes(
        (left / width, below / height, column * units / width, 1 - (top + below) / height)
    )
    axes.imshow(
        W, cmap=style.DIVERGING, vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest"
    )
    style.dress(axes)
    axes.spines[:].set_visible(True)
    style.label(axes, x="unit", y="" if named else "feature")
    _tick_units(axes.images[0], order, column)
    if named:
        axes.set_yticks(range(features), names, parse_math=False)
        axes.tick_params(axis="y", labelsize=size, length=0)
    else:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    axes.set_title(
        caption, loc="left", fontsize=style.SMALL, color=style.FAINT, fontfamily=style.FONT, pad=4
    )
    _add_colour_bar(figure, limit, np.abs(W).max() > limit, left=left)
    return figure


def _tick_units(image: AxesImage, order: NDArray[np.intp], column: float) -> None:
    """Write below a heat map's columns the numbers of their units, as many as have room."""
    widest = style.text_width(str(order.max()), style.SMALL) + 0.04
    step = max(1, math.ceil(widest / column))
    places = range(0, len(order), step)
    assert image.axes is not None  # noqa: S101
    image.axes.set_xticks(places, [str(order[k]) for k in places])


def _add_colour_bar(
    figure: Figure, limit: float, clipped: bool, *, left: float = style.MARGIN
) -> None:
    width, height = figure.get_size_inches()
    place = (left / width, (style.MARGIN + 0.3) / height, 2.0 / width, 0.09 / height)
    axes = figure.add_axes(place)
    scale = ScalarMappable(Normalize(-limit, limit), style.DIVERGING)
    figure.colorbar(
        scale, cax=axes, orientation="horizontal", extend="both" if clipped else "neither"
    )
    style.dress(axes)
    axes.spines[:].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, symmetric=True))
    style.label(axes, x="weight")
    axes.xaxis.labelpad = 1
    axes.xaxis.label.set_fontsize(style.SMALL)
