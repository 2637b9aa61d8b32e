"""The estimators beside scikit-learn's: ``python -m benchmarks.estimators``.

Both get the same settings and data, and train for the same number of epochs; they take turns. The
first fit of ours in the process, in which something may be compiled, is reported apart.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from benchmarks.machine import machine, versions
from glassnet.estimators import NeuralNetworkClassifier, NeuralNetworkRegressor

Data = tuple[np.ndarray, np.ndarray]


def houses(n: int = 20640) -> Data:
    """Return a table like that of the houses of California: eight features, skewed, with noise."""
    rng = np.random.default_rng(0)
    income, age = rng.lognormal(1.25, 0.45, n), rng.integers(1, 53, n)
    rooms, bedrooms = rng.lognormal(1.65, 0.3, n), rng.lognormal(0.07, 0.1, n)
    population, occupation = rng.lognormal(7.0, 0.7, n), rng.lognormal(1.05, 0.25, n)
    city = rng.integers(0, 3, n)
    latitude = np.array([34.0, 37.6, 36.5])[city] + rng.normal(0.0, 0.5, n)
    longitude = np.array([-118.2, -122.2, -119.5])[city] + rng.normal(0.0, 0.6, n)
    coast = np.exp(-((latitude - 34.0) ** 2 + (longitude + 118.4) ** 2))
    coast += 1.3 * np.exp(-((latitude - 37.7) ** 2 + (longitude + 122.4) ** 2))
    value = 0.42 * income + coast + 0.006 * age + 0.4 * np.log(rooms / bedrooms) - 0.3 * occupation
    value *= np.exp(rng.normal(0.0, 0.2, n))
    features = (income, age, rooms, bedrooms, population, occupation, latitude, longitude)
    return np.stack(features, axis=1), np.clip(value, 0.15, 5.0)


def standard(y: np.ndarray) -> np.ndarray:
    return (y - y.mean()) / y.std()


def diabetes() -> Data:
    x, y = load_diabetes(return_X_y=True)
    return x, standard(y)


def standard_houses() -> Data:
    x, y = houses()
    return x, standard(y)


CLASSES: dict[str, Callable[[], Data]] = {
    "digits": lambda: load_digits(return_X_y=True),
    "breast cancer": lambda: load_breast_cancer(return_X_y=True),
    "wine": lambda: load_wine(return_X_y=True),
}
NUMBERS: dict[str, Callable[[], Data]] = {"diabetes": diabetes, "houses": standard_houses}

SETTINGS: dict[str, dict[str, Any]] = {
    "adam (the defaults)": {},
    "sgd, batch 32": {"solver": "sgd", "batch_size": 32, "learning_rate_init": 0.01},
}


@dataclass
class Row:
    """What came of one data set with one setting: a number for each seed, ours and theirs."""

    data: str
    setting: str
    examples: int
    first: float
    scores: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    seconds: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))

    @property
    def speedup(self) -> float:
        """How many times as long theirs takes: the median of the seeds."""
        return statistics.median(b / a for a, b in zip(*self.seconds, strict=True))


def compare(name: str, setting: str, *, seeds: int, epochs: int) -> Row:
    """Fit both estimators with every seed, in turns that change sides."""
    choice = name in CLASSES
    x, y = (CLASSES if choice else NUMBERS)[name]()
    pair = (
        (NeuralNetworkClassifier, MLPClassifier)
        if choice
        else (NeuralNetworkRegressor, MLPRegressor)
    )
    # tol 0 with endless patience: both make the same number of epochs
    settings = SETTINGS[setting] | {"max_iter": epochs, "tol": 0.0, "n_iter_no_change": np.inf}
    row = Row(name, setting, len(x), math.nan)
    for seed in range(seeds):
        parts = train_test_split(x, y, random_state=seed, stratify=y if choice else None)
        scaler = StandardScaler().fit(parts[0])
        train, test = (scaler.transform(part) for part in parts[:2])
        if seed == 0:
            row.first = fitted(pair[0], settings, seed, train, parts[2])[1]
        for side in (0, 1) if seed % 2 else (1, 0):
            estimator, seconds = fitted(pair[side], settings, seed, train, parts[2])
            row.seconds[side].append(seconds)
            row.scores[side].append(estimator.score(test, parts[3]))
    return row


def fitted(
    make: Any, settings: dict[str, Any], seed: int, x: np.ndarray, y: np.ndarray
) -> tuple[Any, float]:
    """Return a fitted estimator, and how long that took."""
    estimator = make(random_state=seed, **settings)
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(x, y)
    return estimator, time.perf_counter() - begin


def geometric_mean(ratios: Sequence[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, ratios)))


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table in Markdown."""
    titles = ("data set", "examples", "settings", "score, glassnet", "score, scikit-learn")
    titles += ("seconds, glassnet", "seconds, scikit-learn", "times as fast", "first fit, s")
    lines = [
        f"| {' | '.join(titles)} |",
        "| --- | --: | --- | --: | --: | --: | --: | --: | --: |",
    ]
    for row in rows:
        scores = (
            f"{statistics.fmean(s):.4f} ± {statistics.stdev(s) if len(s) > 1 else math.nan:.4f}"
            for s in row.scores
        )
        seconds = (f"{statistics.median(s):.3f}" for s in row.seconds)
        cells = (row.data, f"{row.examples:,}", row.setting, *scores, *seconds)
        lines.append(f"| {' | '.join(cells)} | {row.speedup:.2f} | {row.first:.2f} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimators", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--data", nargs="+", choices=[*CLASSES, *NUMBERS])
    parser.add_argument("--settings", nargs="+", choices=list(SETTINGS))
    given = parser.parse_args(arguments)
    rows = [
        compare(name, setting, seeds=given.seeds, epochs=given.epochs)
        for name in given.data or [*CLASSES, *NUMBERS]
        for setting in given.settings or SETTINGS
    ]
    print(table(rows))
    ratio = geometric_mean([row.speedup for row in rows])
    print(f"\ngeometric mean: {ratio:.2f} times as fast")
    print(
        f"{given.seeds} seeds, {given.epochs} epochs; scores on a quarter held out: accuracy, R², "
        "mean and standard deviation; seconds: the median of the seeds\n"
        f"{machine()['processor']}, {len(os.sched_getaffinity(0))} processors; "
        + ", ".join(f"{name} {version}" for name, version in versions().items())
    )


if __name__ == "__main__":
    main()
