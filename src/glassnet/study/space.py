"""Search files: a recipe, and the ranges that its hyperparameters are looked for in."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from glassnet.extras import require
from glassnet.names import unknown
from glassnet.recipes import Recipe, RecipeError, load_recipe
from glassnet.recipes.tables import StrictTable, read_table, table_from_dict
from glassnet.study.definition import StudyError, recipe_beside
from glassnet.training.metrics import METRICS

require("optuna", "study")
from optuna.distributions import (  # noqa: E402 after the friendly refusal
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)


class HyperparameterTable(StrictTable):
    """One thing that is looked for: within a range, or among choices."""

    name: Annotated[str, Field(min_length=1)]
    """What people call it: "learning rate"."""
    key: Annotated[str, Field(min_length=1)]
    """Dotted key of the recipe: "training.phases.0.optimizer.learning_rate"; ``*`` is each entry of
    an array."""
    low: int | float | None = None
    high: int | float | None = None
    """Ends of the range, both included. Whole numbers are tried if both are whole numbers."""
    log: bool = False
    """Whether factors count rather than differences: for rates, decay, numbers of units."""
    step: int | float | None = None
    """Only low, low + step, low + 2 step, ..., high are tried."""
    choices: Annotated[list[Any], Field(min_length=2)] | None = None
    """Instead of a range: the values that are tried, which may be tables and arrays."""

    @model_validator(mode="after")
    def _is_a_range_or_choices(self) -> HyperparameterTable:
        if self.choices is not None:
            if self.low is not None or self.high is not None or self.log or self.step is not None:
                raise ValueError("choices have no low, high, log or step; give one or the other")
            if len(set(map(toml_value, self.choices))) < len(self.choices):
                raise ValueError(f"the choices must be told apart, got {self.choices}")
            return self
        if self.low is None or self.high is None:
            raise ValueError(f"{self.name} needs low and high, or choices")
        if not self.low < self.high:
            raise ValueError(f"low must be less than high, got {self.low} and {self.high}")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError(
                f"log needs low above 0 and no step, got low {self.low} and step {self.step}"
            )
        if self.step is not None:
            steps = (Decimal(str(self.high)) - Decimal(str(self.low))) / Decimal(
                str(self.step or 1)
            )
            if self.step <= 0 or steps % 1 or (self._whole and not isinstance(self.step, int)):
                raise ValueError(
                    f"step must lead from low to high, {self.low} to {self.high}, got {self.step}"
                )
        return self

    @property
    def _whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)

    @cached_property
    def distribution(self) -> BaseDistribution:
        """What Optuna calls the range or the choices."""
        if self.choices is not None:
            return CategoricalDistribution([self._shown(choice) for choice in self.choices])
        low, high = self.low or 0, self.high or 0  # which are not None
        if self._whole:
            return IntDistribution(int(low), int(high), log=self.log, step=int(self.step or 1))
        return FloatDistribution(low, high, log=self.log, step=self.step)

    @property
    def ends(self) -> list[Any]:
        """Values between which all others lie."""
        return [self.low, self.high] if self.choices is None else self.choices

    def value(self, shown: Any) -> Any:  # noqa: ANN401 any value of a recipe
        """Return what the recipe gets for a value that Optuna gave."""
        if self.choices is None:
            return shown
        chosen = next(choice for choice in self.choices if self._shown(choice) == shown)
        return copy.deepcopy(chosen)  # another change may reach into a table

    @staticmethod
    def _shown(choice: Any) -> Any:  # noqa: ANN401 Optuna keeps numbers and text only
        return choice if isinstance(choice, bool | int | float | str) else toml_value(choice)


class SearchTable(StrictTable):
    """A recipe, and what of it is looked for."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    title: str = ""
    question: str = ""
    recipe: str = "digits"
    """A shipped recipe, or the path of a recipe file, seen from the search's file."""
    changes: dict[str, Any] = Field(default_factory=dict)
    """What all trials have in common: new values under dotted keys of the recipe."""
    space: Annotated[list[HyperparameterTable], Field(min_length=1)]
    """What is looked for."""
    value: str = "validation_accuracy"
    """What is looked at: a number that is measured on the held-out examples after every epoch.
    Accuracy shall rise, all others fall."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Decides which settings are tried. What is random in a training is decided by the recipe's."""

    @model_validator(mode="after")
    def _is_measured(self) -> SearchTable:
        known = [f"validation_{metric}" for metric in METRICS if metric != "per_class_recall"]
        if self.value not in known:
            raise ValueError(unknown(self.value, known, "value"))
        names = [each.name for each in self.space]
        if len(set(names)) < len(names):
            raise ValueError(f"the names of the space must be told apart, got {names}")
        keys = [each.key for each in self.space]
        if len(set(keys)) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise ValueError(f"the space must have different keys, and two are {twice!r}")
        return self

    def base(self) -> Recipe:
        """Return the recipe with what all trials have in common.

        Raises
        ------
        StudyError
            If the recipe is missing or wrong, holds nothing out to measure on, or has no such key
            or value as the space has at its ends.
        """
        where = f"search {self.name}"
        try:
            recipe = load_recipe(self.recipe).changed(self.changes)
            for each in self.space:
                where = f"search {self.name}, {each.name}"
                for end in each.ends:
                    _check_held_out(recipe.changed({each.key: end}).data.validation)
        except RecipeError as error:
            raise StudyError(f"{where}: {error}") from None
        return recipe

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """What Optuna chooses from, by name."""
        return {each.name: each.distribution for each in self.space}

    def changes_of(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the changes to the recipe that a trial means, those in common included."""
        return self.changes | {each.key: each.value(params[each.name]) for each in self.space}


def _check_held_out(validation: object) -> None:
    if validation == "test":
        raise RecipeError(
            'data.validation = "test" would choose settings by the test set, which then says '
            "nothing about new data; hold out a part of the training set: "
            'changes = { "data.validation" = 0.1 }'
        )
    if validation == "none":
        raise RecipeError(
            'data.validation = "none" leaves nothing to compare settings by; hold out a part of '
            'the training set: changes = { "data.validation" = 0.1 }'
        )


def search_from_dict(tree: Mapping[str, Any], source: str = "search") -> SearchTable:
    """Check a tree of values and return the search.

    Raises
    ------
    StudyError
        If a key or value is wrong; names the first few, with what is allowed.
    """
    return table_from_dict(SearchTable, tree, source, what="search", error=StudyError)


def load_search(file: str | Path) -> SearchTable:
    """Return the search that a TOML file describes.

    A recipe that the file names by a relative path is looked for beside the file.

    Raises
    ------
    StudyError
        If there is no such file, or it is wrong.
    """
    path = Path(file)
    hint = "docs/studies.md has an example"
    tree = read_table(path, what="search", hint=hint, error=StudyError)
    search = search_from_dict(tree, str(path))
    return search.model_copy(update={"recipe": recipe_beside(path, search.recipe)})


def toml_value(value: Any) -> str:  # noqa: ANN401 any value of a recipe
    """Return the value as TOML writes it within a line.

    Examples
    --------
    >>> print(toml_value({"type": "StepLR", "step_size": 10, "nested": [0.5, True]}))
    {type = "StepLR", step_size = 10, nested = [0.5, true]}
    """
    if isinstance(value, Mapping):
        pairs = (f"{_toml_key(key)} = {toml_value(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml_value, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _toml_key(key: str) -> str:
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else json.dumps(key, ensure_ascii=False)
