"""Whether a trainer's settings are of the right kind and suit each other: before the first step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from glassnet.names import lookup
from glassnet.nn import Network
from glassnet.optim import Optimizer, Schedule
from glassnet.training.averaging import MovingAverage
from glassnet.training.callbacks import Callback, EarlyStopping
from glassnet.training.progress import batch_of


def check_types(
    network: object, optimizer: object, schedule: object, metrics: object, callbacks: object
) -> None:
    """Refuse what is of the wrong kind, and say what would be right."""
    wanted = (
        ("network", network, Network, "Network([...], input_shape=...)"),
        ("optimizer", optimizer, Optimizer | None, "SGD(learning_rate=0.1)"),
        ("schedule", schedule, Schedule | None, "CosineAnnealingLR()"),
        ("metrics", metrics, list | tuple | None, '["accuracy"]'),
        ("callbacks", callbacks, list | tuple, "[EarlyStopping()]"),
    )
    for name, value, kind, example in wanted:
        if not isinstance(value, kind):
            raise TypeError(f"{name} must be such as {example}, got {value!r}")
    for callback in callbacks if isinstance(callbacks, list | tuple) else ():
        if not hasattr(callback, "on_epoch_end"):
            raise TypeError(f"callbacks must be such as EarlyStopping(), got {callback!r}")


def check_batches(
    network: Network, batch_size: int | str, examples: int, *, drop_last: bool
) -> None:
    """Refuse batches that are too small for a layer, as one example is for batch norm."""
    size = batch_of(batch_size, examples)
    last = size if drop_last else examples % size or size
    for name, layer in network.named_parts():
        if last < layer.least_batch:
            which = "a batch" if last == size else "the last batch of an epoch"
            raise ValueError(
                f"layer {name}: {layer!r} needs {layer.least_batch} examples or more in a "
                f"batch to train on; with batch_size {size} and {examples} examples {which} "
                f"has {last}"
            )


def check_monitors(
    schedule: Schedule, callbacks: Sequence[Callback], measured: Iterable[str]
) -> None:
    """Refuse a schedule or callback that watches a number which nobody measures.

    What callbacks add to the records comes too late for a schedule.
    """
    numbers = list(measured)
    validated = any(name.startswith("validation_") for name in numbers)
    added = [key for callback in callbacks for key in callback.adds]
    added = [key for key in added if validated or not key.startswith("validation_")]
    for watcher in schedule.each():
        _check_monitor(watcher, numbers)
    for callback in callbacks:
        _check_monitor(callback, numbers + added)


def check_ends(callbacks: Sequence[Callback], *, validated: bool) -> None:
    """Refuse two that would leave other weights in the network, without a validation to agree on.

    Where there is one, the average is what is validated, and so what early stopping keeps.
    """
    averaged = any(isinstance(callback, MovingAverage) for callback in callbacks)
    restored = any(isinstance(c, EarlyStopping) and c.restore_best for c in callbacks)
    if averaged and restored and not validated:
        raise ValueError(
            "without validation data the network can't end both with MovingAverage and with what "
            "EarlyStopping puts back; give validation data, or EarlyStopping restore_best=False"
        )


def _check_monitor(watcher: Schedule | Callback, numbers: Sequence[str]) -> None:
    if (monitor := getattr(watcher, "monitor", None)) is None:
        return
    plain = str(monitor).removeprefix("validation_")
    if plain != monitor and plain in numbers and f"validation_{plain}" not in numbers:
        raise ValueError(
            f"unknown number to monitor {monitor!r}: there is no validation data. Give fit "
            f"some as validation, or let {type(watcher).__name__} monitor {plain!r}"
        )
    lookup(dict.fromkeys(numbers, True), monitor, "number to monitor")
