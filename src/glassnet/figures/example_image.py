"""One image of a data set, as its pixels."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from glassnet.figures import style
from glassnet.figures.tiles import as_examples

_SIDE = 2.3  # inches, of the longer side


@style.defaults()
def example_image(image: ArrayLike, *, caption: str = "") -> Figure:
    """Draw one image so large that its pixels are seen and can be counted at the axes.

    Many images, a class a row, are drawn by `samples`.

    Parameters
    ----------
    image : array-like of float, shape (height, width) or (height, width, 1 or 3)
        In [0, 1].
    caption : str
        Stands above, ``"MNIST: a 5"``.

    Returns
    -------
    Figure
        One panel; its axes count pixels.

    Raises
    ------
    ValueError
        If the shape is another one, or the image is not in [0, 1].

    Examples
    --------
    >>> figure = example_image(np.eye(28), caption="a stroke")
    >>> figure.axes[0].images[0].get_array().shape
    (28, 28)
    """
    pixels = np.asarray(image, dtype=np.float64)
    if pixels.ndim not in {2, 3}:
        raise ValueError(
            f"image must have shape (height, width) or (height, width, 1 or 3), got "
            f"{pixels.shape}; give one image, and reshape it if it is a row of features"
        )
    picture = as_examples(pixels[None])[0]
    rows, columns = picture.shape[:2]
    plot = _SIDE * columns / max(rows, columns)
    body = _SIDE * rows / max(rows, columns)
    left, below = 0.34, 0.3
    above = 0.3 if caption else 0.12
    text = style.fit(caption, 3.5, style.BODY)
    width = left + max(plot, style.text_width(text, style.BODY)) + style.MARGIN
    height = above + body + below
    figure = style.new_figure(width, height)
    axes = figure.add_axes((left / width, below / height, plot / width, body / height))
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest", aspect="auto")
    style.dress(axes)
    axes.spines[:].set_visible(True)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    style.write(
        axes, 0, 1 + 0.13 / body, text, transform=axes.transAxes, va="center", color=style.INK
    )
    return figure
