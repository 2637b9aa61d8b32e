"""Whether networks from different seeds err on the same examples, and what they confuse."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from glassnet import checks

Labels = NDArray[np.intp]


class ErrorOverlap(NamedTuple):
    """How the errors of several seeds coincide, and how they would by chance.

    Parameters
    ----------
    counts : ndarray of int, shape (seeds + 1,)
        ``counts[k]`` examples are wrong in exactly `k` seeds.
    expected : ndarray of float64, shape (seeds + 1,)
        The same if each seed's errors fell on examples at random.
    overlap : float
        Mean over pairs of seeds of the Jaccard index: examples wrong in both, of those wrong in
        either. NaN if no pair has an error.
    overlap_expected : float
        The same at random.
    always_wrong : ndarray of int, shape (examples wrong in all seeds,)
        Their numbers.
    """

    counts: Labels
    expected: NDArray[np.float64]
    overlap: float
    overlap_expected: float
    always_wrong: Labels


@dataclass(frozen=True)
class Confusion:
    """A class taken for another.

    Parameters
    ----------
    true, predicted : str
        The class, and what it was taken for.
    count : float
        How often, mean over seeds.
    share : float
        `count` of the class's examples.
    fewest, most : int
        How often in the best and in the worst seed.
    """

    true: str
    predicted: str
    count: float
    share: float
    fewest: int
    most: int


def errors_in_common(predicted: ArrayLike, y: ArrayLike) -> ErrorOverlap:
    """Compare the errors of several seeds with errors that fall at random.

    Parameters
    ----------
    predicted : array-like of int, shape (seeds, examples)
        Class numbers.
    y : array-like of int, shape (examples,)
        The true ones.

    Raises
    ------
    ValueError
        If the shapes differ, there is no seed or example, or labels are no whole numbers.

    Notes
    -----
    "At random" keeps each seed's number of errors and draws anew which examples they fall on, each
    set of that size as likely. An example is then wrong in `k` seeds with the Poisson-binomial
    probability of the seeds' error rates, and the errors that two seeds share are hypergeometric;
    both expectations are exact. That the errors coincide more than this says that some examples
    are harder, no more: even networks that know nothing of each other share a hard example.

    Examples
    --------
    >>> overlap = errors_in_common([[0, 1, 1, 1], [0, 1, 0, 1]], [0, 0, 0, 1])
    >>> overlap.counts, overlap.expected
    (array([2, 1, 1]), array([1.5, 2. , 0.5]))
    >>> overlap.overlap, overlap.always_wrong
    (0.5, array([1]))
    """
    predictions, truth = _labels(predicted, y)
    wrong = predictions != truth
    seeds, n = wrong.shape
    counts = np.bincount(wrong.sum(axis=0), minlength=seeds + 1)
    errors = wrong.sum(axis=1)
    chances = np.ones(1)
    for rate in errors / n:
        chances = np.convolve(chances, [1 - rate, rate])

    found, by_chance = [], []
    for first, second in itertools.combinations(range(seeds), 2):
        a, b = int(errors[first]), int(errors[second])
        if a + b > 0:
            found.append(
                np.sum(wrong[first] & wrong[second]) / np.sum(wrong[first] | wrong[second])
            )
            shared = np.arange(min(a, b) + 1)
            by_chance.append(stats.hypergeom.pmf(shared, n, a, b) @ (shared / (a + b - shared)))
    return ErrorOverlap(
        counts,
        n * chances,
        float(np.mean(found)) if found else float("nan"),
        float(np.mean(by_chance)) if found else float("nan"),
        np.flatnonzero(wrong.all(axis=0)),
    )


def most_confused(
    predicted: ArrayLike, y: ArrayLike, class_names: Sequence[str], *, top: int = 10
) -> list[Confusion]:
    """Return which classes are taken for which, most often first.

    Parameters
    ----------
    predicted : array-like of int, shape (seeds, examples)
        Class numbers.
    y : array-like of int, shape (examples,)
        The true ones.
    class_names : sequence of str
        The name of class 0, 1, ...
    top : int
        At most so many. A pair that no seed confuses isn't returned.

    Raises
    ------
    ValueError
        As for :func:`errors_in_common`, or if a class has no name.

    Examples
    --------
    >>> most_confused([[0, 1, 1, 1], [0, 1, 0, 1]], [0, 0, 0, 1], ["truck", "car"])
    [Confusion(true='truck', predicted='car', count=1.5, share=0.5, fewest=1, most=2)]
    """
    predictions, truth = _labels(predicted, y)
    top = checks.whole("top", top, at_least=1)
    n = len(class_names)
    for labels, name in ((predictions, "predicted"), (truth, "y")):
        worst = int(labels.min() if labels.min() < 0 else labels.max())
        if not 0 <= worst < n:
            raise ValueError(f"{name} has class {worst}, but there are {n} class_names")
    counts = np.array([np.bincount(truth * n + row, minlength=n * n) for row in predictions])
    means = counts.mean(axis=0)
    means[:: n + 1] = 0  # the diagonal is right
    sizes = np.bincount(truth, minlength=n)
    pairs = [int(pair) for pair in np.argsort(-means, kind="stable")[:top] if means[pair] > 0]
    return [
        Confusion(
            class_names[pair // n],
            class_names[pair % n],
            float(means[pair]),
            float(means[pair] / sizes[pair // n]),
            int(counts[:, pair].min()),
            int(counts[:, pair].max()),
        )
        for pair in pairs
    ]


def _labels(predicted: ArrayLike, y: ArrayLike) -> tuple[Labels, Labels]:
    predictions, truth = np.asarray(predicted), np.asarray(y)
    if predictions.ndim != 2 or truth.shape != predictions.shape[1:] or predictions.size == 0:
        raise ValueError(
            "predicted must have shape (seeds, examples) and y (examples,), at least one of each, "
            f"got {predictions.shape} and {truth.shape}"
        )
    for labels, name in ((predictions, "predicted"), (truth, "y")):
        if labels.dtype.kind not in "iu":
            raise ValueError(f"{name} must be whole numbers, got {labels.dtype}; use astype(int)")
    return predictions.astype(np.intp), truth.astype(np.intp)
