"""The commands together, and what becomes of errors."""

from __future__ import annotations

import errno
import io
import sys
from typing import Annotated

import typer

import glassnet
from glassnet.cli import check, console, data, evaluate, predict, recipes, report, summary, train
from glassnet.extras import MissingExtraError
from glassnet.training import DivergenceError

FAILED, MISUSED = 1, 2
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

app = typer.Typer(
    name="glassnet",
    help="Neural networks that you can see through: train one, look into it, use it.",
    epilog="Begin with: glassnet train",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in (train, evaluate, predict, report, summary, recipes, check):
    app.command(name=module.NAME, epilog=module.EXAMPLES)(module.command)
app.add_typer(data.app, name="data")


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
    except DivergenceError as error:
        console.fail(str(error))
        sys.exit(FAILED)
    except OSError as error:
        console.fail(_reason(error))
        sys.exit(FAILED if error.errno in (*_FULL, errno.EIO) else MISUSED)
    except (ValueError, TypeError, MissingExtraError) as error:
        console.fail(str(error))
        sys.exit(MISUSED)
    except MemoryError:
        console.fail("there is not enough memory; use a smaller network, batch or data set")
        sys.exit(FAILED)


def _reason(error: OSError) -> str:
    if error.errno in _FULL:
        return f"the disk is full: {error}. What was complete is kept; free some space, then go on"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no permission: {error}. Choose another folder"
    return str(error)
