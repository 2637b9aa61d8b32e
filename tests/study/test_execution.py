"""Runs in real processes, which real signals kill."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import textwrap
import threading

import psutil
import pytest

from glassnet.study import Finished, StudyError
from glassnet.study.execution import outcomes


def loky_processes(of: int | None = None) -> list[psutil.Process]:
    found = []
    for process in psutil.Process(of).children():
        with contextlib.suppress(psutil.Error):  # it has just ended
            found += [process] * ("LokyProcess" in " ".join(process.cmdline()))
    return found


def test_the_number_of_jobs_changes_no_number(tiny, numbers) -> None:
    one, two = (tiny(f"jobs-{jobs}").run(jobs=jobs) for jobs in (1, 2))
    assert len(numbers(one)) == 4
    assert numbers(one) == numbers(two)


def test_nothing_to_do_starts_no_process(tiny) -> None:
    assert list(outcomes([], jobs=2)) == []
    assert list(outcomes([], cluster="tcp://127.0.0.1:9")) == []


def test_long_runs_are_begun_first(tiny) -> None:
    factor = {"name": "epochs", "keys": ["training.phases.0.epochs"], "values": [1, 3, 2]}
    study = tiny(factors=[factor], changes={}, seeds=1)
    done = [spec.recipe.training.phases[0].epochs for spec, _ in outcomes(study.specs, jobs=1)]
    assert done == [3, 2, 1]


def test_a_process_that_is_killed_is_made_up_for(tiny, numbers) -> None:
    study, killed = tiny(seeds=6), []

    def kill(step) -> None:
        if not killed:
            killed.append(loky_processes()[0])
            killed[0].kill()

    study.run(jobs=2, progress=kill)
    assert not killed[0].is_running()
    assert study.missing() == []
    assert numbers(study) == numbers(tiny("whole", seeds=6).run(jobs=1))


def test_whoever_wants_no_more_runs_stops_the_processes(tiny) -> None:
    study = tiny(seeds=8)
    runs = outcomes(study.specs, jobs=2)
    spec, outcome = next(runs)
    assert isinstance(outcome, Finished)
    runs.close()
    ((again, _),) = outcomes([spec], jobs=2)
    assert again.key == spec.key


STUDY = """
from glassnet.study import Study

study = Study({
    "name": "script",
    "recipe": "digits",
    "changes": {"training.phases.0.epochs": EPOCHS},
    "factors": [{
        "name": "rate",
        "keys": ["training.phases.0.optimizer.learning_rate"],
        "values": [0.01, 0.1],
    }],
    "seeds": SEEDS,
})
"""


def script(tmp_path, text: str, *, epochs: int = 1, seeds: int = 1):
    file = tmp_path / "script.py"
    study = STUDY.replace("EPOCHS", str(epochs)).replace("SEEDS", str(seeds))
    file.write_text(study + textwrap.dedent(text))
    return file


def test_a_script_needs_no_main_guard(tmp_path) -> None:
    file = script(tmp_path, "study.run(jobs=2)\nprint(len(study.missing()), 'missing')\n")
    done = subprocess.run(
        [sys.executable, file], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 missing\n", "")


def test_an_interactive_session_runs_studies(tmp_path) -> None:
    file = script(
        tmp_path, "\nstudy.run(jobs=2) and None\nprint(len(study.missing()), 'missing')\n"
    )
    done = subprocess.run(
        [sys.executable, "-i", "-q"], input=file.read_text(), cwd=tmp_path, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert "0 missing\n" in done.stdout
    assert "Traceback" not in done.stderr


def test_processes_do_not_outlive_the_one_that_is_killed(tmp_path) -> None:
    text = """
    import sys
    study.run(jobs=2, progress=lambda step: (print("one", flush=True), sys.stdin.readline()))
    """
    file = script(tmp_path, text, epochs=1000)
    file.write_text(file.read_text().replace('"values": [0.01, 0.1]', '"values": [0.01, 1e6]'))
    with subprocess.Popen(
        [sys.executable, file], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    ) as running:  # fmt: skip
        assert running.stdout.readline() == "one\n"
        workers = loky_processes(running.pid)
        assert len(workers) == 2
        running.send_signal(signal.SIGKILL)
    gone, alive = psutil.wait_procs(workers, timeout=60)
    assert alive == []
    assert len(gone) == 2


def test_processes_that_keep_dying_are_an_error(tiny) -> None:
    told = threading.Event()

    def kill_whatever_starts() -> None:
        while not told.wait(0.01):
            for process in loky_processes():
                with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
                    process.kill()

    killer = threading.Thread(target=kill_whatever_starts)
    killer.start()
    try:
        with pytest.raises(StudyError, match=r"killed 3 times without finishing a run.*--jobs 1"):
            tiny().run(jobs=2)
    finally:
        told.set()
        killer.join()


def test_data_that_is_missing_is_told_once_and_before_any_run(tiny) -> None:
    told = []
    study = tiny(changes={"data.name": "digts"})
    with pytest.raises(ValueError, match="'digts'"):
        study.run(jobs=2, progress=told.append)
    assert told == []
    assert not study.archive.folder.exists()
    assert issubclass(StudyError, ValueError)
