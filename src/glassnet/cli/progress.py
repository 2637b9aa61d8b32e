"""Live progress of training and downloads."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from rich.console import RenderableType
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
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
    """On a terminal two bars, and the numbers below; elsewhere a line every few seconds.

    Ctrl-C and SIGTERM break the training off within moments, with a checkpoint; a second Ctrl-C
    ends the program at once.

    Parameters
    ----------
    validation_name : str
        What the epochs are measured on.
    phases : int
        How many there will be; several are numbered.
    """

    def __init__(self, validation_name: str, *, phases: int = 1) -> None:
        self._validation_name = validation_name
        self._phases = phases
        self._live = out.is_terminal and not out.is_dumb_terminal
        self._handlers: dict[int, Any] = {}

    def on_fit_start(self, trainer: Trainer) -> None:
        """Show the bars and listen to signals."""
        self._listen(trainer)
        self._printed = 0.0
        progress = trainer.progress
        if self._live:
            self._bars = _Bars(
                TextColumn("{task.description}"),
                BarColumn(bar_width=min(max(out.width // 4, 10), 40)),
                TextColumn("{task.fields[place]}"),
                TimeRemainingColumn(elapsed_when_finished=True),
                console=out,
            )
            total = progress.epochs * progress.examples
            phase = f"phase {progress.phase}" if self._phases > 1 else "epochs"
            self._epochs = self._bars.add_task(phase, total=total, place="", numbers=[])
            self._batches = self._bars.add_task(
                "batches", total=progress.steps_per_epoch, place="", numbers=[]
            )
            self._bars.start()
            self._last_validation: list[str] = []
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
        numbers = _told(trainer.running_metrics()) if progress.row else []
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
            numbers=[*numbers, _speed(trainer, rate)] if rate else [],
        )

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        """Show the validation, or print a line."""
        prefix = "validation_"
        measured = {k.removeprefix(prefix): v for k, v in record.items() if k.startswith(prefix)}
        validation = _told(measured)
        if validation:
            validation[0] = f"{self._validation_name} {validation[0]}"
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
            phase = [f"phase {progress.phase}"] if self._phases > 1 else []
            parts = [*phase, f"epoch {progress.epoch}/{progress.epochs}"]
            parts += [*_told(record), *validation, _speed(trainer, rate)]
            say("  ".join(parts if last else [*parts, f"{duration(left)} left"]))

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
            for heard, before in self._handlers.items():
                signal.signal(heard, before)

        for number in (signal.SIGINT, signal.SIGTERM):
            before = signal.getsignal(number)
            if before not in (signal.SIG_IGN, None):  # as nohup and a shell's & want it
                self._handlers.setdefault(number, before)
                signal.signal(number, interrupt)


class _Bars(Progress):
    """Bars, and below them the numbers of each task on as many lines as the width asks for."""

    def get_renderables(self) -> Iterator[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        for task in reversed(self.tasks):
            for line in _folded(task.fields["numbers"], out.width):
                yield Text(line)


def _folded(parts: list[str], width: int) -> list[str]:
    """Return the parts on lines of a width; a line is never broken within a part."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + 2 + len(part) <= width:
            lines[-1] += f"  {part}"
        else:
            lines.append(part)
    return lines


def _speed(trainer: Trainer, rate: float) -> str:
    kind = "images" if len(trainer.network.input_shape) > 1 else "examples"
    return f"{rate:,.0f} {kind}/s"


def _told(metrics: dict[str, Any]) -> list[str]:
    parts = []
    if metrics.get("loss") is not None:
        parts.append(f"loss {metrics['loss']:.4f}")
    if metrics.get("accuracy") is not None:
        parts.append(f"accuracy {percent(metrics['accuracy'])}")
    elif metrics.get("mean_squared_error") is not None:
        parts.append(f"mean squared error {metrics['mean_squared_error']:.4g}")
    return parts


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
