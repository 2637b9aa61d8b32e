"""A bar that shows how far a training is, in a terminal or a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glassnet.extras import require
from glassnet.training import Callback

if TYPE_CHECKING:
    from glassnet.training import Trainer
    from glassnet.training.history import Record


class ProgressBar(Callback):
    """Show the epoch, the numbers so far and the time that is left.

    A notebook has a bar of its own, a terminal one of characters, a file a line now and then.

    Parameters
    ----------
    leave : bool
        Whether the bar stays when training is over.

    Raises
    ------
    MissingExtraError
        When training begins and tqdm is not installed.

    Examples
    --------
    >>> ProgressBar(leave=False).leave
    False
    """

    def __init__(self, *, leave: bool = True) -> None:
        self.leave = leave
        self._bar: Any = None

    def on_fit_start(self, trainer: Trainer) -> None:
        """Show the bar."""
        progress = trainer.progress
        self._measured: dict[str, str] = {}
        self._bar = require("tqdm.auto", "notebook").tqdm(
            total=progress.epochs * progress.examples,
            initial=progress.epoch * progress.examples + progress.row,
            leave=self.leave,
            unit=" examples",
            unit_scale=True,
        )
        self._tell(trainer)

    def on_chunk_end(self, trainer: Trainer) -> None:
        """Move the bar."""
        self._tell(trainer, _words(trainer.running_metrics()))

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        """Tell what was measured."""
        self._measured = _words(record, "validation_")
        self._tell(trainer, _words(record))

    def _tell(self, trainer: Trainer, running: dict[str, str] | None = None) -> None:
        progress = trainer.progress
        epoch = min(progress.epoch + (progress.row > 0), progress.epochs)
        self._bar.set_description(f"epoch {epoch}/{progress.epochs}", refresh=False)
        self._bar.set_postfix((running or {}) | self._measured, refresh=False)
        done = progress.epoch * progress.examples + progress.row
        self._bar.update(done - self._bar.n)

    def on_fit_end(self, trainer: Trainer) -> None:  # noqa: ARG002
        """Leave the bar as it is."""
        self._let_go()

    def on_fit_error(self, trainer: Trainer, error: BaseException) -> None:  # noqa: ARG002
        """Leave the bar where training ended."""
        self._let_go()

    def _let_go(self) -> None:
        """Close the bar, and forget it: it has a file, which no copy and no pickle can have."""
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()


def _words(measured: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Return loss and accuracy as words."""
    words = {}
    for name, form in (("loss", "{:.4g}"), ("accuracy", "{:.2%}")):
        if (value := measured.get(prefix + name)) is not None:
            words[(prefix + name).replace("_", " ")] = form.format(value)
    return words
