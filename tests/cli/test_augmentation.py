"""Commands that show what augmentation does, and measure with several views."""

from __future__ import annotations

import json

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.augmentation import AlternatingFlip, RandomTranslation
from glassnet.training import TestTimeAugmentation

RECIPE = """
[data]
name = "digits"
[network]
layers = [{ type = "Flatten" }, { type = "Dense", units = "classes", activation = "softmax" }]
[training]
loss = "categorical_cross_entropy"
augmentation = [{ type = "RandomTranslation", pixels = 1 }]
test_time = { mirror = false, shift = 1 }
[[training.phases]]
epochs = 2
optimizer = { type = "SGD", learning_rate = 0.5 }
"""


@pytest.fixture
def drawn(monkeypatch):
    """What the picture is made of."""
    from glassnet import figures

    calls = []
    draw = figures.augmented

    def augmented(*arguments, **more):
        calls.append((*arguments, more))
        return draw(*arguments, **more)

    monkeypatch.setattr(figures, "augmented", augmented)
    return calls


def test_augmented_images_are_drawn(glassnet, workplace, drawn) -> None:
    flags = ("--augment", "AlternatingFlip", "--augment", "RandomTranslation pixels=2")
    done = glassnet("data", "show", "digits", *flags, "--seed", 3)
    assert done.code == 0, done.err
    assert (workplace / "digits-augmented.png").read_bytes().startswith(b"\x89PNG")
    ((images, versions, names, more),) = drawn
    assert names == list("0123456789")
    assert more["how"] == ["AlternatingFlip()", "RandomTranslation(2)"]
    train, _ = gn.load_dataset("digits")
    first = [int(np.flatnonzero(train.y == c)[0]) for c in range(10)]
    np.testing.assert_array_equal(images, train.x[first])
    changes = [AlternatingFlip(), RandomTranslation(2)]
    for epoch, shown in enumerate(versions):
        expected = gn.data.augmentation.augment(changes, images, epoch=epoch, seed=3)
        np.testing.assert_array_equal(shown, expected)


def test_the_augmentation_of_a_recipe_is_drawn(glassnet, workplace, drawn) -> None:
    (workplace / "mine.toml").write_text(RECIPE)
    done = glassnet("data", "show", "digits", "--augment", "mine.toml", "--out", "a.svg")
    assert done.code == 0, done.err
    assert "<svg" in (workplace / "a.svg").read_text()
    assert drawn[0][3]["how"] == ["RandomTranslation(1)"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Cutot size=2", "unknown augmentation 'Cutot'; did you mean 'Cutout'"),
        ("Cutout", "Cutout needs size"),
        ("Cutout size=big", "size must be a whole number of at least 1, got 'big'"),
        ("Cutout 2", "settings have names, as in 'Cutout size=8'"),
        ("Cutout size=9", "cuts out more than the whole image"),
        ("digits", "the recipe digits has no augmentation"),
        ("nowhere.toml", "there is no recipe file nowhere.toml"),
        ("RandomTranslation pixels=9", "the images have shape (8, 8, 1)"),
    ],
)
def test_what_cannot_be_drawn_is_told(glassnet, workplace, text, words) -> None:
    done = glassnet("data", "show", "digits", "--augment", text)
    assert done.code == 2
    assert words in done.err
    assert list(workplace.iterdir()) == []


@pytest.fixture
def trained(glassnet, workplace):
    (workplace / "mine.toml").write_text(RECIPE)
    done = glassnet("train", "mine.toml", "--out", "run")
    assert done.code == 0, done.err
    return done


def test_a_training_tells_both_accuracies(trained, workplace) -> None:
    test = json.loads((workplace / "run" / "result.json").read_text())["test"]
    assert f"Test accuracy  {100 * test['accuracy']:.2f} %" in trained.out
    assert f"{100 * test['test_time_accuracy']:.2f} % as a mean over views" in trained.out


