from __future__ import annotations

import hashlib
import json
import tomllib

import numpy as np
import pytest
import tomli_w

import glassnet as gn
from glassnet import insights
from glassnet.cli import pictures
from glassnet.cli import train as train_command
from glassnet.recipes import load_recipe

FILES = [
    "checkpoint.npz",
    "figures",
    "history.jsonl",
    "model.npz",
    "recipe.toml",
    "result.json",
    "versions.json",
]
FIGURES = [
    "confusion_matrix",
    "first_layer_weights",
    "learning_curves",
    "misclassified",
    "saliency",
]


def recipe_of(folder) -> dict:
    return tomllib.loads((folder / "recipe.toml").read_text())


def digest(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def no_pictures(monkeypatch) -> None:
    """Leave out what takes most of the time of a short run."""
    monkeypatch.setattr(pictures, "draw", lambda *_: None)


def test_without_arguments_it_learns_the_digits(glassnet, workplace) -> None:
    done = glassnet("train")
    assert done.code == 0, done.err
    folder = workplace / "runs" / "digits"
    assert sorted(entry.name for entry in folder.iterdir()) == FILES
    assert sorted(p.name for p in (folder / "figures").iterdir()) == [f"{f}.png" for f in FIGURES]
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in (folder / "figures").iterdir())
    accuracy = json.loads((folder / "result.json").read_text())["test"]["accuracy"]
    assert accuracy >= 0.97
    assert f"Test accuracy  {100 * accuracy:.2f} % of 359 test examples right" in done.out
    assert "1,294 examples to train on, 144 for validation" in done.out
    assert "dense_1    Dense(64, ReLU())" in done.out
    assert "epoch 40/40" in done.out
    assert "images/s" in done.out
    assert "glassnet report runs/digits" in done.out
    assert list(workplace.iterdir()) == [workplace / "runs"]


@pytest.mark.usefixtures("no_pictures")
def test_a_second_run_takes_the_next_folder(glassnet, workplace) -> None:
    for _ in range(2):
        assert glassnet("train", "--epochs", 1).code == 0
    assert sorted(p.name for p in (workplace / "runs").iterdir()) == ["digits", "digits-2"]


@pytest.mark.usefixtures("no_pictures")
def test_flags_change_the_recipe(glassnet, workplace) -> None:
    done = glassnet(
        *("train", "digits", "--epochs", 1, "--batch-size", 32, "--learning-rate", 0.02),
        *("--momentum", 0.5, "--hidden", "20,10", "--seed", 3, "--out", "run"),
    )
    assert done.code == 0, done.err
    recipe = recipe_of(workplace / "run")
    (phase,) = recipe["training"]["phases"]
    assert (phase["epochs"], phase["batch_size"]) == (1, 32)
    assert (phase["optimizer"]["learning_rate"], phase["optimizer"]["momentum"]) == (0.02, 0.5)
    assert recipe["training"]["seed"] == 3
    assert [layer.get("units") for layer in recipe["network"]["layers"]] == [
        None,
        20,
        10,
        "classes",
    ]
    assert gn.Network.load(workplace / "run" / "model.npz").theta.size == 64 * 20 + 20 + 210 + 110


@pytest.fixture
def recipe_with(workplace):
    """Write a recipe of digits with this optimizer."""

    def write(optimizer: dict) -> str:
        changes = {"training.phases.0.optimizer": optimizer, "training.phases.0.epochs": 1}
        text = load_recipe("digits").changed(changes).to_toml()
        (workplace / "own.toml").write_text(text, encoding="utf-8")
        return "own.toml"

    return write


@pytest.mark.usefixtures("no_pictures")
def test_the_momentum_of_an_optimizer_around_another_one_is_set_in_the_other(
    glassnet, workplace, recipe_with
) -> None:
    sgd = {"type": "SGD", "learning_rate": 0.1, "momentum": 0.9}
    recipe = recipe_with({"type": "Lookahead", "optimizer": sgd})
    done = glassnet("train", recipe, "--momentum", 0.25, "--out", "run")
    assert done.code == 0, done.err
    (phase,) = recipe_of(workplace / "run")["training"]["phases"]
    assert phase["optimizer"] == {"type": "Lookahead", "optimizer": sgd | {"momentum": 0.25}}


