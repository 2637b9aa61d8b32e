"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

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
    key = "optimizer"
    while "optimizer" in optimizer:
        key, optimizer = f"{key}.optimizer", optimizer["optimizer"]
    return f"{key}.learning_rate"
