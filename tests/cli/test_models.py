"""What can be asked about a model: evaluate, predict, summary, report, check."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import glassnet as gn
from glassnet.cli import report as report_command
from glassnet.nn import GradientCheck


@pytest.fixture
def picture(workplace):
    """Write an example of the digits as a picture file; return its path and the example."""
    image = pytest.importorskip("PIL.Image")
    _, test = gn.load_dataset("digits")

    def write(name: str, *, i: int = 0, mode: str = "L", size=None, inverted: bool = False):
        pixels = np.rint(255 * test.x[i, ..., 0]).astype(np.uint8)
        made = image.fromarray(255 - pixels if inverted else pixels).convert(mode)
        made = made.resize(size, image.Resampling.NEAREST) if size else made
        made.save(workplace / name)
        return name

    return write


# evaluate


def test_a_run_is_measured_on_its_own_data(glassnet, digits_run) -> None:
    done = glassnet("evaluate", digits_run)
    result = json.loads((digits_run / "result.json").read_text())["test"]
    assert done.code == 0
    assert "digits, test part: 359 examples" in done.out
    assert f"accuracy            {100 * result['accuracy']:.2f} %" in done.out
    assert f"loss                {result['loss']:.6g}" in done.out
    assert "recall" in done.out


def test_measurements_as_json_are_those_of_the_run(process, digits_run) -> None:
    # a process as that of the run: with another number of threads BLAS may round otherwise
    measured = json.loads(process("evaluate", digits_run, "--json").out)
    result = json.loads((digits_run / "result.json").read_text())["test"]
    assert {key: measured[key] for key in result} == result
    assert (measured["data"], measured["part"]) == ("digits", "test")


def test_the_training_part_can_be_measured_too(glassnet, digits_run) -> None:
    measured = json.loads(glassnet("evaluate", digits_run, "--part", "train", "--json").out)
    assert measured["examples"] == 1438


def test_a_bare_model_needs_the_name_of_the_data(glassnet, digits_run, workplace) -> None:
    shutil.copy(digits_run / "model.npz", workplace / "bare.npz")
    done = glassnet("evaluate", "bare.npz")
    assert done.code == 2
    assert "--data with one of digits, mnist" in done.err
    measured = json.loads(glassnet("evaluate", "bare.npz", "--data", "digits", "--json").out)
    assert "accuracy" in measured
    assert "loss" not in measured


def test_a_class_without_examples_has_no_recall(glassnet, table_run, workplace) -> None:
    (workplace / "even.csv").write_text("number,rest,label\n" + "2,0.5,0\n4,0.1,0\n" * 9)
    done = glassnet("evaluate", table_run / "model.npz", "--data", "even.csv", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["per_class_recall"][1] is None


def test_the_classes_of_other_data_are_matched_by_name(glassnet, table_run, workplace) -> None:
    rows = [f"{i},{i % 2 + i / 100},odd\n" for i in range(1, 40, 2)]
    (workplace / "odd.csv").write_text("".join(rows))
    done = glassnet("evaluate", table_run, "--data", "odd.csv", "--json")
    even, odd = json.loads(done.out)["per_class_recall"]
    assert even is None
    assert odd is not None
    assert "even   no example" in glassnet("evaluate", table_run, "--data", "odd.csv").out
    (workplace / "third.csv").write_text("".join([*rows, *["1,2,both\n"] * 9]))
    done = glassnet("evaluate", table_run, "--data", "third.csv")
    assert done.code == 2
    assert "third has examples of 'both', and the known classes are 'even', 'odd'" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--part", "all"], "--part is test or train, got 'all'"),
        (["--data", "mnits"], "'mnits'; did you mean 'mnist'"),
        (["--data", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_what_cannot_be_measured_is_told(glassnet, digits_run, arguments, words) -> None:
    done = glassnet("evaluate", digits_run, *arguments)
    assert done.code == 2
    assert words in done.err


def test_data_of_another_shape_is_told(glassnet, digits_run, table_run) -> None:
    done = glassnet("evaluate", digits_run, "--data", table_run.parent / "parity.csv")
    assert done.code == 2
    assert "expects examples of shape (8, 8, 1), those of parity are of shape (2,)" in done.err


@pytest.mark.parametrize("command", ["evaluate", "summary", "predict"])
def test_what_is_no_model_is_told(glassnet, digits_run, workplace, command) -> None:
    file = ["x.png"] if command == "predict" else []
    assert (
        "nowhere is not a model: there is no such file" in glassnet(command, "nowhere", *file).err
    )
    (workplace / "just begun").mkdir()
    done = glassnet(command, "just begun", *file)
    assert "has no model yet; go on with: glassnet train --resume 'just begun'" in done.err
    content = (digits_run / "model.npz").read_bytes()
    (workplace / "half.npz").write_bytes(content[: len(content) // 2])
    done = glassnet(command, "half.npz", *file)
    assert done.code == 2
    assert "half.npz is not an .npz file, or is damaged" in done.err
    (workplace / "made.onnx").write_bytes(content)
    done = glassnet(command, "made.onnx", *file)
    assert done.code == 2
    assert "made.onnx is not an .npz file, as training writes them" in done.err


def test_the_data_of_a_run_is_measured_as_its_recipe_reads_it(glassnet, workplace) -> None:
    rows = "".join(f"{'xy'[i % 2]};{i};7\n" for i in range(40))
    (workplace / "own.csv").write_text("kind;a;b\n" + rows)
    own = ("data.name=own.csv", "data.label=kind", "data.delimiter=;")
    settings = (part for setting in own for part in ("--set", setting))
    done = glassnet("train", *settings, "--epochs", 1, "--learning-rate", 1e-4, "--out", "run")
    assert done.code == 0, done.err
    done = glassnet("evaluate", "run")
    assert done.code == 0, done.err
    assert "8 examples" in done.out


@pytest.mark.parametrize("regression", [False, True])
def test_other_data_is_read_as_that_of_the_run(glassnet, workplace, regression) -> None:
    for name in ("own.csv", "new.csv"):
        rows = "".join(f"{i % 2};{i};7\n" for i in range(40))
        (workplace / name).write_text("kind;a;b\n" + rows)
    own = ["data.name=own.csv", "data.label=kind", "data.delimiter=;"]
    if regression:
        layers = 'network.layers=[{type="Dense",units=1}]'
        own += ["data.regression=true", layers, "training.loss=mean_squared_error"]
    settings = (part for setting in own for part in ("--set", setting))
    done = glassnet("train", *settings, "--epochs", 1, "--learning-rate", 1e-4, "--out", "run")
    assert done.code == 0, done.err
    first, second = (
        json.loads(glassnet("evaluate", "run", *data, "--json").out)
        for data in ((), ("--data", "new.csv"))
    )
    assert first | {"data": "new.csv"} == second
    np.savez("bare.npz", x=np.ones((10, 2)), y=np.arange(10) % 2 * (1.0 if regression else 1))
    assert glassnet("evaluate", "run", "--data", "bare.npz").code == 0
    (workplace / "rows.csv").write_text("a;b\n1;7\n2;7\n")
    assert len(json.loads(glassnet("predict", "run", "rows.csv", "--json").out)) == 2


def test_other_images_are_resized_as_those_of_the_run(glassnet, workplace) -> None:
    for i in range(20):
        for folder in ("own", "new"):
            place = workplace / folder / "ab"[i % 2]
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{i}.pgm").write_bytes(f"P5 {i + 1} 2 255 ".encode() + bytes(2 * i + 2))
    own = ("--set", "data.name=own", "--set", "data.size=[4,3]")
    assert glassnet("train", *own, "--epochs", 1, "--out", "run").code == 0
    done = glassnet("evaluate", "run", "--data", "new")
    assert done.code == 0, done.err


def test_the_summary_of_a_recipe_loads_no_data(glassnet) -> None:
    done = glassnet("summary", "cifar10-thesis")  # which is not on this machine
    assert done.code == 0, done.err
    assert "total" in done.out


def test_a_model_with_pickles_is_refused(glassnet, workplace) -> None:
    with (workplace / "evil.npz").open("wb") as file:
        np.savez(file, a=np.array([{"a": 1}], dtype=object))
    done = glassnet("summary", "evil.npz")
    assert done.code == 2
    assert "a.npy holds pickled" in done.err


# predict


def test_pictures_of_any_size_and_colour_are_named(glassnet, digits_run, picture) -> None:
    files = [
        picture("plain.png"),
        picture("big.png", size=(80, 80)),
        picture("colour.png", mode="RGB"),
        picture("palette.gif", mode="P"),
        picture("wide.bmp", size=(32, 16)),
    ]
    done = glassnet("predict", digits_run, *files, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert [entry["file"] for entry in found] == files
    network = gn.Network.load(digits_run / "model.npz")
    _, test = gn.load_dataset("digits")
    expected = network.predict(test.x[:1])[0]
    assert {entry["class"] for entry in found} == {str(expected.argmax())}
    for entry in found:
        assert sum(entry["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    by_class = [found[0]["probabilities"][name] for name in "0123456789"]
    np.testing.assert_allclose(by_class, expected, atol=0.01)


def test_a_prediction_shows_the_most_probable_classes(glassnet, digits_run, picture) -> None:
    done = glassnet("predict", digits_run, picture("a.png"), "--top", 2)
    assert done.code == 0
    (line,) = (line for line in done.out.splitlines() if line.startswith("a.png"))
    assert line.count("%") == 2
    one = glassnet("predict", digits_run, "a.png", "--top", 1)
    assert one.out.count("%") == 1


def test_ink_on_paper_is_inverted_on_demand(glassnet, digits_run, picture) -> None:
    light, dark = picture("light.png"), picture("dark.png", inverted=True)
    expected = json.loads(glassnet("predict", digits_run, light, "--json").out)
    inverted = json.loads(glassnet("predict", digits_run, dark, "--invert", "--json").out)
    assert inverted[0]["probabilities"] == pytest.approx(expected[0]["probabilities"], abs=1e-5)


def test_broken_files_are_told_and_the_good_ones_named(
    glassnet, digits_run, workplace, picture
) -> None:
    good = picture("good.png")
    cut = workplace / picture("cut.png")
    cut.write_bytes(cut.read_bytes()[:40])
    done = glassnet("predict", digits_run, "cut.png", good, "nowhere.png", "--json")
    assert done.code == 2
    assert [entry["file"] for entry in json.loads(done.out)] == [good]
    assert "cut.png" in done.err
    assert "nowhere.png" in done.err


def test_nothing_but_broken_files_gives_no_table(glassnet, digits_run) -> None:
    done = glassnet("predict", digits_run, "nowhere.png")
    assert (done.code, done.out) == (2, "")


def test_json_stays_json_whatever_the_file_is_called(
    glassnet, digits_run, workplace, picture
) -> None:
    name = "a long name " * 15 + "[bold] :smile:.png"
    picture(name)
    done = glassnet("predict", digits_run, name, "--json")
    assert json.loads(done.out)[0]["file"] == name


def test_rows_of_a_table_are_named(glassnet, table_run, workplace) -> None:
    (workplace / "rows.csv").write_text("number,rest\n2,0.0\n3,1.5\n")
    found = json.loads(glassnet("predict", table_run, "rows.csv", "--json").out)
    assert [entry["file"] for entry in found] == ["rows.csv:1", "rows.csv:2"]
    assert set(found[0]["probabilities"]) == {"even", "odd"}


def test_a_row_of_another_width_is_told(glassnet, table_run, workplace) -> None:
    (workplace / "rows.csv").write_text("2,0.0\n3\n")
    done = glassnet("predict", table_run, "rows.csv")
    assert done.code == 2
    assert "rows.csv, line 2: the network expects 2 features, the line has 1" in done.err


def test_one_output_for_two_classes_gives_both_probabilities(glassnet, workplace) -> None:
    network = gn.Network([gn.Dense(1, "sigmoid")], input_shape=1, class_names=("low", "high"))
    network.theta[...] = [1.0, 0.0]
    network.save(workplace / "m.npz")
    (workplace / "rows.csv").write_text("2\n")
    (found,) = json.loads(glassnet("predict", "m.npz", "rows.csv", "--json").out)
    assert found["class"] == "high"
    high = 1 / (1 + np.exp(-2))
    assert found["probabilities"] == pytest.approx({"high": high, "low": 1 - high})


def test_outputs_without_a_name_get_a_number(glassnet, workplace) -> None:
    network = gn.Network([gn.Dense(3)], input_shape=1)
    network.class_names = ("low", "high")
    network.theta[...] = [0, 0, 1, 0, 0, 0]
    network.save(workplace / "m.npz")
    (workplace / "rows.csv").write_text("2\n")
    (found,) = json.loads(glassnet("predict", "m.npz", "rows.csv", "--json").out)
    assert found["class"] == "2"


def test_a_regression_gives_its_outputs(glassnet, workplace) -> None:
    network = gn.Network([gn.Dense(2)], input_shape=1)
    network.theta[...] = [1, 2, 0.5, 0]
    network.save(workplace / "m.npz")
    (workplace / "rows.csv").write_text("2\n")
    assert "2.5, 4" in glassnet("predict", "m.npz", "rows.csv").out
    (found,) = json.loads(glassnet("predict", "m.npz", "rows.csv", "--json").out)
    assert found == {"file": "rows.csv:1", "outputs": [2.5, 4.0]}


# summary


@pytest.mark.parametrize("what", ["run", "model", "name", "file"])
def test_a_summary_shows_the_layers(glassnet, digits_run, what) -> None:
    target = {
        "run": digits_run,
        "model": digits_run / "model.npz",
        "name": "digits",
        "file": digits_run / "recipe.toml",
    }[what]
    done = glassnet("summary", target)
    assert done.code == 0, done.err
    assert "Dense(64, ReLU())" in done.out
    assert "4,810" in done.out


def test_a_summary_draws_the_network(glassnet, workplace) -> None:
    done = glassnet("summary", "digits", "--figure", "network.svg")
    assert done.code == 0, done.err
    assert "network.svg" in done.out
    assert (workplace / "network.svg").read_text("utf-8").startswith("<?xml")


# report


def test_a_report_is_one_page(glassnet, digits_run, workplace) -> None:
    done = glassnet("report", digits_run, "--out", "page.html")
    assert done.code == 0, done.err
    assert done.out.strip() == "page.html"
    page = (workplace / "page.html").read_text("utf-8")
    assert page.lower().startswith("<!doctype html>")
    assert 'src="http' not in page


def test_a_report_can_be_opened_at_once(glassnet, digits_run, workplace, monkeypatch) -> None:
    opened = []
    monkeypatch.setattr(report_command.webbrowser, "open", opened.append)
    assert glassnet("report", digits_run, "--out", "page.html", "--open").code == 0
    assert opened == [(workplace / "page.html").resolve().as_uri()]


def test_a_report_of_nothing_is_told(glassnet) -> None:
    done = glassnet("report", "nowhere")
    assert done.code == 2
    assert "there is no folder nowhere" in done.err


# check


def test_the_gradients_of_the_digits_are_right(glassnet) -> None:
    done = glassnet("check", "--samples", 5, "--examples", 4)
    assert done.code == 0, done.err
    assert "The gradient is right" in done.out
    assert "20 of 4,810" in done.out


def test_a_wrong_gradient_fails(glassnet, monkeypatch) -> None:
    backward = gn.Dense.backward

    def wrong(self, dy, cache, *, need_dx):
        dx = backward(self, dy, cache, need_dx=need_dx)
        self.W.grad *= 1.01
        return dx

    monkeypatch.setattr(gn.Dense, "backward", wrong)
    done = glassnet("check", "--samples", 5)
    assert done.code == 1
    assert "The gradient is wrong: the error is above 1e-06" in done.out
    assert ".W[" in done.out


def test_a_gradient_that_is_not_a_number_fails(glassnet, monkeypatch) -> None:
    nothing = GradientCheck(float("nan"), "dense_1.W", (0, 0), 0.0, 0.0, 1)
    monkeypatch.setattr("glassnet.cli.check.gradient_check", lambda *_, **__: nothing)
    assert glassnet("check").code == 1


# recipes


def test_the_recipes_are_listed(glassnet) -> None:
    done = glassnet("recipes")
    assert done.code == 0
    for name in ("digits", "mnist-mlp", "mnist-thesis", "cifar10-thesis"):
        assert name in done.out


def test_a_printed_recipe_can_be_trained(glassnet, workplace) -> None:
    (workplace / "mine.toml").write_text(glassnet("recipes", "digits").out, "utf-8")
    assert glassnet("train", "mine.toml", "--epochs", 1).code == 0
    assert (workplace / "runs" / "digits").is_dir()


def test_an_unknown_recipe_is_told(glassnet) -> None:
    done = glassnet("recipes", "digit")
    assert done.code == 2
    assert "did you mean 'digits'" in done.err