@pytest.mark.usefixtures("no_pictures")
def test_options_change_what_was_set(glassnet, workplace) -> None:
    table = 'training.phases.0.optimizer={type="Adam",learning_rate=0.5}'
    flags = ("--epochs", 1, "--learning-rate", 0.001, "--set", table)
    assert glassnet("train", "digits", *flags, "--out", "run").code == 0
    (phase,) = recipe_of(workplace / "run")["training"]["phases"]
    assert phase["optimizer"] == {"type": "Adam", "learning_rate": 0.001}
    done = glassnet("train", "digits", *flags, "--momentum", 0.8, "--out", "other")
    assert done.code == 2
    assert "Adam has none; its beta_1" in done.err


@pytest.mark.parametrize("key", ["training.phases.0.epochs", "training.phases.*.epochs"])
def test_the_same_thing_set_twice_is_refused(glassnet, workplace, key: str) -> None:
    done = glassnet("train", "digits", "--epochs", 2, "--set", f"{key}=3", "--out", "run")
    assert done.code == 2
    assert f"--set {key}=... and an option of its own both set training.phases.0" in done.err
    assert not (workplace / "run").exists()


@pytest.mark.usefixtures("no_pictures")
def test_the_momentum_of_muon_is_its_own_and_not_that_of_the_rest(
    glassnet, workplace, recipe_with
) -> None:
    rest = {"type": "SGD", "learning_rate": 0.1, "momentum": 0.9}
    recipe = recipe_with({"type": "Muon", "momentum": 0.8, "rest": rest})
    done = glassnet("train", recipe, "--momentum", 0.25, "--out", "run")
    assert done.code == 0, done.err
    (phase,) = recipe_of(workplace / "run")["training"]["phases"]
    assert phase["optimizer"] == {"type": "Muon", "momentum": 0.25, "rest": rest}


@pytest.mark.parametrize(
    ("optimizer", "said"),
    [
        ({"type": "AdamW"}, ["AdamW has none", "training.phases.0.optimizer.beta_1=0.9"]),
        (
            {"type": "Lookahead", "optimizer": {"type": "Adam"}},
            ["Adam has none", "training.phases.0.optimizer.optimizer.beta_1=0.9"],
        ),
        ({"type": "Adagrad"}, ["Adagrad has none\n"]),
    ],
)
def test_a_momentum_that_an_optimizer_does_not_have_is_a_mistake(
    glassnet, workplace, recipe_with, optimizer, said
) -> None:
    done = glassnet("train", recipe_with(optimizer), "--momentum", 0.5, "--out", "run")
    assert done.code == 2
    for words in said:
        assert words in done.err.replace("\n", " ").rstrip() + "\n"
    assert not (workplace / "run").exists()


@pytest.mark.usefixtures("no_pictures")
def test_the_batch_may_be_the_whole_set(glassnet, workplace) -> None:
    assert glassnet("train", "--epochs", 2, "--batch-size", "full", "--out", "run").code == 0
    record = json.loads((workplace / "run" / "history.jsonl").read_text().splitlines()[0])
    assert (record["batch_size"], record["steps"]) == (1294, 1)


@pytest.mark.usefixtures("no_pictures")
def test_flags_change_every_phase(glassnet, workplace) -> None:
    (workplace / "two.toml").write_text(
        """
        data = { name = "digits" }
        network.layers = [{ type = "Dense", units = "classes", activation = "softmax" }]
        training.loss = "half_squared_error"
        [[training.phases]]
        epochs = 5
        optimizer = { type = "SGD", learning_rate = 0.1 }
        [[training.phases]]
        epochs = 7
        optimizer = { type = "SGD", learning_rate = 0.2 }
        """
    )
    done = glassnet("train", "two.toml", "--epochs", 1, "--set", "data.validation=test")
    assert done.code == 0, done.err
    folder = workplace / "runs" / "two"
    assert [phase["epochs"] for phase in recipe_of(folder)["training"]["phases"]] == [1, 1]
    assert "measured on the test set after every epoch" in done.out
    assert "Best epoch     " in done.out


