"""Studies: one file that says a question, a recipe, what of it varies, and how often."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import Field, model_validator

from glassnet.names import unknown
from glassnet.recipes import Recipe, RecipeError, load_recipe
from glassnet.recipes.tables import StrictTable, read_table, table_from_dict
from glassnet.training.metrics import METRICS

_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


_COLUMNS = {
    *("cell", "seed", "run", "epoch", "step", "seconds", "epoch_seconds", "validation_seconds"),
    *("phase", "batch_size", "learning_rate"),
    *(f"{part}{metric}" for part in ("", "validation_", "test_") for metric in METRICS),
}
"""Of the tables of results; no factor can be called so."""

_STEP_VALUES = [f"step_{name}" for name in ("loss", "mean_squared_error")]
_VALUES = [
    *(
        f"{part}{metric}"
        for part in ("validation_", "test_", "test_test_time_", "")
        for metric in METRICS
        if metric != "per_class_recall"
    ),
    *(*_STEP_VALUES, "epoch_seconds", "validation_seconds", "seconds", "epoch", "step"),
    *("learning_rate", "batch_size"),
]
"""What cells can be compared by."""


class StudyError(ValueError):
    """A study that cannot be run; the message names the key, the value and what is allowed.

    Examples
    --------
    >>> from glassnet.study import load_study
    >>> try:
    ...     load_study("figure-80")
    ... except StudyError as error:
    ...     print(error)
    unknown study 'figure-80'; did you mean 'figure-10'? Known: ...
    """


class FactorTable(StrictTable):
    """One thing that varies: a key of the recipe, or several that change together."""

    name: Annotated[str, Field(min_length=1)]
    """What people call it: "learning rate"."""
    keys: list[str]
    """Dotted keys of the recipe: "training.phases.0.optimizer.learning_rate". With several, each of
    the values is a list, one for each key."""
    values: list[Any]
    labels: list[str] | None = None
    """What the levels are called; by default their (first) value."""

    @model_validator(mode="after")
    def _fits(self) -> FactorTable:
        for what, given in (("keys", self.keys), ("values", self.values)):
            if not given:
                raise ValueError(f"{what} must hold at least one, got []")
        if self.name in _COLUMNS:
            other = self.name.replace("_", " ") if "_" in self.name else f"{self.name} level"
            raise ValueError(
                f"{self.name!r} is a column of the results already; call the factor {other!r}"
            )
        if len(self.keys) > 1:
            for value in self.values:
                if not isinstance(value, list) or len(value) != len(self.keys):
                    raise ValueError(
                        f"with {len(self.keys)} keys each of the values must be a list of "
                        f"{len(self.keys)}, got {value!r}"
                    )
        if self.labels is not None and len(self.labels) != len(self.values):
            raise ValueError(f"{len(self.values)} values need as many labels, got {self.labels!r}")
        if len(set(self.levels)) < len(self.values):
            raise ValueError(
                f"the levels must be told apart, got {', '.join(self.levels)}; give them labels"
            )
        return self

    @property
    def levels(self) -> list[str]:
        """What the levels are called."""
        if self.labels is not None:
            return self.labels
        shown = [value[0] if len(self.keys) > 1 else value for value in self.values]
        return [f"{v:g}" if isinstance(v, float) else str(v) for v in shown]

    def changes(self, level: int) -> dict[str, Any]:
        """Return the changes to the recipe that a level means."""
        value = self.values[level]
        return dict(zip(self.keys, value if len(self.keys) > 1 else [value], strict=True))


class CellTable(StrictTable):
    """One listed cell."""

    label: Annotated[str, Field(min_length=1)]
    changes: dict[str, Any]
    """New values under dotted keys of the recipe."""


class RecordTable(StrictTable):
    """What is kept of each run, besides the numbers of every epoch."""

    metrics: list[Literal[tuple(METRICS)]] | None = None  # type: ignore[valid-type]
    """Measured in each epoch; by default the recipe's."""
    predictions: bool = False
    """The predicted label of every test example after the last epoch, its confidence, and how often
    each class was taken for which; for data with labels."""
    steps: Annotated[int, Field(ge=0)] = 0
    """The loss and mean squared error of the whole training set before and after each of the first
    steps of the last phase, so many; the run then ends."""
    output_units: bool = False
    """Of each output unit, many times an epoch: recall of its class, pre-activations, gradient."""


