"""The history as a CSV file, for each training one of its own."""

from __future__ import annotations

import csv
import io
import itertools
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from glassnet.checks import path_like
from glassnet.storage import atomic_write, require_folder
from glassnet.training.callbacks import Callback
from glassnet.training.history import Record

if TYPE_CHECKING:
    from pathlib import Path

    from glassnet.training.trainer import Trainer

_TELLING = {"epoch", "loss", "seconds"}  # columns by which one training is told from another


class CSVLog(Callback):
    """Keep the history as a CSV file, put in place whole after every epoch.

    A resumed training goes on in its file, and so does a further phase. Another training, such as
    the next `fit` of an estimator, has a file of its own: where there is a ``log.csv`` already,
    ``log_2.csv``, then ``log_3.csv``.

    Parameters
    ----------
    path : path-like
        Of the file.

    Attributes
    ----------
    file : path-like or None
        What the training writes, once it has had an epoch.

    Raises
    ------
    TypeError
        If `path` is no path.
    FileNotFoundError
        When training begins and the folder is missing.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Dense(1)], input_shape=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = CSVLog(folder + "/history.csv")
    ...     trainer = gn.Trainer(network, loss="mean_squared_error", callbacks=[log])
    ...     history = trainer.fit(([[1.0], [2.0]], [[2.0], [4.0]]), epochs=2)
    ...     lines = Path(log.file).read_text().splitlines()
    >>> len(lines), lines[0].split(",")[:3]
    (3, ['epoch', 'phase', 'batch_size'])
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path_like("path", path)
        self.file: str | os.PathLike[str] | None = None

    def on_fit_start(self, trainer: Trainer) -> None:
        """Refuse a missing folder before the first step, and find the file to go on with."""
        require_folder(self.path)
        begun = len(trainer.history) > 0
        self.file = _file_that_begins(self.path, trainer.history[0]) if begun else None

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:  # noqa: ARG002
        """Write all epochs so far."""
        if self.file is None:
            self.file = _new_file(self.path)
        columns = list(dict.fromkeys(key for r in trainer.history for key in r))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(trainer.history)
        with atomic_write(self.file) as file:
            file.write(text.getvalue().encode())


def _files(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give the file itself, and those for further trainings beside it."""
    from pathlib import Path  # noqa: PLC0415

    first = Path(path)
    yield first
    for number in itertools.count(2):
        yield first.with_name(f"{first.stem}_{number}{first.suffix}")


def _new_file(path: str | os.PathLike[str]) -> Path:
    """Return the first file that isn't there, now made: of two trainings at once, one makes it."""
    files = _files(path)
    while True:
        file = next(files)
        if file.exists() and not file.is_file():
            return file  # a device or a pipe takes what comes
        with suppress(FileExistsError):
            file.touch(exist_ok=False)
            return file


def _file_that_begins(path: str | os.PathLike[str], first: Record) -> Path | None:
    """Return the file whose first epoch is this one, to the last digit of its seconds."""
    for file in itertools.takewhile(lambda file: file.is_file(), _files(path)):
        with file.open(newline="", errors="replace") as lines, suppress(csv.Error):
            row = next(csv.DictReader(lines), {})
            known = row.keys() & first.keys()  # other callbacks may have added more later
            if known >= _TELLING and all(row[key] == _cell(first[key]) for key in known):
                return file
    return None


def _cell(value: object) -> str:
    """Return what `csv` writes for a value."""
    return "" if value is None else str(value)
