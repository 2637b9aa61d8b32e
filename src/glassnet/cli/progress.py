"""Live progress of training and downloads."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from glassnet.cli.console import duration, out, percent, say
from glassnet.data.download import Progress as DownloadProgress
from glassnet.training import Callback, Trainer
from glassnet.training.history import Record

_SECONDS_BETWEEN_LINES = 2.0


class TrainingProgress(Callback):
    """On a terminal two bars, for epochs and batches; elsewhere a line every few seconds.

    Ctrl-C and SIGTERM break the training off within moments, with a checkpoint; a second Ctrl-C
    ends the program at once.
    """

    def __init__(self, validation_name: str) -> None:
        self._validation_name = validation_name
        self._live = out.is_terminal and not out.is_dumb_terminal
        self._handlers: dict[int, Any] = {}

    def on_fit_start(self, trainer: Trainer) -> None:
        """Show the bars and listen to signals."""
        self._listen(trainer)
        self._printed = 0.0
        progress = trainer.progress
        if self._live:
            self._bars = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=None if out.width < 100 else 40),
                TextColumn("{task.fields[place]}"),
                TimeRemainingColumn(elapsed_when_finished=True),
                _Numbers(),
                console=out,
                expand=False,
            )
            total = progress.epochs * progress.examples
            phase = f"phase {progress.phase}" if progress.phase > 1 else "epochs"
            self._epochs = self._bars.add_task(phase, total=total, place="", numbers="")
            self._batches = self._bars.add_task(
                "batches", total=progress.steps_per_epoch, place="", numbers=""
            )
            self._bars.start()
            self._last_validation = ""
            self.on_chunk_end(trainer)

    def on_chunk_end(self, trainer: Trainer) -> None:
        """Move the bars."""
        if not self._live:
            return
        progress = trainer.progress
        done = progress.epoch * progress.examples + progress.row
        batches = -(-progress.row // progress.batch_size)
        rate = progress.row / progress.seconds if progress.seconds else 0.0
        epoch = min(progress.epoch + 1, progress.epochs)
        numbers = _told(trainer.running_metrics()) if progress.row else ""
        self._bars.update(
            self._epochs,
            completed=done,
            place=f"{epoch}/{progress.epochs}",
            numbers=self._last_validation,
        )
        self._bars.update(
            self._batches,
            completed=batches,
            place=f"{batches:,}/{progress.steps_per_epoch:,}",
            numbers=f"{numbers}  {rate:,.0f} images/s" if rate else "",
        )

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        """Show the validation, or print a line."""
        prefix = "validation_"
        measured = {k.removeprefix(prefix): v for k, v in record.items() if k.startswith(prefix)}
        validation = f"{self._validation_name} {_told(measured)}" if len(measured) > 1 else ""
        if self._live:
            self._last_validation = validation
            self._bars.update(self._epochs, numbers=validation)
            return
        progress = trainer.progress
        last = progress.epoch == progress.epochs or trainer.stopped
        now = time.monotonic()
        if last or now - self._printed >= _SECONDS_BETWEEN_LINES:
            self._printed = now
            rate = record["seconds"] and progress.examples / record["seconds"]
            left = (progress.epochs - progress.epoch) * record["seconds"]
            text = f"epoch {progress.epoch}/{progress.epochs}  {_told(record)}  {validation}"
            say(f"{text}  {rate:,.0f} images/s" + ("" if last else f"  {duration(left)} left"))

    def on_fit_end(self, trainer: Trainer) -> None:  # noqa: ARG002
        """Leave the bars as they are and stop listening."""
        self.close()

    def close(self) -> None:
        """Give terminal and signals back, whatever happened."""
        if self._live and hasattr(self, "_bars"):
            self._bars.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()

    def _listen(self, trainer: Trainer) -> None:
        if threading.current_thread() is not threading.main_thread():
            return

        def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
            trainer.interrupt()
            signal.signal(signal.SIGINT, signal.default_int_handler)

        for number in (signal.SIGINT, signal.SIGTERM):
            self._handlers.setdefault(number, signal.signal(number, interrupt))


class _Numbers(ProgressColumn):
    """Metrics of a task; dropped where the terminal is too narrow for them."""

    def render(self, task: Task) -> Text:
        text = str(task.fields["numbers"])
        return Text(text if out.width >= 80 else "")


def _told(metrics: dict[str, Any]) -> str:
    parts = []
    if metrics.get("loss") is not None:
        parts.append(f"loss {metrics['loss']:.4f}")
    if metrics.get("accuracy") is not None:
        parts.append(f"accuracy {percent(metrics['accuracy'])}")
    elif metrics.get("mean_squared_error") is not None:
        parts.append(f"mean squared error {metrics['mean_squared_error']:.4g}")
    return "  ".join(parts)


@contextmanager
def downloads() -> Iterator[DownloadProgress]:
    """Show a bar for each file that is downloaded."""
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=out,
    )
    tasks: dict[str, Any] = {}

    def show(name: str, done: int, total: int) -> None:
        if name not in tasks:
            if not tasks:
                bars.start()
            tasks[name] = bars.add_task(name, total=total or None)
        bars.update(tasks[name], completed=done)

    try:
        yield show
    finally:
        if tasks:
            bars.stop()
