from __future__ import annotations

import contextlib
import copy
import hashlib
import importlib.metadata
import json
import subprocess
import sys

import numpy as np
import pytest

import glassnet as gn
from glassnet.optim import optimizer_from_config
from glassnet.recipes import RecipeError, RunFolder, fit_phases, load_recipe, prepare, run
from glassnet.recipes.versions import versions

FILES = {
    "recipe.toml",
    "versions.json",
    "history.jsonl",
    "checkpoint.npz",
    "model.npz",
    "result.json",
}


def digits(**changes):
    return load_recipe("digits").changed({"training.phases.0.epochs": 2} | changes)


def trained(path, recipe, callbacks=()) -> tuple[RunFolder, dict]:
    folder = RunFolder.create(path)
    return folder, run(prepare(recipe), folder, callbacks=callbacks)


def digest(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[RunFolder, dict]:
    return trained(tmp_path_factory.mktemp("run") / "digits", digits())


def test_a_run_leaves_the_promised_files_and_no_others(finished) -> None:
    folder, _ = finished
    assert {entry.name for entry in folder.path.iterdir()} == FILES


def test_the_result_is_in_its_file(finished) -> None:
    folder, result = finished
    assert json.loads(folder.result.read_text()) == json.loads(json.dumps(result))
    assert result["status"] == "finished"
    assert result["epochs"] == 2
    assert result["parameters"] == 4_810
    assert result["class_names"] == list("0123456789")
    assert len(result["test"]["per_class_recall"]) == 10


def test_the_model_is_the_one_that_was_measured(finished) -> None:
    folder, result = finished
    network = gn.Network.load(folder.model)
    _, test = gn.load_dataset("digits")
    measured = gn.evaluate(network, test, loss="categorical_cross_entropy")
    assert result["test"]["accuracy"] == measured["accuracy"] > 0.8
    assert result["test"]["loss"] == pytest.approx(measured["loss"])
    assert result["test"]["examples"] == len(test)


def test_the_history_has_a_line_for_every_epoch(finished) -> None:
    folder, result = finished
    records = [json.loads(line) for line in folder.history.read_text().splitlines()]
    assert [record["epoch"] for record in records] == [1, 2]
    best = max(records, key=lambda record: record["validation_accuracy"])
    assert result["best"] == {"epoch": best["epoch"], "accuracy": best["validation_accuracy"]}


def test_the_versions_name_what_decides_the_numbers(finished) -> None:
    folder, _ = finished
    versions = json.loads(folder.versions.read_text())
    assert versions["numpy"] == np.__version__
    assert versions["glassnet"] == gn.__version__
    assert {"python", "blas", "blas threads", "machine"} < set(versions)


def test_the_resolved_recipe_run_again_gives_the_same_model(finished, tmp_path) -> None:
    folder, _ = finished
    again, _ = trained(tmp_path / "again", folder.read_recipe())
    assert digest(again.model) == digest(folder.model)
    assert again.recipe.read_bytes() == folder.recipe.read_bytes()


def test_another_seed_gives_another_model(finished, tmp_path) -> None:
    folder, _ = finished
    other, _ = trained(tmp_path / "other", digits(**{"training.seed": 1}))
    assert digest(other.model) != digest(folder.model)


class InterruptIn(gn.Callback):
    def __init__(self, epoch: int) -> None:
        self.epoch, self.seen = epoch, []

    def on_epoch_end(self, trainer, record) -> None:
        self.seen.append(record["epoch"])
        if record["epoch"] == self.epoch:
            trainer.interrupt()


TWO_PHASES = {
    "training.phases": [
        {"epochs": 2, "batch_size": 50, "optimizer": {"type": "SGD", "momentum": 0.5}},
        {
            "epochs": 2,
            "batch_size": 20,
            "optimizer": {"type": "SGD", "momentum": 0.9},
            "schedule": {"type": "CosineAnnealingLR"},
        },
    ],
    "training.early_stopping": {"patience": 2, "monitor": "loss"},
}


@pytest.mark.parametrize("epoch", [1, 2, 3, 4])
def test_a_run_that_was_stopped_goes_on_to_the_same_model(tmp_path, epoch) -> None:
    recipe = digits(**TWO_PHASES)
    whole, _ = trained(tmp_path / "whole", recipe)
    folder, result = trained(tmp_path / "stopped", recipe, [InterruptIn(epoch)])
    assert result["status"] == "stopped"
    assert not folder.model.exists()
    again = InterruptIn(0)
    result = run(prepare(folder.read_recipe()), RunFolder.existing(folder.path), callbacks=[again])
    assert result["status"] == "finished"
    assert again.seen == list(range(epoch + 1, 5))
    assert digest(folder.model) == digest(whole.model)
    assert {entry.name for entry in folder.path.iterdir()} == FILES


def test_the_second_phase_keeps_the_velocity_of_the_first(tmp_path) -> None:
    sgd = {"type": "SGD", "learning_rate": 0.05, "momentum": 0.9}
    phase = {"batch_size": 50, "optimizer": sgd}
    one, _ = trained(tmp_path / "one", digits(**{"training.phases": [phase | {"epochs": 2}]}))
    phases = [phase | {"epochs": 1}] * 2
    two, _ = trained(tmp_path / "two", digits(**{"training.phases": phases}))
    assert digest(one.model) == digest(two.model)


def test_a_run_that_diverges_says_so_in_its_folder(tmp_path) -> None:
    recipe = digits(**{"training.phases.0.optimizer.learning_rate": 1e30})
    folder = RunFolder.create(tmp_path / "run")
    with pytest.raises(gn.DivergenceError):
        run(prepare(recipe), folder)
    result = json.loads(folder.result.read_text())
    assert result["status"] == "diverged"
    assert "step 2 of epoch 1, in layer dense_2" in result["message"]
    assert not folder.model.exists()
    assert folder.history.read_text() == ""


def test_the_epoch_of_the_measured_weights_is_noted(finished, tmp_path) -> None:
    _, result = finished
    assert result["measured_epoch"] == 2
    worse = {"training.phases.0.optimizer.learning_rate": 5.0, "training.phases.0.epochs": 4}
    stopping = {"training.early_stopping": {"patience": 3, "monitor": "validation_loss"}}
    folder, result = trained(tmp_path / "run", digits(**worse, **stopping))
    losses = [json.loads(r)["validation_loss"] for r in folder.history.read_text().splitlines()]
    assert result["measured_epoch"] == 1 + int(np.argmin(losses))


def test_a_resumed_run_keeps_its_versions_and_adds_others(tmp_path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    folder.note_versions()
    first = json.loads(folder.versions.read_text())
    folder.note_versions()
    assert json.loads(folder.versions.read_text()) == first
    before = first | {"numpy": "2.0.0"}
    folder.write(folder.versions, json.dumps(before))
    for _ in range(2):
        folder.note_versions()
        assert json.loads(folder.versions.read_text()) == before | {"resumed with": [first]}


# Data that needs more than its name


def prepared(path, **of_data):
    changes = {f"data.{key}": value for key, value in of_data.items()}
    return prepare(digits(**{"data.name": str(path)} | changes))


def test_a_table_is_read_as_the_recipe_says(tmp_path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("kind;a;b\n" + "".join(f"{'xy'[i % 2]};{i};7\n" for i in range(40)))
    job = prepared(path, label="kind", delimiter=";")
    assert (job.train.class_names, job.train.input_shape) == (("x", "y"), (2,))
    assert prepared(path, label=0, delimiter=";").test.x.tobytes() == job.test.x.tobytes()
    of_targets = {
        "data": {"name": str(path), "label": "a", "delimiter": ";", "regression": True},
        "network.layers": [{"type": "Dense", "units": "classes"}],
        "training.loss": "mean_squared_error",
    }
    path.write_text("b;a\n" + "".join(f"{i};{i / 8}\n" for i in range(40)))
    assert prepare(digits(**of_targets)).train.n_classes == 0


@pytest.mark.parametrize("parts", [[""], ["train", "test"]])
def test_images_of_several_sizes_are_resized(tmp_path, parts) -> None:
    for i in range(20):
        for part in parts:
            place = tmp_path / part / "ab"[i % 2]
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{i}.pgm").write_bytes(f"P5 {i + 1} 2 255 ".encode() + bytes(2 * i + 2))
    job = prepared(tmp_path, size=[4, 3])
    assert job.train.input_shape == job.test.input_shape == (4, 3, 1)


@pytest.mark.parametrize(
    ("key", "value", "match"),
    [
        ("label", 0, r"data\.label is for \.csv files, got digits"),
        ("size", [8, 8], r"data\.size is for folders of images, got digits"),
        ("size", [8], r"data\.size.*2 items"),
        ("delimiter", "", r"data\.delimiter.*1 character"),
    ],
)
def test_a_key_that_does_not_suit_the_data_is_refused(key, value, match) -> None:
    with pytest.raises(ValueError, match=match):
        prepared("digits", **{key: value})


def test_the_epochs_may_be_measured_on_the_test_set_or_not_at_all(tmp_path) -> None:
    on_test = prepare(digits(**{"data.validation": "test"}))
    assert on_test.validation is on_test.test
    assert on_test.validation_name == "test"
    nothing = prepare(digits(**{"data.validation": "none"}))
    assert nothing.validation is None
    assert len(nothing.train) == len(on_test.train) == 1438
    _, result = trained(tmp_path / "r", digits(**{"data.validation": "none"}))
    assert "best" not in result


def test_the_seed_decides_what_is_held_out() -> None:
    first, again, other = (
        prepare(digits(**{"training.seed": seed})).validation.x.tobytes() for seed in (1, 1, 2)
    )
    assert first == again != other


def test_a_regression_is_measured_by_its_error(tmp_path) -> None:
    x = np.linspace(-1, 1, 50, dtype=np.float32)[:, None]
    np.savez(tmp_path / "line.npz", x=x, y=2 * x)
    recipe = digits(
        **{
            "data.name": str(tmp_path / "line.npz"),
            "network.layers": [{"type": "Dense", "units": "classes"}],
            "training.loss": "mean_squared_error",
        }
    )
    _, result = trained(tmp_path / "run", recipe)
    assert set(result["test"]) == {"examples", "loss", "mean_squared_error"}
    assert result["best"]["loss"] > 0


def test_the_inputs_are_standardized_by_the_training_part() -> None:
    layers = [{"type": "Standardize", "axis": "channel"}, *digits().network.layers]
    job = prepare(digits(**{"network.layers": layers}))
    mean = dict(job.network.named_state())["standardize_1.mean"]
    assert mean.ravel() == pytest.approx(job.train.x.mean())


def test_every_standardize_gets_the_statistics_of_what_reaches_it() -> None:
    standardize = {"type": "Standardize"}
    layers = [{"type": "ReLU"}, {"type": "Flatten"}, standardize, {"type": "Tanh"}, standardize]
    last = digits().network.layers[-1]
    job = prepare(digits(**{"network.layers": [*layers, last]}))
    first, second = (layer for layer in job.network.layers if isinstance(layer, gn.Standardize))
    x = job.train.x.reshape(len(job.train), -1)
    assert first.mean == pytest.approx(x.mean(axis=0), abs=1e-6)
    squashed = np.tanh((x - first.mean) / first.deviation)
    assert second.mean == pytest.approx(squashed.mean(axis=0), abs=1e-6)
    assert second.deviation.min() > 0


def test_statistics_are_taken_of_a_part_of_the_examples_at_a_time(monkeypatch) -> None:
    monkeypatch.setattr("glassnet.nn.standardize._CHUNK", 640)
    read, forward = [], gn.Rescaling.forward

    def recorded(self, x: np.ndarray, *given, **more) -> np.ndarray:
        read.append(len(x))
        return forward(self, x, *given, **more)

    monkeypatch.setattr(gn.Rescaling, "forward", recorded)
    monkeypatch.setattr("glassnet.nn.adaptation.NUMBERS", 640)
    scaled = {"type": "Rescaling", "scale": 2.0}
    flat = [scaled, {"type": "GlobalAveragePooling2D"}, {"type": "Standardize"}]
    last = digits().network.layers[-1]
    job = prepare(digits(**{"network.layers": [*flat, last]}))
    standardize = job.network.layers[2]
    assert isinstance(standardize, gn.Standardize)
    assert standardize.mean.item() == pytest.approx(2.0 * job.train.x.mean())
    assert max(read) <= 10 < len(job.train)


def test_a_whitening_layer_gets_its_filters_from_the_training_part() -> None:
    whitening = {"type": "Whitening2D", "kernel_size": 3}
    last = digits().network.layers[-1]
    layers = [{"type": "Rescaling", "scale": 2.0}, whitening, {"type": "Flatten"}, last]
    job = prepare(digits(**{"network.layers": layers}))
    alone = gn.Whitening2D(3)
    gn.Network([alone], input_shape=job.train.input_shape)
    alone.adapt(2.0 * job.train.x)
    np.testing.assert_allclose(job.network.layers[1].filters, alone.filters, rtol=1e-6)


# What cannot be trained is refused before anything is written


def with_images(*layers: dict[str, object], batch_size: int = 32):
    """The digits' recipe with these layers between a convolution to 6 x 6 x 6 and the outputs."""
    convolution = {"type": "Conv2D", "filters": 6, "kernel_size": 3}
    outputs = {"type": "Dense", "units": "classes", "activation": "softmax"}
    changes = {"network.layers": [convolution, *layers, {"type": "Flatten"}, outputs]}
    return digits(**changes, **{"training.phases.0.batch_size": batch_size})


@pytest.mark.parametrize(
    ("layer", "match"),
    [
        (
            {"type": "Conv2D", "filters": 4, "kernel_size": 7},
            r"^network\.layers\.1: layer conv2d_2: Conv2D\(4, 7\) needs .* 7 x 7, .* \(6, 6, 6\)",
        ),
        (
            {"type": "Conv2D", "filters": 4, "kernel_size": 3, "groups": 4},
            r"^network\.layers\.1: layer conv2d_2: .* the 6 channels of shape \(6, 6, 6\) into 4",
        ),
        (
            {"type": "Conv2D", "filters": 5, "kernel_size": 3, "groups": 3},
            r"network\.layers\.1: 3 groups cannot share 5 filters equally in Conv2D\(5, 3, gr",
        ),
        (
            {"type": "MaxPooling2D", "pool_size": 7},
            r"^network\.layers\.1: layer maxpooling2d_1: .* 7 x 7, got shape \(6, 6, 6\)",
        ),
        (
            {"type": "Residual", "layers": [{"type": "DepthwiseConv2D", "kernel_size": 9}]},
            r"^network\.layers\.1: layer residual_1: layers\[0\] .* 9 x 9, got shape \(6, 6, 6\)",
        ),
    ],
)
def test_a_layer_that_does_not_fit_is_told_by_its_key_and_name(layer, match) -> None:
    with pytest.raises(RecipeError, match=match):
        prepare(with_images(layer))


def test_a_batch_of_one_is_too_little_for_a_normalization_of_vectors() -> None:
    layers = [{"type": "GlobalAveragePooling2D"}, {"type": "BatchNormalization"}]
    with pytest.raises(ValueError, match=r"layer batchnormalization_1: .* needs 2 .* batch has 1"):
        prepare(with_images(*layers, {"type": "Reshape", "shape": [6]}, batch_size=1))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"network.layers.2.units": 12}, '10 classes and the network 12 outputs.*"classes"'),
        ({"network.layers.2.activation": "relu"}, "takes probabilities"),
        ({"training.early_stopping.monitor": "los"}, "monitor 'los'; did you mean 'loss'"),
        (
            {"data.validation": "none", "training.early_stopping": {}},
            "monitor 'validation_loss'",
        ),
        (
            {"training.phases.0.schedule": {"type": "ReduceLROnPlateau", "monitor": "x"}},
            "number to monitor 'x'",
        ),
        ({"data.name": "mnits"}, "did you mean 'mnist'"),
        ({"data.validation": 0.0001}, "leaves one part empty"),
        (
            {
                "network.layers": [
                    {"type": "Dense", "units": 3},
                    {"type": "Standardize"},
                    {"type": "Dense", "units": "classes", "activation": "softmax"},
                ]
            },
            "Standardize .* cannot stand behind a layer that learns",
        ),
        (
            {"network.layers": [{"type": "Dense", "units": 3}, {"type": "Flatten"}]},
            "10 classes and the network 3 outputs",
        ),
    ],
)
def test_a_recipe_whose_parts_do_not_fit_is_refused(changes, match) -> None:
    with pytest.raises(ValueError, match=match):
        prepare(digits(**changes))


