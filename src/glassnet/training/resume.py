"""Going on where a training stopped: what decides the rest of it, and whether it fits."""

from __future__ import annotations

import os
import zlib
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data import Dataset
from glassnet.training.callbacks import Callback
from glassnet.training.metrics import metrics_for
from glassnet.training.progress import Progress

if TYPE_CHECKING:
    from glassnet.training.trainer import Trainer


def capture(trainer: Trainer) -> dict[str, Any]:
    """Return all that decides the rest of a training: a tree of numbers and arrays."""
    network, begun = trainer.network, trainer.progress.row > 0
    return {
        "network": network.config(),
        "theta": network.theta,
        "constants": dict(network.named_state()),
        "settings": trainer.settings,
        "engine": trainer.engine_in_use,
        "progress": asdict(trainer.progress),
        "stopped": trainer.stopped,
        # the order of an epoch is drawn at its beginning
        "shuffling": trainer.shuffling_before if begun else trainer.shuffling.bit_generator.state,
        "measured": trainer.measured.state(),
        "optimizer": trainer.optimizer.state(),
        "schedule": trainer.schedule.state(),
        "callbacks": [
            {"type": type(callback).__name__, "state": callback.state()}
            for callback in _remembering(trainer)
        ],
        "history": trainer.history.records,
    }


def restore_network(trainer: Trainer, state: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """Take over weights, history and random stream, before the first `fit`.

    Raises
    ------
    ValueError
        If the checkpoint is of another network.
    """
    network = trainer.network
    for key, now in network.config().items():
        if state["network"][key] != now:
            raise ValueError(
                f"{os.fspath(path)} is a checkpoint of another network: its {key} is "
                f"{state['network'][key]}, not {now}"
            )
    network.theta[...] = state["theta"]
    for name, array in network.named_state():
        array[...] = state["constants"][name]
    trainer.shuffling.bit_generator.state = state["shuffling"]
    trainer.history.records[:] = state["history"]
    trainer.progress = Progress()


def restore_phase(trainer: Trainer, state: dict[str, Any]) -> None:
    """Take over the phase that the checkpoint was written in.

    Raises
    ------
    ValueError
        If the settings, the data or the callbacks are not those of the run.
    """
    before_these_were = {"augmentation": [], "drop_last": False, "shuffle": True}
    settings = before_these_were | state["settings"]
    for setting, now in trainer.settings.items():
        before = settings.get(setting, now)  # one that older checkpoints have not
        if now != before:
            raise ValueError(
                f"the checkpoint is of a run with {setting.replace('_', ' ')} {before}, "
                f"this one has {now}; resume with the settings and data of the run"
            )
    remembering = _remembering(trainer)
    types = [type(callback).__name__ for callback in remembering]
    before = [callback["type"] for callback in state["callbacks"]]
    if types != before:
        raise ValueError(
            f"the checkpoint is of a run with the callbacks {before}, this one has {types}; "
            "resume with the same ones"
        )
    trainer.progress = replace(Progress(**state["progress"]), epochs=trainer.progress.epochs)
    trainer.resumed = True
    trainer.stopped = state["stopped"]
    if trainer.engine == "auto":
        trainer.engine_in_use = state["engine"]
    trainer.shuffling_before = state["shuffling"]
    trainer.measured.load_state(state["measured"])
    trainer.optimizer.load_state(state["optimizer"])
    trainer.schedule.load_state(state["schedule"])
    for callback, remembered in zip(remembering, state["callbacks"], strict=True):
        callback.load_state(remembered["state"])


def settings_of(trainer: Trainer, train: Dataset) -> dict[str, Any]:
    """Return what a run and its continuation must have in common."""
    return {
        "examples": len(train),
        "batch_size": trainer.progress.batch_size,
        "augmentation": [augmentation.config() for augmentation in trainer.augmentation],
        "drop_last": trainer.drop_last,
        "shuffle": trainer.shuffle,
        "metrics": list(metrics_for(train, trainer.metrics)),
        "seed": trainer.seed,
        "loss": trainer.loss.config(),
        "optimizer": trainer.optimizer.config() | {"learning_rate": trainer.base_rate},
        "schedule": trainer.schedule.config(),
        "data_checksum": _checksum(train),
    }


def _checksum(dataset: Dataset) -> str:
    """Return the CRC-32 of all that is learned: enough to notice a file that was edited."""
    if dataset.streamed is not None:
        value = dataset.streamed.checksum(0)
    else:
        value = zlib.crc32(np.ascontiguousarray(dataset.x).data.cast("B"))
    value = zlib.crc32(np.ascontiguousarray(dataset.y).data.cast("B"), value)
    if dataset.weights is not None:
        value = zlib.crc32(dataset.weights.data.cast("B"), value)
    return f"{value:08x}"


def _remembering(trainer: Trainer) -> list[Callback]:
    """Return the callbacks that have a memory."""
    return [c for c in trainer.callbacks if type(c).state is not Callback.state]
