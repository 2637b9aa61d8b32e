"""The table of trained recipes: ``python -m benchmarks.results RUN... [--into PAGE]``.

Each RUN is a folder that ``glassnet train RECIPE --seed S --out RUN`` left. Runs of the same recipe
that differ in nothing but the seed make one row.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import tables
from glassnet.recipes import Recipe, RunFolder

BLOCK = "results"
"""What the block of the page is called that the table goes into."""


@dataclass(frozen=True)
class Trained:
    """What a finished run tells."""

    recipe: Recipe
    seed: int
    seconds: float
    epochs: int
    parameters: int
    test: dict[str, Any]


def read_run(path: Path) -> Trained:
    """Return what a run's folder tells.

    Raises
    ------
    ValueError
        If the run has not finished.
    """
    folder = RunFolder.existing(path)
    recipe = folder.read_recipe()
    result = json.loads(folder.result.read_text("utf-8")) if folder.result.exists() else {}
    if result.get("status") != "finished":
        raise ValueError(f"{path}: the run has not finished; go on: glassnet train --resume {path}")
    return Trained(
        recipe,
        recipe.training.seed,
        result["seconds"],
        result["epochs"],
        result["parameters"],
        result["test"],
    )


def grouped(runs: Sequence[Trained]) -> list[list[Trained]]:
    """Return the runs of each recipe by seed, in the order in which the recipes come.

    Raises
    ------
    ValueError
        If two runs of a recipe differ in more than the seed, or in nothing.
    """
    groups: dict[str, list[Trained]] = {}
    for run in runs:
        groups.setdefault(run.recipe.name, []).append(run)
    for name, group in groups.items():
        if len({run.seed for run in group}) < len(group):
            raise ValueError(f"two runs of {name} have the same seed")
        if any(_unseeded(run) != _unseeded(group[0]) for run in group):
            raise ValueError(f"runs of {name} differ in more than the seed")
    return [sorted(group, key=lambda run: run.seed) for group in groups.values()]


def _unseeded(run: Trained) -> dict[str, Any]:
    return run.recipe.changed({"training.seed": 0}).deciding()


def results_table(groups: Sequence[Sequence[Trained]]) -> tables.Table:
    """Return a row for each recipe: accuracies over seeds, time, and the command."""
    header = ["recipe", "test accuracy", "with test-time augmentation", "wrong", "epochs"]
    header += ["training time", "parameters", "command"]
    rows = [
        [
            f"`{runs[0].recipe.name}`",
            accuracy([run.test["accuracy"] for run in runs]),
            accuracy([run.test["test_time_accuracy"] for run in runs])
            if "test_time_accuracy" in runs[0].test
            else tables.NONE,
            f"{statistics.mean((1 - r.test['accuracy']) * r.test['examples'] for r in runs):.0f}",
            f"{runs[0].epochs}",
            minutes([run.seconds for run in runs]),
            f"{runs[0].parameters:,}",
            f"`glassnet train {runs[0].recipe.name} --seed S`, S = "
            + ", ".join(str(run.seed) for run in runs),
        ]
        for runs in groups
    ]
    return tables.Table(header, rows)


def accuracy(values: Sequence[float]) -> str:
    """Return mean and range in percent.

    Examples
    --------
    >>> accuracy([0.94, 0.941])
    '**94.05 %** (94.00 to 94.10)'
    """
    mean = f"**{100 * statistics.mean(values):.2f} %**"
    if len(values) == 1:
        return mean
    return f"{mean} ({100 * min(values):.2f} to {100 * max(values):.2f})"


def minutes(seconds: Sequence[float]) -> str:
    """Return mean and range of times, in minutes.

    Examples
    --------
    >>> minutes([90.0, 120.0])
    '1.8 min (1.5 to 2.0)'
    """
    mean = f"{statistics.mean(seconds) / 60:.1f} min"
    if len(seconds) == 1:
        return mean
    return f"{mean} ({min(seconds) / 60:.1f} to {max(seconds) / 60:.1f})"


def main(given: Sequence[str] | None = None) -> None:
    """Print the table, or put it into a page."""
    parser = argparse.ArgumentParser("python -m benchmarks.results", description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--into", type=Path, help="the page to put the table into")
    arguments = parser.parse_args(given)
    try:
        table = results_table(grouped([read_run(path) for path in arguments.runs]))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if arguments.into is None:
        print(table.markdown())
        return
    page = arguments.into.read_text("utf-8")
    arguments.into.write_text(tables.put_into(page, {BLOCK: table.markdown()}), "utf-8")


if __name__ == "__main__":
    main()
