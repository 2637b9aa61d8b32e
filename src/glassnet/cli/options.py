"""Options that several commands share."""

from __future__ import annotations

import inspect
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
Model = Annotated[Path, typer.Argument(help="Folder of a run, or a model file (.npz).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
TestTime = Annotated[
    str | None,
    typer.Option(
        "--tta",
        help="A mean over views of each image too: mirror, shift=PIXELS, or mirror,shift=1.",
        show_default=False,
    ),
]


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
