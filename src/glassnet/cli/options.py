"""Options that several commands share."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from glassnet.optim import OPTIMIZERS
from glassnet.recipes import RecipeError

DataDir = Annotated[
    Path | None,
    typer.Option(
        help="Folder with data sets, looked into first.", envvar="GLASSNET_DATA", show_default=False
    ),
]
Model = Annotated[
    Path, typer.Argument(help="Folder of a run, or a model file (.npz, .safetensors).")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
TestTime = Annotated[
    str | None,
    typer.Option(
        "--tta",
        help="A mean over views of each image too: mirror, shift=PIXELS, or mirror,shift=1.",
        show_default=False,
    ),
]


def named_data_dir(context: typer.Context, data_dir: Path | None) -> Path | None:
    """Return the folder if it was given on the command line; None if by the environment."""
    source = context.get_parameter_source("data_dir")
    return data_dir if source is not None and source.name == "COMMANDLINE" else None


def command_line(*words: str | Path, data_dir: Path | None) -> str:
    """Return a command of glassnet to copy, with the --data-dir that was given."""
    more = [] if data_dir is None else ["--data-dir", data_dir]
    return shlex.join(["glassnet", *map(str, [*words, *more])])


def rate_key(optimizer: Mapping[str, Any]) -> str:
    """Return where in a phase the rate stands: of an optimizer around another one, in the other."""
    return f"{_innermost(optimizer)[0]}.learning_rate"


def momentum_key(optimizer: Mapping[str, Any], phase: int) -> str:
    """Return where in a phase, counted from 0, the momentum stands, in the same way.

    Raises
    ------
    RecipeError
        If the optimizer has none; says what it has instead, if anything.
    """
    key, innermost = _innermost(optimizer)
    kind = innermost["type"]
    if "momentum" not in inspect.signature(OPTIMIZERS[kind]).parameters:
        instead = f"{kind} has none"
        if "beta_1" in inspect.signature(OPTIMIZERS[kind]).parameters:
            instead += f"; its beta_1 is like it: --set training.phases.{phase}.{key}.beta_1=0.9"
        raise RecipeError(f"--momentum sets that of every phase's optimizer, and {instead}")
    return f"{key}.momentum"


def _innermost(optimizer: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return where in a phase the optimizer stands that makes the steps, and its table."""
    key = "optimizer"
    while "optimizer" in optimizer:
        key, optimizer = f"{key}.optimizer", optimizer["optimizer"]
    return key, optimizer
