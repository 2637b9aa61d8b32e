"""Checkpoints: all that decides the rest of a run, in one file."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.checks import path_like, real
from glassnet.storage import read_npz, require_folder, write_npz
from glassnet.training.callbacks import Callback
from glassnet.training.history import Record

if TYPE_CHECKING:
    from glassnet.training.trainer import Trainer

_FORMAT = "glassnet checkpoint"
_VERSION = 1
_TREE = "glassnet.json"


class Checkpoint(Callback):
    """Write the whole state of the training to a file, again and again.

    After every epoch, when training is interrupted, and in long epochs every so many seconds. The
    file is always whole: a kill at any moment leaves the last checkpoint or the new one.
    `Trainer.resume` goes on from it and ends with the same bits as a run that was never stopped.

    Parameters
    ----------
    path : path-like
        Of the file; it is overwritten.
    seconds : float
        Time between checkpoints within an epoch.

    Examples
    --------
    >>> import tempfile
    >>> import glassnet as gn
    >>> x, y = np.eye(4), np.array([0, 1, 0, 1])
    >>> def trainer(path):
    ...     network = gn.Network([gn.Dense(2, "softmax")], input_shape=4, seed=0)
    ...     loss = "categorical_cross_entropy"
    ...     return gn.Trainer(network, loss=loss, callbacks=[Checkpoint(path)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     history = trainer(folder + "/run.npz").fit((x, y), epochs=3)
    ...     other = trainer(folder + "/run.npz")
    ...     other.resume(folder + "/run.npz")
    ...     print(other.fit((x, y), epochs=3)[-1]["loss"] == history[-1]["loss"])
    True
    """

    order = 1  # what it writes is how the others have left things

    def __init__(self, path: str | os.PathLike[str], *, seconds: float = 60.0) -> None:
        self.path = path_like("path", path)
        self.seconds = real("seconds", seconds, at_least=0)
        self._written = 0.0

    def on_fit_start(self, trainer: Trainer) -> None:  # noqa: ARG002
        """Start the clock; refuse a missing folder before the first step."""
        require_folder(self.path)
        self._written = time.monotonic()

    def on_chunk_end(self, trainer: Trainer) -> None:
        """Write, if it is time."""
        if time.monotonic() - self._written >= self.seconds:
            self._write(trainer)

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:  # noqa: ARG002
        """Write."""
        self._write(trainer)

    def on_fit_end(self, trainer: Trainer) -> None:
        """Write once more: weights may have been restored, or the phase interrupted."""
        self._write(trainer)

    def _write(self, trainer: Trainer) -> None:
        write_state(self.path, trainer.state())
        self._written = time.monotonic()


def write_state(path: str | os.PathLike[str], state: dict[str, Any]) -> None:
    """Put a tree of dicts, lists, numbers, strings and arrays in place as one file."""
    arrays: dict[str, np.ndarray] = {}

    def plain(value: Any) -> Any:  # noqa: ANN401 a tree's nodes are of many types
        if isinstance(value, np.ndarray):
            arrays[f"array_{len(arrays)}"] = value
            return {"__array__": f"array_{len(arrays) - 1}"}
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        return value

    tree = json.dumps({"format": _FORMAT, "version": _VERSION, "state": plain(state)})
    write_npz(path, {_TREE: np.array(tree), **arrays})


def read_state(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the tree that `write_state` wrote.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no checkpoint, damaged, or of a newer format.
    """
    arrays = read_npz(path)

    def whole(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            if set(value) == {"__array__"}:
                return arrays[value["__array__"]]
            return {key: whole(item) for key, item in value.items()}
        return [whole(item) for item in value] if isinstance(value, list) else value

    try:
        tree = json.loads(str(arrays.pop(_TREE)[()]))
        if tree["format"] != _FORMAT or tree["version"] > _VERSION:
            raise ValueError
        state: dict[str, Any] = whole(tree["state"])
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            f"{os.fspath(path)} is not a checkpoint that this glassnet reads"
        ) from None
    return state
