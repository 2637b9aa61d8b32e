"""What the page of a study is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from matplotlib.figure import Figure

from glassnet.study.thesis import Claim


@dataclass(frozen=True)
class Drawing:
    """A picture with its words.

    Parameters
    ----------
    name : str
        Of its files, without ending.
    figure : Figure or str
        A figure, or the text of an SVG document (which may move).
    alt : str
        What it shows, for those who do not see it.
    caption : str
        Stands below it.
    """

    name: str
    figure: Figure | str
    alt: str
    caption: str


@dataclass(frozen=True)
class TextTable:
    """A table of texts; all columns but the first `words` and the last `remarks` are numbers.

    Parameters
    ----------
    headings : sequence of str
    rows : sequence of sequence of str
    caption : str
        Stands above it.
    words : int
        Columns from the left that hold words.
    remarks : int
        Columns from the right that hold words.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    words: int = 1
    remarks: int = 0

    def is_number(self, column: int) -> bool:
        """Tell whether a column, counted from 0, holds numbers."""
        return self.words <= column < len(self.headings) - self.remarks


@dataclass(frozen=True)
class Section:
    """One study, or a part of the page that is none.

    Parameters
    ----------
    key : str
        The section's place in the page's address.
    title : str
    question : str
        What was asked.
    answer : sequence of str
        Paragraphs; the first says it all.
    findings : sequence of str
        What supports it, a sentence or two each; a list below the first drawing.
    drawings : sequence of Drawing
    tables : sequence of TextTable
    ran : str
        What was run, how often, for how long.
    command : str
        Runs it again.
    """

    key: str
    title: str
    question: str = ""
    answer: Sequence[str] = ()
    findings: Sequence[str] = ()
    drawings: Sequence[Drawing] = ()
    tables: Sequence[TextTable] = ()
    ran: str = ""
    command: str = ""


@dataclass(frozen=True)
class Page:
    """The page of one study or several."""

    title: str
    lead: Sequence[str]
    sections: Sequence[Section]
    ledger: Sequence[Claim] = ()
    facts: Sequence[tuple[str, str]] = field(default_factory=tuple)
