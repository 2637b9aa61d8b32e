"""The search for good hyperparameters: one training a trial, Optuna chooses the next."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from glassnet import checks
from glassnet.extras import require
from glassnet.optim.monitoring import should_rise
from glassnet.recipes import Recipe, job_on
from glassnet.study.definition import StudyError
from glassnet.study.design import fingerprint
from glassnet.study.running import loaded
from glassnet.study.search_database import address, alone, check_same, give_up_running, opened
from glassnet.study.search_importance import search_importance
from glassnet.study.space import SearchTable, load_search, search_from_dict, toml_value
from glassnet.study.study import DEFAULT_FOLDER
from glassnet.study.trials import COUNTED, FAILURE, Pruning, make_trials

require("optuna", "study")
import optuna  # noqa: E402 after the friendly refusal
from optuna.trial import FrozenTrial, TrialState  # noqa: E402

Progress = Callable[[int, float | None], None]
"""Gets the number of trials done and the best value so far."""


@dataclass(frozen=True)
class Best:
    """The trial whose value was best.

    Parameters
    ----------
    value : float
    params : dict
        What was looked for, by name.
    settings : tuple of str
        ``KEY=VALUE`` of all that differs from the recipe, for ``glassnet train RECIPE --set``.
    """

    value: float
    params: dict[str, Any]
    settings: tuple[str, ...]


class Search:
    """A recipe, a space of hyperparameters, and the trials that were made in it.

    Parameters
    ----------
    table : SearchTable or mapping
        What a search file says; see `SearchTable`.
    folder : path-like
        Trials are kept in ``FOLDER/NAME/search.db``, an SQLite database of Optuna's.

    Raises
    ------
    StudyError
        If something is wrong with it; names the key, the value and what is allowed.

    Notes
    -----
    Optuna's sampler is TPE: after ten trials at random it prefers what the better ones had. From
    the sixth complete trial on, one whose best value so far is below the median of the others' at
    the same epoch is ended there (median pruning), but not in the first fifth of its epochs. All
    trials have the recipe's seed and held-out examples; the test set is never measured, for what
    is the best of many by its number is flattered by that number.

    References
    ----------
    Bergstra, Bardenet, Bengio and Kégl, "Algorithms for hyper-parameter optimization", NIPS 2011.
    Akiba et al., "Optuna: a next-generation hyperparameter optimization framework", KDD 2019.

    Examples
    --------
    >>> search = Search({
    ...     "name": "rates",
    ...     "recipe": "digits",
    ...     "space": [{
    ...         "name": "learning rate",
    ...         "key": "training.phases.0.optimizer.learning_rate",
    ...         "low": 1e-3, "high": 1.0, "log": True,
    ...     }],
    ... })
    >>> search.storage
    'sqlite:///studies/rates/search.db'
    """

    def __init__(
        self, table: SearchTable | Mapping[str, Any], *, folder: str | Path = DEFAULT_FOLDER
    ) -> None:
        self.table = table if isinstance(table, SearchTable) else search_from_dict(table)
        self.base: Recipe = self.table.base()
        self.database = Path(folder) / self.table.name / "search.db"

    @classmethod
    def load(cls, file: str | Path, *, folder: str | Path = DEFAULT_FOLDER) -> Search:
        """Return the search that a TOML file describes."""
        return cls(load_search(file), folder=folder)

    @property
    def storage(self) -> str:
        """The database's address, for ``optuna-dashboard`` and `optuna.load_study`."""
        return address(self.database)

    def trials(self) -> list[FrozenTrial]:
        """Return the trials that ended as trials do: complete, pruned or diverged."""
        if not self.database.is_file():
            return []
        with self._opened() as study:
            return study.get_trials(states=COUNTED)

    def done(self) -> int:
        """Return the number of trials that ended."""
        return len(self.trials())

    def complete(self) -> int:
        """Return the number of those that were trained to their end."""
        return sum(trial.state == TrialState.COMPLETE for trial in self.trials())

    def failures(self) -> dict[int, str]:
        """Return why trials could not be trained to their end, by their number."""
        trials = self.trials()
        return {t.number: t.user_attrs[FAILURE] for t in trials if FAILURE in t.user_attrs}

    def best(self) -> Best:
        """Return the best of the complete trials; of equal ones the first.

        Raises
        ------
        StudyError
            If there is none.
        """
        best = self._best(self.trials())
        if best is None:
            told = "".join(f"; the last: {message}" for message in [*self.failures().values()][-1:])
            raise StudyError(
                f"search {self.table.name} has no complete trial among {self.done()}{told}. "
                "Run it with more trials, or with another space"
            )
        value, trial = best
        changes = self.table.changes_of(trial.params)
        settings = tuple(f"{key}={toml_value(new)}" for key, new in changes.items())
        params = {each.name: each.value(trial.params[each.name]) for each in self.table.space}
        return Best(value, params, settings)

    def importance(self) -> dict[str, float]:
        """Return the share of the value's variance that each hyperparameter explains alone.

        See `search_importance`, which also says what is raised.
        """
        complete = [t for t in self.trials() if t.state == TrialState.COMPLETE]
        table = pd.DataFrame([{**t.params, self.table.value: t.value} for t in complete])
        log = [each.name for each in self.table.space if each.log]
        names = [each.name for each in self.table.space]
        return search_importance(table, names, self.table.value, log=log)

    def run(
        self,
        *,
        trials: int = 50,
        jobs: int | None = None,
        data_dir: str | Path | None = None,
        progress: Progress | None = None,
    ) -> Search:
        """Make the trials that are missing; return the search.

        Every trial is kept at once. One that was broken off does not count and is made again.

        Parameters
        ----------
        trials : int
            In all, those before included.
        jobs : int, optional
            Trials at a time, in processes of this machine; by default one for each processor. With
            one, the same search has the same trials, stopped in between or not.
        data_dir : path-like, optional
            Where to look for data first.
        progress : callable, optional
            Called after every trial with the number of trials and the best value so far.

        Raises
        ------
        StudyError
            If the database is of another search or in use, or a process was killed.
        ValueError, OSError
            If the data is missing or wrong, or results cannot be written.
        """
        checks.whole("trials", trials, at_least=1)
        where = str(data_dir) if data_dir is not None else None
        self._check_data(where)
        self.database.parent.mkdir(parents=True, exist_ok=True)
        with alone(self.database), self._opened() as study:
            check_same(study, self._decides(), self.table.distributions, self.database)
            give_up_running(study)
            try:
                for done in make_trials(
                    study, self.table, self.base, total=trials, jobs=jobs, data_dir=where
                ):
                    if progress is not None:
                        best = self._best(study.get_trials(deepcopy=False))
                        progress(done, best[0] if best else None)
            finally:
                give_up_running(study)
        return self

    @property
    def _epochs(self) -> int:
        return sum(phase.epochs for phase in self.base.training.phases)

    def _opened(self) -> AbstractContextManager[optuna.Study]:
        pruner = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=self._epochs // 5)
        return opened(
            self.database, self.table.name, rising=should_rise(self.table.value), pruner=pruner
        )

    def _decides(self) -> str:
        """Return what all trials must have in common to be compared."""
        keys = {each.name: each.key for each in self.table.space}
        data = fingerprint(self.base.data.name)
        return json.dumps([self.base.deciding(), data, self.table.value, keys])

    def _check_data(self, data_dir: str | None) -> None:
        """Tell before the first trial what is wrong with the data, or that it lacks the value."""
        job = job_on(self.base, *loaded(self.base, data_dir))
        watching = Pruning(lambda *_: False, self.table.value)
        job.trainer([watching]).check(job.train, job.validation)

    def _best(self, trials: list[FrozenTrial]) -> tuple[float, FrozenTrial] | None:
        sign = -1 if should_rise(self.table.value) else 1
        complete = [
            (t.value, t) for t in trials if t.state == TrialState.COMPLETE and t.value is not None
        ]
        return min(complete, key=lambda pair: (sign * pair[0], pair[1].number), default=None)
