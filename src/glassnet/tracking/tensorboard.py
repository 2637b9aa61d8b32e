"""A training as TensorBoard shows it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassnet.checks import flag, path_like, whole
from glassnet.extras import installed, require
from glassnet.tracking.numbers import measurements, settings_of
from glassnet.tracking.trainings import ByTraining, begins
from glassnet.training import Callback

if TYPE_CHECKING:
    from glassnet.training import Trainer
    from glassnet.training.history import Record


class TensorBoard(Callback):
    """Write event files: look at them with ``tensorboard --logdir FOLDER``.

    After each epoch the measurements (scalars, training beside validation), the distribution of
    each of the network's parameters and running statistics (histograms) and, where matplotlib is
    installed, what the first layer looks for (images). At the beginning the settings, as
    hyperparameters and as text. The step of everything is the epoch.

    A resumed training goes on where it was: what was written after its checkpoint is hidden. So
    does a further phase. Another training in the same folder, such as the next `fit` of an
    estimator, writes into ``training_2`` in it, then ``training_3``: TensorBoard shows each.

    Parameters
    ----------
    folder : path-like
        Made where it is missing.
    histograms, images : bool
        Whether to write them.
    every : int
        Epochs from one set of histograms and images to the next; the first and the last epoch of
        a phase have them in any case.

    Raises
    ------
    TypeError
        If the folder is no path.
    MissingExtraError
        When training begins and tensorboardX is not installed.
    OSError
        If the folder is a file, or it or a file in it cannot be written.

    Examples
    --------
    >>> TensorBoard("runs/first/tensorboard", images=False).every
    1
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        histograms: bool = True,
        images: bool = True,
        every: int = 1,
    ) -> None:
        self.folder = path_like("folder", folder)
        self.histograms = flag("histograms", histograms)
        self.images = flag("images", images)
        self.every = whole("every", every, at_least=1)
        self._places: ByTraining[Path] = ByTraining()
        self._writer: Any = None
        self._end: Any = None

    def __getstate__(self) -> dict[str, Any]:
        # what a copy or a pickle watches is another training
        return self.__dict__ | {"_writer": None, "_end": None}

    def on_fit_start(self, trainer: Trainer) -> None:
        """Begin an event file with the settings."""
        epoch = len(trainer.history)
        require("tensorboardX", "tensorboard")
        new = begins(trainer)
        found = _place_for_another(Path(self.folder)) if new else nullcontext(self._place(trainer))
        with found as place:
            self._places[trainer.history] = place
            self._writer = _new_writer(place, purge_step=epoch + 1)
        self._settings = settings_of(trainer)
        rows = [f"| {name} | {value} |" for name, value in self._settings.items()]
        table = "\n".join(["| setting | value |", "| --- | --- |", *rows])
        self._writer.add_text(f"settings/phase {trainer.progress.phase}", table, epoch + 1)
        self._end = None

    def _place(self, trainer: Trainer) -> Path:
        """Return where this training is; one of another process was the last there."""
        return self._places.get(trainer.history) or _last_place(Path(self.folder))

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        """Write what was measured, and how the numbers are distributed."""
        epoch, measured = record["epoch"], measurements(record)
        for tag, value in measured.items():
            self._writer.add_scalar(tag, value, epoch)
        if self._end is None:
            self._tell_hyperparameters(measured)
        in_phase = trainer.progress.epoch
        last = in_phase == trainer.progress.epochs or trainer.stopped
        if in_phase == 1 or in_phase % self.every == 0 or last:
            self._picture(trainer, epoch)
        self._writer.flush()

    def _tell_hyperparameters(self, results: Iterable[str]) -> None:
        """Make the training a line of TensorBoard's table of hyperparameters and results."""
        hparams = require("tensorboardX.summary", "tensorboard").hparams
        plain = {
            name: value if isinstance(value, bool | int | float | str) else str(value)
            for name, value in self._settings.items()
        }
        columns, start, self._end = hparams(plain, dict.fromkeys(results))
        self._writer.file_writer.add_summary(columns)
        self._writer.file_writer.add_summary(start)

    def _picture(self, trainer: Trainer, epoch: int) -> None:
        """Write histograms and images."""
        if self.histograms:
            for name, array in trainer.network.numbers().items():
                if array.dtype.kind == "f":
                    self._writer.add_histogram(name.replace(".", "/"), array, epoch)
        if self.images and installed("matplotlib"):
            from glassnet.insights import first_layer  # noqa: PLC0415 needs matplotlib

            for name, figure in first_layer(trainer.network).items():
                self._writer.add_figure(name, figure, epoch, close=False)

    def on_fit_end(self, trainer: Trainer) -> None:  # noqa: ARG002
        """Close the event file; another phase begins its own."""
        if self._end is not None:
            self._writer.file_writer.add_summary(self._end)
        self._close()

    def on_fit_error(self, trainer: Trainer, error: BaseException) -> None:  # noqa: ARG002
        """Close the event file with what there is."""
        self._close()

    def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def on_test_end(self, trainer: Trainer, measured: dict[str, Any]) -> None:
        """Write what was measured on the test set, at the last epoch."""
        with _new_writer(self._place(trainer)) as writer:
            for tag, value in measurements(measured, "test").items():
                writer.add_scalar(tag, value, len(trainer.history))


def _new_writer(place: Path, **options: Any) -> Any:  # noqa: ANN401
    """Return what writes a new file, which is read after those that are there."""
    writer = require("tensorboardX", "tensorboard").SummaryWriter
    files = len(list(place.glob("events.*")))  # names have the time in seconds only
    return writer(os.fspath(place), filename_suffix=f".{files:06}", **options)


_ANOTHER = "training_"


@contextmanager
def _place_for_another(folder: Path) -> Iterator[Path]:
    """Give the folder; or a new one in it, if there is a training in it already.

    Of trainings that begin at once one has the folder, for which its event file must be made
    within the block; later ones see that file.
    """
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file; TensorBoard takes a folder")
    folder.mkdir(parents=True, exist_ok=True)
    claim = folder / ".begins"
    try:
        claim.touch(exist_ok=False)
    except FileExistsError:
        yield _new_place(folder)
        return
    try:
        yield _new_place(folder) if any(folder.glob("events.*")) else folder
    finally:
        claim.unlink(missing_ok=True)


def _new_place(folder: Path) -> Path:
    numbers = itertools.count(2)
    while True:
        place = folder / f"{_ANOTHER}{next(numbers)}"
        with suppress(FileExistsError):
            place.mkdir()
            return place


def _last_place(folder: Path) -> Path:
    """Return where the last training in this folder is."""
    numbers = [path.name.removeprefix(_ANOTHER) for path in folder.glob(f"{_ANOTHER}*")]
    last = max((int(number) for number in numbers if number.isdecimal()), default=1)
    return folder / f"{_ANOTHER}{last}" if last > 1 else folder
