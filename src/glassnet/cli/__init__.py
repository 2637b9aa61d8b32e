"""The command line: one file a command."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stopped(BaseException):
    """Ctrl-C or SIGTERM; no `KeyboardInterrupt`, which typer would end with a code of its own."""


def main() -> None:
    """Run the command line; say what to install where it isn't, and that it was stopped."""
    try:
        with _stoppable():
            _run()
    except (Stopped, KeyboardInterrupt):
        sys.exit("Stopped; what was complete before is kept.")


def _run() -> None:
    from glassnet.extras import MissingExtraError, require

    try:
        for module in ("typer", "rich"):
            require(module, "cli")
    except MissingExtraError as error:
        sys.exit(f"Error: {error}")
    from glassnet.cli.app import main as run

    run()


@contextmanager
def _stoppable() -> Iterator[None]:
    """Raise `Stopped` on SIGINT and SIGTERM, except where they are to be ignored (nohup)."""

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise Stopped

    numbers = (signal.SIGINT, signal.SIGTERM)
    heard = [n for n in numbers if signal.getsignal(n) not in (signal.SIG_IGN, None)]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