@pytest.mark.usefixtures("no_pictures")
def test_any_key_can_be_set(glassnet, workplace) -> None:
    done = glassnet(
        *("train", "--epochs", 1, "--out", "run"),
        *("--set", "training.phases.0.optimizer.nesterov=true"),
        *("--set", "training.loss=half_squared_error"),
        *("--set", "title=My own"),
    )
    assert done.code == 0, done.err
    recipe = recipe_of(workplace / "run")
    assert recipe["training"]["phases"][0]["optimizer"]["nesterov"] is True
    assert recipe["training"]["loss"] == "half_squared_error"
    assert done.out.startswith("My own\n")


@pytest.mark.usefixtures("no_pictures")
def test_hidden_layers_are_like_the_first_one_with_what_follows_it(glassnet, workplace) -> None:
    assert glassnet("train", "--epochs", 1, "--out", "run").code == 0
    tree = tomllib.loads((workplace / "run" / "recipe.toml").read_text())
    tree["network"]["layers"][1:2] = [
        {"type": "Dense", "units": 9, "bias_initializer": "standard_normal"},
        {"type": "Tanh"},
        {"type": "Dense", "units": 7},
    ]
    (workplace / "mine.toml").write_text(tomli_w.dumps(tree))
    done = glassnet("train", "mine.toml", "--hidden", "5,6", "--out", "mine")
    assert done.code == 0, done.err
    made = recipe_of(workplace / "mine")["network"]["layers"]
    assert [layer["type"] for layer in made] == [
        "Flatten", "Dense", "Tanh", "Dense", "Tanh", "Dense"
    ]  # fmt: skip
    assert [layer.get("units") for layer in made] == [None, 5, None, 6, None, "classes"]
    assert made[3]["bias_initializer"] == "standard_normal"


@pytest.mark.usefixtures("no_pictures")
def test_a_network_without_hidden_layers_can_be_given_some(glassnet, workplace) -> None:
    assert glassnet("train", "--hidden", "", "--epochs", 1, "--out", "none").code == 0
    assert len(recipe_of(workplace / "none")["network"]["layers"]) == 2
    done = glassnet("train", "none/recipe.toml", "--hidden", "8", "--out", "one")
    assert done.code == 0, done.err
    hidden = recipe_of(workplace / "one")["network"]["layers"][1]
    assert hidden == {"type": "Dense", "activation": "relu", "units": 8}


@pytest.mark.usefixtures("no_pictures")
def test_hidden_layers_need_a_dense_one_to_follow(glassnet, workplace) -> None:
    assert glassnet("train", "--epochs", 1, "--out", "run").code == 0
    tree = tomllib.loads((workplace / "run" / "recipe.toml").read_text())
    tree["network"]["layers"] = [{"type": "Flatten"}]
    (workplace / "flat.toml").write_text(tomli_w.dumps(tree))
    done = glassnet("train", "flat.toml", "--hidden", 8, "--out", "flat")
    assert done.code == 2
    assert "--hidden needs a recipe with Dense layers" in done.err


@pytest.mark.usefixtures("no_pictures")
def test_the_folder_is_looked_at_before_the_data(glassnet, workplace, monkeypatch) -> None:
    (workplace / "file.txt").touch()
    monkeypatch.setattr(train_command, "prepare", lambda *_, **__: pytest.fail("data was loaded"))
    assert glassnet("train", "--out", "file.txt").code == 2


@pytest.mark.usefixtures("no_pictures")
def test_titles_and_advice_are_of_this_run(glassnet, workplace) -> None:
    np.savez(workplace / "own.npz", x=np.zeros((40, 8, 8, 1)), y=np.arange(40) % 10)
    (workplace / "mine.toml").write_text(glassnet("recipes", "digits").out)
    done = glassnet("train", "mine.toml", "--epochs", 1, "--data-dir", "my data", "--out", "a")
    assert done.out.startswith("Handwritten digits, 8 x 8 pixels\n")
    assert "glassnet train mine.toml --data-dir 'my data' --hidden" in done.out
    done = glassnet("train", "--epochs", 1, "--set", "data.name=own.npz", "--out", "b")
    assert done.out.startswith("digits on own.npz\n")
    assert "glassnet train b/recipe.toml --hidden" in done.out
    assert recipe_of(workplace / "b")["description"] == ""


