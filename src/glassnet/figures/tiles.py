"""Pictures made of tiles: a sheet measured in inches, and examples placed on it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from glassnet.figures import style


def new_sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure and axes that cover it, whose coordinates are inches from the top left."""
    figure = style.new_figure(width, height)
    sheet = figure.add_axes((0, 0, 1, 1))
    sheet.set_axis_off()
    sheet.set_xlim(0, width)
    sheet.set_ylim(height, 0)
    return figure, sheet


def as_examples(images: ArrayLike) -> NDArray[np.float64]:
    """Return what can be drawn as tiles.

    Parameters
    ----------
    images : array-like, shape (n, height, width), (n, height, width, 1 or 3) or (n, features)
        Images in [0, 1]; or features, which are scaled from the least to the greatest value that
        each takes among these examples.

    Returns
    -------
    ndarray of float64, shape (n, height, width), (n, height, width, 3) or (n, features)

    Raises
    ------
    ValueError
        If the shape is another one, or images are not in [0, 1].
    """
    array: NDArray[np.float64] = np.asarray(images, dtype=np.float64)
    if array.ndim == 2 and array.shape[1] > 0:
        if len(array) == 0:
            return array
        low, high = array.min(axis=0), array.max(axis=0)
        scaled: NDArray[np.float64] = (array - low) / np.where(high > low, high - low, 1.0)
        return scaled
    if array.ndim == 4 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != 3 and not (array.ndim == 4 and array.shape[-1] == 3):
        raise ValueError(
            f"images must have shape (n, height, width, 1 or 3) or (n, features), got {array.shape}"
        )
    if array.size and not (array.min() >= 0 and array.max() <= 1):
        raise ValueError(
            f"images must be in [0, 1], got {array.min():g} to {array.max():g}; "
            "give them as they are before standardising, and bytes divided by 255"
        )
    return array


def tile_shape(examples: NDArray[np.float64], size: float) -> tuple[float, float]:
    """Return width and height in inches of a tile whose longer side is `size`."""
    if examples.ndim == 2:
        return size, 0.6 * size
    height, width = examples.shape[1:3]
    return size * width / max(height, width), size * height / max(height, width)


def draw_example(
    sheet: Axes, example: NDArray[np.float64], x: float, y: float, shape: tuple[float, float]
) -> None:
    """Draw one example with its top left corner at (x, y): an image, or features as bars."""
    width, height = shape
    if example.ndim == 1:
        edges = np.linspace(x, x + width, len(example) + 1)
        base = y + height
        # A feature at its least value keeps a sliver, so that it is seen to be there.
        tops = base - np.maximum(example, 0.02) * height
        sheet.stairs(tops, edges, baseline=base, fill=True, color=style.BLUE, linewidth=0)
        sheet.plot([x, x + width], [base, base], color=style.FAINT, linewidth=0.5)
        return
    draw_image(sheet, example, x, y, shape, cmap="gray", limits=(0.0, 1.0))


def draw_image(
    sheet: Axes,
    image: NDArray[np.float64],
    x: float,
    y: float,
    shape: tuple[float, float],
    *,
    cmap: str | Colormap,
    limits: tuple[float, float],
) -> AxesImage:
    """Place an image, shape (height, width) or (height, width, 3), on the sheet."""
    width, height = shape
    frame = Rectangle((x, y), width, height, fill=False, edgecolor=style.RULE, linewidth=0.4)
    sheet.add_patch(frame)
    return sheet.imshow(
        image,
        extent=(x, x + width, y + height, y),
        aspect="auto",
        interpolation="nearest",
        cmap=cmap,
        vmin=limits[0],
        vmax=limits[1],
    )
