"""An effect of two changes at once, divided: what the rate does alone, and what comes on top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from glassnet.figures.differences import differences
from glassnet.report.sections import Drawing, TextTable
from glassnet.report.thesis.answers import Family, Values, ratio_interval
from glassnet.report.thesis.wording import bracketed, clear, compared, difference_rows, share_told
from glassnet.study.comparison import Difference
from glassnet.study.intervals import Interval


class Parts(NamedTuple):
    """An effect and its two parts, which add up to it.

    Parameters
    ----------
    whole : Difference
        Both changes against none.
    rate : Difference
        The rate alone against none.
    rest : Difference
        Both against the rate alone.
    share : Interval or None
        Of the rate in the whole, bootstrap over seeds; None where the whole is not clearly
        different from zero, and has no shares.
    """

    whole: Difference
    rate: Difference
    rest: Difference
    share: Interval | None


def divided(values: Values, found: Family, *, both: str, rate: str, none: str) -> Parts | None:
    """Divide an effect; None where a comparison is missing.

    Parameters
    ----------
    values : mapping of cell to mapping of seed to float
    found : mapping of Difference
        The comparisons, corrected together.
    both, rate, none : str
        The cells with both changes, with that of the rate alone, and with none.
    """
    pairs = [(both, none), (rate, none), (both, rate)]
    if any(pair not in found for pair in pairs):
        return None
    whole, alone, rest = (found[pair] for pair in pairs)
    cells = [values[cell] for cell in (both, rate, none)]
    seeds = sorted(set.intersection(*map(set, cells)))
    share = None
    if clear(whole) and seeds:
        of_both, of_rate, of_none = (np.array([cell[seed] for seed in seeds]) for cell in cells)
        share = ratio_interval(of_rate - of_none, of_both - of_none)
    return Parts(whole, alone, rest, share)


def cause(share: Interval | None, *, rest: str) -> str:
    """Say which part is the larger, by where the interval of the rate's share lies.

    Examples
    --------
    >>> cause(Interval(0.9, 0.8, 1.1), rest="the batch")
    'the rate explains most of it'
    >>> cause(Interval(0.5, 0.3, 0.8), rest="the batch")
    'whether the rate or the batch explains more of it cannot be told'
    """
    if share is not None and share.low > 0.5:
        return "the rate explains most of it"
    if share is not None and share.high < 0.5:
        return f"{rest} explains most of it"
    return f"whether the rate or {rest} explains more of it cannot be told"


def parts_drawing(
    name: str, parts: Sequence[tuple[str, Parts]], *, rest: str, caption: str
) -> list[Drawing]:
    """Draw effects and their parts, below one another.

    Parameters
    ----------
    name : str
        Of the drawing.
    parts : sequence of (str, Parts)
        With when they were measured.
    rest : str
        What comes on top of the rate: "batch".
    caption : str
    """
    if not parts:
        return []
    found, labels = [], []
    for when, made in parts:
        found += [made.whole, made.rate, made.rest]
        labels += [f"{what}, {when}" for what in ("both", "rate alone", f"{rest} on top")]
    alt = "; ".join(f"{label}: {compared(d)}" for label, d in zip(labels, found, strict=True))
    figure = differences(difference_rows(found, labels))
    return [Drawing(name, figure, alt, caption)]


def parts_table(parts: Sequence[tuple[str, Parts]], *, rest: str, caption: str) -> list[TextTable]:
    """Return effects, their parts and the rate's share, a row each."""
    rows = [
        [
            label,
            *(bracketed(d) for d in made[:3]),
            "–" if made.share is None else share_told(made.share),
        ]
        for label, made in parts
    ]
    headings = ["Difference (points)", "Both", "Rate alone", f"{rest} on top", "Rate's share"]
    return [TextTable(headings, rows, caption)] if rows else []
