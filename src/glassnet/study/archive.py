"""Where runs are kept: one file each, put in place whole, named by what decides its numbers."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.storage import atomic_write, read_npz, write_npz
from glassnet.study.design import RunSpec
from glassnet.study.running import Failed, Finished

_HEADER = "run"
"""The array that holds, as the bytes of JSON, all that is no array."""


class Archive:
    """The runs of any number of studies, in one folder.

    Parameters
    ----------
    folder : path-like
        Made when the first run is kept.

    Notes
    -----
    ``runs/KEY.npz`` is a finished run, ``runs/KEY.failed.json`` one that ended with an error.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.runs = self.folder / "runs"

    def has(self, spec: RunSpec) -> bool:
        """Tell whether the run is there, finished."""
        return self._finished(spec).is_file()

    def missing(self, specs: Iterable[RunSpec]) -> list[RunSpec]:
        """Return those that have not finished, each once."""
        return list({spec.key: spec for spec in specs if not self.has(spec)}.values())

    def keep(self, spec: RunSpec, outcome: Finished | Failed) -> None:
        """Put what came of a run in its place.

        Raises
        ------
        OSError
            If it cannot be written; what was there is still there.
        """
        self.runs.mkdir(parents=True, exist_ok=True)
        if isinstance(outcome, Failed):
            told = {"message": outcome.message, "details": outcome.details}
            told["recipe"] = spec.recipe.to_toml()
            with atomic_write(self._failed(spec)) as file:
                file.write(json.dumps(told, indent=1).encode())
            return
        header = {
            "recipe": outcome.recipe,
            "epochs": outcome.epochs,
            "test": outcome.test,
            "seconds": outcome.seconds,
            "versions": outcome.versions,
        }
        text = json.dumps(header, separators=(",", ":")).encode()
        arrays = {_HEADER: np.frombuffer(text, np.uint8), **outcome.arrays}
        write_npz(self._finished(spec), arrays)
        self._failed(spec).unlink(missing_ok=True)

    def read(self, spec: RunSpec) -> Finished:
        """Return a finished run.

        Raises
        ------
        FileNotFoundError
            If it isn't there.
        ValueError
            If the file is damaged; the message names it, and how to have it run again.
        """
        path = self._finished(spec)
        try:
            arrays = read_npz(path)
            header: dict[str, Any] = json.loads(arrays.pop(_HEADER).tobytes())
            return Finished(**header, arrays=arrays)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path} is damaged ({error}); delete it and run the study again"
            ) from error

    def failure(self, spec: RunSpec) -> str | None:
        """Return how the last try failed; None if it did not."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            return str(json.loads(self._failed(spec).read_text("utf-8"))["message"])
        return None

    def _finished(self, spec: RunSpec) -> Path:
        return self.runs / f"{spec.key}.npz"

    def _failed(self, spec: RunSpec) -> Path:
        return self.runs / f"{spec.key}.failed.json"
