"""What is wrong with a recipe, in sentences: the key, the value, and what is allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from glassnet.names import unknown

_SHOWN = 3
"""Problems told at once; more would bury the first."""


def problems(error: ValidationError, root: type[BaseModel], whole: str = "the recipe") -> list[str]:
    """Return a sentence for each of the first few keys that something is wrong with.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    root : type of BaseModel
        The model that was validated: it knows which keys are allowed.
    whole : str
        What the file is called.
    """
    by_key: dict[str, list[Any]] = {}
    for found in error.errors():
        key = ".".join(str(part) for part in found["loc"] if not _names_a_variant(part))
        by_key.setdefault(key, []).append(found)
    return [_told(key, found, root, whole) for key, found in list(by_key.items())[:_SHOWN]]


def _told(key: str, found: Sequence[Any], root: type[BaseModel], whole: str) -> str:
    """Say what is wrong with one key; a union gives an entry for each of its members."""
    first = found[0]
    if first["type"] == "extra_forbidden":
        *location, name = first["loc"]
        place = ".".join(map(str, location)) or whole
        told = unknown(name, _model_at(root, location).model_fields, "key")
        return told.replace(repr(name), f"{name!r} in {place}", 1)
    if first["type"] == "missing":
        return f"{key} is missing"
    if first["type"] in {"model_type", "dict_type"}:
        told = f"{key} must be a table of keys and values, got {first['input']!r}"
        if first["type"] == "dict_type":
            return told
        return f"{told}; its keys are {', '.join(_model_at(root, first['loc']).model_fields)}"
    told = ", or ".join(dict.fromkeys(map(_requirement, found)))
    value = first["input"]
    if isinstance(value, Mapping | Sequence) and not isinstance(value, str):
        return f"{key}: {told}"
    return f"{key}: {told}" if repr(value) in told else f"{key}: {told}, got {value!r}"


def _requirement(found: Any) -> str:  # noqa: ANN401 pydantic's error details
    """Return what was asked for: our own message, or pydantic's, which begins with "Input"."""
    message: str = found["msg"]
    if message.startswith("Value error, "):
        return message.removeprefix("Value error, ")
    message = message.removeprefix("Input should ").replace("be ", "must be ", 1)
    return message.replace("valid dictionary", "table")


def _names_a_variant(part: object) -> bool:
    """Tell whether pydantic put this into the location for a member of a union."""
    return isinstance(part, str) and (
        part in ("str", "int", "float")
        or part.startswith(("literal[", "function-", "dict[", "constrained"))
    )


def _model_at(root: type[BaseModel], location: Sequence[Any]) -> type[BaseModel]:
    """Return the model of the table that stands at a place in the recipe."""
    model = root
    for part in location:
        if isinstance(part, str):
            model = _model_in(model.model_fields[part].annotation) or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 any type expression
    """Return the model in an annotation such as ``list[PhaseTable] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
