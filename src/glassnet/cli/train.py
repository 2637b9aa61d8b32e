"""``glassnet train``: from a recipe to a trained network and pictures of it."""

from __future__ import annotations

import contextlib
import itertools
import shlex
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from glassnet.cli import console, options
from glassnet.cli.console import duration, percent, say
from glassnet.cli.progress import TrainingProgress, downloads
from glassnet.cli.summary import print_summary
from glassnet.data import DATASETS
from glassnet.nn import Conv2D
from glassnet.recipes import (
    Job,
    Recipe,
    RecipeError,
    RunFolder,
    load_recipe,
    parse_setting,
    prepare,
    run,
)

NAME = "train"
EXAMPLES = """Examples:

glassnet train   (handwritten digits, nothing to download)

glassnet train mnist-mlp --seed 1 --out runs/first

glassnet train digits --hidden 128,64 --epochs 20 --learning-rate 0.02

glassnet train digits --set training.phases.0.optimizer.nesterov=true

glassnet train --resume runs/first"""


def command(
    context: typer.Context,
    *,
    recipe: Annotated[
        str | None, typer.Argument(help="A shipped recipe's name or a .toml file. Default: digits.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the run. Default: runs/RECIPE.", show_default=False),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs (of every phase).")] = None,
    batch_size: Annotated[str | None, typer.Option(help='Examples in a step, or "full".')] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Learning rate.")] = None,
    momentum: Annotated[float | None, typer.Option(help="Momentum, in [0, 1).")] = None,
    hidden: Annotated[
        str | None, typer.Option(help="Units of the hidden layers, such as 128,64.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Decides everything that is random.")] = None,
    data_dir: options.DataDir = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any key of the recipe: --set key=value, as often as wanted."),
    ] = None,
    track: Annotated[
        list[str] | None,
        typer.Option(help="Watch the run in tensorboard or mlflow; may be given twice."),
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with the run in this folder.", show_default=False)
    ] = None,
) -> None:
    """Train a network as a recipe says; leaves a folder with model, numbers and pictures."""
    if resume is not None:
        settings_given = (epochs, batch_size, learning_rate, momentum, hidden, seed, settings)
        given = (recipe, out, track, *settings_given)
        if any(value is not None for value in given):
            raise RecipeError(
                "--resume goes on with the run's own recipe: give no other recipe or settings"
            )
        chosen = RunFolder.existing(resume).read_recipe()
    else:
        chosen = load_recipe(recipe or "digits")
        changes = dict(map(parse_setting, settings or []))
        if changes.get("data.name", chosen.data.name) != chosen.data.name:
            changes = {"title": "", "description": ""} | changes  # they told of the other data
        chosen = chosen.changed(changes) if changes else chosen
        flags = _flags(
            chosen,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            momentum=momentum,
            hidden=hidden,
            seed=seed,
            track=track,
        )
        for key, other in itertools.product(flags, changes):
            if fnmatchcase(key, other):
                raise RecipeError(f"--set {other}=... and an option of its own both set {key}")
        chosen = chosen.changed(flags) if flags else chosen
        chosen = _with_absolute_path(chosen)
    folder = _folder(chosen, out, resume)
    try:
        say(chosen.title or f"{chosen.name} on {Path(chosen.data.name).name}", "bold")
        with downloads() as progress:
            job = prepare(chosen, data_dir=data_dir, progress=progress)
    except BaseException:
        if resume is None:
            folder.abandon()
        raise
    held_out = f", {len(job.validation):,} for validation" if job.validation is not None else ""
    if job.validation_name == "test":
        held_out = ", measured on the test set after every epoch"
    say(f"{job.train.name or chosen.data.name}: {len(job.train):,} examples to train on{held_out}")
    print_summary(job.network)
    bars = TrainingProgress(job.validation_name, phases=len(chosen.training.phases))
    try:
        result = run(job, folder, callbacks=[bars])
    finally:
        bars.close()
    named_dir = options.named_data_dir(context, data_dir)
    if result["status"] == "stopped":
        again = options.command_line("train", "--resume", folder.path, data_dir=named_dir)
        say(f"Training {result['message']}. Go on with: {again}", "yellow")
        raise typer.Exit(1)
    from glassnet.cli.pictures import draw

    with console.out.status("drawing pictures"):
        draw(job, folder)
    own = resume is not None or settings
    again = options.command_line(
        "train", folder.recipe if own else recipe or "digits", data_dir=named_dir
    )
    _tell(job, folder, result, again)


