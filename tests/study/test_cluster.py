"""Studies on a real Dask cluster: a scheduler, and workers of which one is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from glassnet.study import StudyError, execution

distributed = pytest.importorskip("distributed")


class Cluster:
    """A scheduler and its workers: processes that stand in folders of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workers: list[subprocess.Popen[bytes]] = []
        told = folder / "scheduler.json"
        options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.scheduler = self._start("scheduler", *options, "--scheduler-file", str(told))
        while True:
            try:
                self.address = json.loads(told.read_text())["address"]
                break
            except (OSError, ValueError):  # not yet, or half of it
                assert self.scheduler.poll() is None
                time.sleep(0.05)

    def start_worker(self, *, threads: int = 1) -> None:
        options = ("--nthreads", str(threads), "--no-nanny", "--no-dashboard")
        self.workers.append(self._start("worker", self.address, *options))

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        place = self.folder / f"{arguments[0]}-{len(self.workers)}"
        place.mkdir()
        with (place / "log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments], cwd=place, stdout=log, stderr=log,
                env=os.environ | {"DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "0"},
            )  # fmt: skip

    def wait_for_workers(self, number: int) -> None:
        with distributed.Client(self.address) as client:
            client.wait_for_workers(number, timeout=60)

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    started = Cluster(tmp_path_factory.mktemp("cluster"))
    yield started
    started.stop()


def test_a_scheduler_without_workers_is_told_with_what_to_do(cluster, tiny) -> None:
    with pytest.raises(StudyError, match=f"{cluster.address} has no workers; .*dask worker tcp:"):
        tiny().run(cluster=cluster.address)


def test_a_study_survives_the_death_of_a_worker(cluster, tiny, numbers) -> None:
    for _ in range(2):
        cluster.start_worker()
    cluster.wait_for_workers(2)
    study, steps = tiny(seeds=5), []

    def kill(step) -> None:
        if not steps:
            cluster.workers[0].send_signal(signal.SIGKILL)
        steps.append(step)

    study.run(cluster=cluster.address, progress=kill)
    assert cluster.workers[0].wait(60) == -signal.SIGKILL
    assert cluster.workers[1].poll() is None
    assert [step.failure for step in steps] == [None] * 10
    assert study.missing() == []
    assert numbers(study) == numbers(tiny("local", seeds=5).run(jobs=1))
    assert list(cluster.folder.rglob("*.npz")) == []


def test_workers_with_several_threads_give_the_same_numbers(cluster, tiny, numbers) -> None:
    cluster.start_worker(threads=3)
    cluster.wait_for_workers(2)
    study = tiny(seeds=4).run(cluster=cluster.address)
    assert numbers(study) == numbers(tiny("local", seeds=4).run(jobs=1))


def test_a_run_that_fails_on_a_worker_is_told_here(cluster, tiny) -> None:
    study = tiny(rates=(0.01, 1e6), seeds=1).run(cluster=cluster.address)
    ((where, message),) = study.failures().items()
    assert where == "rate 1e+06, seed 0"
    assert message.startswith("training diverged")
    with pytest.raises(StudyError, match=r"a run failed.*training diverged"):
        study.run(cluster=cluster.address, fail_fast=True)


def test_data_that_workers_lack_is_told_once(cluster, tiny, tmp_path, monkeypatch) -> None:
    (tmp_path / "here.csv").write_text("a,label\n1,x\n2,y\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError, match=r"worker tcp://127.0.0.1:\d+: .*here\.csv"):
        tiny(changes={"data.name": "here.csv"}).run(cluster=cluster.address)


def test_a_scheduler_that_goes_away_is_told(cluster, tiny, caplog) -> None:
    study = tiny(seeds=8)

    def lose(step) -> None:
        cluster.scheduler.kill()

        def gather() -> None:  # what the client does by chance just now
            raise distributed.comm.CommClosedError

        distributed.default_client().loop.add_callback(gather)

    with pytest.raises(StudyError, match=r"the cluster broke off: .*run the study again"):
        study.run(cluster=cluster.address, progress=lose)
    assert caplog.text == ""
    left = len(study.missing())
    assert 0 < left < 16
    assert len(study.run(jobs=1).results()) == 32


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("tcp://127.0.0.1:9", "there is no Dask scheduler at tcp://127.0.0.1:9 .*dask scheduler"),
        ("somewhere", "there is no Dask scheduler at somewhere .*missing port"),
        ("http://127.0.0.1:9", "there is no Dask scheduler at http://127.0.0.1:9"),
    ],
)
def test_a_scheduler_that_is_not_there_is_told(tiny, monkeypatch, address, told) -> None:
    monkeypatch.setattr(execution, "_SECONDS_TO_CONNECT", 0.5)
    with pytest.raises(StudyError, match=told):
        tiny().run(cluster=address)


def test_a_cluster_can_be_started_here(tiny, numbers) -> None:
    study = tiny(seeds=1).run(cluster="local", jobs=1)
    assert numbers(study) == numbers(tiny("local", seeds=1).run(jobs=1))