def test_an_engine_that_cannot_make_the_steps_is_refused_before_the_training() -> None:
    pytest.importorskip("numba", reason="the compiled steps need the extra fast")
    compiled = {"training.engine": "numba"}
    assert prepare(digits(**compiled)).recipe.training.engine == "numba"
    with pytest.raises(
        ValueError, match=r'training\.engine = "numba": .* compiled for Huber.*"auto"'
    ):
        prepare(digits(**compiled | {"training.loss": "huber"}))


def test_two_classes_may_have_one_output(tmp_path) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "two.npz", x=rng.normal(size=(40, 3)), y=np.arange(40) % 2)
    recipe = digits(
        **{
            "data.name": str(tmp_path / "two.npz"),
            "network.layers": [{"type": "Dense", "units": 1, "activation": "sigmoid"}],
            "training.loss": "binary_cross_entropy",
        }
    )
    assert prepare(recipe).network.output_shape == (1,)


# Folders


def test_a_folder_that_holds_something_is_never_taken(tmp_path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"not empty; choose another with --out$"):
        RunFolder.create(tmp_path / "run")
    with pytest.raises(FileExistsError, match=r"is no folder; choose another with --out$"):
        RunFolder.create(tmp_path / "run" / "mine.txt")
    assert (tmp_path / "run" / "mine.txt").read_text() == "mine"


