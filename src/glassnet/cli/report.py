"""``glassnet report``: one page with all of a run."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from glassnet.cli.console import say
from glassnet.report import write_run_page

NAME = "report"
EXAMPLES = """Examples:

glassnet report runs/digits

glassnet report runs/digits --out digits.html --open"""


def command(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    out: Annotated[
        Path | None, typer.Option(help="The page. Default: RUN/report.html.", show_default=False)
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write one self-contained HTML page about a run: numbers, curves, mistakes, weights."""
    page = write_run_page(folder, out)
    say(f"{page}")
    if show:
        webbrowser.open(page.resolve().as_uri())
