"""The trials of a search: trainings, some at a time, that are ended where they are no good."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import joblib
import numpy as np
from joblib.externals.loky.process_executor import BrokenProcessPool, ProcessPoolExecutor

from glassnet.extras import require
from glassnet.recipes import Recipe, fit_phases, job_on
from glassnet.study.definition import StudyError
from glassnet.study.execution import end_with
from glassnet.study.running import loaded, one_thread
from glassnet.study.space import SearchTable
from glassnet.training import Callback, DivergenceError, Trainer
from glassnet.training.history import Record

require("optuna", "study")
import optuna  # noqa: E402 after the friendly refusal
from optuna.trial import Trial, TrialState  # noqa: E402

T = TypeVar("T")

COUNTED = (TrialState.COMPLETE, TrialState.PRUNED)
"""States of trials that ended as trials do. What could not be trained to its end is pruned."""
FAILURE = "failure"
"""The attribute of such a trial that says why."""


def make_trials(
    study: optuna.Study,
    table: SearchTable,
    base: Recipe,
    *,
    total: int,
    jobs: int | None,
    data_dir: str | None,
) -> Iterator[int]:
    """Make the trials that are missing; yield after each how many there are.

    Parameters
    ----------
    study : optuna.Study
        Gets the trials.
    table : SearchTable
    base : Recipe
        With what all trials have in common.
    total : int
        Trials, those before included.
    jobs : int or None
        Trials at a time; None for one for each processor.
    data_dir : str or None
        Where to look for data first.

    Raises
    ------
    StudyError
        If a process was killed.
    """
    done = begun = len(study.get_trials(deepcopy=False, states=COUNTED))
    jobs = min(jobs or joblib.cpu_count(), total - done)
    pending: dict[Future[Ended], Trial] = {}
    with _executor(jobs) as workers:
        while done < total:
            while begun < total and len(pending) < jobs:
                trial = _ask(study, table, begun)
                changes = table.changes_of(trial.params)
                future = workers.submit(train_trial, trial, base, changes, table.value, data_dir)
                pending[future] = trial
                begun += 1
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                _tell(study, pending.pop(future), future.result())
                done += 1
                yield done


def _ask(study: optuna.Study, table: SearchTable, before: int) -> Trial:
    """Begin a trial; its randomness depends on how many were before, and on no interruption."""
    seed = int(np.random.SeedSequence([table.seed, before]).generate_state(1)[0])
    # constant_liar: what others try just now is not tried twice
    study.sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
    return study.ask(table.distributions)


def _tell(study: optuna.Study, trial: Trial, ended: Ended) -> None:
    if ended.failure is not None:
        trial.set_user_attr(FAILURE, ended.failure)
    state = TrialState.PRUNED if ended.value is None else TrialState.COMPLETE
    study.tell(trial, ended.value, state)


@dataclass(frozen=True)
class Ended:
    """How a trial ended.

    Parameters
    ----------
    value : float or None
        What came out; None if the trial was pruned, or could not be trained to its end.
    failure : str or None
        Why it could not.
    """

    value: float | None
    failure: str | None = None


class Pruning(Callback):
    """Report a number after every epoch, and break off where it is no good.

    Parameters
    ----------
    report : callable
        Takes the number and the epoch; returns whether to break off.
    monitor : str
        A key of the records.
    """

    def __init__(self, report: Callable[[float, int], bool], monitor: str) -> None:
        self._report, self.monitor = report, monitor
        self.pruned = False

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        """Report, and ask whether to go on."""
        if self._report(float(record[self.monitor]), record["epoch"]):
            self.pruned = True
            trainer.interrupt()  # not only this phase


def train_trial(
    trial: Trial, base: Recipe, changes: Mapping[str, Any], value: str, data_dir: str | None
) -> Ended:
    """Train with some settings, on one thread; return the value of the weights at the end.

    Settings with which training diverges, or that don't fit each other, are a result too.
    """
    try:
        with one_thread():
            recipe = base.changed(changes)
            job = job_on(recipe, *loaded(recipe, data_dir))
            if job.validation is None:
                raise StudyError("nothing is held out to compare settings by")
            epochs = sum(phase.epochs for phase in recipe.training.phases)

            def report(number: float, epoch: int) -> bool:
                trial.report(number, epoch)
                return epoch < epochs and trial.should_prune()

            pruning = Pruning(report, value)
            trainer = job.trainer([pruning])
            fit_phases(job, trainer)
            if pruning.pruned:
                return Ended(None)
            # early stopping may have put the weights of an earlier epoch back
            measured = float(trainer.evaluate(job.validation)[value.removeprefix("validation_")])
    except (DivergenceError, ValueError) as error:
        return Ended(None, str(error))
    if not math.isfinite(measured):
        return Ended(None, f"{value} was {measured} at the end")
    return Ended(measured)


class _Here(Executor):
    """Does at once, in this process, what it is given."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:  # noqa: ANN401
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def _begin(parent: int) -> None:
    """Leave it to the search to end this process: Ctrl-C in a terminal reaches all."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with(parent)


@contextmanager
def _executor(jobs: int) -> Iterator[Executor]:
    """Yield what makes so many trials at a time: this process, or others of this machine.

    Raises
    ------
    StudyError
        If a process was killed.
    """
    if jobs <= 1:
        yield _Here()
        return
    pool = ProcessPoolExecutor(max_workers=jobs, initializer=_begin, initargs=(os.getpid(),))
    try:
        yield pool
    except BrokenProcessPool as error:
        raise StudyError(
            f"a process was killed; was there too little memory for {jobs} trials at a time? The "
            "trials before are kept: go on with --jobs 1"
        ) from error
    finally:
        pool.shutdown(kill_workers=True)