def test_the_next_folder_is_the_first_that_is_free(tmp_path) -> None:
    assert RunFolder.create_next("a", tmp_path).path == tmp_path / "a"
    (tmp_path / "a-2").touch()
    (tmp_path / "a-3").mkdir()
    assert RunFolder.create_next("a", tmp_path).path == tmp_path / "a-4"


CLAIM = """
import sys
from glassnet.recipes import RunFolder

print("ready", flush=True)
sys.stdin.readline()
try:
    print(eval(sys.argv[1])(sys.argv[2]).path)
except FileExistsError:
    print("taken")
"""


@pytest.mark.parametrize(
    ("create", "expected"),
    [
        ("RunFolder.create", ["run", "taken", "taken", "taken"]),
        (
            "lambda path: RunFolder.create_next('run', path[:-4])",
            ["run", "run-2", "run-3", "run-4"],
        ),
    ],
)
def test_processes_that_want_one_folder_at_once_get_one_each(tmp_path, create, expected) -> None:
    with contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", CLAIM, create, tmp_path / "run"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(4)
        ]
        for process in started:
            assert process.stdout.readline() == "ready\n"
        for process in started:
            process.stdin.write("\n")
            process.stdin.flush()
        claimed = sorted(process.communicate()[0].strip().split("/")[-1] for process in started)
    assert claimed == expected


