import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.nn import layer_from_config
from glassnet.optim import optimizer_from_config
from glassnet.recipes import (
    Recipe,
    RecipeError,
    load_recipe,
    parse_setting,
    prepare,
    recipe_from_dict,
    shipped_recipes,
)

REAL_DATA = os.environ.get("GLASSNET_DATA", "")
NAMES = (
    "digits",
    "mnist-mlp",
    "mnist-cnn",
    "cifar10-mlp",
    "cifar10-quick",
    "cifar10-94",
    "mnist-thesis",
    "cifar10-thesis",
)


def minimal() -> dict:
    return {
        "name": "toy",
        "data": {"name": "digits"},
        "network": {"layers": [{"type": "Dense", "units": "classes", "activation": "softmax"}]},
        "training": {
            "loss": "half_squared_error",
            "phases": [{"epochs": 1, "optimizer": {"type": "SGD", "learning_rate": 0.1}}],
        },
    }


def told(tree: dict) -> str:
    with pytest.raises(RecipeError) as refused:
        recipe_from_dict(tree)
    return str(refused.value)


# Shipped recipes


def test_the_shipped_recipes_are_known_by_name() -> None:
    assert tuple(shipped_recipes()) == NAMES
    for name, recipe in shipped_recipes().items():
        assert recipe.name == name
        assert recipe.title
        assert load_recipe(name) == recipe


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_survives_toml(name) -> None:
    recipe = load_recipe(name)
    assert recipe_from_dict(tomllib.loads(recipe.to_toml())) == recipe


@pytest.mark.parametrize("name", NAMES)
def test_a_resolved_recipe_says_every_value(name) -> None:
    tree = tomllib.loads(load_recipe(name).to_toml())
    assert tree["network"]["dtype"] == "float32"
    assert all("schedule" in phase for phase in tree["training"]["phases"])


def test_the_thesis_recipe_is_that_of_the_thesis() -> None:
    recipe = load_recipe("mnist-thesis")
    assert [layer.get("units") for layer in recipe.network.layers] == [None, 32, 10]
    for config in recipe.network.layers[1:]:
        layer = layer_from_config(config)
        assert layer.config()["weight_initializer"] == "standard_normal"
        assert layer.config()["bias_initializer"] == "standard_normal"
    told_of = [
        (phase.epochs, phase.batch_size, optimizer_from_config(phase.optimizer).config())
        for phase in recipe.training.phases
    ]
    assert [(epochs, size) for epochs, size, _ in told_of] == [(25, 1), (10, 50)]
    assert [o["learning_rate"] for *_, o in told_of] == [0.1, 0.71]
    assert [o["momentum"] for *_, o in told_of] == [0.8, 0.8]
    assert recipe.training.loss == "half_squared_error"


@pytest.mark.skipif(not Path(REAL_DATA, "mnist").is_dir(), reason="GLASSNET_DATA has no mnist")
def test_the_recipes_for_mnist_fit_mnist() -> None:
    for name, parameters in (("mnist-thesis", 25_450), ("mnist-mlp", 1_543_260)):
        job = prepare(load_recipe(name), data_dir=REAL_DATA)
        assert job.network.theta.size == parameters


# Loading


def test_a_recipe_in_a_file_is_called_like_the_file_unless_it_says_so(tmp_path) -> None:
    recipe = load_recipe("digits")
    path = tmp_path / "mine.toml"
    path.write_text(recipe.to_toml().replace('name = "digits"\n', "", 1), "utf-8")
    assert load_recipe(path).name == "mine"
    path.write_text(recipe.to_toml(), "utf-8")
    assert load_recipe(path).name == "digits"


def test_a_folder_called_like_a_shipped_recipe_does_not_hide_it(tmp_path, monkeypatch) -> None:
    (tmp_path / "digits").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_recipe("digits").name == "digits"


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match=r"'digitz'; did you mean 'digits'.* path of a \.toml"):
        load_recipe("digitz")


def test_a_missing_file_is_told() -> None:
    with pytest.raises(RecipeError, match=r"no recipe file nowhere\.toml; see: glassnet recipes"):
        load_recipe("nowhere.toml")