def test_the_weights_that_are_drawn_are_those_that_see_the_input() -> None:
    network = gn.Network([gn.Dense(2), gn.Dense(1)], input_shape=(3, 3))
    assert insights.first_weights(network).shape == (9, 2)
    assert insights.first_weights(gn.Network([gn.ReLU()], input_shape=3)) is None
    layers = [gn.Conv2D(4, 2, strides=2), gn.Flatten(), gn.Dense(1)]  # as many numbers as pixels
    assert insights.first_weights(gn.Network(layers, input_shape=(4, 4, 1))) is None


def test_the_data_of_ones_own_may_be_named_from_anywhere(table_run) -> None:
    assert recipe_of(table_run)["data"]["name"] == str(table_run.parent / "parity.csv")


def test_a_table_gets_no_pictures_that_need_images(table_run) -> None:
    drawn = {picture.stem for picture in (table_run / "figures").iterdir()}
    assert drawn == set(FIGURES) - {"saliency"}


def test_a_convolutional_network_shows_its_filters_and_maps(glassnet, workplace) -> None:
    rng = np.random.default_rng(0)
    np.savez(workplace / "own.npz", x=rng.random((40, 8, 8, 3)), y=np.arange(40) % 2)
    layers = [
        {"type": "Conv2D", "filters": 4, "kernel_size": 3, "activation": "relu"},
        {"type": "Flatten"},
        {"type": "Dense", "units": "classes", "activation": "softmax"},
    ]
    sgd = {"type": "SGD", "learning_rate": 0.01}
    recipe = {
        "name": "conv",
        "data": {"name": "own.npz"},
        "network": {"layers": layers},
        "training": {
            "loss": "categorical_cross_entropy",
            "phases": [{"epochs": 1, "batch_size": 8, "optimizer": sgd}],
        },
    }
    (workplace / "conv.toml").write_text(tomli_w.dumps(recipe))
    done = glassnet("train", "conv.toml", "--out", "run")
    assert done.code == 0, done.err
    drawn = {picture.stem for picture in (workplace / "run" / "figures").iterdir()}
    assert drawn == {*FIGURES, "first_filters", "feature_maps"} - {"first_layer_weights"}


def test_a_regression_tells_its_error(glassnet, workplace) -> None:
    x = np.linspace(-1, 1, 40, dtype=np.float32)[:, None]
    np.savez(workplace / "line.npz", x=x, y=2 * x + 1)
    done = glassnet(
        *("train", "--set", "data.name=line.npz", "--epochs", 3, "--out", "run"),
        *("--set", "training.loss=mean_squared_error"),
        *("--set", 'network.layers=[{type="Dense",units="classes"}]'),
    )
    assert done.code == 0, done.err
    assert "Test mean squared error  " in done.out
    assert "mean squared error" in done.out.split("epoch 3/3")[1].splitlines()[0]
    assert "predict run TABLE.csv" in done.out
    assert " examples/s" in done.out
    pictures = {p.stem for p in (workplace / "run" / "figures").iterdir()}
    assert pictures == {"learning_curves", "first_layer_weights"}


def test_one_output_for_two_classes_has_a_confusion_matrix(glassnet, workplace) -> None:
    np.savez(
        workplace / "two.npz",
        x=np.random.default_rng(0).normal(size=(40, 3)),
        y=np.arange(40) % 2,
    )
    done = glassnet(
        *("train", "--set", "data.name=two.npz", "--epochs", 1, "--out", "run"),
        *("--set", 'network.layers=[{type="Dense",units=1,activation="sigmoid"}]'),
        *("--set", "training.loss=binary_cross_entropy"),
    )
    assert done.code == 0, done.err
    assert (workplace / "run" / "figures" / "confusion_matrix.png").is_file()


