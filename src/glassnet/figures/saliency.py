"""Which pixels a network went by, for images that it got wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike, NDArray

from glassnet.figures import palette, style
from glassnet.figures.labels import as_labels
from glassnet.figures.tiles import as_examples, draw_example, draw_image, new_sheet, tile_shape

_WIDTH = 7.0  # inches
_GAP = 0.06  # inches between the tiles of an example
_BETWEEN = 0.3  # inches between the examples of a row
_HEADINGS = ("image", "gradient", "occlusion")
_BAR = "occlusion: points of probability that the predicted class loses"
_SAYING = (
    "gradient: how strongly each pixel moves the score",
    "of the predicted class; the darkest moves it most",
)
_ABOVE = 0.2  # inches for the classes above an example's tiles
_BELOW = 0.28  # inches for the headings below them, and to the next row
_LEAST = 0.05  # the scale of probabilities ends here or above: less is no change to speak of


@style.defaults()
def saliency_maps(
    images: ArrayLike,
    true_labels: ArrayLike,
    probabilities: ArrayLike,
    class_names: Sequence[str],
    *,
    gradients: ArrayLike,
    falls: ArrayLike,
) -> Figure:
    """Draw images beside two maps of what the network went by when it predicted their classes.

    Parameters
    ----------
    images : array-like, shape (examples, height, width, 1 or 3)
        In [0, 1].
    true_labels : array-like of int, shape (examples,)
        Class numbers.
    probabilities : array-like of float, shape (examples, classes)
        The network's outputs; the largest is the predicted class.
    class_names : sequence of str
        The name of class 0, 1, ...
    gradients : array-like of float, shape (examples, height, width)
        How strongly each pixel moves the score of the predicted class, at least 0. Each image has
        its own scale, from 0 to the 99.5th percentile.
    falls : array-like of float, shape (examples, height, width)
        How much the probability of the predicted class falls where a patch hides the image. One
        scale holds for all, symmetric about 0.

    Returns
    -------
    Figure
        Two examples a row, each with its classes above three tiles.

    Raises
    ------
    ValueError
        If the arrays don't fit each other, there is no example, or a value is not finite.

    Examples
    --------
    >>> figure = saliency_maps(
    ...     np.zeros((1, 8, 8, 1)), [0], [[0.1, 0.9]], ["cat", "dog"],
    ...     gradients=np.ones((1, 8, 8)), falls=np.zeros((1, 8, 8)),
    ... )
    >>> [text.get_text() for text in figure.axes[0].texts][:2]
    ['cat (10 %) taken for dog (90 %)', 'image']
    """
    examples = as_examples(images)
    true = as_labels(true_labels, class_names, "true_labels")
    p = np.asarray(probabilities, dtype=np.float64)
    _check(examples, true, p, class_names)
    strengths = _as_maps("gradients", gradients, examples)
    fallen = _as_maps("falls", falls, examples)

    count = len(examples)
    columns = min(2, count)
    rows = math.ceil(count / columns)
    wide = (_WIDTH - 2 * style.MARGIN - _BETWEEN) / 2
    tile = tile_shape(examples, (wide - 2 * _GAP) / 3)
    step = _ABOVE + tile[1] + _BELOW
    top = style.MARGIN + 0.02
    height = top + rows * step + 0.1 + 0.42 + style.MARGIN + (0.4 if columns == 1 else 0.0)
    width = _WIDTH if columns == 2 else wide + 2 * style.MARGIN
    limit = max(float(np.abs(fallen).max()), _LEAST)
    figure, sheet = new_sheet(width, height)
    for k in range(count):
        row, column = divmod(k, columns)
        x, y = style.MARGIN + column * (wide + _BETWEEN), top + row * step
        style.write(
            sheet,
            x,
            y,
            _caption(p[k], int(true[k]), class_names, wide),
            va="top",
            fontsize=style.SMALL,
        )
        maps = (examples[k], strengths[k], fallen[k])
        _draw_row(sheet, maps, (x, y + _ABOVE), tile, limit)
    _add_colour_bar(figure, limit, wide, style.MARGIN + (0.4 if columns == 1 else 0.0))
    x = style.MARGIN + (columns - 1) * (wide + _BETWEEN)
    y = height - style.MARGIN - (0.41 if columns == 2 else 0.32)
    for line in _SAYING:
        style.write(sheet, x, y, line, va="top", fontsize=style.SMALL, color=style.FAINT)
        y += 0.16
    return figure


def _check(
    examples: NDArray[np.float64],
    true: NDArray[np.intp],
    p: NDArray[np.float64],
    class_names: Sequence[str],
) -> None:
    if examples.ndim == 2:
        raise ValueError(
            f"images must have shape (examples, height, width, 1 or 3), got {examples.shape}"
        )
    if len(examples) == 0:
        raise ValueError("there is no example to draw; give at least one")
    if p.shape != (len(examples), len(class_names)) or len(true) != len(examples):
        raise ValueError(
            f"{len(examples)} images, {len(true)} true_labels and probabilities of shape "
            f"{p.shape}; give one of each for every image, and a column for each of "
            f"{len(class_names)} class_names"
        )


def _as_maps(name: str, maps: ArrayLike, examples: NDArray[np.float64]) -> NDArray[np.float64]:
    array: NDArray[np.float64] = np.asarray(maps, dtype=np.float64)
    if array.shape != examples.shape[:3]:
        raise ValueError(f"{name} must have shape {examples.shape[:3]}, got {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has values that are not finite; the training diverged")
    return array


def _caption(p: NDArray[np.float64], true: int, class_names: Sequence[str], width: float) -> str:
    predicted = int(p.argmax())
    names = [class_names[true], class_names[predicted]]
    shares = [_share(p[true]), _share(p[predicted])]
    room = width - style.text_width(f" ({shares[0]}) taken for  ({shares[1]})", style.SMALL)
    widths = [style.text_width(name, style.SMALL) for name in names]
    # a short name leaves its room to a long one
    rooms = [max(room / 2, room - other) for other in reversed(widths)]
    first, second = (
        style.fit(name, own, style.SMALL) for name, own in zip(names, rooms, strict=True)
    )
    return f"{first} ({shares[0]}) taken for {second} ({shares[1]})"


def _share(probability: float) -> str:
    if 0.99 < probability < 1:
        return "> 99 %"
    return "< 1 %" if probability < 0.01 else f"{100 * probability:.0f} %"


def _draw_row(
    sheet: Axes,
    maps: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    corner: tuple[float, float],
    tile: tuple[float, float],
    limit: float,
) -> None:
    image, strength, fall = maps
    x, y = corner
    strongest = float(np.quantile(strength, 0.995)) or float(strength.max()) or 1.0
    lefts = [x + k * (tile[0] + _GAP) for k in range(3)]
    draw_example(sheet, image, lefts[0], y, tile)
    draw_image(sheet, strength, lefts[1], y, tile, cmap=palette.SHARES, limits=(0.0, strongest))
    draw_image(sheet, fall, lefts[2], y, tile, cmap=style.DIVERGING, limits=(-limit, limit))
    for left, heading in zip(lefts, _HEADINGS, strict=True):
        style.write(
            sheet, left + tile[0] / 2, y + tile[1] + 0.03, heading,
            ha="center", va="top", fontsize=style.SMALL, color=style.FAINT,
        )  # fmt: skip


def _add_colour_bar(figure: Figure, limit: float, length: float, below: float) -> None:
    width, height = figure.get_size_inches()
    place = (style.MARGIN / width, (below + 0.3) / height, length / width, 0.09 / height)
    axes = figure.add_axes(place)
    figure.colorbar(
        ScalarMappable(Normalize(-limit, limit), style.DIVERGING), cax=axes,
        orientation="horizontal",
    )  # fmt: skip
    style.dress(axes)
    axes.spines[:].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, symmetric=True))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda fall, _: f"{100 * fall:.3g}".replace("-", "−"))
    )
    style.label(axes, x=_BAR)
    axes.xaxis.labelpad = 1
    axes.xaxis.label.set_fontsize(style.SMALL)
