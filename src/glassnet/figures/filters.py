"""The filters of a first convolution, drawn as the small images that they are."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from glassnet.figures import style
from glassnet.figures.weights import draw_units

_SIDE = 0.72  # inches, a tile's longer side


@style.defaults()
def convolution_filters(weights: ArrayLike, *, n: int = 64, whitening: bool = False) -> Figure:
    """Draw the patch of an image that each filter of a first convolution looks for.

    Filters come in the order of their norm, the largest first, each below its number. One scale
    holds for all of them; it ends at the 99.5th percentile of the magnitudes.

    Parameters
    ----------
    weights : array-like of float, shape (height, width, 1 or 3, filters)
        The layer's W. With 1 channel, zero is white, red above it and blue below; with 3, each
        filter is a colour image and zero is grey.
    n : int
        At most so many filters.
    whitening : bool
        Whether they are the filters of a `Whitening2D`, whose second half are the negatives of the
        first: then the first half is drawn, in its own order, each filter on its own scale.

    Returns
    -------
    Figure
        The picture, with a colour bar unless the filters are in colour.

    Raises
    ------
    ValueError
        If the weights have another shape, or are not finite.

    Examples
    --------
    >>> figure = convolution_filters(np.ones((5, 5, 1, 16)))
    >>> len(figure.axes[0].images)
    16
    """
    W = np.asarray(weights, dtype=np.float64)
    if W.ndim != 4 or W.shape[2] not in (1, 3) or W.size == 0:
        raise ValueError(
            f"filters must have shape (height, width, 1 or 3, filters) to be drawn, got {W.shape}"
        )
    if not np.isfinite(W).all():
        raise ValueError("weights has values that are not finite; the training diverged")
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    filters = np.moveaxis(W, 3, 0)
    if whitening:
        filters = filters[: max(1, len(filters) // 2)]
    count = len(filters)
    sizes = np.linalg.norm(filters.reshape(count, -1), axis=1)
    order = np.arange(count) if whitening else np.argsort(-sizes, kind="stable")
    order = order[:n]
    shown = filters[order]
    every = "the only filter" if count == 1 else f"all {count:,} filters"
    caption = every if len(order) == count else f"{len(order)} of {count:,} filters"
    if whitening:
        magnitudes = np.abs(shown).max(axis=(1, 2, 3), keepdims=True)
        shown = shown / np.where(magnitudes > 0, magnitudes, 1.0)
        caption += ", the commonest pattern first, each on its own scale"
        return _draw(shown, order, 1.0, caption)
    caption += ", largest norm first" if count > 1 else ""
    limit = float(np.quantile(np.abs(shown), 0.995)) or float(np.abs(shown).max()) or 1.0
    return _draw(shown, order, limit, caption)


def _draw(
    filters: NDArray[np.float64], order: NDArray[np.intp], limit: float, caption: str
) -> Figure:
    # the widest of these that leaves the fewest places empty
    columns = min(range(10, 5, -1), key=lambda columns: -len(filters) % columns)
    columns = min(columns, len(filters))
    return draw_units(filters, order, limit, caption, columns=columns, size=_SIDE)
