"""The estimators beside scikit-learn's: ``python -m benchmarks.estimators [--into PAGE]``.

Both get the same settings and data, and train for the same number of epochs; they take turns, after
a fit of each that doesn't count. What compiling takes is measured in processes of its own, and told
apart.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from benchmarks import tables
from benchmarks.machine import machine, versions
from glassnet.estimators import NeuralNetworkClassifier, NeuralNetworkRegressor

Data = tuple[np.ndarray, np.ndarray]

BLOCK = "estimators"
"""What the block of the page is called that the table goes into."""


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


FIRST_FIT = """
import time
from sklearn.datasets import load_wine
from glassnet.estimators import NeuralNetworkClassifier

begin = time.perf_counter()
NeuralNetworkClassifier(engine={engine!r}, max_iter=1).fit(*load_wine(return_X_y=True))
print(time.perf_counter() - begin)
"""


@dataclass
class Row:
    """What came of one data set with one setting, ours and theirs: scores of each seed, times."""

    data: str
    setting: str
    examples: int
    scores: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    seconds: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))

    @property
    def speedup(self) -> float:
        """How many times as long theirs takes: the median of pairs that ran one after the other."""
        return statistics.median(b / a for a, b in zip(*self.seconds, strict=True))


def compare(name: str, setting: str, *, seeds: int, repeats: int, epochs: int, engine: str) -> Row:
    """Fit both estimators with every seed, some times, in turns that change sides."""
    choice = name in CLASSES
    x, y = (CLASSES if choice else NUMBERS)[name]()
    pair = (
        (NeuralNetworkClassifier, MLPClassifier)
        if choice
        else (NeuralNetworkRegressor, MLPRegressor)
    )
    # tol 0 with endless patience: both make the same number of epochs
    settings = SETTINGS[setting] | {"max_iter": epochs, "tol": 0.0, "n_iter_no_change": np.inf}
    beside: tuple[dict[str, Any], dict[str, Any]] = ({"engine": engine}, {})
    row = Row(name, setting, len(x))
    for seed in range(seeds):
        parts = train_test_split(x, y, random_state=seed, stratify=y if choice else None)
        scaler = StandardScaler().fit(parts[0])
        train, test = (scaler.transform(part) for part in parts[:2])
        for turn in range(-1 if seed == 0 else 0, repeats):
            for side in (0, 1) if (seed + turn) % 2 else (1, 0):
                estimator, seconds = fitted(
                    pair[side], settings | beside[side], seed, train, parts[2]
                )
                if turn >= 0:
                    row.seconds[side].append(seconds)
                if turn == 0:
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


def first_fits(engine: str) -> tuple[float, float]:
    """Return how long a first fit takes: where nothing has been compiled, and in a later process.

    It is an epoch of a small table, so that there is next to nothing in it but compiling, or
    reading what was compiled.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", FIRST_FIT.format(engine=engine)]
        surroundings = os.environ | {"NUMBA_CACHE_DIR": folder, "PYTHONWARNINGS": "ignore"}
        first, later = (
            subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True)
            for _ in range(2)
        )
    return float(first.stdout), float(later.stdout)


def geometric_mean(ratios: Sequence[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, ratios)))


def table(rows: Sequence[Row]) -> tables.Table:
    """Return a line for each row, and for each setting one of the geometric mean."""
    header = ["data set, settings", "examples", "score, glassnet", "score, scikit-learn"]
    header += ["seconds, glassnet", "seconds, scikit-learn", "times as fast"]
    lines = []
    for row in rows:
        scores = (
            f"{statistics.fmean(s):.4f} ± {statistics.stdev(s) if len(s) > 1 else math.nan:.4f}"
            for s in row.scores
        )
        seconds = (f"{statistics.median(s):.3f}" for s in row.seconds)
        title = f"{row.data}, {row.setting}"
        lines.append([title, f"{row.examples:,}", *scores, *seconds, f"{row.speedup:.2f}"])
    groups = {setting: [r for r in rows if r.setting == setting] for setting in SETTINGS}
    for title, group in {**groups, "all": list(rows)}.items():
        if group:
            mean = geometric_mean([row.speedup for row in group])
            lines.append([f"geometric mean, {title}", *[""] * 5, f"**{mean:.2f}**"])
    return tables.Table(header, lines)


def circumstances(given: argparse.Namespace, first: tuple[float, float]) -> str:
    """Return how it was measured, in a paragraph."""
    libraries = ", ".join(f"{name} {version}" for name, version in versions().items())
    return (
        f"`engine={given.engine!r}`; {given.seeds} seeds, {given.epochs} epochs. Scores are those "
        "on a quarter held out, accuracy or R²: mean and standard deviation over the seeds. "
        f"Seconds are the median of {given.repeats} fits with each seed, in turns. Not in them: a "
        f"process' first fit, which took {first[0]:.1f} s with nothing compiled yet, "
        f"{first[1]:.2f} s in the next process.\n\n{machine()['processor']}, "
        f"{len(os.sched_getaffinity(0))} processors; {libraries}."
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimators", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3, help="fits with each seed")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--engine", default="numba", help="that of ours; default: %(default)s")
    parser.add_argument("--data", nargs="+", choices=[*CLASSES, *NUMBERS])
    parser.add_argument("--settings", nargs="+", choices=list(SETTINGS))
    parser.add_argument("--into", type=Path, help="the page to put the table into")
    given = parser.parse_args(arguments)
    effort = {"seeds": given.seeds, "repeats": given.repeats, "epochs": given.epochs}
    rows = [
        compare(name, setting, engine=given.engine, **effort)
        for name in given.data or [*CLASSES, *NUMBERS]
        for setting in given.settings or SETTINGS
    ]
    text = f"{table(rows).markdown()}\n\n{circumstances(given, first_fits(given.engine))}"
    if given.into is None:
        print(text)
        return
    page = given.into.read_text("utf-8")
    given.into.write_text(tables.put_into(page, {BLOCK: text}), "utf-8")


if __name__ == "__main__":
    main()
