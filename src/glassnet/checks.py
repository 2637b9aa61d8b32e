"""Checks of what people write: once, at the friendly edge."""

from __future__ import annotations

import math
import numbers
import os


def real(
    name: str,
    value: object,
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
) -> float:
    """Return `value` as a float if it is a finite number in the range.

    Raises
    ------
    TypeError
        If it is not a number.
    ValueError
        If it is not finite or out of range; the message has the name, the range and the value.

    Examples
    --------
    >>> real("momentum", 0.9, at_least=0, below=1)
    0.9
    >>> real("momentum", 1.5, at_least=0, below=1)
    Traceback (most recent call last):
        ...
    ValueError: momentum must be a finite number, at least 0 and below 1, got 1.5
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    inside = (
        math.isfinite(number)
        and (above is None or number > above)
        and (at_least is None or number >= at_least)
        and (below is None or number < below)
        and (at_most is None or number <= at_most)
    )
    if not inside:
        bounds = (("above", above), ("at least", at_least), ("below", below), ("at most", at_most))
        wanted = " and ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)
        wanted = ", ".join(filter(None, ("a finite number", wanted)))
        raise ValueError(f"{name} must be {wanted}, got {value!r}")
    return number


def whole(name: str, value: object, *, at_least: int = 0) -> int:
    """Return `value` as an int if it is a whole number of at least `at_least`.

    Raises
    ------
    TypeError
        If it is not a whole number.
    ValueError
        If it is too small.

    Examples
    --------
    >>> whole("batch_size", 0, at_least=1)
    Traceback (most recent call last):
        ...
    ValueError: batch_size must be a whole number of at least 1, got 0
    """
    message = f"{name} must be a whole number of at least {at_least}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(message)
    if value < at_least:
        raise ValueError(message)
    return int(value)


def flag(name: str, value: object) -> bool:
    """Return `value` if it is True or False.

    Raises
    ------
    TypeError
        If it is neither: the text "false", taken for a truth value, would be true.

    Examples
    --------
    >>> flag("use_bias", "false")
    Traceback (most recent call last):
        ...
    TypeError: use_bias must be True or False, got 'false'
    """
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return value


def path_like(name: str, value: object) -> str | os.PathLike[str]:
    """Return `value` if it is the path of a file or folder.

    Raises
    ------
    TypeError
        If it is none.

    Examples
    --------
    >>> path_like("folder", 3)
    Traceback (most recent call last):
        ...
    TypeError: folder must be a path, got 3
    """
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name} must be a path, got {value!r}")
    return value
