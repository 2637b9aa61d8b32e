"""The commands together, and what becomes of errors."""

from __future__ import annotations

import io
import os
import sys
import traceback
from typing import Annotated

import typer

import glassnet
from glassnet.cli import (
    check,
    console,
    data,
    evaluate,
    export,
    predict,
    rates,
    recipes,
    report,
    study,
    summary,
    train,
)
from glassnet.cli.errors import EXPECTED, exit_code, told

app = typer.Typer(
    name="glassnet",
    help="Neural networks that you can see through: train one, look into it, use it.",
    epilog="Begin with: glassnet train",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in (train, evaluate, predict, export, report, summary, recipes, check, rates):
    app.command(name=module.NAME, epilog=module.EXAMPLES)(module.command)
app.add_typer(data.app, name="data")
app.add_typer(study.app, name=study.NAME)


def _version(wanted: bool) -> None:
    if wanted:
        console.say(f"glassnet {glassnet.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 failed or stopped, 2 misused."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # an × where the terminal knows ASCII alone
    try:
        app()
    except EXPECTED as error:
        if os.environ.get("GLASSNET_DEBUG"):
            traceback.print_exc()
        console.fail(told(error))
        sys.exit(exit_code(error))
