"""A recipe's tables and values in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Keys that say what kind of thing a recipe's table describes, in the order they are looked for.
_KINDS = ("name", "type", "kind", "layer")


def words(value: object) -> str:
    """Return a recipe's value as people write it: ``cross_entropy`` becomes words."""
    if isinstance(value, dict):
        return describe(value)
    if isinstance(value, list):
        return " × ".join(map(str, value))
    return str(value).replace("_", " ") if isinstance(value, str) else str(value)


def describe(table: Mapping[str, Any]) -> str:
    """Return a recipe's table on one line: its kind, then its settings."""
    kind = next((key for key in _KINDS if isinstance(table.get(key), str)), None)
    parts = [str(table[kind])] if kind else []
    parts += [
        f"{key.replace('_', ' ')} {words(value)}"
        for key, value in table.items()
        if key != kind and value is not None
    ]
    return ", ".join(parts) or "–"
