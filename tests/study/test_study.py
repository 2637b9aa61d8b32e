"""Whole studies: run, broken off in every way, and run again."""

from __future__ import annotations

import multiprocessing
import random
import signal

import pytest

from glassnet.study import Study, StudyError, run_studies
from glassnet.study.steps import RunFailedError

RATE = "training.phases.0.optimizer.learning_rate"


class Steps(list):
    """A progress callback that keeps what it is told."""

    def __call__(self, step) -> None:
        self.append(step)


def test_a_second_run_does_nothing(tiny) -> None:
    first, second = Steps(), Steps()
    study = tiny()
    assert len(study.missing()) == 4
    study.run(jobs=1, progress=first)
    assert study.missing() == []
    tiny().run(jobs=1, progress=second)
    assert (len(first), len(second)) == (4, 0)


def test_progress_counts_runs_and_work(tiny) -> None:
    steps = Steps()
    tiny().run(jobs=1, progress=steps)
    assert [(step.done, step.total) for step in steps] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [step.share for step in steps] == pytest.approx([0.25, 0.5, 0.75, 1.0])


def test_more_seeds_need_only_the_new_runs(tiny) -> None:
    steps = Steps()
    tiny(seeds=1).run(jobs=1)
    tiny(seeds=3).run(jobs=1, progress=steps)
    assert sorted(step.spec.seed for step in steps) == [1, 1, 2, 2]


def test_studies_share_the_runs_that_they_have_in_common(tiny) -> None:
    steps = Steps()
    studies = [tiny(rates=(0.01, 0.1)), tiny(rates=(0.1, 0.2), name="other")]
    run_studies(studies, jobs=1, progress=steps)
    assert len(steps) == len({step.spec.key for step in steps}) == 6
    assert [len(study.missing()) for study in studies] == [0, 0]


def test_a_cell_that_diverges_does_not_stop_the_others(tiny) -> None:
    for jobs in (1, 2):
        study, steps = tiny(f"jobs-{jobs}", rates=(1e6, 0.01)), Steps()
        study.run(jobs=jobs, progress=steps)
        assert len(steps) == 4
        assert sum(step.failure is not None for step in steps) == 2
        assert [spec.recipe.training.seed for spec in study.missing()] == [0, 1]
        told = study.failures()
        assert list(told) == ["rate 1e+06, seed 0", "rate 1e+06, seed 1"]
        assert all("training diverged" in message for message in told.values())
        assert set(study.results()["cell"]) == {"rate 0.01"}


def test_a_run_that_failed_is_tried_again(tiny) -> None:
    steps = Steps()
    study = tiny(rates=(1e6, 0.01), seeds=1).run(jobs=1)
    study.run(jobs=1, progress=steps)
    assert [step.total for step in steps] == [1]
    assert steps[0].failure.startswith("training diverged")


@pytest.mark.parametrize("jobs", [1, 2])
def test_fail_fast_stops_at_the_first_failure_and_keeps_what_was_done(tiny, jobs) -> None:
    study, steps = tiny(rates=(0.01, 1e6, 0.1), seeds=4), Steps()
    told = r"a run failed, the first that did: rate 1e\+06, seed \d: training diverged"
    with pytest.raises(RunFailedError, match=told):
        study.run(jobs=jobs, fail_fast=True, progress=steps)
    assert [step.failure is None for step in steps] == [True] * (len(steps) - 1) + [False]
    assert len(study.missing()) == 12 - len(steps) + 1 > 1


def test_what_failed_is_told_with_cell_and_seed_and_the_study_where_there_are_several(tiny) -> None:
    steps = Steps()
    one, other = tiny(rates=(1e6,), seeds=1), tiny(rates=(1e6, 0.1), seeds=1, name="other")
    (told,) = run_studies([one], jobs=1, progress=steps)
    assert told.startswith("rate 1e+06, seed 0: training diverged")
    assert steps.pop().label == "rate 1e+06, seed 0"
    (told,) = run_studies([one, other], jobs=1, progress=steps)
    assert told.startswith("tiny, rate 1e+06, seed 0: training diverged")
    assert {step.label for step in steps} == {"tiny, rate 1e+06, seed 0", "other, rate 0.1, seed 0"}


def test_a_damaged_run_is_left_out_and_made_again(tiny, numbers) -> None:
    study = tiny().run(jobs=1)
    before, damaged = numbers(study), study.specs[1]
    path = study.archive.runs / f"{damaged.key}.npz"
    path.write_bytes(path.read_bytes()[:100])
    assert study.missing() == [damaged]
    assert len(study.results()) == 3 * 2
    assert numbers(study.run(jobs=1)) == before


