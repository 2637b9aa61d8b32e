"""What a run left in its folder, read and checked."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glassnet.report.pictures import Picture, png_picture

PICTURES = (
    "learning_curves",
    "confusion_matrix",
    "misclassified",
    "saliency",
    "first_layer_weights",
    "first_filters",
    "feature_maps",
)


@dataclass(frozen=True)
class RunContents:
    """A run's files, as they were read.

    Parameters
    ----------
    recipe_text : str
        ``recipe.toml`` as it stands.
    recipe : dict
        The same, parsed.
    history : list of dict
        One record an epoch; empty before the first one has ended.
    result : dict or None
        ``result.json``; None while the run goes on, or if it was killed.
    versions : dict
        ``versions.json``; empty where there is none.
    pictures : dict
        The figures that exist, by name.
    """

    recipe_text: str
    recipe: dict[str, Any]
    history: list[dict[str, Any]]
    result: dict[str, Any] | None
    versions: dict[str, Any]
    pictures: dict[str, Picture]


def read_run_folder(folder: str | os.PathLike[str]) -> RunContents:
    """Read a run's folder.

    Parameters
    ----------
    folder : path-like
        What ``glassnet train --out`` made.

    Raises
    ------
    FileNotFoundError
        If the folder or its ``recipe.toml`` is missing, or ``history.jsonl`` of a finished run.
    ValueError
        If a file is damaged; the message names it and says what to do.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"there is no folder {folder}; give the folder that 'glassnet train --out' made"
        )
    recipe_path = folder / "recipe.toml"
    recipe_text = _text(recipe_path)
    if recipe_text is None:
        raise FileNotFoundError(
            f"{recipe_path} is missing, so this is no run's folder; "
            "give the folder that 'glassnet train --out' made"
        )
    try:
        recipe = tomllib.loads(recipe_text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(
            f"{recipe_path} is no valid TOML ({error}); repair it, or train again"
        ) from error
    result = _object(folder / "result.json", "remove it to get the page of an unfinished run")
    history_text = _text(folder / "history.jsonl")
    if history_text is None and result is not None and result.get("status") == "finished":
        raise FileNotFoundError(
            f"{folder / 'history.jsonl'} is missing although the run has finished; "
            "put it back, or train again"
        )
    return RunContents(
        recipe_text=recipe_text,
        recipe=recipe,
        history=_records(folder / "history.jsonl", history_text or ""),
        result=result,
        versions=_object(folder / "versions.json", "remove it to leave the versions out") or {},
        pictures=_pictures(folder / "figures"),
    )


def _text(path: Path) -> str | None:
    """Return a file's text, or None if there is no file."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text ({error}); train again") from error


def _object(path: Path, remedy: str) -> dict[str, Any] | None:
    """Return a JSON file's object, or None if there is no file."""
    text = _text(path)
    if text is None:
        return None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is no valid JSON ({error}); {remedy}") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path} must hold a JSON object, got {type(value).__name__}; {remedy}")
    return value


def _records(path: Path, text: str) -> list[dict[str, Any]]:
    """Return the records of a history; a last line that a kill broke off is left out."""
    lines = text.split("\n")
    records = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines):  # no line end: the run was killed while it wrote
                break
            raise ValueError(
                f"line {number} of {path} is no valid JSON ({error}); remove the line"
            ) from error
        if not isinstance(record, dict) or not isinstance(record.get("epoch"), int):
            raise ValueError(
                f"line {number} of {path} is no record of an epoch: {line[:60]!r}; remove the line"
            )
        records.append(record)
    return records


def _pictures(folder: Path) -> dict[str, Picture]:
    paths = {name: folder / f"{name}.png" for name in PICTURES}
    return {name: png_picture(path) for name, path in paths.items() if path.is_file()}
