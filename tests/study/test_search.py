"""The search for hyperparameters: real trainings on the digits, in real databases."""

from __future__ import annotations

import os
import signal
import sqlite3
import warnings

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

import glassnet as gn
from glassnet.recipes import fit_phases, load_recipe, parse_setting, prepare
from glassnet.study import StudyError, trials
from glassnet.study.search import Search
from glassnet.study.space import HyperparameterTable, load_search, search_from_dict, toml_value

RATE = {
    "name": "learning rate",
    "key": "training.phases.0.optimizer.learning_rate",
    "low": 1e-3,
    "high": 1.0,
    "log": True,
}
UNITS = {"name": "hidden units", "key": "network.layers.1.units", "low": 4, "high": 32}
FEW = {"training.phases.0.epochs": 3, "training.phases.0.batch_size": 64}


def tree(*space, **others):
    return {"name": "few", "changes": FEW, "space": [*(space or (RATE, UNITS))], **others}


@pytest.fixture
def search(tmp_path):
    return lambda *space, **others: Search(tree(*space, **others), folder=tmp_path / "studies")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Six trials, never stopped; for reading."""
    return Search(tree(), folder=tmp_path_factory.mktemp("studies")).run(trials=6, jobs=1)


def told(searched):
    return [(t.params, t.value, t.intermediate_values, t.state) for t in searched.trials()]


# --- the file


@pytest.mark.parametrize(
    ("keys", "distribution"),
    [
        ({"low": 1, "high": 9}, IntDistribution(1, 9)),
        ({"low": 1, "high": 9, "step": 4}, IntDistribution(1, 9, step=4)),
        ({"low": 1, "high": 9, "log": True}, IntDistribution(1, 9, log=True)),
        ({"low": 1, "high": 9.5}, FloatDistribution(1, 9.5)),
        ({"low": 0.1, "high": 0.7, "step": 0.3}, FloatDistribution(0.1, 0.7, step=0.3)),
        ({"choices": [16, "full"]}, CategoricalDistribution([16, "full"])),
    ],
)
def test_a_range_or_choices_are_what_optuna_calls_so(keys, distribution):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = HyperparameterTable.model_validate({"name": "a", "key": "b", **keys})
        assert table.distribution == distribution


def test_choices_may_be_tables():
    schedules = [{"type": "Constant"}, {"type": "StepLR", "step_size": 2}]
    table = HyperparameterTable(name="schedule", key="b", choices=schedules)
    assert [table.value(shown) for shown in table.distribution.choices] == schedules


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"space": []}, "space: .*at least 1"),
        ({"spaces": []}, "unknown key 'spaces' in the search; did you mean 'space'"),
        ({"space": [{**RATE, "hi": 1}]}, "unknown key 'hi' in space.0"),
        ({"space": [{**RATE, "low": 1.0}]}, "low must be less than high, got 1.0 and 1.0"),
        ({"space": [{**RATE, "low": 0}]}, "log needs low above 0 and no step, got low 0"),
        ({"space": [{**RATE, "low": None}]}, "learning rate needs low and high, or choices"),
        ({"space": [{**RATE, "choices": [1, 2]}]}, "choices have no low, high, log or step"),
        ({"space": [{**UNITS, "step": 3}]}, "step must lead from low to high, 4 to 32, got 3"),
        ({"space": [{**UNITS, "step": 0}]}, "step must lead from low to high, 4 to 32, got 0"),
        ({"space": [{"name": "a", "key": "b", "choices": [1, 1]}]}, "choices must be told apart"),
        ({"space": [RATE, RATE]}, "names of the space must be told apart"),
        (
            {"space": [RATE, {**RATE, "name": "other"}]},
            f"different keys, and two are '{RATE['key']}'",
        ),
        (
            {"value": "accuracy"},
            "unknown value 'accuracy'. Known: 'validation_loss', 'validation_acc",
        ),
        ({"value": "validation_per_class_recall"}, "unknown value"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key_and_what_is_allowed(wrong, message):
    with pytest.raises(StudyError, match=f"mine.toml: .*{message}"):
        search_from_dict({**tree(), **wrong}, "mine.toml")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"recipe": "digitz"}, "search few: unknown recipe 'digitz'; did you mean 'digits'"),
        ({"space": [{**RATE, "key": "training.rate"}]}, "search few, learning rate: .*'rate'"),
        ({"space": [{**UNITS, "low": 0}]}, "search few, hidden units: .*units"),
        ({"changes": {"data.validation": "test"}}, "would choose settings by the test set"),
        ({"changes": {"data.validation": "none"}}, "leaves nothing to compare settings by"),
    ],
)
def test_a_space_that_the_recipe_cannot_have_is_refused_before_the_first_trial(
    search, wrong, message
):
    with pytest.raises(StudyError, match=message):
        search(**{"recipe": "digits"} | wrong) if "space" not in wrong else search(*wrong["space"])


def test_a_file_has_its_name_and_the_recipes_beside_it(tmp_path):
    (tmp_path / "mine.toml").write_text(load_recipe("digits").to_toml())
    (tmp_path / "rates.toml").write_text(
        'recipe = "mine.toml"\n[[space]]\nname = "rate"\nlow = 0.1\nhigh = 1\n'
        'key = "training.phases.0.optimizer.learning_rate"\n'
    )
    table = load_search(tmp_path / "rates.toml")
    assert (table.name, table.recipe) == ("rates", str(tmp_path / "mine.toml"))


def test_a_file_that_is_missing_or_no_toml_is_named(tmp_path):
    with pytest.raises(StudyError, match=r"there is no search file .*none.toml"):
        load_search(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("space = [")
    with pytest.raises(StudyError, match=r"bad.toml is not a search in TOML"):
        load_search(tmp_path / "bad.toml")


@pytest.mark.parametrize(
    "value", [1, 0.1, True, "a \"b\" 'c'", [1, [2.5]], {"type": "A", "a key": {"b": [{"c": 1}]}}]
)
def test_a_value_written_for_the_command_line_is_read_as_the_same(value):
    assert parse_setting(f"key={toml_value(value)}") == ("key", value)


# --- the trials


def test_a_search_that_was_stopped_has_the_trials_of_one_that_was_not(search, finished):
    searched = search()
    searched.run(trials=2, jobs=1)
    assert searched.done() == 2
    search().run(trials=6, jobs=1)
    assert told(searched) == told(finished)


def test_a_trial_that_was_broken_off_does_not_count_and_is_made_again(
    search, finished, monkeypatch, optuna_study
):
    train, calls = trials.train_trial, []

    def broken_off(trial, *rest):
        calls.append(trial.number)
        if len(calls) == 4:
            trial.report(0.5, 1)
            raise KeyboardInterrupt
        return train(trial, *rest)

    monkeypatch.setattr(trials, "train_trial", broken_off)
    searched = search()
    with pytest.raises(KeyboardInterrupt):
        searched.run(trials=6, jobs=1)
    assert searched.done() == 3
    searched.run(trials=6, jobs=1)
    assert told(searched) == told(finished)
    states = optuna_study("few", searched.storage).get_trials()
    assert [t.state for t in states].count(TrialState.FAIL) == 1


def test_a_trial_that_a_killed_search_left_does_not_count(search, optuna_study):
    searched = search()
    searched.run(trials=1, jobs=1)
    optuna_study("few", searched.storage).ask()
    searched.run(trials=2, jobs=1)
    study = optuna_study("few", searched.storage)
    states = [t.state for t in study.trials]
    assert states == [TrialState.COMPLETE, TrialState.FAIL, TrialState.COMPLETE]


def test_processes_make_exactly_the_trials_that_are_missing(search):
    searched, heard = search(), []
    searched.run(trials=5, jobs=2, progress=lambda done, best: heard.append((done, best)))
    assert searched.done() == 5
    assert [done for done, _ in heard] == [1, 2, 3, 4, 5]
    assert heard[-1][1] == searched.best().value
    searched.run(trials=5, jobs=2, progress=lambda *_: pytest.fail("there was nothing to do"))


def test_the_value_is_that_of_a_training_with_these_settings(finished):
    best = finished.best()
    job = prepare(load_recipe("digits").changed(dict(map(parse_setting, best.settings))))
    trainer = job.trainer()
    fit_phases(job, trainer)
    assert trainer.history[-1]["validation_accuracy"] == best.value
    assert best.value == max(t.value for t in finished.trials() if t.state == TrialState.COMPLETE)


def test_the_test_set_is_not_measured(search, monkeypatch):
    measured = []
    evaluate = gn.Trainer.evaluate

    def watched(self, dataset, **rest):
        measured.append(len(dataset))
        return evaluate(self, dataset, **rest)

    monkeypatch.setattr(gn.Trainer, "evaluate", watched)
    search().run(trials=2, jobs=1)
    assert set(measured) == {144}  # of the 1,438 to train on; 359 are to test


def test_a_value_that_should_fall_is_made_to_fall(search):
    searched = search(value="validation_loss").run(trials=3, jobs=1)
    assert searched.best().value == min(t.value for t in searched.trials())


def test_a_value_that_the_recipe_does_not_measure_is_refused_before_the_first_trial(search):
    searched = search(changes=FEW | {"training.metrics": ["loss"]})
    with pytest.raises(ValueError, match="unknown number to monitor 'validation_accuracy'"):
        searched.run(trials=1, jobs=1)
    assert not searched.database.exists()


def test_settings_that_diverge_are_a_result_and_no_end(search):
    diverging = {**RATE, "low": None, "high": None, "log": False, "choices": [0.05, 1e9]}
    optimizer = {
        "name": "optimizer",
        "key": "training.phases.0.optimizer",
        "choices": [
            {"type": "SGD", "learning_rate": 0.1, "momentum": 0.9},
            {"type": "SGD", "learning_rate": 0.1, "momentum": 0.9, "clip_norm": 1.0},
        ],
    }
    searched = search(optimizer, diverging).run(trials=6, jobs=1)
    failures = searched.failures()
    assert searched.done() == 6
    assert searched.complete() + len(failures) == 6
    assert failures
    assert all("training diverged" in message for message in failures.values())
    assert searched.best().params["learning rate"] == 0.05


def test_without_a_complete_trial_there_is_no_best_and_the_reason_is_told(search):
    searched = search({**RATE, "low": 1e8, "high": 1e9})
    with pytest.raises(StudyError, match="no complete trial among 0"):
        searched.best()
    with pytest.raises(StudyError, match="among 2; the last: training diverged"):
        searched.run(trials=2, jobs=1).best()


def test_a_trial_below_the_median_ends_after_a_fifth_of_its_epochs_and_in_all_phases(search):
    phase = {"epochs": 5, "batch_size": 32, "optimizer": {"type": "SGD", "learning_rate": 0.1}}
    everywhere = {**RATE, "key": "training.phases.*.optimizer.learning_rate", "low": 1e-6}
    searched = search(everywhere, changes={"training.phases": [phase, phase]})
    searched.run(trials=14, jobs=1)
    complete = [t for t in searched.trials() if t.state == TrialState.COMPLETE]
    pruned = [t for t in searched.trials() if t.state == TrialState.PRUNED]
    assert len(complete) >= 5
    assert pruned
    assert {max(t.intermediate_values) for t in complete} == {10}
    for trial in pruned:
        last = max(trial.intermediate_values)
        assert 2 <= last < 10
        others = [t.intermediate_values[last] for t in complete if t.number < trial.number]
        assert max(trial.intermediate_values.values()) < np.median(others)


def test_importance_tells_what_explains_the_value(search):
    noise = {"name": "dtype", "key": "network.dtype", "choices": ["float32", "float64"]}
    searched = search({**RATE, "low": 1e-6}, noise).run(trials=12, jobs=1)
    shares = searched.importance()
    assert list(shares) == ["learning rate", "dtype"]
    assert shares["learning rate"] > 0.5 > shares["dtype"]


def test_settings_that_do_not_fit_each_other_are_a_result_too(search):
    nesterov = {
        "name": "nesterov",
        "key": "training.phases.0.optimizer.nesterov",
        "choices": [False, True],
    }
    momentum = {
        "name": "momentum",
        "key": "training.phases.0.optimizer.momentum",
        "choices": [0.9, 0.0],
    }
    searched = search(nesterov, momentum).run(trials=8, jobs=1)
    assert searched.done() == 8
    assert searched.best().value > 0.5
    assert all("momentum" in message for message in searched.failures().values())
    assert searched.failures()


# --- the database


def test_the_database_is_optunas_own(finished, optuna_study):
    study = optuna_study("few", finished.storage)
    assert study.direction == optuna.study.StudyDirection.MAXIMIZE
    assert study.best_value == finished.best().value
    assert study.trials[0].intermediate_values.keys() == {1, 2, 3}


def test_optuna_is_silent_only_meanwhile(search, capfd):
    before = optuna.logging.get_verbosity()
    search().run(trials=1, jobs=1)
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == before


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({"changes": {**FEW, "training.seed": 1}}, "another recipe, data, value or key"),
        ({"value": "validation_loss"}, "another recipe, data, value or key"),
        ({"space": [RATE]}, "another recipe, data, value or key"),
        ({"space": [{**RATE, "log": False}, UNITS]}, "another space: learning rate was Float"),
        (
            {"space": [{**RATE, "low": 1, "high": 2}, UNITS]},
            "another space: learning rate was Float",
        ),
    ],
)
def test_trials_that_cannot_be_compared_are_not_mixed(search, others, message):
    search().run(trials=1, jobs=1)
    space = others.pop("space", [])
    with pytest.raises(StudyError, match=f"{message}.*give the search another name, or delete"):
        search(*space, **others).run(trials=2, jobs=1)


def test_the_ends_of_a_range_may_move(search):
    search().run(trials=1, jobs=1)
    assert search(RATE, {**UNITS, "high": 64}).run(trials=2, jobs=1).done() == 2


def test_two_searches_at_once_in_one_folder_are_refused(search):
    searched = search()
    searched.run(trials=1, jobs=1)
    other = sqlite3.connect(searched.database.with_suffix(".lock"))
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(StudyError, match=r"another search is at work in .*few"):
            searched.run(trials=2, jobs=1)
    finally:
        other.close()
    assert searched.run(trials=2, jobs=1).done() == 2


def test_a_file_that_is_no_database_is_named(search):
    searched = search()
    searched.database.parent.mkdir(parents=True)
    searched.database.write_text("something else, and long enough to be read as a header" * 20)
    with pytest.raises(StudyError, match=r"search.db cannot be used \(.*not a database"):
        searched.run(trials=1, jobs=1)
    assert searched.database.read_text().startswith("something else")


def test_a_process_that_dies_ends_the_search_and_keeps_what_was_done(search, monkeypatch):
    searched = search()
    searched.run(trials=1, jobs=1)
    with monkeypatch.context() as patched:
        patched.setattr(trials, "train_trial", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        with pytest.raises(StudyError, match=r"a process was killed.*--jobs 1"):
            searched.run(trials=4, jobs=2)
    assert searched.done() == 1
    assert searched.run(trials=2, jobs=1).done() == 2
