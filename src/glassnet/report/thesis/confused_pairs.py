"""Which classes are taken for which, over the seeds of a study."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from glassnet.figures.confusion import confusion_matrix
from glassnet.report.sections import Drawing, TextTable
from glassnet.report.thesis.final_errors import Errors

PAIR = ("automobile", "truck")
"""Which the thesis names."""
TOP = 10


def confused(errors: Errors) -> str:
    """Name the pairs of classes that are taken for each other most often."""
    first = ranked(errors)[:3]
    told = ", ".join(
        f"{a} and {b} ({mean:.0f} images, {low:.0f} to {high:.0f})"
        for a, b, mean, low, high in first
    )
    return f"{errors.name}, taken for each other most often, mean and range over seeds: {told}."


def ranked(errors: Errors) -> list[tuple[str, str, float, float, float]]:
    """Return pairs of classes with how often they are confused: mean, least and most over seeds."""
    both = errors.confusions + errors.confusions.transpose(0, 2, 1)
    pairs = [
        (errors.classes[a], errors.classes[b], *_spread(both[:, a, b]))
        for a, b in itertools.combinations(range(len(errors.classes)), 2)
    ]
    return sorted(pairs, key=lambda pair: -pair[2])


def _spread(values: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(values.mean()), float(values.min()), float(values.max())


def thesis_pair(errors: Errors) -> list[str]:
    """Say which place the pair that the thesis names has."""
    if not set(PAIR) <= set(errors.classes):
        return []
    places = ranked(errors)
    place = next(i for i, pair in enumerate(places, 1) if {pair[0], pair[1]} == set(PAIR))
    a, b = (errors.classes.index(name) for name in PAIR)
    both = errors.confusions + errors.confusions.transpose(0, 2, 1)
    pairs = both[:, *np.triu_indices(len(errors.classes), 1)]
    ranks = 1 + (pairs > both[:, a, b][:, np.newaxis]).sum(axis=1)
    text = f"The thesis names trucks and automobiles: on average they have place {place} of the "
    seeds = f"in single seeds {ranks.min()} to {ranks.max()}"
    return [f"{text}{len(places)} pairs of classes ({seeds})."]


def matrix_drawing(errors: Errors, name: str) -> Drawing:
    """Draw the mean confusion matrix, rounded to whole images."""
    mean = _whole(errors.confusions.mean(axis=0))
    true, predicted = (np.repeat(index.ravel(), mean.ravel()) for index in np.indices(mean.shape))
    figure = confusion_matrix(true, predicted, errors.classes)
    first = ranked(errors)[0]
    return Drawing(
        name,
        figure,
        f"{errors.name}: {first[0]} and {first[1]} are confused most, {first[2]:.0f} times",
        f"{errors.name}: which classes are taken for which, mean over seeds after the last epoch.",
    )


def _whole(means: NDArray[np.float64]) -> NDArray[np.intp]:
    """Round means to whole images so that each class keeps its number of examples."""
    whole = np.floor(means).astype(np.intp)
    for row, mean in zip(whole, means, strict=True):
        missing = round(float(mean.sum())) - int(row.sum())
        row[np.argsort(row - mean, kind="stable")[:missing]] += 1
    return whole


def pairs_table(errors: Errors) -> TextTable:
    """Return which class is taken for which most often."""
    means = errors.confusions.mean(axis=0)
    order = np.argsort(-np.where(np.eye(len(means), dtype=bool), -1, means), axis=None)[:TOP]
    rows = []
    for true, predicted in zip(*np.unravel_index(order, means.shape), strict=True):
        mean, low, high = _spread(errors.confusions[:, true, predicted])
        if mean > 0:
            share = 100 * mean / max(means[true].sum(), 1)
            told = [f"{mean:.1f}", f"{low:.0f} to {high:.0f}", f"{share:.1f} %"]
            rows.append([errors.classes[true], errors.classes[predicted], *told])
    headings = ["Class", "Taken for", "Images (mean)", "Seeds' range", "Of the class"]
    return TextTable(headings, rows, f"{errors.name}: what is taken for what most often", 2)
