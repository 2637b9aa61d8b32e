"""Claims of the thesis: where they stand, what they say, and what judges them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from glassnet.study.thesis.evidence import Evidence
from glassnet.study.thesis.rules import Verdict

Judge = Callable[[Evidence], tuple[str, Verdict]]


class Entry(NamedTuple):
    """A claim, and the function that says what was measured and judges it.

    Parameters
    ----------
    where : str
        Section and figure: "III-B, Fig. 8".
    says : str
        The claim, in our words.
    judge : callable
    """

    where: str
    says: str
    judge: Judge


def entering(claims: list[Entry]) -> Callable[[str, str], Callable[[Judge], Judge]]:
    """Return a decorator of judges, ``@claim(where, says)``, that enters them in a list."""

    def claim(where: str, says: str) -> Callable[[Judge], Judge]:
        def enter(judge: Judge) -> Judge:
            claims.append(Entry(where, says, judge))
            return judge

        return enter

    return claim
