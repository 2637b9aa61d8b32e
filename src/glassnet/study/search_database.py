"""The file that a search keeps its trials in: Optuna's, one search at a time."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from glassnet.extras import require
from glassnet.study.definition import StudyError

require("optuna", "study")
import optuna  # noqa: E402 after the friendly refusal
from optuna.distributions import (  # noqa: E402
    BaseDistribution,
    check_distribution_compatibility,
)
from optuna.trial import TrialState  # noqa: E402
from sqlalchemy.exc import SQLAlchemyError  # noqa: E402 which Optuna brings

_DECIDES = "decides"
_SECONDS_TO_WAIT = 60  # for another process that writes


def address(database: Path) -> str:
    """Return what Optuna calls the file."""
    return f"sqlite:///{database.as_posix()}"


@contextmanager
def opened(
    database: Path, name: str, *, rising: bool, pruner: optuna.pruners.BasePruner
) -> Iterator[optuna.Study]:
    """Yield Optuna's study in the file, which is made if it isn't there.

    Raises
    ------
    StudyError
        If the file cannot be read or written.
    """
    storage = None
    waiting = {"connect_args": {"timeout": _SECONDS_TO_WAIT}}
    try:
        with closing(sqlite3.connect(database)) as file:  # what is no database, Optuna leaves open
            file.execute("PRAGMA schema_version")
        with _quiet():
            storage = optuna.storages.RDBStorage(address(database), engine_kwargs=waiting)
            yield optuna.create_study(
                storage=storage,
                study_name=name,
                direction="maximize" if rising else "minimize",
                pruner=pruner,
                load_if_exists=True,
            )
    except (SQLAlchemyError, sqlite3.Error, optuna.exceptions.StorageInternalError) as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise StudyError(
            f"{database} cannot be used ({reason}); is the disk full, or is it no search of "
            "Optuna's? Then move it away"
        ) from error
    finally:
        if storage is not None:
            storage.remove_session()
            storage.engine.dispose()


@contextmanager
def _quiet() -> Iterator[None]:
    """Let Optuna tell neither that a study was created nor that an option of it is new."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)


@contextmanager
def alone(database: Path) -> Iterator[None]:
    """Refuse a second search in the same file; the lock ends with the process, however it ends.

    Raises
    ------
    StudyError
        If another process holds it.
    """
    with closing(sqlite3.connect(database.with_suffix(".lock"), timeout=0)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise StudyError(
                f"another search is at work in {database.parent} ({error}); wait for its end, or "
                "choose another folder with --out"
            ) from None
        yield


def check_same(
    study: optuna.Study, decides: str, space: Mapping[str, BaseDistribution], database: Path
) -> None:
    """Refuse to go on with trials that cannot be compared with those to come.

    Raises
    ------
    StudyError
        If they are of another recipe or value, or of another space. Ends of a range may move.
    """
    remedy = f"give the search another name, or delete {database}"
    before = study.user_attrs.get(_DECIDES)
    if before is None:
        study.set_user_attr(_DECIDES, decides)
    elif before != decides:
        raise StudyError(
            f"the trials in {database} are of another recipe, data, value or key; {remedy}"
        )
    for trial in study.get_trials(deepcopy=False):
        old = trial.distributions
        if old and set(old) != set(space):
            raise StudyError(
                f"the trials in {database} are of another space, with {', '.join(old)}, not "
                f"{', '.join(space)}; {remedy}"
            )
        for name, distribution in old.items():
            try:
                check_distribution_compatibility(distribution, space[name])
            except ValueError:
                raise StudyError(
                    f"the trials in {database} are of another space: {name} was {distribution} and "
                    f"is {space[name]}. Ends of a range may move, but not choices, the kind of "
                    f"number, or log; {remedy}"
                ) from None


def give_up_running(study: optuna.Study) -> None:
    """Mark trials as failed that were broken off: they don't count, and others take their place."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