@pytest.mark.parametrize("content", [b"not toml", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_told(tmp_path, content) -> None:
    (tmp_path / "bad.toml").write_bytes(content)
    with pytest.raises(RecipeError, match=r"bad\.toml is not a recipe in TOML"):
        load_recipe(tmp_path / "bad.toml")


def test_a_shipped_recipe_comes_before_a_file_of_its_name(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").touch()
    assert load_recipe("digits").data.name == "digits"


def test_a_description_of_several_lines_is_written_on_several() -> None:
    assert '"""\nA small network' in load_recipe("digits").to_toml()


def test_a_folder_is_no_recipe(tmp_path) -> None:
    with pytest.raises(RecipeError, match="cannot be read as a recipe file: it is a folder"):
        load_recipe(tmp_path)


def test_what_is_wrong_in_a_file_is_told_with_its_name(tmp_path) -> None:
    (tmp_path / "bad.toml").write_text("[data]\nname = 3\n")
    with pytest.raises(RecipeError, match=r"bad\.toml: data\.name: .* string, got 3"):
        load_recipe(tmp_path / "bad.toml")


# What is wrong is named: key, value, what is allowed

WRONG = [
    ("epochs", 3, ["unknown key 'epochs' in the recipe", "'training'"]),
    ("int", 3, ["unknown key 'int' in the recipe"]),
    ("data.nam", "x", ["unknown key 'nam' in data; did you mean 'name'", "'validation'"]),
    ("data.str", "x", ["unknown key 'str' in data"]),
    ("network.layer", 1, ["unknown key 'layer' in network; did you mean 'layers'"]),
    ("training.sed", 1, ["unknown key 'sed' in training; did you mean 'seed'"]),
    (
        "training.phases.0.batchsize",
        1,
        ["unknown key 'batchsize' in training.phases.0; did you mean 'batch_size'"],
    ),
    (
        "training.early_stopping.patienc",
        1,
        ["unknown key 'patienc' in training.early_stopping; did you mean 'patience'"],
    ),
    ("name", "a/b", ["name: ", "'a/b'"]),
    ("title", 1, ["title: ", "string", "got 1"]),
    ("data", 3, ["data must be a table", "got 3"]),
    ("data.name", 3, ["data.name: ", "string", "got 3"]),
    ("data.validation", 1.5, ["data.validation: ", "less than 1", "'test' or 'none'", "1.5"]),
    ("data.validation", 0, ["data.validation: ", "greater than 0"]),
    ("data.validation", "tset", ["data.validation: ", "'test' or 'none'", "'tset'"]),
    ("network.dtype", "float16", ["network.dtype: ", "'float32' or 'float64'", "'float16'"]),
    ("network.layers", [], ["network.layers: ", "at least 1 item"]),
    ("network.layers", 7, ["network.layers: ", "list", "got 7"]),
    ("network.layers.0", 7, ["network.layers.0 must be a table", "got 7"]),
    ("network.layers.0", {"units": 3}, ["network.layers.0: layer must be a table with a type"]),
    ("network.layers.0.type", "Dens", ["network.layers.0: ", "'Dens'; did you mean 'Dense'"]),
    ("network.layers.0.unit", 3, ["argument of Dense 'unit'; did you mean 'units'"]),
    ("network.layers.0.units", 0, ["network.layers.0: units ", "at least 1, got 0"]),
    ("network.layers.0.units", 1.5, ["network.layers.0: units ", "whole number", "got 1.5"]),
    ("network.layers.0.units", "all", ["network.layers.0: units ", "got 'all'"]),
    ("network.layers.0.activation", "rellu", ["'rellu'; did you mean 'relu'"]),
    ("network.layers.0.weight_initializer", "he", ["initializer 'he'", "'he_normal'"]),
    ("training.seed", -1, ["training.seed: ", "0, got -1"]),
    ("training.seed", True, ["training.seed: ", "integer, got True"]),
    ("training.seed", 1.5, ["training.seed: ", "integer, got 1.5"]),
    ("training.loss", "half_square_error", ["did you mean 'half_squared_error'"]),
    ("training.loss", 3, ["training.loss: ", "string", "table", "got 3"]),
    (
        "training.loss",
        {"type": "categorical_cross_entropy", "label_smoothing": 1},
        ["training.loss: label_smoothing", "below 1, got 1"],
    ),
    ("training.metrics", ["acuracy"], ["training.metrics.0: ", "'accuracy'", "got 'acuracy'"]),
    ("training.phases", [], ["training.phases: ", "at least 1 item"]),
    ("training.phases.0", 1, ["training.phases.0 must be a table", "got 1"]),
    ("training.phases.0.epochs", 0, ["training.phases.0.epochs: ", "equal to 1, got 0"]),
    ("training.phases.0.epochs", "3", ["training.phases.0.epochs: ", "integer, got '3'"]),
    ("training.phases.0.batch_size", 0, ["phases.0.batch_size: ", "'full'", "got 0"]),
    ("training.phases.0.batch_size", "half", ["phases.0.batch_size: ", "'full'", "'half'"]),
    ("training.phases.0.optimizer", {}, ["phases.0.optimizer: ", "with a type, one of 'SGD'"]),
    ("training.phases.0.optimizer.type", "SDG", ["'SDG'; did you mean 'SGD'"]),
    ("training.phases.0.optimizer.momentum", 1.5, ["momentum ", "below 1, got 1.5"]),
    ("training.phases.0.optimizer.learning_rate", -1, ["learning_rate ", "above 0, got -1"]),
    ("training.phases.0.optimizer.learning_rate", "1", ["learning_rate must be a number"]),
    ("training.phases.0.schedule.type", "Cosine", ["phases.0.schedule: ", "'CosineAnnealingLR'"]),
    (
        "training.phases.0.schedule",
        {"type": "CosineAnnealingLR", "T_max": 0},
        ["phases.0.schedule: T_max must be", "above 0, got 0"],
    ),
    ("training.early_stopping.patience", 0, ["early_stopping.patience: ", "1, got 0"]),
    ("training.early_stopping.min_delta", -1, ["early_stopping.min_delta: ", "0, got -1"]),
]


@pytest.mark.parametrize(("key", "value", "words"), WRONG)
def test_what_is_wrong_is_named_with_what_is_allowed(key, value, words) -> None:
    with pytest.raises(RecipeError) as refused:
        recipe_from_dict(minimal()).changed({key: value})
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize(
    "key", ["name", "data", "data.name", "network.layers", "training.loss", "training.phases"]
)
def test_what_is_missing_is_named(key) -> None:
    tree = minimal()
    *places, last = key.split(".")
    place = tree
    for name in places:
        place = place[name]
    del place[last]
    assert told(tree) == f"recipe: {key} is missing"


def test_what_is_missing_in_a_phase_is_named_with_its_number() -> None:
    tree = minimal()
    tree["training"]["phases"].append({"epochs": 2})
    assert told(tree) == "recipe: training.phases.1.optimizer is missing"


# Changes


def test_a_recipe_with_changes_is_another_one() -> None:
    recipe = load_recipe("digits")
    changed = recipe.changed({"training.phases.0.epochs": 3, "training.seed": 9})
    assert (changed.training.phases[0].epochs, changed.training.seed) == (3, 9)
    assert recipe == load_recipe("digits")


def test_a_change_can_add_a_table() -> None:
    changed = load_recipe("digits").changed({"training.early_stopping.patience": 3})
    assert changed.training.early_stopping.patience == 3
    assert changed.training.early_stopping.monitor == "validation_loss"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("training.phases.1.epochs", "training.phases has entries 0 to 0, got '1'"),
        ("training.phases.x.epochs", "training.phases has entries 0 to 0, got 'x'"),
        ("training.phases.-1", "entries 0 to 0, got '-1'"),
        ("training.seed.x", "training.seed is a value, not a table"),
        ("", "unknown key '' in the recipe"),
    ],
)
def test_a_change_at_a_place_that_is_not_there_is_refused(key, words) -> None:
    with pytest.raises(RecipeError) as refused:
        load_recipe("digits").changed({key: 1})
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("training.seed=3", ("training.seed", 3)),
        (" training.seed = 3 ", ("training.seed", 3)),
        ("a=1e-4", ("a", 1e-4)),
        ("a=true", ("a", True)),
        ("a=[1, 2]", ("a", [1, 2])),
        ('a={type="SGD"}', ("a", {"type": "SGD"})),
        ('a="3"', ("a", "3")),
        ("a=some words", ("a", "some words")),
        ("a=b=c", ("a", "b=c")),
    ],
)
def test_a_setting_is_a_key_and_a_value_of_toml_or_a_string(text, setting) -> None:
    assert parse_setting(text) == setting


