"""Single keys of a recipe, and what is told of one that is wrong."""

from __future__ import annotations

import tomllib
from typing import Any


class RecipeError(ValueError):
    """A recipe that cannot be run; the message names the key, the value and what is allowed.

    Examples
    --------
    >>> try:
    ...     parse_setting("seed")
    ... except RecipeError as error:
    ...     print(error)
    expected key=value, such as training.seed=3, got 'seed'
    """


def parse_setting(text: str) -> tuple[str, Any]:
    """Return key and value of ``"key=value"``; the value is TOML, or else a string.

    Raises
    ------
    RecipeError
        If there is no key or no ``=``.

    Examples
    --------
    >>> parse_setting("training.seed=3"), parse_setting("training.loss=mean_squared_error")
    (('training.seed', 3), ('training.loss', 'mean_squared_error'))
    """
    key, equals, value = (part.strip() for part in text.partition("="))
    if not (key and equals and value):
        raise RecipeError(f"expected key=value, such as training.seed=3, got {text!r}")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value


def put(tree: Any, key: str, value: Any) -> None:  # noqa: ANN401
    """Set the value under a dotted key of nested tables and arrays; ``*`` means each entry.

    Raises
    ------
    RecipeError
        If the key leads nowhere.
    """
    _put(tree, key.split("."), 0, value)


def _put(tree: Any, steps: list[str], at: int, value: Any) -> None:  # noqa: ANN401
    step, place = steps[at], ".".join(steps[:at])
    if isinstance(tree, list):
        if step != "*" and not (step.isdigit() and int(step) < len(tree)):
            entries = f"entries 0 to {len(tree) - 1}"
            raise RecipeError(f"{'.'.join(steps)}: {place} has {entries}, got {step!r}")
        chosen: list[Any] = list(range(len(tree))) if step == "*" else [int(step)]
    elif isinstance(tree, dict):
        chosen = [step]
    else:
        raise RecipeError(f"{'.'.join(steps)}: {place} is a value, not a table")
    for here in chosen:
        if at == len(steps) - 1:
            tree[here] = value
        else:
            inner = tree[here] if isinstance(tree, list) else tree.setdefault(here, {})
            _put(inner, steps, at + 1, value)
