"""Running a recipe: from a file to a trained network and a folder that tells all about it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from glassnet.optim import optimizer_from_config, schedule_from_config
from glassnet.recipes.folder import RunFolder
from glassnet.recipes.job import Job
from glassnet.recipes.recipe import Recipe
from glassnet.tracking import MLflow, TensorBoard
from glassnet.training import Callback, Checkpoint, DivergenceError, EarlyStopping, Trainer
from glassnet.training.history import Record
from glassnet.training.metrics import default_metrics


class HistoryLog(Callback):
    """Keeps ``history.jsonl`` up to date, whole after every epoch."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:  # noqa: ARG002
        """Write all epochs so far."""
        self._folder.write(self._folder.history, trainer.history.to_jsonl())


def run(job: Job, folder: RunFolder, *, callbacks: Sequence[Callback] = ()) -> dict[str, Any]:
    """Train, measure on the test set, and write the folder's files; go on where it stopped.

    Parameters
    ----------
    job : Job
        From `prepare`.
    folder : RunFolder
        A new one; or one with a checkpoint, from which the run goes on.
    callbacks : sequence of Callback
        Besides those that keep the folder.

    Returns
    -------
    dict
        What ``result.json`` holds.

    Raises
    ------
    DivergenceError
        If training diverges; the folder then says so.
    OSError
        If a file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from glassnet.recipes import load_recipe, prepare
    >>> runs = tempfile.TemporaryDirectory()
    >>> folder = RunFolder.create_next("digits", runs.name)
    >>> recipe = load_recipe("digits").changed({"training.phases.0.epochs": 3})
    >>> result = run(prepare(recipe), folder)
    >>> result["status"], result["epochs"], result["test"]["accuracy"] > 0.8
    ('finished', 3, True)
    >>> folder.model.exists(), len(folder.history.read_text("utf-8").splitlines())
    (True, 3)
    >>> runs.cleanup()
    """
    kept = [HistoryLog(folder), Checkpoint(folder.checkpoint)]
    trainer = job.trainer([*callbacks, *trackers(job.recipe, folder), *kept])
    folder.write(folder.recipe, job.recipe.to_toml())
    folder.note_versions()
    if not folder.history.exists():
        folder.write(folder.history, "")
    if folder.checkpoint.exists():
        trainer.resume(folder.checkpoint)
    status, message = "finished", ""
    try:
        fit_phases(job, trainer)
        if trainer.interrupted:
            status, message = "stopped", f"stopped in epoch {len(trainer.history) + 1}"
    except DivergenceError as error:
        folder.write(
            folder.result, json.dumps(_result(job, trainer, "diverged", str(error)), indent=1)
        )
        raise
    result = _result(job, trainer, status, message)
    if status == "finished":
        job.network.save(folder.model)
        result["measured_epoch"] = _epoch_of_weights(trainer)
        result["test"] = measure_test(job, trainer)
        for callback in trainer.callbacks:
            callback.on_test_end(trainer, result["test"])
    folder.write(folder.result, json.dumps(result, indent=1))
    return result


def trackers(recipe: Recipe, folder: RunFolder) -> list[Callback]:
    """Return the callbacks by which a run is watched in other tools."""
    tools: dict[str, Callable[[], Callback]] = {
        "tensorboard": lambda: TensorBoard(folder.path / "tensorboard"),
        "mlflow": lambda: MLflow(recipe.name, run_name=folder.path.name),
    }
    return [tools[name]() for name in dict.fromkeys(recipe.track or ())]


def fit_phases(job: Job, trainer: Trainer) -> None:
    """Train through the phases of the recipe, up to the last or until interrupted.

    Nothing is written: `run` does this and keeps a folder.

    Parameters
    ----------
    job : Job
    trainer : Trainer
        From ``job.trainer()``.

    Examples
    --------
    >>> from glassnet.recipes import load_recipe, prepare
    >>> job = prepare(load_recipe("digits").changed({"training.phases.0.epochs": 3}))
    >>> trainer = job.trainer()
    >>> fit_phases(job, trainer)
    >>> len(trainer.history), measure_test(job, trainer)["accuracy"] > 0.8
    (3, True)
    """
    for phase in job.recipe.training.phases:
        _take_settings(trainer, phase.optimizer)
        trainer.fit(
            job.train,
            epochs=phase.epochs,
            validation=job.validation,
            batch_size=phase.batch_size,
            drop_last=bool(phase.drop_last),
            schedule=schedule_from_config(phase.schedule),
        )
        if trainer.interrupted:
            return


def measure_test(job: Job, trainer: Trainer) -> dict[str, Any]:
    """Return the measurements on the test set, and how many examples it has.

    Where the recipe asks for test-time augmentation, what it gives stands beside the plain numbers.

    Parameters
    ----------
    job : Job
    trainer : Trainer
        From ``job.trainer()``.

    Examples
    --------
    >>> from glassnet.recipes import load_recipe, prepare
    >>> job = prepare(load_recipe("digits"))
    >>> list(measure_test(job, job.trainer()))
    ['examples', 'loss', 'accuracy', 'mean_squared_error', 'per_class_recall']
    """
    names = default_metrics(job.test)
    if job.test.n_classes:
        names = (*names, "mean_squared_error", "per_class_recall")
    measured = trainer.evaluate(job.test, metrics=names, test_time=job.test_time)
    return {"examples": len(job.test)} | measured


def _take_settings(trainer: Trainer, config: dict[str, Any]) -> None:
    """Give the trainer a phase's optimizer; one of the same kind keeps what it remembers."""
    optimizer = optimizer_from_config(config)
    if trainer.progress.phase and _kind(optimizer.config()) == _kind(trainer.optimizer.config()):
        optimizer.load_state(trainer.optimizer.state())
    trainer.optimizer = optimizer


def _kind(config: dict[str, Any]) -> dict[str, Any]:
    """Return what decides what an optimizer remembers: its type, those within it, and of what."""
    kind: dict[str, Any] = {key: config[key] for key in ("type", "matrices") if key in config}
    kind |= {key: _kind(config[key]) for key in ("optimizer", "rest") if key in config}
    return kind


def _epoch_of_weights(trainer: Trainer) -> int:
    """Return the epoch that the weights are of: the last, or what early stopping put back."""
    for callback in trainer.callbacks:
        if isinstance(callback, EarlyStopping) and callback.restore_best and callback.best_epoch:
            return callback.best_epoch
    return len(trainer.history)


def _result(job: Job, trainer: Trainer, status: str, message: str) -> dict[str, Any]:
    """Return how the run ended: all but the measurements on the test set."""
    summary = job.network.summary()
    result: dict[str, Any] = {
        "status": status,
        "message": message,
        "epochs": len(trainer.history),
        "seconds": sum(record["seconds"] for record in trainer.history),
        "parameters": summary.parameters,
        "summary": [asdict(row) for row in summary.rows],
        "validation_name": job.validation_name,
        "class_names": list(job.network.class_names),
        "written": time.strftime("%Y-%m-%d %H:%M:%S"),
    }
    key = "validation_accuracy" if job.train.n_classes else "validation_loss"
    if len(trainer.history) and key in trainer.history[0]:
        best = trainer.history.best(key)
        result["best"] = {"epoch": best["epoch"], key.removeprefix("validation_"): best[key]}
    return result
