"""Many runs, some at a time: processes of this machine, or a cluster's workers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import joblib
from joblib.externals.loky.process_executor import BrokenProcessPool

from glassnet.extras import require
from glassnet.study.definition import StudyError
from glassnet.study.design import RunSpec
from glassnet.study.running import Failed, Finished, perform

LOCAL_CLUSTER = "local"
"""Stands for a cluster that is started here for as long as the study runs."""

_SECONDS_TO_CONNECT = 10

Outcome = tuple[RunSpec, Finished | Failed]


def outcomes(
    specs: Sequence[RunSpec],
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    data_dir: str | None = None,
) -> Iterator[Outcome]:
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
        with _client(cluster, jobs) as client, joblib.parallel_config("dask", client=client):
            yield from _parallel(specs, -1, data_dir)
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
                for spec, outcome in _parallel(list(left.values()), jobs, data_dir):
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


def _parallel(specs: list[RunSpec], jobs: int, data_dir: str | None) -> Iterator[Outcome]:
    tasks = (joblib.delayed(_performed)(spec, data_dir) for spec in specs)
    # one task at a time, so that a long one is not dispatched behind another
    parallel = joblib.Parallel(
        n_jobs=jobs, return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs"
    )
    results: Iterator[Outcome] = parallel(tasks)
    yield from results


def _performed(spec: RunSpec, data_dir: str | None) -> Outcome:
    return spec, perform(spec, data_dir)


@contextmanager
def _client(address: str, jobs: int | None) -> Iterator[Any]:
    """Yield a client of the scheduler at the address."""
    distributed: Any = require("distributed", "cluster")
    if address == LOCAL_CLUSTER:
        with (
            distributed.LocalCluster(
                n_workers=jobs or joblib.cpu_count(),
                threads_per_worker=1,
                dashboard_address=None,
                env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client
        return
    try:
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
