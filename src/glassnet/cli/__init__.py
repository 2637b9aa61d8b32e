"""The command line: one file a command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; say what to install where it isn't."""
    from glassnet.extras import MissingExtraError, require

    try:
        for module in ("typer", "rich"):
            require(module, "cli")
    except MissingExtraError as error:
        sys.exit(f"Error: {error}")
    from glassnet.cli.app import main as run

    run()
