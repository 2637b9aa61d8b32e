"""Recipes: one declarative file that says data, network and training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import AfterValidator, Field

from glassnet.data.augmentation import augmentation_from_config
from glassnet.nn import layer_from_config, loss_named
from glassnet.optim import optimizer_from_config, schedule_from_config
from glassnet.recipes.settings import RecipeError, put
from glassnet.recipes.tables import StrictTable, table_from_dict
from glassnet.training.metrics import METRICS
from glassnet.training.views import views_from_config

Table = dict[str, Any]


def checked(build: Callable[[Any], object]) -> AfterValidator:
    """Check a table by building what it describes."""

    def check(value: Any) -> Any:  # noqa: ANN401 whatever the file holds
        try:
            build(value)
        except TypeError as error:
            raise ValueError(str(error)) from None
        return value

    return AfterValidator(check)


def layer_of(config: Mapping[str, Any], classes: int) -> Any:  # noqa: ANN401
    """Return the layer that a recipe describes; ``units = "classes"`` means one for each class."""
    return layer_from_config(_with_classes(config, classes))


def _with_classes(value: Any, classes: int) -> Any:  # noqa: ANN401 whatever a table holds
    """Return a layer's table, and the tables of layers in it, with numbers of units."""
    if isinstance(value, list):
        return [_with_classes(item, classes) for item in value]
    if not isinstance(value, Mapping):
        return value
    told = {key: _with_classes(item, classes) for key, item in value.items()}
    return told | {"units": classes} if told.get("units") == "classes" else told


_Size = Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=2, max_length=2)]


class DataTable(StrictTable):
    """What is learned from: the table ``[data]`` of a recipe.

    Examples
    --------
    >>> table = DataTable(name="digits")
    >>> table.validation
    0.1
    """

    name: str
    """A data set of the catalogue, or the path of a CSV or .npz file or of a folder of images."""
    validation: Annotated[float, Field(gt=0, lt=1)] | Literal["test", "none"] = 0.1
    """The part of the training examples that is held out to measure each epoch on. "test" measures
    each epoch on the test set: what the thesis did, and nothing to choose hyperparameters by."""
    label: str | int | None = None
    """Of a CSV file: the label's column, by name, or by index from 0; the last one if not given."""
    regression: bool | None = None
    """Of a CSV file: whether the labels are target values."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """Of a CSV file: what stands between two cells."""
    size: _Size | None = None
    """Of a folder of images: height and width that all are resized to."""
    stream: bool | None = None
    """Of a folder of images: whether those to train on are decoded anew in every epoch, for
    folders that are larger than memory. The test part is kept in memory."""


class NetworkTable(StrictTable):
    """What is trained."""

    layers: Annotated[
        list[Annotated[Table, checked(lambda c: layer_of(c, 2))]], Field(min_length=1)
    ]
    """Each with a type, such as "Dense", and its constructor's arguments. ``units = "classes"``
    stands for the number of classes of the data."""
    dtype: Literal["float32", "float64"] = "float32"


class EarlyStoppingTable(StrictTable):
    """When to stop a phase before its last epoch; see `glassnet.EarlyStopping`."""

    monitor: str = "validation_loss"
    patience: Annotated[int, Field(ge=1)] = 10
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    restore_best: bool = True


class MovingAverageTable(StrictTable):
    """An average of the weights that is measured and kept; see `glassnet.MovingAverage`."""

    decay: Annotated[float, Field(ge=0, lt=1)] = 0.999
    every: Annotated[int, Field(ge=1)] = 1
    warm_up: bool = True


class PhaseTable(StrictTable):
    """A stretch of training with the same settings."""

    epochs: Annotated[int, Field(ge=1)]
    batch_size: Annotated[int, Field(ge=1)] | Literal["full"] = 32
    drop_last: bool | None = None
    """Whether an epoch ends without its last batch where that is shorter than the others."""
    optimizer: Annotated[Table, checked(optimizer_from_config)]
    schedule: Annotated[
        Table, Field(default_factory=lambda: {"type": "Constant"}), checked(schedule_from_config)
    ]


class TrainingTable(StrictTable):
    """How it is trained."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Decides everything that is random: initial weights, order of the examples, held-out part."""
    loss: Annotated[str | Table, checked(loss_named)]
    engine: Literal["auto", "numpy", "numba"] = "auto"
    """What computes the steps; see `glassnet.Trainer`."""
    augmentation: list[Annotated[Table, checked(augmentation_from_config)]] | None = None
    """What changes the training images at random, in this order. Each has a type, such as
    "RandomFlip", and its constructor's arguments."""
    test_time: Annotated[Table, checked(views_from_config)] | None = None
    """How the test set is measured a second time, as a mean over changed images; see
    `glassnet.TestTimeAugmentation`."""
    metrics: list[Literal[tuple(METRICS)]] | None = None  # type: ignore[valid-type]
    early_stopping: EarlyStoppingTable | None = None
    moving_average: MovingAverageTable | None = None
    phases: Annotated[list[PhaseTable], Field(min_length=1)]


