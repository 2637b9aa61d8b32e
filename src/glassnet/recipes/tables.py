"""Files that people write: tables in TOML, checked, with messages that say what is allowed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from glassnet.recipes.problems import problems


class StrictTable(BaseModel):
    """A table of a file: no unknown keys, no values of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


T = TypeVar("T", bound=StrictTable)


def table_from_dict(
    model: type[T], tree: Mapping[str, Any], source: str, *, what: str, error: type[ValueError]
) -> T:
    """Check a tree of values and return the table.

    Parameters
    ----------
    model : type
        Of the table.
    tree : Mapping
        As a TOML file holds it.
    source : str
        What to name in messages.
    what : str
        What the file is called: "recipe".
    error : type
        Raised if a key or value is wrong; names the first few, with what is allowed.
    """
    try:
        return model.model_validate(tree)
    except ValidationError as found:
        told = (text.lstrip(": ") for text in problems(found, model, f"the {what}"))
        raise error(f"{source}: {'; '.join(told)}") from None


def read_table(path: Path, *, what: str, hint: str, error: type[ValueError]) -> dict[str, Any]:
    """Return what a TOML file holds, and the file's name as ``"name"`` if it gives none.

    Parameters
    ----------
    path : Path
    what : str
        What the file is called: "recipe".
    hint : str
        Where to look if there is none.
    error : type
        Raised if there is no such file, or it is no TOML.
    """
    try:
        return {"name": path.stem, **tomllib.loads(path.read_text("utf-8"))}
    except FileNotFoundError:
        raise error(f"there is no {what} file {path}; {hint}") from None
    except OSError as found:
        why = "it is a folder" if path.is_dir() else str(found.strerror)
        raise error(f"{path} cannot be read as a {what} file: {why}; {hint}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as found:
        raise error(f"{path} is not a {what} in TOML: {found}") from None
