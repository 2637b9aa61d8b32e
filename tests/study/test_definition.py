from __future__ import annotations

import pytest

from glassnet.study import Study, StudyError, load_study, shipped_studies
from glassnet.study.definition import study_from_dict

RATE = "training.phases.0.optimizer.learning_rate"
FACTOR = {"name": "rate", "keys": [RATE], "values": [0.1, 0.2]}
CELL = {"label": "one", "changes": {}}


def study(**changes) -> Study:
    return Study({"name": "mine", "recipe": "digits", "factors": [FACTOR]} | changes)


def factor(**changes) -> dict:
    return {"factors": [FACTOR | changes]}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sedes": 3}, ["'sedes' in the study", "did you mean 'seeds'"]),
        ({"record": {"step": 3}}, ["'step' in record", "did you mean 'steps'"]),
        ({"record": {"metrics": ["acc"]}}, ["record.metrics.0", "'acc'", "'accuracy'"]),
        ({"factors": []}, ["either factors or cells"]),
        ({"cells": [CELL]}, ["either factors or cells"]),
        (factor(values=[]), ["factors.0", "values must hold at least one, got []"]),
        (factor(keys=[]), ["factors.0", "keys must hold at least one, got []"]),
        (factor(values=[1, 1.0]), ["factors.0", "told apart, got 1, 1", "labels"]),
        (factor(values=[0.10000001, 0.10000002]), ["told apart, got 0.1, 0.1"]),
        (factor(labels=["low"]), ["2 values need as many labels, got ['low']"]),
        (factor(labels=["low", "low"]), ["told apart, got low, low"]),
        (factor(keys=["a", "b"]), ["with 2 keys", "a list of 2, got 0.1"]),
        (factor(keys=["a", "b"], values=[[1, 2], [3]]), ["a list of 2, got [3]"]),
        (factor(name="learning_rate"), ["'learning_rate' is a column", "'learning rate'"]),
        (factor(name="epoch"), ["'epoch' is a column"]),
        ({"factors": [FACTOR, FACTOR]}, ["factors must be told apart, got ['rate', 'rate']"]),
        ({"factors": [FACTOR, FACTOR | {"name": "other"}]}, ["different keys", RATE]),
        (factor(keys=["training.seed"], values=[1, 2]), ["training.seed is set by seeds"]),
        ({"changes": {"training.seed": 1}}, ["training.seed is set by seeds"]),
        ({"factors": [], "cells": [CELL, CELL]}, ["cells must be told apart, got ['one', 'one']"]),
        ({"factors": [], "cells": ["one"]}, ["cells.0 must be a table", "'one'"]),
        ({"seeds": 0}, ["seeds", "greater than or equal to 1", "got 0"]),
        ({"seeds": "3"}, ["seeds", "integer", "got '3'"]),
        ({"name": "my study"}, ["name", "'my study'"]),
        ({"recipe": "digts"}, ["unknown recipe 'digts'", "did you mean 'digits'"]),
        ({"recipe": "none/mine.toml"}, ["no recipe file none/mine.toml"]),
        (factor(keys=[f"{RATE}s"]), ["cell rate 0.1", "did you mean 'learning_rate'"]),
        (factor(keys=["training.phase.0.epochs"]), ["'phase' in training", "'phases'"]),
        (factor(keys=["training.phases.3.epochs"]), ["entries 0 to 0, got '3'"]),
        (factor(values=["x", 1]), ["cell rate x", "learning_rate must be a number, got 'x'"]),
        (
            factor(values=[0.9, 0.9], labels=["x", "y"]),
            ["the cells 'rate x' and 'rate y' have the same settings"],
        ),
        (
            {"factors": [], "cells": [CELL, {"label": "two", "changes": {"data.name": "digits"}}]},
            ["the cells 'one' and 'two' have the same settings"],
        ),
        ({"value": "foo"}, ["unknown value 'foo'", "'validation_accuracy'"]),
        ({"value": "validation_acuracy"}, ["did you mean 'validation_accuracy'"]),
        ({"value": "validation_per_class_recall"}, ["unknown value"]),
        ({"value": "step_loss"}, ["value = 'step_loss' needs record.steps"]),
        ({"baseline": "rate 0.3"}, ["'rate 0.3'", "(rate 0.1, rate 0.2)"]),
    ],
)
def test_what_is_wrong_is_told_in_one_line(changes, told) -> None:
    with pytest.raises(StudyError) as error:
        study(**changes)
    message = str(error.value)
    assert [part for part in told if part not in message] == []
    assert "\n" not in message


def test_an_unknown_study_is_told_with_the_nearest() -> None:
    with pytest.raises(StudyError, match="unknown study 'figure-8'; did you mean 'figure-08'"):
        load_study("figure-8")


def test_the_thesis_is_no_single_study() -> None:
    with pytest.raises(StudyError, match="thesis stands for all the shipped studies: figure-08, "):
        Study.load("thesis")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "there is no study file .*mine.toml; see: glassnet study list"),
        (b"name = [", "mine.toml is not a study in TOML"),
        (b"title = '\xff'", "mine.toml is not a study in TOML"),
        (b"sedes = 3", r"mine.toml: unknown key 'sedes' in the study; did you mean 'seeds'\?"),
    ],
)
def test_a_file_that_is_no_study_is_told_by_name(tmp_path, text, told) -> None:
    file = tmp_path / "mine.toml"
    if text is not None:
        file.write_bytes(text)
    with pytest.raises(StudyError, match=told):
        load_study(file)


def test_a_study_is_called_like_its_file_and_finds_the_recipe_beside_it(tmp_path) -> None:
    (tmp_path / "own.toml").write_text(_recipe("own"))
    (tmp_path / "mine.toml").write_text(f'recipe = "own.toml"\n{_FACTOR}')
    table = load_study(tmp_path / "mine.toml")
    assert table.name == "mine"
    assert Study(table).specs[0].recipe.name == "own"


def test_the_text_of_a_study_gives_the_same_study(tmp_path) -> None:
    for name, table in shipped_studies().items():
        file = tmp_path / f"again-{name}.toml"
        file.write_text(table.to_toml())
        assert load_study(file) == table


def test_levels_are_called_by_their_labels_or_first_values() -> None:
    keys = [RATE, "training.phases.0.batch_size"]
    table = study_from_dict(
        {
            "name": "mine",
            "factors": [
                {"name": "rate", "keys": keys, "values": [[0.1, 1], [0.70710678, 50]]},
                {"name": "size", "keys": ["data.size"], "values": [[8, 8], [9, 9]]}
                | {"labels": ["small", "large"]},
            ],
        }
    )
    assert [factor.levels for factor in table.factors] == [["0.1", "0.707107"], ["small", "large"]]


_FACTOR = f'[[factors]]\nname = "rate"\nkeys = ["{RATE}"]\nvalues = [0.1, 0.2]\n'


def _recipe(name: str) -> str:
    from glassnet.recipes import load_recipe

    return load_recipe("digits").changed({"name": name}).to_toml()
