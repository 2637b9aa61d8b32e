"""``glassnet study search``: from a file to a command that trains with the best settings."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys

import pytest

SPACE = """
title = "Rates for the digits"
recipe = "digits"
changes = { "training.phases.0.epochs" = 2, "training.phases.0.batch_size" = 64 }

[[space]]
name = "learning rate"
key = "training.phases.0.optimizer.learning_rate"
low = 1e-3
high = 1.0
log = true
"""


@pytest.fixture
def space(workplace):
    (workplace / "rates.toml").write_text(SPACE)
    return workplace / "rates.toml"


def next_line(out: str) -> list[str]:
    line = next(line for line in out.splitlines() if line.startswith("Next: "))
    return shlex.split(line.removeprefix("Next: "))


def test_a_search_ends_with_a_command_that_trains_with_the_best_settings(glassnet, space):
    done = glassnet("study", "search", "rates.toml", "--trials", 3, "--jobs", 1)
    assert (done.code, done.err) == (0, "")
    assert "3 trials, 0 of them done before" in done.out
    assert "3 trials complete, 0 ended early, 0 failed" in done.out
    assert "The test set was not measured" in done.out
    assert "optuna-dashboard sqlite:///studies/rates/search.db" in done.out
    program, *command = next_line(done.out)
    assert program == "glassnet"
    trained = glassnet(*command)
    assert trained.code == 0
    best = next(line for line in done.out.splitlines() if line.startswith("Best"))
    assert best.removeprefix("Best validation accuracy  ") in trained.out


def test_a_search_that_has_its_trials_does_nothing_and_says_the_same(glassnet, space):
    first = glassnet("study", "search", "rates.toml", "--trials", 2, "--jobs", 1, "--out", "here")
    again = glassnet("study", "search", "rates.toml", "--trials", 2, "--out", "here")
    assert "all 2 trials are there; nothing to do" in again.out
    assert next_line(again.out) == next_line(first.out)


def test_a_search_that_is_killed_goes_on_where_it_was(
    environment, glassnet, space, workplace, optuna_study
):
    command = [sys.executable, "-m", "glassnet", "study", "search", "rates.toml"]
    with subprocess.Popen(
        [*command, "--trials", "1000", "--jobs", "1"],
        env=environment(), stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        for line in process.stdout:
            if line.startswith("trial "):
                process.send_signal(signal.SIGKILL)
                break
    study = optuna_study("rates", "sqlite:///studies/rates/search.db")
    before = sum(trial.state.is_finished() for trial in study.trials)
    trials = before + 2
    done = glassnet("study", "search", "rates.toml", "--trials", trials, "--jobs", 1)
    assert f"{trials:,} trials, {before:,} of them done before" in done.out
    whole = glassnet("study", "search", "rates.toml", "--trials", trials, "--out", "whole")
    assert next_line(whole.out) == next_line(done.out)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("low = 1e-3", "low = 2.0"), "low must be less than high, got 2.0 and 1.0"),
        (("[[space]]", "[[spaces]]"), "unknown key 'spaces' in the search; did you mean 'space'?"),
        (("digits", "digitz"), "search rates: unknown recipe 'digitz'; did you mean 'digits'?"),
        (("epochs", "epoch"), "search rates: recipe: unknown key 'epoch'"),
        (
            ("changes = {", 'changes = { "data.validation" = "test",'),
            "would choose settings by the test set",
        ),
        (("changes = {", 'changes = { "data.name" = "none.npz",'), "none.npz"),
    ],
)
def test_a_bad_search_is_one_line_and_exit_code_2(glassnet, space, change, message):
    space.write_text(SPACE.replace(*change))
    done = glassnet("study", "search", "rates.toml", "--jobs", 1)
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1


def test_a_space_in_which_all_diverges_says_so(glassnet, space):
    space.write_text(SPACE.replace("low = 1e-3", "low = 1e8").replace("high = 1.0", "high = 1e9"))
    done = glassnet("study", "search", "rates.toml", "--trials", 2, "--jobs", 1)
    assert done.code == 2
    assert "no complete trial among 2; the last: training diverged" in done.err