@pytest.mark.parametrize("text", ["", "key", "key=", "=3", " = "])
def test_a_setting_without_key_or_value_is_refused(text) -> None:
    with pytest.raises(RecipeError, match=r"expected key=value, such as training.seed=3, got"):
        parse_setting(text)


@given(
    seed=st.integers(0, 2**40),
    epochs=st.integers(1, 10**6),
    batch_size=st.integers(1, 10**6) | st.just("full"),
    rate=st.floats(1e-9, 1e3),
    title=st.text(st.characters(blacklist_categories=("Cs",))),
)
def test_any_values_survive_toml(seed, epochs, batch_size, rate, title) -> None:
    recipe = recipe_from_dict(minimal()).changed(
        {
            "title": title,
            "training.seed": seed,
            "training.phases.0.epochs": epochs,
            "training.phases.0.batch_size": batch_size,
            "training.phases.0.optimizer.learning_rate": rate,
        }
    )
    assert Recipe.model_validate(tomllib.loads(recipe.to_toml())) == recipe


def test_a_change_leaves_the_tables_that_it_was_given_alone() -> None:
    phases = [{"epochs": 1, "optimizer": {"type": "SGD", "learning_rate": 0.1}}]
    changes = {"training.phases": phases, "training.phases.0.optimizer.learning_rate": 0.5}
    recipe = load_recipe("digits").changed(changes)
    assert recipe.training.phases[0].optimizer["learning_rate"] == 0.5
    assert phases[0]["optimizer"]["learning_rate"] == 0.1


def test_a_star_changes_every_entry_of_an_array() -> None:
    recipe = load_recipe("mnist-thesis").changed({"training.phases.*.optimizer.nesterov": True})
    assert [phase.optimizer["nesterov"] for phase in recipe.training.phases] == [True, True]