def test_where_times_matter_runs_go_one_at_a_time_and_last(tiny, monkeypatch) -> None:
    from glassnet.study import study as module

    asked = []
    real = module.outcomes

    def outcomes(specs, *, jobs=None, cluster=None, data_dir=None):
        asked.append((len(specs), jobs, cluster))
        return real(specs, jobs=1, data_dir=data_dir)

    monkeypatch.setattr(module, "outcomes", outcomes)
    timed = tiny(rates=(0.1, 0.2), seeds=1, timing=True, name="timed")
    run_studies([timed, tiny(rates=(0.01, 0.1), seeds=1)], jobs=2, cluster="local")
    assert asked == [(1, 2, "local"), (2, 1, None)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_study_that_is_stopped_goes_on_where_it_was(tiny, numbers, jobs) -> None:
    def stop(step) -> None:
        if step.done == 3:
            raise KeyboardInterrupt

    study, steps = tiny(seeds=4), Steps()
    with pytest.raises(KeyboardInterrupt):
        study.run(jobs=jobs, progress=stop)
    assert len(study.missing()) == 5
    study.run(jobs=jobs, progress=steps)
    assert len(steps) == 5
    assert numbers(study) == numbers(tiny("whole", seeds=4).run(jobs=1))


def test_results_that_cannot_be_written_end_the_study(tiny, tmp_path) -> None:
    (tmp_path / "studies").write_text("no folder")
    with pytest.raises(OSError, match="studies"):
        tiny().run(jobs=1)


def _run(table: dict, folder: str, sender) -> None:
    """Perform a study in a process of its own; tell of each finished run."""
    study = Study(table, folder=folder)
    study.run(jobs=1, progress=lambda step: sender.send(step.done))
    sender.close()


def test_a_study_that_is_killed_ten_times_ends_as_if_it_had_never_been(tiny, numbers) -> None:
    seeds, chance = 20, random.Random(8)
    study, kinds = tiny(seeds=seeds), multiprocessing.get_context("forkserver")
    kinds.set_forkserver_preload(["glassnet.study"])
    left = [len(study.missing())]
    for _ in range(10):
        receiver, sender = kinds.Pipe(duplex=False)
        table = study.table.model_dump()
        process = kinds.Process(target=_run, args=(table, str(study.archive.folder), sender))
        process.start()
        sender.close()
        for _ in range(chance.randint(0, 2)):
            receiver.recv()
        process.join(chance.uniform(0, 0.1))  # somewhere within the next run
        process.kill()
        process.join()
        receiver.close()
        assert process.exitcode == -signal.SIGKILL
        left.append(len(study.missing()))
        process.close()
    assert left == sorted(left, reverse=True)
    assert 2 * seeds > left[5] > left[-1] > 0
    study.run(jobs=1)
    whole = tiny("whole", seeds=seeds).run(jobs=1)
    assert len(numbers(whole)) == 2 * seeds
    assert numbers(study) == numbers(whole)
    untimed = [c for c in whole.results() if "seconds" not in c]
    assert study.results()[untimed].equals(whole.results()[untimed])


def test_two_at_once_in_the_same_folder_both_end_well(tiny, numbers) -> None:
    study, kinds = tiny(seeds=3), multiprocessing.get_context("forkserver")
    kinds.set_forkserver_preload(["glassnet.study"])
    both = []
    for _ in range(2):
        receiver, sender = kinds.Pipe(duplex=False)
        table = study.table.model_dump()
        process = kinds.Process(target=_run, args=(table, str(study.archive.folder), sender))
        process.start()
        sender.close()
        both.append((process, receiver))
    for process, receiver in both:
        process.join()
        receiver.close()
        assert process.exitcode == 0
        process.close()
    assert len(list(study.archive.runs.iterdir())) == 6
    assert numbers(study) == numbers(tiny("whole", seeds=3).run(jobs=1))


def test_another_number_of_seeds_may_be_asked_for() -> None:
    study = Study.load("figure-08", seeds=3)
    assert len(study.specs) == 12
    assert study.factors == ["learning rate"]
    with pytest.raises(StudyError, match="figure-08: seeds: must be greater than or equal to 1"):
        Study.load("figure-08", seeds=0)
    assert RATE in study.table.factors[0].keys
