"""Names that people write: found in a table, or refused with the nearest known one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


def lookup(table: Mapping[str, T], name: str, kind: str) -> T:
    """Return ``table[name]``.

    Parameters
    ----------
    table : Mapping
        Known names and what they stand for.
    name : str
        The name that somebody wrote.
    kind : str
        What the table holds, for the message: ``"activation"``.

    Raises
    ------
    ValueError
        If the name is not in the table; the message has the nearest known name and all of them.

    Examples
    --------
    >>> lookup({"relu": 1, "sigmoid": 2}, "sigmoid", "activation")
    2
    """
    try:
        return table[name]
    except (KeyError, TypeError):
        raise ValueError(unknown(name, table, kind)) from None


def unknown(name: object, known: Iterable[str], kind: str) -> str:
    """Say that a name is unknown, which known one is nearest, and which there are.

    Examples
    --------
    >>> unknown("sigmod", ["relu", "sigmoid"], "activation")
    "unknown activation 'sigmod'; did you mean 'sigmoid'? Known: 'relu', 'sigmoid'"
    """
    import difflib  # noqa: PLC0415 a millisecond, for mistakes only

    known = list(known)
    folded = {word.casefold(): word for word in known}
    nearest = difflib.get_close_matches(str(name).casefold(), folded, n=1)
    hint = f"; did you mean {folded[nearest[0]]!r}?" if nearest else "."
    return f"unknown {kind} {name!r}{hint} Known: {', '.join(map(repr, known))}"
