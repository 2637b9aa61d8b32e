"""``glassnet evaluate``: how good a model is."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from glassnet.cli import model, options
from glassnet.cli.console import add, out, percent, say, table
from glassnet.cli.progress import downloads
from glassnet.data import DATASETS, Dataset, load_dataset
from glassnet.nn import Network
from glassnet.recipes import Recipe, RecipeError, load_data
from glassnet.recipes.loading import table_of
from glassnet.training import TestTimeAugmentation
from glassnet.training import evaluate as measure

NAME = "evaluate"
EXAMPLES = """Examples:

glassnet evaluate runs/digits

glassnet evaluate model.npz --data mnist

glassnet evaluate runs/mnist-mlp --data my-images/ --json

glassnet evaluate runs/photos --tta mirror,shift=1   (a mean over views as well)"""


def command(
    target: options.Model,
    *,
    data: Annotated[
        str | None,
        typer.Option(
            help="Data set, file or folder. Default: the one of the run.", show_default=False
        ),
    ] = None,
    part: Annotated[str, typer.Option(help="Which part of it: test or train.")] = "test",
    tta: options.TestTime = None,
    data_dir: options.DataDir = None,
    as_json: options.Json = False,
) -> None:
    """Measure a model on the test part of a data set."""
    network, recipe = model.load(target)
    name = data or (recipe.data.name if recipe else None)
    if name is None:
        raise RecipeError(f"name the data set: --data with one of {', '.join(DATASETS)}, or a path")
    if part not in ("test", "train"):
        raise RecipeError(f"--part is test or train, got {part!r}")
    with downloads() as progress:
        if recipe is None:
            train, test = load_dataset(name, data_dir=data_dir, progress=progress)
        else:
            own = recipe.data if data is None else table_of(recipe.data, data)
            train, test = load_data(own, data_dir=data_dir, progress=progress)
    chosen = test if part == "test" else train
    result: dict[str, Any] = {"data": name, "part": part, "examples": len(chosen)}
    test_time = model.views_wanted(tta, recipe)
    result |= _measure(network, chosen, recipe, test_time)
    if as_json:
        say(json.dumps(result))
        return
    say(f"{name}, {part} part: {len(chosen):,} examples", "bold")
    for key, text in (
        ("accuracy", "accuracy"),
        ("loss", "loss"),
        ("mean_squared_error", "mean squared error"),
    ):
        for name, how in ((key, ""), (f"test_time_{key}", "  as a mean over views")):
            if name in result:
                value = percent(result[name]) if key == "accuracy" else f"{result[name]:.6g}"
                say(f"{'' if how else text:20}{value}{how}")
    if test_time is not None:
        say(f"the views: {model.views_of(test_time)}")
    if "per_class_recall" in result:
        made = table("class", "recall", numbers=("recall",))
        names = network.class_names or chosen.class_names
        for label, recall in zip(names, result["per_class_recall"], strict=False):
            add(made, label, "no example" if recall is None else percent(recall))
        say()
        out.print(made)


def _measure(
    network: Network,
    dataset: Dataset,
    recipe: Recipe | None,
    test_time: TestTimeAugmentation | None,
) -> dict[str, Any]:
    names = ["mean_squared_error"]
    if dataset.n_classes:
        names += ["accuracy", "per_class_recall"]
    loss: Any = "mean_squared_error"
    if recipe is not None:
        loss = recipe.training.loss
        names.append("loss")
    return measure(network, dataset, loss=loss, metrics=names, test_time=test_time)
