"""Pieces of HTML: tables and pictures, in the colours of the notebook around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from glassnet.png import data_uri

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def heading(text: str, note: str = "") -> str:
    """Return a line in bold, and what is said beside it."""
    beside = f' <span style="opacity:0.65">{escape(note)}</span>' if note else ""
    return f'<div style="margin:0.3em 0"><b>{escape(text)}</b>{beside}</div>'


def remark(text: str) -> str:
    """Return a line of its own that is said beside what is shown."""
    return f'<div style="margin:0.3em 0;opacity:0.65">{escape(text)}</div>'


def table(
    headings: Sequence[str], rows: Iterable[Sequence[object]], *, last_bold: bool = False
) -> str:
    """Return a table: words to the left, numbers, as `str` or numbers, to the right."""
    body = [list(map(str, row)) for row in rows]
    numeric = [all(_is_number(row[k]) for row in body) for k in range(len(headings))]
    sides = ["right" if number else "left" for number in numeric]

    def line(cells: Sequence[str], tag: str) -> str:
        made = (
            f'<{tag} style="text-align:{side};padding:0.15em 0.6em">{escape(cell)}</{tag}>'
            for cell, side in zip(cells, sides, strict=True)
        )
        return f"<tr>{''.join(made)}</tr>"

    lines = [line(row, "td") for row in body]
    if last_bold and body:
        lines[-1] = line(body[-1], "th")
    return f"<table><thead>{line(headings, 'th')}</thead><tbody>{''.join(lines)}</tbody></table>"


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "").replace(" %", "").replace("-", "").isdigit()


def picture(figure: Figure, description: str) -> str:
    """Return a figure as an image in the page, half as large as its pixels, so that it is sharp."""
    from glassnet.figures.files import encoded  # noqa: PLC0415 needs matplotlib

    uri, width, _ = data_uri(encoded(figure, ".png"))
    alt = escape(description)
    return f'<img alt="{alt}" src="{uri}" style="width:{width}px;max-width:100%">'