class Recipe(StrictTable):
    """Data, network and training, all that a run needs.

    The keys of its tables, with ranges and defaults, stand in `docs/recipes.md`.

    Examples
    --------
    >>> from glassnet.recipes import load_recipe
    >>> recipe = load_recipe("digits")
    >>> recipe.data.name
    'digits'
    >>> recipe.changed({"training.phases.0.epochs": 3}).training.phases[0].epochs
    3
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    title: str = ""
    description: str = ""
    data: DataTable
    network: NetworkTable
    training: TrainingTable
    track: list[Literal["tensorboard", "mlflow"]] | None = None
    """Where the run can also be watched: TensorBoard's files are in its folder; MLflow's run is
    where MLFLOW_TRACKING_URI says, in an experiment with the recipe's name."""

    def changed(self, changes: Mapping[str, Any]) -> Recipe:
        """Return the recipe with other values under dotted keys, ``"training.seed"``.

        Raises
        ------
        RecipeError
            For a key that isn't there and isn't allowed, or a value that isn't.
        """
        tree = self.to_dict()
        for key, value in changes.items():
            put(tree, key, deepcopy(value))  # the next key may lead into it
        return recipe_from_dict(tree)

    def to_dict(self) -> dict[str, Any]:
        """Return all values, defaults included, without those that are not set."""
        return self.model_dump(exclude_none=True)

    def deciding(self) -> dict[str, Any]:
        """Return all values that decide the numbers of a run: not its name, or who watches."""
        told = {"name", "title", "description", "track"}
        return {key: value for key, value in self.to_dict().items() if key not in told}

    def to_toml(self) -> str:
        """Return the text of a recipe file."""
        faithful = "\r" not in self.title + self.description  # which lines of text would lose
        return tomli_w.dumps(self.to_dict(), multiline_strings=faithful)


def recipe_from_dict(tree: Mapping[str, Any], source: str = "recipe") -> Recipe:
    """Check a tree of values and return the recipe.

    Parameters
    ----------
    tree : Mapping
        As a TOML file holds it.
    source : str
        What to name in messages.

    Raises
    ------
    RecipeError
        If a key or value is wrong; names the first few, with what is allowed.

    Examples
    --------
    >>> from glassnet.recipes import load_recipe
    >>> tree = load_recipe("digits").to_dict()
    >>> tree["training"]["seed"] = 7
    >>> recipe_from_dict(tree).training.seed
    7
    >>> tree["training"]["sead"] = 8
    >>> try:
    ...     recipe_from_dict(tree)
    ... except RecipeError as error:
    ...     print(error)
    recipe: unknown key 'sead' in training; did you mean 'seed'? Known: ...
    """
    return table_from_dict(Recipe, tree, source, what="recipe", error=RecipeError)
