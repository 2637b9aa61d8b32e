"""Where runs are kept: one file each, put in place whole, named by what decides its numbers."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.storage import atomic_write, read_npz, write_npz
from glassnet.study.design import RunSpec
from glassnet.study.running import Failed, Finished

_LOG = logging.getLogger(__name__)

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
    ``runs/KEY.npz`` is a finished run, ``runs/KEY.failed.json`` one that ended with an error. A
    file that is damaged counts as missing, so that the run is performed again, and is warned of.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.runs = self.folder / "runs"

    def has(self, spec: RunSpec) -> bool:
        """Tell whether the run is there, finished, and whole.

        Raises
        ------
        OSError
            If the file is there and cannot be opened.
        """
        path = self._finished(spec)
        try:
            stat = path.stat()
        except FileNotFoundError:
            return False
        return _whole(path, stat.st_mtime_ns, stat.st_size)

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
        return _read(self._finished(spec))

    def failure(self, spec: RunSpec) -> str | None:
        """Return how the last try failed; None if it did not."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            return str(json.loads(self._failed(spec).read_text("utf-8"))["message"])
        return None

    def _finished(self, spec: RunSpec) -> Path:
        return self.runs / f"{spec.key}.npz"

    def _failed(self, spec: RunSpec) -> Path:
        return self.runs / f"{spec.key}.failed.json"


def _read(path: Path) -> Finished:
    try:
        arrays = read_npz(path)
        header: dict[str, Any] = json.loads(arrays.pop(_HEADER).tobytes())
        return Finished(**header, arrays=arrays)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is damaged ({error}); to replace it, run the study again"
        ) from error


@cache
def _whole(path: Path, modified: int, size: int) -> bool:  # noqa: ARG001 a file that was written anew is another key
    """Tell whether a run can be read, which takes about a millisecond; warn if not."""
    try:
        _read(path)
    except FileNotFoundError:
        return False
    except ValueError as error:
        _LOG.warning("%s", error)
        return False
    return True
