"""Recipes: one declarative file that says data, network and training."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from copy import deepcopy
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import AfterValidator, Field

from glassnet.data.augmentation import augmentation_from_config
from glassnet.names import unknown
from glassnet.nn import layer_from_config, loss_named
from glassnet.optim import optimizer_from_config, schedule_from_config
from glassnet.recipes.tables import StrictTable, read_table, table_from_dict
from glassnet.training.metrics import METRICS
from glassnet.training.views import views_from_config

Table = dict[str, Any]

_ORDER = (
    "digits",
    "mnist-mlp",
    "mnist-cnn",
    "cifar10-mlp",
    "cifar10-quick",
    "cifar10-94",
    "mnist-thesis",
    "cifar10-thesis",
)


class RecipeError(ValueError):
    """A recipe that cannot be run; the message names the key, the value and what is allowed.

    Examples
    --------
    >>> try:
    ...     load_recipe("digit")
    ... except RecipeError as error:
    ...     print(error)
    unknown recipe 'digit'; did you mean 'digits'? Known: ...
    """


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


def shipped_recipes() -> dict[str, Recipe]:
    """Return the recipes that come with glassnet, by name.

    Examples
    --------
    >>> recipes = shipped_recipes()
    >>> list(recipes)[:3], recipes["mnist-cnn"].data.name
    (['digits', 'mnist-mlp', 'mnist-cnn'], 'mnist')
    """
    return {name: _shipped(file) for name, file in _shipped_files().items()}


def load_recipe(name: str | Path) -> Recipe:
    """Return a shipped recipe by name, or one from a TOML file.

    Raises
    ------
    RecipeError
        If there is no such recipe or file, or it is wrong.

    Examples
    --------
    >>> recipe = load_recipe("digits")
    >>> recipe.title, recipe.network.layers[1]["units"]
    ('Handwritten digits, 8 x 8 pixels', 64)
    """
    path = Path(name)
    shipped = _shipped_files()
    if str(name) in shipped:
        return _shipped(shipped[str(name)])
    if not (path.suffix or path.is_file() or len(path.parts) > 1):
        raise RecipeError(unknown(str(name), shipped, "recipe") + ", or the path of a .toml file")
    tree = read_table(path, what="recipe", hint="see: glassnet recipes", error=RecipeError)
    return recipe_from_dict(tree, str(path))


def _shipped_files() -> dict[str, Traversable]:
    """Return the files of the shipped recipes by the recipes' names, the usual ones first."""
    entries = sorted(resources.files("glassnet.recipes").iterdir(), key=lambda entry: entry.name)
    known = {e.name.removesuffix(".toml"): e for e in entries if e.name.endswith(".toml")}
    return {name: known.pop(name) for name in _ORDER} | known


def _shipped(file: Traversable) -> Recipe:
    return recipe_from_dict(tomllib.loads(file.read_text("utf-8")), file.name)


def parse_setting(text: str) -> tuple[str, Any]:
    """Return key and value of ``"key=value"``; the value is TOML, or else a string.

    Raises
    ------
    RecipeError
        If there is no key or no ``=``.

    Examples
    --------
    >>> parse_setting("training.seed=3"), parse_setting("training.loss=mean_squared_error")
    (('training.seed', 3), ('training.loss', 'mean_squared_error'))
    """
    key, equals, value = (part.strip() for part in text.partition("="))
    if not (key and equals and value):
        raise RecipeError(f"expected key=value, such as training.seed=3, got {text!r}")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value


def put(tree: Any, key: str, value: Any) -> None:  # noqa: ANN401
    """Set the value under a dotted key of nested tables and arrays; ``*`` means each entry.

    Raises
    ------
    RecipeError
        If the key leads nowhere.
    """
    _put(tree, key.split("."), 0, value)


def _put(tree: Any, steps: list[str], at: int, value: Any) -> None:  # noqa: ANN401
    step, place = steps[at], ".".join(steps[:at])
    if isinstance(tree, list):
        if step != "*" and not (step.isdigit() and int(step) < len(tree)):
            entries = f"entries 0 to {len(tree) - 1}"
            raise RecipeError(f"{'.'.join(steps)}: {place} has {entries}, got {step!r}")
        chosen: list[Any] = list(range(len(tree))) if step == "*" else [int(step)]
    elif isinstance(tree, dict):
        chosen = [step]
    else:
        raise RecipeError(f"{'.'.join(steps)}: {place} is a value, not a table")
    for here in chosen:
        if at == len(steps) - 1:
            tree[here] = value
        else:
            inner = tree[here] if isinstance(tree, list) else tree.setdefault(here, {})
            _put(inner, steps, at + 1, value)
