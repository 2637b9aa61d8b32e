"""A study in Python: run what is missing, and read what there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd

from glassnet.study.archive import Archive
from glassnet.study.definition import StudyTable, load_study, study_from_dict
from glassnet.study.design import Cell, RunSpec, cells_of
from glassnet.study.execution import outcomes
from glassnet.study.results import FinishedRun, tests, tidy
from glassnet.study.running import Failed, check_data
from glassnet.study.steps import Progress, RunFailedError, Step

DEFAULT_FOLDER = "studies"


class Study:
    """A recipe, what of it varies, and a number of seeds.

    Parameters
    ----------
    table : StudyTable or mapping
        What a study's file says; see `StudyTable`.
    folder : path-like
        Where runs are kept. Studies in the same folder share the runs that they have in common.

    Attributes
    ----------
    source : str
        The name or path that it was loaded by; empty if it was not.
    own_seeds : int
        Their number in the file, whatever was asked for.

    Raises
    ------
    StudyError
        If something is wrong with it; names the key, the value and what is allowed.

    Examples
    --------
    >>> study = Study({
    ...     "name": "rates",
    ...     "recipe": "digits",
    ...     "changes": {"training.phases.0.epochs": 2},
    ...     "factors": [{
    ...         "name": "learning rate",
    ...         "keys": ["training.phases.0.optimizer.learning_rate"],
    ...         "values": [0.01, 0.1],
    ...     }],
    ...     "seeds": 3,
    ... })
    >>> [cell.label for cell in study.cells]
    ['learning rate 0.01', 'learning rate 0.1']
    >>> len(study.specs), len(study.missing())
    (6, 6)
    """

    def __init__(
        self, table: StudyTable | Mapping[str, Any], *, folder: str | Path = DEFAULT_FOLDER
    ) -> None:
        self.table = table if isinstance(table, StudyTable) else study_from_dict(table)
        self.archive = Archive(folder)
        self.cells: list[Cell] = cells_of(self.table)
        self.source = ""
        self.own_seeds = self.table.seeds

    @classmethod
    def load(
        cls, name: str | Path, *, seeds: int | None = None, folder: str | Path = DEFAULT_FOLDER
    ) -> Study:
        """Return a shipped study by name, or one from a TOML file; with another number of seeds."""
        table = load_study(name)
        own = table.seeds
        if seeds is not None:
            table = study_from_dict(table.model_dump() | {"seeds": seeds}, table.name)
        study = cls(table, folder=folder)
        study.source, study.own_seeds = str(name), own
        return study

    @property
    def name(self) -> str:
        """Of the study."""
        return self.table.name

    @property
    def specs(self) -> list[RunSpec]:
        """All runs, cell after cell."""
        return [spec for _, spec in self._runs()]

    def missing(self) -> list[RunSpec]:
        """Return the runs that have not finished."""
        return self.archive.missing(self.specs)

    def failed(self) -> Iterator[tuple[Cell, RunSpec, str]]:
        """Yield the runs that failed when last tried, with how."""
        for cell, spec in self._runs():
            message = self.archive.failure(spec)
            if message is not None and not self.archive.has(spec):
                yield cell, spec, message

    def failures(self) -> dict[str, str]:
        """Return how runs failed when last tried, by cell and seed."""
        return {label_of(cell, spec): message for cell, spec, message in self.failed()}

    def run(
        self,
        *,
        jobs: int | None = None,
        cluster: str | None = None,
        data_dir: str | Path | None = None,
        fail_fast: bool = False,
        progress: Progress | None = None,
    ) -> Study:
        """Perform the runs that are missing; return the study. See `run_studies`."""
        run_studies(
            [self],
            jobs=jobs,
            cluster=cluster,
            data_dir=data_dir,
            fail_fast=fail_fast,
            progress=progress,
        )
        return self

    def finished(self) -> Iterator[FinishedRun]:
        """Yield the cell, the spec and what is kept of every finished run."""
        for cell, spec in self._runs():
            if self.archive.has(spec):
                yield cell, spec, self.archive.read(spec)

    def _runs(self) -> Iterator[tuple[Cell, RunSpec]]:
        return ((cell, spec) for cell in self.cells for spec in cell.specs)

    def results(self) -> pd.DataFrame:
        """Return a row for each run and epoch; see `glassnet.study.results.tidy`."""
        return tidy(self.finished(), self.factors)

    def tests(self) -> pd.DataFrame:
        """Return a row for each run with its measurements on the test set at the end."""
        return tests(self.finished(), self.factors)

    @property
    def factors(self) -> list[str]:
        """Names of what varies."""
        return [factor.name for factor in self.table.factors]


def label_of(cell: Cell, spec: RunSpec) -> str:
    """Return what to call a run: "learning rate 0.1, seed 3"."""
    return f"{cell.label}, seed {spec.seed}"


def run_studies(
    studies: Sequence[Study],
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    data_dir: str | Path | None = None,
    fail_fast: bool = False,
    progress: Progress | None = None,
) -> list[str]:
    """Perform the runs that are missing, those that studies share once.

    Every finished run is kept at once: whatever happens, only what is missing is done next time.
    Where times matter (`timing`), runs are done last, one at a time on this machine.

    Parameters
    ----------
    studies : sequence of Study
        In one folder.
    jobs, cluster, data_dir
        See `glassnet.study.execution.outcomes`.
    fail_fast : bool
        Whether to stop at the first run that fails. Otherwise it is recorded, and tried again next
        time.
    progress : callable, optional
        Called after every run with a `Step`.

    Returns
    -------
    list of str
        The runs that failed, with their messages.

    Raises
    ------
    RunFailedError
        If a run failed and `fail_fast` is set.
    StudyError
        See `outcomes`.
    ValueError, OSError
        If data is missing or wrong, or results cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> batch = {"name": "batch", "keys": ["training.phases.0.batch_size"], "values": [10, 50]}
    >>> changes = {"training.phases.0.epochs": 1}
    >>> table = {
    ...     "name": "short", "recipe": "digits", "changes": changes, "factors": [batch], "seeds": 1
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = Study(table, folder=folder)
    ...     failures = run_studies([study], jobs=1)
    ...     print(len(study.specs), failures, len(study.missing()))
    2 [] 0
    """
    archive = studies[0].archive
    timed = archive.missing(spec for s in studies if s.table.timing for spec in s.specs)
    alone = {spec.key for spec in timed}
    together = [
        spec
        for spec in archive.missing(spec for s in studies for spec in s.specs)
        if spec.key not in alone
    ]
    where = str(data_dir) if data_dir is not None else None
    here = [*together, *timed] if cluster is None else timed
    check_data((spec.recipe.data for spec in here), where)
    total, work = len(together) + len(timed), _cost([*together, *timed])
    labels = _labels(studies)
    done, finished, failures = 0, 0.0, []
    for part in (
        outcomes(together, jobs=jobs, cluster=cluster, data_dir=where),
        outcomes(timed, jobs=1, data_dir=where),
    ):
        with closing(part):  # so that a stop in between ends the processes
            for spec, outcome in part:
                archive.keep(spec, outcome)
                done, finished = done + 1, finished + spec.cost
                failure = outcome.message if isinstance(outcome, Failed) else None
                label = labels[spec.key]
                if failure is not None:
                    failures.append(f"{label}: {failure}")
                if progress is not None:
                    progress(Step(spec, label, failure, done, total, finished / work))
                if failure is not None and fail_fast:
                    raise RunFailedError(f"a run failed, the first that did: {label}: {failure}")
    return failures


def _cost(specs: Iterable[RunSpec]) -> float:
    return sum(spec.cost for spec in specs)


def _labels(studies: Sequence[Study]) -> dict[str, str]:
    """Return what to call each run, by its key; with the name of the study, of several."""
    several = len(studies) > 1
    return {
        spec.key: f"{study.name}, " * several + label_of(cell, spec)
        for study in reversed(studies)
        for cell in reversed(study.cells)
        for spec in cell.specs
    }