def test_evaluate_takes_the_views_of_the_recipe_or_those_asked_for(glassnet, trained) -> None:
    network = gn.Network.load("run/model.npz")
    _, test = gn.load_dataset("digits")

    def expected(**views) -> float:
        tta = TestTimeAugmentation(**views)
        both = gn.evaluate(network, test, loss="categorical_cross_entropy", test_time=tta)
        return both["test_time_accuracy"]

    plain = gn.evaluate(network, test, loss="categorical_cross_entropy")["accuracy"]
    for flags, views in (
        ((), {"mirror": False, "shift": 1}),
        (("--tta", "mirror"), {"mirror": True, "shift": 0}),
        (("--tta", "shift=2"), {"mirror": False, "shift": 2}),
        (("--tta", "mirror, shift=1"), {"mirror": True, "shift": 1}),
    ):
        found = json.loads(glassnet("evaluate", "run", "--json", *flags).out)
        assert found["accuracy"] == plain
        assert found["test_time_accuracy"] == expected(**views)
    shown = glassnet("evaluate", "run", "--tta", "mirror,shift=2").out
    assert f"{100 * plain:.2f} %\n" in shown
    assert f"{100 * expected(mirror=True, shift=2):.2f} %  as a mean over views" in shown
    assert "the views: the image and its mirror image (half of the weight)" in shown
    assert "by 2 pixels" in shown


def test_a_model_without_a_recipe_is_measured_plainly(glassnet, trained, workplace) -> None:
    (workplace / "m.npz").write_bytes((workplace / "run" / "model.npz").read_bytes())
    found = json.loads(glassnet("evaluate", "m.npz", "--data", "digits", "--json").out)
    assert not [key for key in found if key.startswith("test_time")]


def test_predictions_may_be_a_mean_over_views(glassnet, trained, workplace) -> None:
    pillow = pytest.importorskip("PIL.Image", reason="needs the extra cli")
    _, test = gn.load_dataset("digits")
    pillow.fromarray((test.x[0, ..., 0] * 255).astype(np.uint8)).save(workplace / "d.png")
    network = gn.Network.load("run/model.npz")
    image = gn.data.read_image("d.png", (8, 8, 1))[None]
    plain = network.predict(image)[0]
    mean = TestTimeAugmentation(shift=0).predict(network, image)[0]
    for flags, expected in (
        ((), {"probabilities": plain}),
        (("--tta", "mirror"), {"probabilities": plain, "test_time_probabilities": mean}),
    ):
        (found,) = json.loads(glassnet("predict", "run", "d.png", "--json", *flags).out)
        assert {key for key in found if key.endswith("probabilities")} == set(expected)
        for key, values in expected.items():
            by_class = [found[key][name] for name in "0123456789"]
            np.testing.assert_allclose(by_class, values, atol=1e-6)


def test_a_mean_over_views_stands_below_the_plain_prediction(glassnet, trained, workplace) -> None:
    pillow = pytest.importorskip("PIL.Image", reason="needs the extra cli")
    pillow.fromarray(np.full((8, 8), 99, np.uint8)).save(workplace / "d.png")
    lines = glassnet("predict", "run", "d.png", "--tta", "shift=1").out.splitlines()
    assert [line.strip().startswith("as a mean over views") for line in lines].count(True) == 1
    assert lines[1].startswith("d.png")


@pytest.mark.parametrize("text", ["mirrored", "shift", "shift=-1", "shift=one", "", "mirror=1"])
def test_views_that_are_none_are_told(glassnet, trained, text) -> None:
    for command in (("evaluate", "run"), ("predict", "run", "d.png")):
        done = glassnet(*command, "--tta", text)
        assert done.code == 2
        assert "--tta takes mirror, shift=PIXELS, or both" in done.err


def test_views_of_a_table_are_told(glassnet, table_run) -> None:
    done = glassnet(
        "evaluate", table_run, "--data", table_run.parent / "parity.csv", "--tta", "mirror"
    )
    assert done.code == 2
    assert "test-time augmentation is for images" in done.err