def _flags(
    recipe: Recipe,
    *,
    epochs: int | None,
    batch_size: str | None,
    learning_rate: float | None,
    momentum: float | None,
    hidden: str | None,
    seed: int | None,
    track: list[str] | None,
) -> dict[str, Any]:
    """Return the changes that the flags mean."""
    size: int | str | None = batch_size
    with contextlib.suppress(TypeError, ValueError):
        size = int(batch_size)  # type: ignore[arg-type]
    changes: dict[str, Any] = {}
    for i, phase in enumerate(recipe.training.phases):
        of_phase: dict[str, Any] = {
            "epochs": epochs,
            "batch_size": size,
            options.rate_key(phase.optimizer): learning_rate,
        }
        if momentum is not None:
            of_phase[options.momentum_key(phase.optimizer, i)] = momentum
        changes |= {
            f"training.phases.{i}.{key}": value
            for key, value in of_phase.items()
            if value is not None
        }
    if seed is not None:
        changes["training.seed"] = seed
    if hidden is not None:
        changes["network.layers"] = _with_hidden(recipe.network.layers, hidden)
    if track is not None:
        changes["track"] = track
    return changes


def _with_hidden(layers: list[dict[str, Any]], hidden: str) -> list[dict[str, Any]]:
    """Return the layers with other hidden ones, each like the first Dense and what follows it."""
    try:
        units = [int(part) for part in hidden.split(",")] if hidden.strip() else []
    except ValueError:
        raise RecipeError(
            f"--hidden takes numbers of units such as 128,64, got {hidden!r}"
        ) from None
    dense = [i for i, layer in enumerate(layers) if layer["type"] == "Dense"]
    if not dense:
        raise RecipeError("--hidden needs a recipe with Dense layers")
    pattern: list[dict[str, Any]] = [{"type": "Dense", "activation": "relu"}]
    if len(dense) > 1:
        pattern = layers[dense[0] : dense[1]]
    made = [layer for n in units for layer in ({**pattern[0], "units": n}, *pattern[1:])]
    return [*layers[: dense[0]], *made, *layers[dense[-1] :]]


def _with_absolute_path(recipe: Recipe) -> Recipe:
    """Make the path of a user's own data independent of the current folder."""
    name = recipe.data.name
    if name in DATASETS or not Path(name).exists():
        return recipe
    return recipe.changed({"data.name": str(Path(name).resolve())})


def _folder(recipe: Recipe, out: Path | None, resume: Path | None) -> RunFolder:
    if resume is not None:
        return RunFolder.existing(resume)
    return RunFolder.create_next(recipe.name) if out is None else RunFolder.create(out)


def _tell(job: Job, folder: RunFolder, result: dict[str, Any], again: str) -> None:
    """Print what came of it and what to do next."""
    test, path = result["test"], shlex.quote(str(folder.path))
    say()
    if "accuracy" in test:
        right = round(test["accuracy"] * test["examples"])
        what = f"{percent(test['accuracy'])} of {test['examples']:,} test examples right"
        say(f"Test accuracy  {what} ({test['examples'] - right:,} wrong)", "bold green")
        if "test_time_accuracy" in test:
            averaged = percent(test["test_time_accuracy"])
            say(f"               {averaged} as a mean over views (test-time augmentation)")
        if job.validation_name == "test" and "best" in result:
            best = result["best"]
            say(f"Best epoch     {percent(best['accuracy'])} after epoch {best['epoch']}")
        if test["accuracy"] <= np.bincount(job.test.y).max() / len(job.test):
            say("Always saying the commonest class does as well: try another rate.", "yellow")
    else:
        say(f"Test mean squared error  {test['mean_squared_error']:.6g}", "bold green")
    epochs = f"{result['epochs']} epoch{'' if result['epochs'] == 1 else 's'}"
    say(f"Training time  {duration(result['seconds'])} for {epochs}")
    say(f"Run            {folder.path}  (model.npz, history.jsonl, figures/)")
    say()
    say("Next", "bold")
    convolutional = any(isinstance(layer, Conv2D) for layer in job.network.layers)
    for line in (
        f"glassnet report {path}      one page with all of it",
        f"glassnet predict {path} {'IMAGE' if job.test.x.ndim > 2 else 'TABLE.csv'}",
        f"{again} {'' if convolutional else '--hidden 128,64 '}--seed 1",
    ):
        say(f"  {line}")