@pytest.mark.usefixtures("no_pictures")
def test_a_network_that_learned_nothing_is_told(glassnet) -> None:
    done = glassnet("train", "--epochs", 1, "--learning-rate", 1e-12, "--momentum", 0, "--seed", 7)
    accuracy = float(done.out.split("Test accuracy  ")[1].split(" %")[0])
    told = "Always saying the commonest class does as well" in done.out
    assert told == (accuracy <= 100 * 37 / 359)


# Folders


def test_a_folder_that_holds_something_is_refused_and_left_as_it_is(glassnet, workplace) -> None:
    (workplace / "run").mkdir()
    (workplace / "run" / "thesis.txt").write_text("years of work")
    done = glassnet("train", "--epochs", 1, "--out", "run")
    assert done.code == 2
    assert "run exists and is not empty" in done.err
    assert "--resume" not in done.err
    assert [p.name for p in (workplace / "run").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    "setting",
    ["network.layers.2.units=12", "training.early_stopping.monitor=x", "data.name=mnits"],
)
def test_a_recipe_that_cannot_work_leaves_no_folder(glassnet, workplace, setting) -> None:
    assert glassnet("train", "--set", setting, "--out", "run").code == 2
    assert list(workplace.iterdir()) == []


def test_a_run_that_diverges_fails_and_says_where(glassnet, workplace) -> None:
    done = glassnet("train", "--learning-rate", 1e30, "--out", "run")
    assert done.code == 1
    assert "diverged at step 2 of epoch 1, in layer dense_2 (Dense(10, Softmax()))" in done.err
    assert json.loads((workplace / "run" / "result.json").read_text())["status"] == "diverged"
    assert not (workplace / "run" / "model.npz").exists()


# Resuming


@pytest.mark.usefixtures("no_pictures")
def test_a_finished_run_that_is_resumed_keeps_its_model(glassnet, workplace) -> None:
    assert glassnet("train", "--epochs", 1, "--out", "run").code == 0
    before = digest(workplace / "run" / "model.npz")
    done = glassnet("train", "--resume", "run")
    assert done.code == 0
    assert digest(workplace / "run" / "model.npz") == before


def test_a_folder_that_is_no_run_cannot_be_resumed(glassnet, workplace) -> None:
    done = glassnet("train", "--resume", "nowhere")
    assert done.code == 2
    assert "nowhere is not the folder of a run" in done.err
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [["digits"], ["--epochs", "3"], ["--set", "training.seed=1"], ["--out", "x"], ["--seed", "0"]],
)
def test_a_run_is_resumed_with_its_own_recipe_alone(glassnet, digits_run, arguments) -> None:
    done = glassnet("train", "--resume", digits_run, *arguments)
    assert done.code == 2
    assert "give no other recipe or settings" in done.err


@pytest.mark.usefixtures("no_pictures")
def test_a_broken_checkpoint_is_told(glassnet, workplace) -> None:
    assert glassnet("train", "--epochs", 1, "--out", "run").code == 0
    (workplace / "run" / "checkpoint.npz").write_bytes(b"broken")
    done = glassnet("train", "--resume", "run")
    assert done.code == 2
    assert "checkpoint.npz is not an .npz file, or is damaged" in done.err


def test_a_run_can_be_watched_in_tensorboard(glassnet, workplace) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    pytest.importorskip("tensorboardX")
    glassnet("train", "--epochs", 2, "--track", "tensorboard", "--out", "watched")
    assert recipe_of(workplace / "watched")["track"] == ["tensorboard"]
    events = accumulator.EventAccumulator(str(workplace / "watched" / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("loss/training")] == [1, 2]
    result = json.loads((workplace / "watched" / "result.json").read_text("utf-8"))
    (measured,) = events.Scalars("accuracy/test")
    assert measured.value == pytest.approx(result["test"]["accuracy"], rel=1e-6)


def test_an_unknown_tool_to_watch_in_is_refused(glassnet) -> None:
    done = glassnet("train", "--track", "tensorbord")
    assert done.code == 2
    assert "'tensorboard' or 'mlflow'" in done.err
