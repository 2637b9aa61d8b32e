"""The cells of a study and their runs: which recipe, with which seed, and what is kept of it."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from glassnet.data import DATASETS
from glassnet.recipes import Recipe, RecipeError
from glassnet.study.definition import RecordTable, StudyError, StudyTable, recipe_of

FORMAT = 1
"""Of what a run leaves; a new one means that all is run anew."""


@dataclass(frozen=True)
class RunSpec:
    """One training: what to train, and what to keep of it.

    Parameters
    ----------
    recipe : Recipe
        With its seed.
    record : RecordTable
    data : str, optional
        `fingerprint` of the data; by default it is taken when the key is asked for.

    Examples
    --------
    >>> from glassnet.study import Study
    >>> first, second = Study.load("figure-08", seeds=2).cells[0].specs
    >>> first.seed, second.seed, first.key == second.key, len(first.key)
    (0, 1, False, 20)
    """

    recipe: Recipe
    record: RecordTable
    data: str | None = None

    @cached_property
    def key(self) -> str:
        """What names the run: a hash of all that decides its numbers."""
        decides = {
            "format": FORMAT,
            "recipe": self.recipe.deciding(),
            "record": self.record.model_dump(),
            "data": fingerprint(self.recipe.data.name) if self.data is None else self.data,
        }
        text = json.dumps(_uniform(decides), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    @property
    def seed(self) -> int:
        """Decides everything that is random."""
        return self.recipe.training.seed

    @cached_property
    def cost(self) -> float:
        """About how many seconds the run takes: to begin with the long ones, and to tell the rest.

        Steps of the thesis' networks took 4 to 200 microseconds; see docs/performance.md.
        """
        examples, weights = _size(self.recipe)
        seconds = 0.0
        for phase in self.recipe.training.phases:
            size = examples if phase.batch_size == "full" else phase.batch_size
            each = 2e-6 / size + weights * (8e-11 + 2e-10 / size)
            seconds += phase.epochs * examples * each
        return seconds


def _size(recipe: Recipe) -> tuple[int, int]:
    """Return about how many examples there are, and how many weights."""
    entry = DATASETS.get(recipe.data.name)
    examples = entry.n_train if entry else 1000
    units = math.prod(entry.input_shape) if entry else 100
    weights = 0
    for layer in recipe.network.layers:
        after = layer.get("units", units)
        after = after if isinstance(after, int) else 10
        weights += units * after if layer["type"] == "Dense" else 0
        units = after
    return examples, weights


def _uniform(value: Any) -> Any:  # noqa: ANN401 any value of a recipe
    """Return the value with 1 and 1.0 written alike."""
    if isinstance(value, dict):
        return {key: _uniform(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_uniform(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def fingerprint(name: str) -> str:
    """Return a hash of a data file or folder of the user's own: what is in it decides the numbers.

    Of the data sets of the catalogue, and of what is not here, it is empty.
    """
    path = Path(name).expanduser()
    if name in DATASETS or not path.exists():
        return ""
    if path.is_file():
        return _digest(path)
    files = [(file.relative_to(path).as_posix(), _digest(file)) for file in _files(path)]
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()


def version_of(name: str) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when a data file or folder of the user's own is written anew."""
    path = Path(name).expanduser()
    if name in DATASETS or not path.exists():
        return ()
    stats = ((file, file.stat()) for file in ([path] if path.is_file() else _files(path)))
    return tuple((str(file), stat.st_mtime_ns, stat.st_size) for file, stat in stats)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Cell:
    """One combination of what varies.

    Parameters
    ----------
    label : str
    levels : dict of str
        The level of each factor, by the factor's name.
    specs : tuple of RunSpec
        One for each seed.

    Examples
    --------
    >>> from glassnet.study import Study
    >>> cell = Study.load("figure-08", seeds=2).cells[0]
    >>> cell.label, cell.levels, len(cell.specs)
    ('learning rate 0.01', {'learning rate': '0.01'}, 2)
    """

    label: str
    levels: dict[str, str] = field(default_factory=dict)
    specs: tuple[RunSpec, ...] = ()


def cells_of(study: StudyTable) -> list[Cell]:
    """Return the cells of a study, in the order of its file, the last factor varying fastest.

    Raises
    ------
    StudyError
        If a change is wrong; names the cell, the key and what is allowed. If two cells have the
        same settings.
    """
    recipe = recipe_of(study)
    if study.record.metrics is not None:
        recipe = recipe.changed({"training.metrics": study.record.metrics})
    cells, data = [], dict[str, str]()
    for label, levels, changes in _combinations(study):
        try:
            changed = recipe.changed(changes)
        except RecipeError as error:
            raise StudyError(f"study {study.name}, cell {label}: {error}") from None
        name = changed.data.name
        data.setdefault(name, fingerprint(name))
        seeds = range(study.first_seed, study.first_seed + study.seeds)
        recipes = (changed.changed({"training.seed": seed}) for seed in seeds)
        specs = tuple(RunSpec(recipe, study.record, data[name]) for recipe in recipes)
        cells.append(Cell(label, levels, specs))
    if study.baseline is not None and study.baseline not in {cell.label for cell in cells}:
        known = ", ".join(cell.label for cell in cells)
        raise StudyError(
            f"study {study.name}: baseline must be one of the cells ({known}), "
            f"got {study.baseline!r}"
        )
    _check_differ(study, cells)
    return cells


def _check_differ(study: StudyTable, cells: list[Cell]) -> None:
    """Refuse two cells that would share their runs, which are told apart by their settings."""
    found: dict[str, str] = {}
    for cell in cells:
        other = found.setdefault(cell.specs[0].key, cell.label)
        if other != cell.label:
            raise StudyError(
                f"study {study.name}: the cells {other!r} and {cell.label!r} have the same "
                "settings; leave one of them out, or change what they are to differ in"
            )


def _combinations(study: StudyTable) -> Iterator[tuple[str, dict[str, str], dict[str, Any]]]:
    """Yield label, levels and changes of each cell."""
    for cell in study.cells:
        yield cell.label, {}, cell.changes
    if not study.factors:
        return
    for choice in itertools.product(*(range(len(factor.values)) for factor in study.factors)):
        levels: dict[str, str] = {}
        changes: dict[str, Any] = {}
        for factor, level in zip(study.factors, choice, strict=True):
            levels[factor.name] = factor.levels[level]
            changes |= factor.changes(level)
        yield ", ".join(f"{name} {level}" for name, level in levels.items()), levels, changes
