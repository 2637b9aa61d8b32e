"""A training as a run of MLflow."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassnet.checks import flag
from glassnet.extras import require
from glassnet.tracking.numbers import measurements, settings_of
from glassnet.tracking.trainings import ByTraining, begins
from glassnet.training import Callback

if TYPE_CHECKING:
    from glassnet.training import Trainer
    from glassnet.training.history import Record

_LONGEST = 6000  # characters that MLflow takes as the value of a parameter
_PARENT = "mlflow.parentRunId"
_HAS_TRAINING = "glassnet.training"
_AT_ONCE = 100  # parameters that it takes in one call


class MLflow(Callback):
    """Keep a training as a run of an MLflow experiment: its settings, measurements and model.

    The settings are the run's parameters, those of a further phase under ``"phase_2."``. After each
    epoch the measurements are its metrics, whose step is the epoch. At the end the network is
    logged as the file ``model.npz``; `glassnet.Network.load` reads it. A resumed training goes on
    in the same run, and so does a further phase; one that fails or is broken off says so. Another
    training has a run of its own, and a copy of the callback begins one.

    Within ``with mlflow.start_run():`` the first training is kept in that run, as MLflow's own
    logging does, and ended by that block; each further training is a run below it.

    Parameters
    ----------
    experiment : str
        Of runs that are not below another; made where it is missing.
    run_name : str, optional
        Of a run that is begun. By default MLflow chooses one.
    tracking_uri : str, optional
        Of a server, or where the files are: ``"sqlite:///mlflow.db"``. By default what MLflow is
        set to: ``MLFLOW_TRACKING_URI`` in the environment, else its own default.
    model : bool
        Whether the network is logged.

    Attributes
    ----------
    run_id : str or None
        Of the run of the last training, once it has begun; a copy has none.

    Raises
    ------
    MissingExtraError
        When training begins and MLflow is not installed.
    mlflow.exceptions.MlflowException
        If the store cannot be reached or written.

    Examples
    --------
    >>> MLflow("digits", tracking_uri="sqlite:///mlflow.db").run_id is None
    True
    """

    def __init__(
        self,
        experiment: str = "glassnet",
        *,
        run_name: str | None = None,
        tracking_uri: str | None = None,
        model: bool = True,
    ) -> None:
        self.experiment = experiment
        self.run_name = run_name
        self.tracking_uri = tracking_uri
        self.model = flag("model", model)
        self.run_id: str | None = None
        self._runs: ByTraining[str] = ByTraining()
        self._client: Any = None

    def __getstate__(self) -> dict[str, Any]:
        # what a copy or a pickle watches is another training
        return self.__dict__ | {"run_id": None, "_client": None}

    def on_fit_start(self, trainer: Trainer) -> None:
        """Begin a run, or go on with it, and log the settings."""
        self._client = require("mlflow", "mlflow").MlflowClient(self.tracking_uri)
        run_id = None if begins(trainer) else self._runs.get(trainer.history, self.run_id)
        if run_id is None:
            self.run_id = None  # that of another training is left alone, should there be no new one
            run_id = self._begin()
        else:
            self._client.update_run(run_id, status="RUNNING")
        self.run_id = self._runs[trainer.history] = run_id
        phase = trainer.progress.phase
        prefix = "" if phase == 1 else f"phase_{phase}."
        self._log_parameters({prefix + k: str(v) for k, v in settings_of(trainer).items()})

    def _begin(self) -> str:
        """Return the active run if it has no training yet; else a new one, below it if there is."""
        active = self._active_run()
        if active is not None and _HAS_TRAINING not in active.data.tags:
            run = active
        else:
            experiment = self._experiment_id() if active is None else active.info.experiment_id
            tags = {} if active is None else {_PARENT: active.info.run_id}
            run = self._client.create_run(experiment, run_name=self.run_name, tags=tags)
        run_id: str = run.info.run_id
        self._client.set_tag(run_id, _HAS_TRAINING, "true")
        return run_id

    def _active_run(self) -> Any:  # noqa: ANN401
        """Return the run that ``mlflow.start_run`` has begun, or None; one of this store alone."""
        active = require("mlflow", "mlflow").active_run()
        if active is None:
            return None
        try:
            return self._client.get_run(active.info.run_id)
        except require("mlflow.exceptions", "mlflow").MlflowException:
            return None

    def _end(self, status: str) -> None:
        """End the run; the active one is left to who has begun it."""
        active = require("mlflow", "mlflow").active_run()
        if active is None or active.info.run_id != self.run_id:
            self._client.set_terminated(self.run_id, status)

    def _experiment_id(self) -> str:
        experiment = self._client.get_experiment_by_name(self.experiment)
        number: str = (
            self._client.create_experiment(self.experiment)
            if experiment is None
            else experiment.experiment_id
        )
        return number

    def _log_parameters(self, settings: dict[str, str]) -> None:
        """Log those that are new: parameters of a run never change."""
        entities = require("mlflow.entities", "mlflow")
        known = self._client.get_run(self.run_id).data.params
        fresh = [
            entities.Param(name, value[:_LONGEST])
            for name, value in settings.items()
            if name not in known
        ]
        for at in range(0, len(fresh), _AT_ONCE):
            self._client.log_batch(self.run_id, params=fresh[at : at + _AT_ONCE])

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:  # noqa: ARG002
        """Log what was measured."""
        self._log_metrics(measurements(record), record["epoch"])

    def _log_metrics(self, measured: dict[str, float], epoch: int) -> None:
        entities = require("mlflow.entities", "mlflow")
        now = int(1000 * time.time())
        metrics = [entities.Metric(name, v, now, epoch) for name, v in measured.items()]
        for at in range(0, len(metrics), _AT_ONCE):
            self._client.log_batch(self.run_id, metrics=metrics[at : at + _AT_ONCE])

    def on_fit_end(self, trainer: Trainer) -> None:
        """Log the network, and end the run."""
        if trainer.interrupted:
            self._end("KILLED")
            return
        if self.model:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "model.npz")
                trainer.network.save(path)
                self._client.log_artifact(self.run_id, str(path))
        self._end("FINISHED")

    def on_fit_error(self, trainer: Trainer, error: BaseException) -> None:  # noqa: ARG002
        """End the run, which failed."""
        if self.run_id is None:
            return
        self._client.set_tag(self.run_id, "error", f"{type(error).__name__}: {error}")
        killed = isinstance(error, KeyboardInterrupt)
        self._end("KILLED" if killed else "FAILED")

    def on_test_end(self, trainer: Trainer, measured: dict[str, Any]) -> None:
        """Log what was measured on the test set, at the last epoch."""
        self.run_id = self._runs.get(trainer.history, self.run_id)
        self._log_metrics(measurements(measured, "test"), len(trainer.history))

    def state(self) -> dict[str, Any]:
        """Return which run it is."""
        return {"run_id": self.run_id}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self.run_id = state["run_id"]
