"""The confusion matrix: which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from glassnet.figures import style
from glassnet.figures.labels import as_labels

NUMBERED = 20  # at most so many classes have their counts in the cells
_NAMED = 120  # beyond, names could not be read
_WRITTEN_RECALLS = 50
_BARS = 0.8  # inches, width of the panel of recalls


@style.defaults()
def confusion_matrix(
    true_labels: ArrayLike, predicted_labels: ArrayLike, class_names: Sequence[str]
) -> Figure:
    """Draw which classes are taken for which, so that the errors catch the eye.

    A row is a true class, a column a predicted one. Colour is the share of the row, errors only:
    the diagonal is grey, for most of a good classifier's examples lie there and would outshine
    the rest. Up to 20 classes have their counts in the cells. The recall of each class (its
    share that was recognised) stands at the right.

    Parameters
    ----------
    true_labels, predicted_labels : array-like of int, shape (examples,)
        Class numbers.
    class_names : sequence of str
        The name of class 0, 1, ...

    Returns
    -------
    Figure
        Three axes: the matrix, the recalls, the colour bar.

    Raises
    ------
    ValueError
        If there are no examples, the labels differ in length, or one has no name.

    Examples
    --------
    >>> figure = confusion_matrix([0, 0, 1], [0, 1, 1], ["cat", "dog"])
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['cat', 'dog']
    """
    true = as_labels(true_labels, class_names, "true_labels")
    predicted = as_labels(predicted_labels, class_names, "predicted_labels")
    if len(true) != len(predicted):
        raise ValueError(f"{len(true)} true_labels but {len(predicted)} predicted_labels")
    if len(true) == 0:
        raise ValueError("there is no example to count; give at least one label")
    n = len(class_names)
    counts = np.bincount(true * n + predicted, minlength=n * n).reshape(n, n)

    cell = 0.7 if n <= 3 else 0.42 if n <= 12 else 0.36 if n <= NUMBERED else max(7.5 / n, 0.075)
    if n > _NAMED:
        cell = 7.5 / n
    size = min(style.BODY, 0.92 * cell / style.POINT)
    names = [style.fit(name, 1.5, size) for name in class_names] if n <= _NAMED else []
    name_width = max((style.text_width(name, size) for name in names), default=0.35)
    upright = name_width > cell - 0.04 and bool(names)

    wrong = int(counts.sum() - np.trace(counts))
    heading = f"{wrong:,} of {len(true):,} examples wrong ({style.percent(wrong / len(true))})"
    side = n * cell
    left = style.MARGIN + 0.22 + name_width + 0.06
    right = 0.1 + _BARS + (0.5 if n <= _WRITTEN_RECALLS else 0.1) + style.MARGIN
    top = style.MARGIN + 0.42
    below = (name_width if upright else size * style.POINT * 1.3) + 0.1
    bottom = below + 0.3 + 0.55 + style.MARGIN
    width = max(left + side + right, left + style.text_width(heading, style.BODY) + style.MARGIN)
    height = top + side + bottom
    figure = style.new_figure(width, height)

    def place(x: float, y: float, w: float, h: float) -> Axes:
        """Add axes at a place in inches, from the top left corner."""
        return figure.add_axes((x / width, 1 - (y + h) / height, w / width, h / height))

    matrix = place(left, top, side, side)
    image = _draw_matrix(matrix, counts, names, size, upright=upright)
    if n <= NUMBERED:
        _write_counts(matrix, counts, image, cell)
    style.write(
        matrix, 0, 1 + (top - style.MARGIN) / side, heading, transform=matrix.transAxes, va="top"
    )
    style.write(
        matrix, -(left - style.MARGIN) / side, 0.5, "true class",
        transform=matrix.transAxes, rotation=90, va="center", ha="left",
    )  # fmt: skip
    style.write(
        matrix, 0.5, -(below + 0.06) / side, "predicted class",
        transform=matrix.transAxes, va="top", ha="center",
    )  # fmt: skip

    recalls = place(left + side + 0.1, top, _BARS, side)
    _draw_recalls(recalls, counts, side, size)

    bar_width = min(max(side, 1.4), 3.0)
    bar = place(left, top + side + below + 0.32, bar_width, 0.09)
    figure.colorbar(image, cax=bar, orientation="horizontal")
    style.dress(bar)
    bar.spines[:].set_visible(False)
    bar.xaxis.set_major_locator(MaxNLocator(nbins=4))
    style.label(bar, x="errors (% of the true class)")
    bar.xaxis.labelpad = 1
    bar.xaxis.label.set_fontsize(style.SMALL)
    return figure


def _draw_matrix(
    axes: Axes, counts: NDArray[np.intp], names: list[str], size: float, *, upright: bool
) -> AxesImage:
    n = len(counts)
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    errors = np.ma.masked_array(shares, mask=np.eye(n, dtype=bool))
    colours = style.ERRORS.with_extremes(bad="#e4e4e4")
    highest = float(errors.max()) if n > 1 else 0.0
    image = axes.imshow(
        errors, cmap=colours, vmin=0, vmax=highest or 1.0, aspect="auto", interpolation="nearest"
    )
    style.dress(axes, size=size)
    axes.spines[:].set_visible(True)
    axes.tick_params(length=0, pad=3)
    if names:
        axes.set_yticks(range(n), names, parse_math=False)
        axes.set_xticks(range(n), names, rotation=90 if upright else 0, parse_math=False)
    else:
        axes.tick_params(labelsize=style.SMALL)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    if n <= NUMBERED:
        axes.set_xticks(np.arange(0.5, n - 1), minor=True)
        axes.set_yticks(np.arange(0.5, n - 1), minor=True)
        axes.grid(visible=True, which="minor", color=style.RULE, linewidth=0.5)
    return image


def _write_counts(axes: Axes, counts: NDArray[np.intp], image: AxesImage, cell: float) -> None:
    widest = style.text_width(str(counts.max()), 1.0)
    size = min(style.BODY, 0.86 * cell / widest)
    errors = np.ma.masked_array(image.get_array())
    dark = 0.8 * float(errors.max() or 1.0)
    for row, column in np.argwhere(counts):
        if row == column:
            colour = style.FAINT
        else:
            colour = "white" if errors[row, column] > dark else style.INK
        style.write(
            axes, column, row, str(counts[row, column]),
            ha="center", va="center_baseline", fontsize=size, color=colour,
        )  # fmt: skip


def _draw_recalls(axes: Axes, counts: NDArray[np.intp], side: float, size: float) -> None:
    n = len(counts)
    examples = counts.sum(axis=1)
    recalls = np.full(n, np.nan)
    np.divide(np.diag(counts), examples, out=recalls, where=examples > 0)
    axes.barh(range(n), np.nan_to_num(100 * recalls), height=0.62, color=style.BLUE)
    style.dress(axes)
    axes.spines["bottom"].set_visible(False)
    axes.set_xlim(0, 100)
    axes.set_ylim(n - 0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks([])
    style.write(
        axes,
        0,
        1 + 0.06 / side,
        "recall",
        transform=axes.transAxes,
        va="bottom",
        fontsize=style.SMALL,
    )
    if n <= _WRITTEN_RECALLS:
        for row, recall in enumerate(recalls):
            style.write(
                axes, 100 * (1 + 0.06 / _BARS), row, style.percent(recall),
                va="center_baseline", fontsize=min(size, style.SMALL),
            )  # fmt: skip
