"""Many runs, some at a time: processes of this machine, or a cluster's workers."""

from __future__ import annotations

import logging
import os
import threading
import time
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from typing import Any

import joblib
from joblib.externals.loky.process_executor import BrokenProcessPool

import glassnet
from glassnet.extras import require
from glassnet.recipes.recipe import DataTable
from glassnet.study.definition import StudyError
from glassnet.study.design import RunSpec
from glassnet.study.running import Failed, Finished, check_data, perform

LOCAL_CLUSTER = "local"
"""Stands for a cluster that is started here for as long as the study runs."""

_SECONDS_TO_CONNECT = 10
_SECONDS_TO_NOTICE = 0.5

_DEAF = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
"""For workers that were started here: Ctrl-C in a terminal reaches all, and we end them."""

Outcome = tuple[RunSpec, Finished | Failed]


def outcomes(
    specs: Sequence[RunSpec],
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    data_dir: str | None = None,
) -> Generator[Outcome]:
    """Perform the runs; yield each with what came of it, in the order in which they end.

    Parameters
    ----------
    specs : sequence of RunSpec
        The long ones are begun first.
    jobs : int, optional
        Runs at a time on this machine; by default one for each processor.
    cluster : str, optional
        Address of a Dask scheduler, ``"tcp://host:8786"``, whose workers take the runs; or
        ``"local"``, which starts one here. Data is loaded by the workers, each as `load_dataset`
        finds it there; results come back through the scheduler.
    data_dir : str, optional
        Where to look for data first, also on the workers.

    Raises
    ------
    StudyError
        If there is no scheduler at the address, or processes keep dying.
    MissingExtraError
        If a cluster is asked for and Dask is not installed.
    """
    specs = sorted(specs, key=lambda spec: spec.cost, reverse=True)
    if not specs:
        return
    if cluster is not None:
        with _quiet(), _client(cluster, jobs) as client:
            _check_workers(client, specs, data_dir)
            yield from _on_cluster(client, specs, data_dir)
        return
    jobs = min(jobs or joblib.cpu_count(), len(specs))
    if jobs == 1:
        for spec in specs:
            yield spec, perform(spec, data_dir)
        return
    yield from _in_processes(specs, jobs, data_dir)


def _in_processes(specs: list[RunSpec], jobs: int, data_dir: str | None) -> Iterator[Outcome]:
    """Perform them in processes of this machine; if one is killed, what it took is begun anew."""
    left = {spec.key: spec for spec in specs}
    deaths = 0
    while left:
        try:
            with joblib.parallel_config("loky", inner_max_num_threads=1):
                tasks = _parallel(list(left.values()), jobs, data_dir, parent=os.getpid())
                with closing(tasks):
                    for spec, outcome in tasks:
                        del left[spec.key]
                        deaths = 0
                        yield spec, outcome
        except BrokenProcessPool as error:
            deaths += 1
            if deaths == 3:
                raise StudyError(
                    f"the processes were killed {deaths} times without finishing a run; was there "
                    f"too little memory for {jobs} at a time? Try --jobs 1"
                ) from error


def _on_cluster(client: Any, specs: list[RunSpec], data_dir: str | None) -> Iterator[Outcome]:  # noqa: ANN401 a package without types
    """Perform them on the cluster's workers; the scheduler begins anew what a dead one had."""
    try:
        with (
            joblib.parallel_config("dask", client=client),
            closing(_parallel(specs, -1, data_dir)) as tasks,
        ):
            yield from tasks
    except Exception as error:  # of Dask, which has many
        told = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise StudyError(
            f"the cluster broke off: {told}. What was complete is kept; see that scheduler and "
            "workers are well, then run the study again"
        ) from error


def _parallel(
    specs: list[RunSpec], jobs: int, data_dir: str | None, *, parent: int | None = None
) -> Generator[Outcome]:
    tasks = (joblib.delayed(_performed)(spec, data_dir, parent) for spec in specs)
    # one task at a time, so that a long one is not dispatched behind another
    parallel = joblib.Parallel(
        n_jobs=jobs, return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs"
    )
    results: Generator[Outcome] = parallel(tasks)
    try:
        for result in results:  # noqa: UP028 `yield from` would close it before the block below
            yield result
    finally:
        with warnings.catch_warnings():  # whoever ends it early knows that runs are cancelled
            warnings.filterwarnings("ignore", r"\d+ tasks ", UserWarning)
            results.close()


def _performed(spec: RunSpec, data_dir: str | None, parent: int | None = None) -> Outcome:
    if parent is not None:
        end_with(parent)
    return spec, perform(spec, data_dir)


@lru_cache(maxsize=1)
def end_with(parent: int) -> None:
    """See that this process does not go on for long when the one that started it was killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_SECONDS_TO_NOTICE)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _check_workers(client: Any, specs: list[RunSpec], data_dir: str | None) -> None:  # noqa: ANN401
    """Refuse workers that cannot perform the runs, before all of them fail."""
    tables = {spec.recipe.data.model_dump_json(): spec.recipe.data for spec in specs}
    try:
        found = client.run(_ready, list(tables.values()), data_dir, on_error="return")
    except Exception as error:  # what pickle and Dask raise
        found = {"": error}
    for worker, answer in found.items():
        if isinstance(answer, ModuleNotFoundError) and answer.name == "glassnet":
            raise StudyError(f"worker {worker}: glassnet is not installed there")
        if isinstance(answer, BaseException):
            raise StudyError(f"worker {worker}: {answer}") from answer
        if answer != glassnet.__version__:
            raise StudyError(
                f"worker {worker} has glassnet {answer}, and this is {glassnet.__version__}; "
                "install the same one everywhere"
            )


def _ready(tables: list[DataTable], data_dir: str | None) -> str:
    check_data(tables, data_dir)
    return glassnet.__version__


@contextmanager
def _client(address: str, jobs: int | None) -> Iterator[Any]:
    """Yield a client of the scheduler at the address."""
    distributed: Any = require("distributed", "cluster")
    if address == LOCAL_CLUSTER:
        with _local(jobs or joblib.cpu_count()) as cluster, distributed.Client(cluster) as client:
            yield client
        return
    try:
        distributed.comm.resolve_address(address)  # a client refuses it too, but stays half open
        client = distributed.Client(address, timeout=_SECONDS_TO_CONNECT)
    except (OSError, ValueError) as error:
        raise StudyError(
            f"there is no Dask scheduler at {address} ({error}); start one with: dask scheduler, "
            f"and workers with: dask worker {address}"
        ) from error
    with client:
        if not client.scheduler_info()["workers"]:
            raise StudyError(
                f"the scheduler at {address} has no workers; start some with: dask worker {address}"
            )
        yield client


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Dask logs of a lost connection, with tracebacks, from the user."""
    loggers = [logging.getLogger(name) for name in ("distributed.client", "tornado.application")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _local(workers: int) -> Any:  # noqa: ANN401
    """Start a cluster on this machine, of processes of one thread each."""
    distributed: Any = require("distributed", "cluster")
    try:
        return distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,  # what goes wrong reaches us as exceptions
            preload=_DEAF,
            env={
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
                "DASK_LOGGING__DISTRIBUTED": "critical",
            },
        )
    except RuntimeError as error:
        raise StudyError(
            f"no cluster could be started here: {error} In a script, what runs the study belongs "
            'under: if __name__ == "__main__":'
        ) from error
