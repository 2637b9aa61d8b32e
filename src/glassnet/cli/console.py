"""Where the command line writes: one console for results, one for errors."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def say(text: str = "", style: str | None = None) -> None:
    """Print a line as it is: brackets in it are no markup, and it is not broken into several."""
    out.print(Text(text, style or ""), soft_wrap=True)


def fail(message: str) -> None:
    """Print an error."""
    err.print(Text.assemble(("Error: ", "bold red"), message), soft_wrap=True)


def table(*columns: str, numbers: tuple[str, ...] = (), title: str | None = None) -> Table:
    """Return an empty table; the columns named in `numbers` are aligned to the right."""
    made = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0), title=title)
    made.title_justify = "left"
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return made


def add(made: Table, *cells: Any) -> None:  # noqa: ANN401
    """Add a row of cells, as they are."""
    made.add_row(*(Text(str(cell)) for cell in cells))


def percent(part: float) -> str:
    """Return ``"97.22 %"``."""
    return f"{100 * part:.2f} %"


def duration(seconds: float) -> str:
    """Return ``"123 ms"``, ``"12.3 s"`` or ``"3 min 05 s"``."""
    if seconds < 0.9995:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"