class StudyTable(StrictTable):
    """A question, and the runs that answer it.

    Examples
    --------
    >>> study = load_study("figure-08")
    >>> study.seeds, study.factors[0].levels
    (10, ['0.01', '0.1', '1', '5'])
    """

    name: _Name
    title: str = ""
    question: str = ""
    recipe: str = "digits"
    """A shipped recipe, or the path of a recipe file, seen from the study's file."""
    changes: Annotated[dict[str, Any], Field(default_factory=dict)]
    """What all cells have in common: new values under dotted keys of the recipe."""
    factors: Annotated[list[FactorTable], Field(default_factory=list)]
    """What varies: the cells are all combinations of all levels."""
    cells: Annotated[list[CellTable], Field(default_factory=list)]
    """Instead of factors, cells one by one."""
    seeds: Annotated[int, Field(ge=1)] = 10
    """How many: each cell is run with the same ones."""
    first_seed: Annotated[int, Field(ge=0)] = 0
    record: RecordTable = RecordTable()
    value: str = "validation_accuracy"
    """What cells are compared by: a number of the epochs' records."""
    baseline: str | None = None
    """The cell that the others are compared with; by default all pairs are compared."""
    timing: bool = False
    """Whether times matter: then one run goes at a time, whatever ``--jobs`` says."""

    @model_validator(mode="after")
    def _is_recorded(self) -> StudyTable:
        if self.value not in _VALUES:
            raise ValueError(unknown(self.value, _VALUES, "value"))
        if self.value in _STEP_VALUES and not self.record.steps:
            raise ValueError(f"value = {self.value!r} needs record.steps: 1 or more, got 0")
        return self

    @model_validator(mode="after")
    def _has_cells(self) -> StudyTable:
        if bool(self.factors) == bool(self.cells):
            raise ValueError(
                "a study needs either factors or cells: [[factors]] with name, keys and values, or "
                "[[cells]] with label and changes"
            )
        for what, names in (
            ("factors", [factor.name for factor in self.factors]),
            ("cells", [cell.label for cell in self.cells]),
        ):
            if len(set(names)) < len(names):
                raise ValueError(f"the names of the {what} must be told apart, got {names}")
        keys = [key for factor in self.factors for key in factor.keys]
        if len(set(keys)) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise ValueError(f"factors must change different keys, and two change {twice!r}")
        every = [*self.changes, *keys, *(key for cell in self.cells for key in cell.changes)]
        if "training.seed" in every:
            raise ValueError("training.seed is set by seeds and first_seed, and not by changes")
        return self

    def to_toml(self) -> str:
        """Return the text of a study file."""
        return tomli_w.dumps(self.model_dump(exclude_none=True), multiline_strings=True)


def study_from_dict(tree: Mapping[str, Any], source: str = "study") -> StudyTable:
    """Check a tree of values and return the study.

    Raises
    ------
    StudyError
        If a key or value is wrong; names the first few, with what is allowed.
    """
    return table_from_dict(StudyTable, tree, source, what="study", error=StudyError)


def shipped_studies() -> dict[str, StudyTable]:
    """Return the studies of the thesis, by name, its figures first.

    Examples
    --------
    >>> studies = shipped_studies()
    >>> list(studies)[:3], studies["figure-08"].title
    (['figure-08', 'figure-09', 'figure-10'], 'Effect of the learning rate (Fig. 8)')
    """
    folder = resources.files("glassnet.study") / "thesis"
    files = (file for file in folder.iterdir() if file.name.endswith(".toml"))
    studies = [study_from_dict(tomllib.loads(f.read_text("utf-8")), f.name) for f in files]
    return {study.name: study for study in sorted(studies, key=lambda study: study.name)}


def load_study(name: str | Path) -> StudyTable:
    """Return a shipped study by name, or one from a TOML file.

    A recipe that the file names by a relative path is looked for beside the file.

    Raises
    ------
    StudyError
        If there is no such study or file, or it is wrong.

    Examples
    --------
    >>> study = load_study("figure-08")
    >>> study.recipe, study.seeds, [factor.name for factor in study.factors]
    ('mnist-thesis', 10, ['learning rate'])
    """
    path, shipped = Path(name), shipped_studies()
    if str(name) in shipped:
        return shipped[str(name)]
    if str(name) == THESIS:
        raise StudyError(f"{THESIS} stands for all the shipped studies: {', '.join(shipped)}")
    if not (path.suffix or path.is_file() or len(path.parts) > 1):
        known = [*shipped, THESIS]
        raise StudyError(unknown(str(name), known, "study") + ", or the path of a .toml file")
    tree = read_table(path, what="study", hint="see: glassnet study list", error=StudyError)
    study = study_from_dict(tree, str(path))
    return study.model_copy(update={"recipe": recipe_beside(path, study.recipe)})


def recipe_beside(path: Path, recipe: str) -> str:
    """Return the recipe that a file names: a path if it lies beside the file, else as it is."""
    beside = path.parent / recipe
    return str(beside.resolve()) if beside.is_file() else recipe


THESIS = "thesis"
"""The name that stands for all the shipped studies."""


def recipe_of(study: StudyTable) -> Recipe:
    """Return the recipe with the changes that all cells have in common.

    Raises
    ------
    StudyError
        If the recipe is missing or wrong, or a change is.
    """
    try:
        return load_recipe(study.recipe).changed(study.changes)
    except RecipeError as error:
        raise StudyError(f"study {study.name}: {error}") from None
