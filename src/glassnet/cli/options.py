"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
