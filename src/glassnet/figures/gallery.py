"""Examples: some of each class, and those that a network got wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from glassnet.figures import style
from glassnet.figures.labels import as_labels
from glassnet.figures.tiles import as_examples, draw_example, new_sheet, tile_shape

_GAP = 0.05  # inches between tiles
_LINE = 0.135  # inches from one line of a caption to the next
_ROWS = 25  # classes in one column of `samples`
_BARS = "bars: each feature, from its least to its greatest value"


@style.defaults()
def misclassified(
    images: ArrayLike,
    true_labels: ArrayLike,
    probabilities: ArrayLike,
    class_names: Sequence[str],
    *,
    n: int = 25,
) -> Figure:
    """Draw the examples that were misclassified with the greatest confidence.

    Parameters
    ----------
    images : array-like, shape (examples, height, width, 1 or 3) or (examples, features)
        Images in [0, 1]; or features, drawn as bars from each one's least to its greatest value.
    true_labels : array-like of int, shape (examples,)
        Class numbers.
    probabilities : array-like of float, shape (examples, classes), (examples, 1) or (examples,)
        The network's outputs; a single column is the probability of class 1 of two.
    class_names : sequence of str
        The name of class 0, 1, ...
    n : int
        At most so many examples.

    Returns
    -------
    Figure
        The examples, most confident first, with captions "true → predicted, 98 %"; or a line that
        says that none was misclassified.

    Raises
    ------
    ValueError
        If the arrays don't fit each other.

    Examples
    --------
    >>> outputs = [[0.9, 0.1], [0.02, 0.98], [0.4, 0.6]]
    >>> figure = misclassified(np.zeros((3, 8, 8, 1)), [0, 0, 1], outputs, ["a", "b"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['All 1 misclassified examples of 3, most confident first', 'a → b, 98 %']
    """
    examples = as_examples(images)
    true = as_labels(true_labels, class_names, "true_labels")
    predicted, confidence = _predictions(probabilities, class_names)
    if not len(examples) == len(true) == len(predicted):
        raise ValueError(
            f"{len(examples)} images, {len(true)} true_labels and {len(predicted)} rows of "
            "probabilities; give one of each for every example"
        )
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    wrong = np.flatnonzero(predicted != true)
    if wrong.size == 0:
        return _say(f"No example was misclassified: all {len(true):,} are right.")
    chosen = wrong[np.argsort(-confidence[wrong], kind="stable")][:n]

    rows = math.ceil(len(chosen) / max(5, math.ceil(math.sqrt(len(chosen)))))
    columns = math.ceil(len(chosen) / rows)
    size = min(1.25, 6.6 / columns)
    shape = tile_shape(examples, size)
    pitch = size + 0.1
    captions = [
        _caption(class_names[true[i]], class_names[predicted[i]], confidence[i], pitch - 0.06)
        for i in chosen
    ]
    lines = max(map(len, captions))
    if lines == 2:
        captions = [c if len(c) == 2 else [c[0], ""] for c in captions]
    row_height = shape[1] + 0.05 + lines * _LINE + 0.1
    heading = (
        f"{len(chosen)} of the {wrong.size:,} misclassified examples, most confident first "
        f"({len(true):,} examples in all)"
        if len(chosen) < wrong.size
        else f"All {wrong.size:,} misclassified examples of {len(true):,}, most confident first"
    )
    if examples.ndim == 2:
        heading += f"; {_BARS}"
    width = 2 * style.MARGIN + max(columns * pitch, style.text_width(heading, style.SMALL))
    height = style.MARGIN + 0.28 + rows * row_height
    figure, sheet = new_sheet(width, height)
    style.write(
        sheet,
        style.MARGIN,
        style.MARGIN,
        heading,
        va="top",
        fontsize=style.SMALL,
        color=style.FAINT,
    )
    for k, (i, caption) in enumerate(zip(chosen, captions, strict=True)):
        row, column = divmod(k, columns)
        x = style.MARGIN + column * pitch + (pitch - shape[0]) / 2
        y = style.MARGIN + 0.28 + row * row_height
        draw_example(sheet, examples[i], x, y, shape)
        style.write(
            sheet, x + shape[0] / 2, y + shape[1] + 0.05, "\n".join(caption).rstrip(),
            va="top", ha="center", fontsize=style.SMALL, linespacing=1.15,
        )  # fmt: skip
    return figure


@style.defaults()
def samples(
    images: ArrayLike, labels: ArrayLike, class_names: Sequence[str], *, per_class: int = 8
) -> Figure:
    """Draw the first examples of each class, one class a row.

    Parameters
    ----------
    images : array-like, shape (examples, height, width, 1 or 3) or (examples, features)
        Images in [0, 1]; or features, drawn as bars from each one's least to its greatest value.
    labels : array-like of int, shape (examples,)
        Class numbers.
    class_names : sequence of str
        The name of class 0, 1, ...
    per_class : int
        At most so many examples of each class.

    Returns
    -------
    Figure
        The examples; more than 25 classes stand in several columns.

    Raises
    ------
    ValueError
        If the arrays don't fit each other.

    Examples
    --------
    >>> figure = samples(np.zeros((5, 8, 8, 1)), [0, 1, 0, 1, 1], ["cat", "dog"], per_class=2)
    >>> len(figure.axes[0].images), [text.get_text() for text in figure.axes[0].texts]
    (4, ['cat', 'dog'])
    """
    array = np.atleast_1d(images)
    numbers = as_labels(labels, class_names, "labels")
    if len(array) != len(numbers):
        raise ValueError(f"{len(array)} images but {len(numbers)} labels; give one for each")
    if per_class < 1:
        raise ValueError(f"per_class must be at least 1, got {per_class}")
    n = len(class_names)
    if array.ndim > 2:  # features are scaled by all examples; of many images few are looked at
        firsts = [np.flatnonzero(numbers == number)[:per_class] for number in range(n)]
        shown = np.concatenate(firsts)
        array, numbers = array[shown], numbers[shown]
    examples = as_examples(array)
    if len(numbers) == 0:
        return _say("There is no example to show.")
    blocks = math.ceil(n / _ROWS)
    rows = math.ceil(n / blocks)
    size = 0.6 if n <= 12 else 0.42 if n <= _ROWS else 0.3
    shape = tile_shape(examples, size)
    type_size = style.BODY if n <= 12 else style.SMALL
    names = [style.fit(name, 1.4, type_size) for name in class_names]
    name_width = max(style.text_width(name, type_size) for name in names) + 0.1
    row_height = shape[1] + _GAP
    most = min(per_class, int(np.bincount(numbers).max()))
    block_width = name_width + most * (shape[0] + _GAP) + 0.2
    note = 0.22 if examples.ndim == 2 else 0.0
    width = blocks * block_width - 0.2
    if note:
        width = max(width, style.text_width(_BARS, style.SMALL))
    figure, sheet = new_sheet(
        2 * style.MARGIN + width, 2 * style.MARGIN + rows * row_height - _GAP + note
    )
    if note:
        style.write(
            sheet, style.MARGIN, style.MARGIN, _BARS,
            va="top", fontsize=style.SMALL, color=style.FAINT,
        )  # fmt: skip
    for number, name in enumerate(names):
        block, row = divmod(number, rows)
        x = style.MARGIN + block * block_width
        y = style.MARGIN + note + row * row_height
        style.write(
            sheet, x + name_width - 0.1, y + shape[1] / 2, name,
            ha="right", va="center", fontsize=type_size,
        )  # fmt: skip
        members = np.flatnonzero(numbers == number)[:per_class]
        for k, i in enumerate(members):
            draw_example(sheet, examples[i], x + name_width + k * (shape[0] + _GAP), y, shape)
        if members.size == 0:
            style.write(
                sheet, x + name_width, y + shape[1] / 2, "no example",
                va="center", fontsize=type_size, color=style.FAINT,
            )  # fmt: skip
    return figure


def _predictions(
    probabilities: ArrayLike, class_names: Sequence[str]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return predicted labels and their confidence, each of shape (examples,)."""
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim == 1:
        p = p[:, None]
    if p.ndim == 2 and p.shape[1] == 1 and len(class_names) == 2:
        p = np.concatenate([1 - p, p], axis=1)
    if p.ndim != 2 or p.shape[1] != len(class_names):
        raise ValueError(
            f"probabilities must have shape (examples, {len(class_names)}), one column for each of "
            f"the class_names, got {np.shape(probabilities)}"
        )
    return p.argmax(axis=1), p.max(axis=1, initial=0.0)


def _caption(true: str, predicted: str, confidence: float, width: float) -> list[str]:
    """Return one line where it fits the width in inches, or two, shortened."""
    sure = "> 99 %" if confidence > 0.99 else f"{100 * confidence:.0f} %"
    line = f"{' '.join(true.split())} → {' '.join(predicted.split())}, {sure}"
    if style.text_width(line, style.SMALL) <= width:
        return [line]
    rest = width - style.text_width(f"→ , {sure}", style.SMALL)
    return [
        style.fit(true, width, style.SMALL),
        f"→ {style.fit(predicted, rest, style.SMALL)}, {sure}",
    ]


def _say(text: str) -> Figure:
    width = style.text_width(text, style.BODY) + 0.6
    figure, sheet = new_sheet(width, 0.7)
    style.write(sheet, width / 2, 0.35, text, ha="center", va="center")
    return figure
