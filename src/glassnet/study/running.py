"""One run of a study, from a recipe to the numbers that are kept; it may be on another machine."""

from __future__ import annotations

import json
import os
import threading
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from glassnet.data import Dataset
from glassnet.nn import Network
from glassnet.recipes import Recipe, fit_phases, job_on, load_data, measure_test
from glassnet.recipes.recipe import DataTable
from glassnet.recipes.versions import versions
from glassnet.study.design import RunSpec, version_of
from glassnet.study.recording import recorders
from glassnet.training import Callback, DivergenceError, predicted_labels


@dataclass(frozen=True)
class Finished:
    """What is kept of a run.

    Parameters
    ----------
    recipe : dict
        Resolved, with the seed.
    epochs : list of dict
        The history.
    test : dict
        Measured after the last epoch; empty if the run was ended before.
    seconds : float
        From the data to the last measurement.
    versions : dict of str
        What computed it.
    arrays : dict of ndarray
        What the study asked to record.

    Examples
    --------
    >>> from glassnet.recipes import load_recipe
    >>> from glassnet.study.definition import RecordTable
    >>> recipe = load_recipe("digits").changed({"training.phases.0.epochs": 2})
    >>> kept = perform(RunSpec(recipe, RecordTable()))
    >>> len(kept.epochs), sorted(kept.test)[:3]
    (2, ['accuracy', 'examples', 'loss'])
    """

    recipe: dict[str, Any]
    epochs: list[dict[str, Any]]
    test: dict[str, Any]
    seconds: float
    versions: dict[str, str]
    arrays: dict[str, np.ndarray]


@dataclass(frozen=True)
class Failed:
    """A run that ended with an error.

    Parameters
    ----------
    message : str
        What is told.
    details : str
        Where it happened.

    Examples
    --------
    >>> from glassnet.recipes import load_recipe
    >>> from glassnet.study.definition import RecordTable
    >>> recipe = load_recipe("digits")
    >>> recipe = recipe.changed({"training.phases.0.optimizer.learning_rate": 1e30})
    >>> perform(RunSpec(recipe, RecordTable())).message[:17]
    'training diverged'
    """

    message: str
    details: str


def perform(
    spec: RunSpec, data_dir: str | None = None, callbacks: tuple[Callback, ...] = ()
) -> Finished | Failed:
    """Train as the recipe says, on one thread; return what is kept, or the error.

    The same numbers come out on one machine whatever else runs on it.
    """
    try:
        with one_thread():
            return _train(spec, data_dir, callbacks)
    except DivergenceError as error:
        return Failed(str(error), "")
    except Exception as error:
        message = str(error) or type(error).__name__
        return Failed(message, traceback.format_exc())


def _train(spec: RunSpec, data_dir: str | None, callbacks: tuple[Callback, ...]) -> Finished:
    began = time.perf_counter()
    job = job_on(spec.recipe, *loaded(spec.recipe, data_dir))
    phases = len(spec.recipe.training.phases)
    recording = recorders(spec.record, job.train, phases=phases)
    trainer = job.trainer([*recording, *callbacks])
    fit_phases(job, trainer)
    arrays: dict[str, np.ndarray] = {}
    for recorder in recording:
        arrays |= recorder.arrays()
    test: dict[str, Any] = {}
    if not trainer.interrupted:
        test = measure_test(job, trainer)
        if spec.record.predictions:
            arrays |= _predictions(job.network, job.test)
    return Finished(
        spec.recipe.to_dict(),
        json.loads(trainer.history.to_json()),
        test,
        time.perf_counter() - began,
        versions(),
        arrays,
    )


def loaded(recipe: Recipe, data_dir: str | None) -> tuple[Dataset, Dataset]:
    """Return the data; the one that was used last stays in memory for the next run."""
    return _loaded(recipe.data.model_dump_json(), data_dir, version_of(recipe.data.name))


@lru_cache(maxsize=1)
def _loaded(table: str, data_dir: str | None, version: object) -> tuple[Dataset, Dataset]:  # noqa: ARG001 a file that was written anew is another key
    return load_data(DataTable.model_validate_json(table), data_dir=data_dir)


def check_data(tables: Iterable[DataTable], data_dir: str | None) -> None:
    """Refuse data that is missing or wrong, before many runs do; what can be downloaded is.

    Raises
    ------
    ValueError, OSError
        See `load_data`.
    """
    for table in {table.model_dump_json(): table for table in tables}.values():
        try:
            load_data(table, data_dir=data_dir)
        except FileNotFoundError as error:
            missing = error.filename or table.name
            raise FileNotFoundError(f"data.name = {table.name!r}: there is no {missing}") from error


def _predictions(network: Network, test: Dataset) -> dict[str, np.ndarray]:
    """Return what the network says of each test example.

    They are ``predicted``, labels of shape (n,); ``confidence``, their probabilities; and
    ``confusion``, shape (classes, classes): how often each class, in rows, was taken for which.
    """
    p = network.predict(test.x)
    labels = predicted_labels(p)
    classes = test.n_classes
    confusion = np.zeros((classes, classes), np.int32)
    np.add.at(confusion, (test.y.astype(np.intp), labels), 1)
    confidence = p.max(axis=1) if p.shape[1] > 1 else np.maximum(p[:, 0], 1 - p[:, 0])
    return {
        "predicted": labels.astype(np.min_scalar_type(int(labels.max()))),
        "confidence": confidence.astype(np.float16),
        "confusion": confusion,
    }


class _Alone:
    """How many runs of this process are at it, and the setting from before the first."""

    lock = threading.Lock()
    runs = 0
    before: str | None = None
    limits: Any = None


@contextmanager
def one_thread() -> Iterator[None]:
    """Let neither BLAS nor our own code use more than one thread.

    Sums that are split among threads are rounded in another order: with one thread the results are
    the same whatever the number of runs at a time. Runs may overlap, in threads of a cluster's
    worker: the first one sets the limits, the last one lifts them.
    """
    with _Alone.lock:
        _Alone.runs += 1
        if _Alone.runs == 1:
            _Alone.before = os.environ.get("OMP_NUM_THREADS")
            os.environ["OMP_NUM_THREADS"] = "1"
            _Alone.limits = threadpool_limits(1, user_api="blas")
    try:
        yield
    finally:
        with _Alone.lock:
            _Alone.runs -= 1
            if _Alone.runs == 0:
                _Alone.limits.restore_original_limits()
                os.environ.pop("OMP_NUM_THREADS")
                if _Alone.before is not None:
                    os.environ["OMP_NUM_THREADS"] = _Alone.before