def test_a_run_is_named_as_the_way_on_where_one_is(finished) -> None:
    folder, _ = finished
    with pytest.raises(FileExistsError, match=rf"--out, or .* --resume {folder.path}$"):
        RunFolder.create(folder.path)


def test_the_way_on_can_be_copied_to_a_shell(tmp_path) -> None:
    place = tmp_path / "sp ace"
    place.mkdir()
    (place / "recipe.toml").write_text("begun")
    with pytest.raises(FileExistsError, match=f"--resume '{place}'$"):
        RunFolder.create(place)


def test_a_folder_that_is_given_up_leaves_nothing(tmp_path) -> None:
    RunFolder.create(tmp_path / "a" / "b" / "run").abandon()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty").mkdir()
    RunFolder.create(tmp_path / "empty").abandon()
    assert list(tmp_path.iterdir()) == [tmp_path / "empty"]
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_folder_without_a_recipe_is_no_run(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match=r"not the folder of a run: it has no recipe\.toml"):
        RunFolder.existing(tmp_path)


def test_the_versions_say_what_is_not_installed(monkeypatch) -> None:
    def missing(package: str) -> str:
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert versions()["numba"] == "not installed"


def test_a_recipe_can_keep_a_moving_average(tmp_path) -> None:
    ends = {}
    for name, changes in (
        ("plain", {}),
        ("averaged", {"training.moving_average": {"decay": 0.99}}),
    ):
        recipe = load_recipe("digits").changed({"training.phases.0.epochs": 1, **changes})
        job = prepare(recipe)
        run(job, RunFolder.create(tmp_path / name))
        ends[name] = job.network.theta.copy()
    assert (ends["plain"] != ends["averaged"]).any()


