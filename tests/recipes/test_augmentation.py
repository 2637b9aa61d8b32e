"""Recipes that change images, measure with several views, and stream folders."""

from __future__ import annotations

import json

import numpy as np
import pytest

import glassnet as gn
from glassnet.recipes import RecipeError, RunFolder, load_recipe, prepare, recipe_from_dict, run

CHANGES = [
    {"type": "RandomTranslation", "pixels": 1, "padding": "reflect"},
    {"type": "MixUp", "alpha": 0.2},
]


def digits(**changes):
    return load_recipe("digits").changed({"training.phases.0.epochs": 2} | changes)


def test_a_recipe_without_has_the_keys_it_always_had() -> None:
    told = digits().to_toml()
    assert not [key for key in ("augmentation", "test_time", "drop_last", "stream") if key in told]


def test_the_trainer_gets_what_the_recipe_says(tmp_path) -> None:
    recipe = digits(**{"training.augmentation": CHANGES, "training.phases.0.drop_last": True})
    assert recipe_from_dict(recipe.to_dict()) == recipe
    job = prepare(recipe)
    assert [a.config() for a in job.trainer().augmentation] == CHANGES
    folder = RunFolder.create(tmp_path / "run")
    run(job, folder)
    assert folder.read_recipe().training.augmentation == CHANGES
    record = json.loads(folder.history.read_text().splitlines()[0])
    assert record["steps"] == len(job.train) // recipe.training.phases[0].batch_size
    plain = RunFolder.create(tmp_path / "plain")
    run(prepare(digits()), plain)
    with np.load(folder.model) as ours, np.load(plain.model) as theirs:
        assert (ours["dense_1.W"] != theirs["dense_1.W"]).any()


def test_the_test_set_is_measured_both_ways(tmp_path) -> None:
    recipe = digits(**{"training.test_time": {"mirror": False, "shift": 1}})
    job, folder = prepare(recipe), RunFolder.create(tmp_path / "run")
    result = run(job, folder)
    tta = gn.training.TestTimeAugmentation(mirror=False, shift=1)
    expected = gn.evaluate(job.network, job.test, loss=recipe.training.loss, test_time=tta)
    test = json.loads(folder.result.read_text())["test"]
    assert test["accuracy"] == expected["accuracy"]
    assert test["test_time_accuracy"] == expected["test_time_accuracy"]
    assert test["test_time_loss"] == pytest.approx(expected["test_time_loss"])
    assert result["test"]["test_time_loss"] != test["loss"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"training.augmentation": [{"type": "RandomFlop"}]}, "did you mean 'RandomFlip'"),
        ({"training.augmentation": [{"type": "Cutout"}]}, "augmentation.0: Cutout needs size"),
        (
            {"training.augmentation": [{"type": "Cutout", "size": 0}]},
            "augmentation.0: size must be a whole number of at least 1, got 0",
        ),
        ({"training.augmentation": {"type": "Cutout", "size": 2}}, "must be a valid list"),
        ({"training.test_time": {"mirrors": True}}, "did you mean 'mirror'"),
        ({"training.test_time": {"mirror": False, "shift": 0}}, "without mirror and shift"),
        ({"training.phases.0.drop_last": "yes"}, "drop_last: must be a valid boolean"),
    ],
)
def test_a_wrong_key_is_told(changes, words) -> None:
    with pytest.raises(RecipeError, match=words):
        digits(**changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"training.augmentation": [{"type": "RandomTranslation", "pixels": 8}]},
            r"RandomTranslation\(8\) shifts .* shape \(8, 8, 1\)",
        ),
        ({"training.test_time": {"shift": 8}}, r"a shift of 8 .* shape \(8, 8, 1\)"),
    ],
)
def test_what_does_not_suit_the_images_is_told_before_the_training(changes, words) -> None:
    with pytest.raises(ValueError, match=words):
        prepare(digits(**changes))


def test_a_short_last_batch_that_a_layer_cannot_take_may_be_dropped() -> None:
    layers = [{"type": "Flatten"}, {"type": "BatchNormalization"}]
    layers.append({"type": "Dense", "units": "classes", "activation": "softmax"})
    # 1,294 examples to train on
    changes = {"network.layers": layers, "training.phases.0.batch_size": 1293}
    with pytest.raises(ValueError, match="the last batch of an epoch has 1"):
        prepare(digits(**changes))
    assert prepare(digits(**changes, **{"training.phases.0.drop_last": True}))


def test_a_table_has_no_images_to_change(tmp_path) -> None:
    (tmp_path / "t.csv").write_text("".join(f"{i},{i % 3},{i % 2}\n" for i in range(40)))
    changes = {"data.name": str(tmp_path / "t.csv"), "training.augmentation": CHANGES}
    with pytest.raises(ValueError, match=r"is for images.* have shape \(2,\)"):
        prepare(digits(**changes))


@pytest.mark.parametrize("parts", [[""], ["train", "test"]])
def test_a_folder_may_be_streamed(tmp_path, parts) -> None:
    for i in range(40):
        for part in parts:
            place = tmp_path / part / "ab"[i % 2]
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{i}.pgm").write_bytes(b"P5 4 2 255 " + bytes([i, 2 * i] * 4))
    changes = {"data.name": str(tmp_path)}
    kept, streamed = (prepare(digits(**changes, **more)) for more in ({}, {"data.stream": True}))
    assert streamed.train.streamed is not None
    assert streamed.validation.streamed is not None
    assert streamed.test.streamed is None
    np.testing.assert_array_equal(streamed.test.x, kept.test.x)
    for job in (kept, streamed):
        run(job, RunFolder.create(tmp_path / ("s" if job is streamed else "k")))
    np.testing.assert_array_equal(streamed.network.theta, kept.network.theta)


def test_what_is_no_folder_is_not_streamed(tmp_path) -> None:
    with pytest.raises(RecipeError, match=r"data\.stream is for folders of images, got digits"):
        prepare(digits(**{"data.stream": True}))
