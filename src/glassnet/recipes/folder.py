"""The folder that a run leaves."""

from __future__ import annotations

import contextlib
import json
import shlex
from pathlib import Path

from glassnet.recipes.files import load_recipe
from glassnet.recipes.recipe import Recipe
from glassnet.recipes.versions import versions
from glassnet.storage import atomic_write

_LATER = "resumed with"


class RunFolder:
    """The files of one run.

    ================== ==========================================================
    ``recipe.toml``    the resolved recipe: all values, defaults included
    ``versions.json``  what besides it decides the numbers
    ``history.jsonl``  a record an epoch
    ``checkpoint.npz`` all that decides the rest of the run
    ``model.npz``      the network, when training has ended
    ``result.json``    how it ended, and the measurements on the test set
    ``figures/``       pictures
    ================== ==========================================================

    Parameters
    ----------
    path : path-like
        Nothing is read or made; see `create`, `create_next` and `existing`.

    Examples
    --------
    >>> import tempfile
    >>> runs = tempfile.TemporaryDirectory()
    >>> [RunFolder.create_next("digits", runs.name).path.name for _ in range(2)]
    ['digits', 'digits-2']
    >>> runs.cleanup()
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.recipe = self.path / "recipe.toml"
        self.versions = self.path / "versions.json"
        self.history = self.path / "history.jsonl"
        self.checkpoint = self.path / "checkpoint.npz"
        self.model = self.path / "model.npz"
        self.result = self.path / "result.json"
        self.figures = self.path / "figures"
        self._made: list[Path] = []

    @classmethod
    def create(cls, path: str | Path) -> RunFolder:
        """Claim a folder for a new run: one that is missing, or empty.

        Of several processes that want the same one, one gets it.

        Raises
        ------
        FileExistsError
            If there is something at `path` already.
        """
        try:
            return cls._claim(Path(path), may_exist=True)
        except FileExistsError:
            what = "is not empty" if Path(path).is_dir() else "is no folder"
            more = f", or go on with the run in it with --resume {shlex.quote(str(path))}"
            raise FileExistsError(
                f"{path} exists and {what}; choose another with --out"
                + (more if cls(path).is_run else "")
            ) from None

    @classmethod
    def create_next(cls, name: str, parent: str | Path = "runs") -> RunFolder:
        """Claim the first of ``runs/name``, ``runs/name-2``, ... that is not taken."""
        path, number = Path(parent) / name, 1
        while True:
            with contextlib.suppress(FileExistsError):
                return cls._claim(path, may_exist=False)
            number += 1
            path = Path(parent) / f"{name}-{number}"

    @classmethod
    def _claim(cls, path: Path, *, may_exist: bool) -> RunFolder:
        folder = cls(path)
        folder._made = [place for place in (path, *path.parents) if not place.exists()]
        path.mkdir(parents=True, exist_ok=may_exist)
        if any(path.iterdir()):
            raise FileExistsError(path)
        folder.recipe.touch(exist_ok=False)  # the one step that only one process can make
        return folder

    def abandon(self) -> None:
        """Take back what `create` made, for a run that cannot begin."""
        self.recipe.unlink()
        with contextlib.suppress(OSError):  # another run may be in a parent by now
            for place in self._made:
                place.rmdir()

    @property
    def is_run(self) -> bool:
        """Whether a run was begun in it."""
        return self.recipe.is_file() and self.recipe.stat().st_size > 0

    @classmethod
    def existing(cls, path: str | Path) -> RunFolder:
        """Return the folder of a run that was begun.

        Raises
        ------
        FileNotFoundError
            If it isn't one.
        """
        folder = cls(path)
        if not folder.is_run:
            raise FileNotFoundError(f"{path} is not the folder of a run: it has no recipe.toml")
        return folder

    def read_recipe(self) -> Recipe:
        """Return the run's recipe."""
        return load_recipe(self.recipe)

    def write(self, path: Path, text: str) -> None:
        """Put a text file in place whole."""
        with atomic_write(path) as file:
            file.write(text.encode())

    def note_versions(self) -> None:
        """Write what computes the run; where other versions go on with it, add theirs."""
        now = versions()
        if not self.versions.exists():
            noted: dict[str, object] = dict(now)
        else:
            noted = json.loads(self.versions.read_text("utf-8"))
            later = noted.pop(_LATER, [])
            parts = [noted.copy(), *(later if isinstance(later, list) else [])]
            if now != parts[-1]:
                parts.append(now)
            if parts[1:]:
                noted[_LATER] = parts[1:]
        self.write(self.versions, json.dumps(noted, indent=1))