def test_a_pattern_that_fits_no_parameter_is_found_before_the_training() -> None:
    groups = [{"pattern": "conv2d_9.*", "frozen": True}]
    recipe = load_recipe("digits").changed({"training.phases.0.optimizer.groups": groups})
    with pytest.raises(ValueError, match=r"conv2d_9"):
        prepare(recipe)


def with_residual(*inner: dict[str, object]) -> list[dict[str, object]]:
    return [{"type": "Flatten"}, {"type": "Residual", "layers": list(inner)}]


def test_a_layer_that_takes_statistics_cannot_stand_inside_another() -> None:
    layers = [*with_residual({"type": "Standardize"}), {"type": "Dense", "units": "classes"}]
    changes = {"network.layers": layers, "training.loss": "mean_squared_error"}
    with pytest.raises(ValueError, match=r"residual_1.standardize_1: .* put it before that"):
        prepare(load_recipe("digits").changed(changes))


def test_the_number_of_classes_is_known_inside_a_layer_too() -> None:
    inner = {"type": "Dense", "units": "classes"}
    layers = [{"type": "Flatten"}, inner, *with_residual(inner)[1:], {"type": "Softmax"}]
    job = prepare(load_recipe("digits").changed({"network.layers": layers}))
    assert job.network.output_shape == (10,)


SGD, ADAM = ({"type": name, "learning_rate": 0.01} for name in ("SGD", "Adam"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"type": "Lookahead", "optimizer": SGD}, {"type": "Lookahead", "optimizer": ADAM}),
        ({"type": "Muon", "rest": SGD}, {"type": "Muon", "rest": ADAM}),
        ({"type": "Muon", "matrices": ["dense_1.W"]}, {"type": "Muon", "matrices": ["dense_2.W"]}),
    ],
    ids=["within lookahead", "beside muon", "of other matrices"],
)
def test_an_optimizer_of_another_kind_remembers_nothing(tmp_path, first, second) -> None:
    states = []

    class Watch(gn.Callback):
        def on_fit_start(self, trainer) -> None:
            states.append(copy.deepcopy(trainer.optimizer.state()))

    phases = [
        {"epochs": 1, "batch_size": 50, "optimizer": optimizer} for optimizer in (first, second)
    ]
    recipe = digits(**{"training.phases": phases})
    job = prepare(recipe)
    trainer = job.trainer()
    trainer.callbacks.append(Watch())
    fit_phases(job, trainer)
    fresh = optimizer_from_config(second).state()
    assert states[1].keys() == fresh.keys()
    assert states[1]["steps"] == 0
