import numpy as np
import pytest

from glassnet.data import Dataset
from glassnet.report.thesis import final_errors
from glassnet.report.thesis.final_errors import CIFAR10
from glassnet.report.thesis.mistakes import KEY, section

EXAMPLES = 200
Y = np.arange(EXAMPLES) % 10


@pytest.fixture
def data(monkeypatch):
    """The data is here: small grey images of ten classes."""
    images = np.random.default_rng(0).random((EXAMPLES, 4, 4, 1))

    def load(table, data_dir):
        names = CIFAR10 if table.name == "cifar10" else [str(label) for label in range(10)]
        made = Dataset(images, Y, name=table.name, class_names=names)
        return made, made

    monkeypatch.setattr(final_errors, "find_dataset", lambda name, data_dir: "here")
    monkeypatch.setattr(final_errors, "load_data", load)


def making(wrong, *, seeds_with=(0, 1, 2)):
    """Runs whose predictions are right but for those that `wrong(seed)` gives: index to class."""

    def make(cell, seed):
        if seed not in seeds_with:
            return None
        predicted = Y.copy()
        for index, label in wrong(seed).items():
            predicted[index] = label
        confusion = np.zeros((10, 10), int)
        np.add.at(confusion, (Y, predicted), 1)
        return [{"validation_accuracy": 0.9}], {
            "predicted": predicted.astype(np.uint8),
            "confidence": np.full(EXAMPLES, 0.9, np.float16),
            "confusion": confusion,
        }

    return make


def same(seed):
    """Nine fours are taken for nines, by every seed, and one image is wrong in its seed alone."""
    return dict.fromkeys(range(4, 94, 10), 9) | {101 + seed: 0}


def test_errors_that_all_seeds_share_are_the_same_images(fabricate, data):
    made = section({"figure-12": fabricate("figure-12", making(same))})
    assert made.answer[0].startswith("MNIST: the errors of three seeds are the same images.")
    assert "both get 82 % wrong (82 to 82 % over pairs" in made.answer[0]  # 9 of 11
    assert (
        "9 images of 200 are wrong in all three seeds (by chance 0), which is 90 %"
        in made.findings[1]
    )
    # all that each seed takes a four for is a nine, so agreement is no more than its rate
    assert "give the same wrong class (9.0, if each seed drew it anew" in made.findings[1]
    assert "no more than by chance" in made.findings[1]


def test_seeds_that_agree_more_than_their_confusions_make_likely_are_said_to(fabricate, data):
    def wrong(seed):
        # of the eighteen fours half are taken for nines and half for twos, always the same
        fours = range(4, 184, 10)
        return {index: 9 if index < 94 else 2 for index in fours}

    made = section({"figure-12": fabricate("figure-12", making(wrong))})
    # 18 images, each with two classes, of each the half to the power of three
    assert "give the same wrong class (4.5, if each seed" in made.findings[1]
    assert "agree not only on which images" in made.findings[1]


def test_errors_that_fall_apart_are_not(fabricate, data):
    made = section(
        {"figure-12": fabricate("figure-12", making(lambda seed: {seed: 5, 10 + seed: 6, 50: 1}))}
    )
    assert "the errors of three seeds are partly the same images" in made.answer[0]
    apart = section(
        {"figure-12": fabricate("figure-12", making(lambda seed: {3 * seed: 5, 3 * seed + 1: 5}))}
    )
    assert "hardly more the same images than by chance" in apart.answer[0]
    assert "0 images of 200 are wrong in all three seeds" in apart.findings[1]


def test_pairs_are_ranked_and_told_with_their_range(fabricate, data):
    made = section({"figure-12": fabricate("figure-12", making(same))})
    assert "4 and 9 (9 images, 9 to 9)" in made.findings[0]
    assert made.tables[0].rows[0] == ["4", "9", "9.0", "9 to 9", "45.0 %"]


def test_the_pictures_show_the_overlap_and_the_images_that_all_get_wrong(fabricate, data):
    made = section({"figure-12": fabricate("figure-12", making(same))})
    assert [d.name for d in made.drawings] == [f"{KEY}-mnist-overlap", f"{KEY}-mnist-always-wrong"]
    assert made.drawings[1].caption.startswith("MNIST: 9 of the 9 test images that all seeds")
    texts = [text.get_text() for text in made.drawings[1].figure.axes[0].texts]
    assert texts == ["4", "→ 9"] * 9


def test_trucks_and_automobiles_have_their_place_among_the_pairs(fabricate, data):
    def wrong(seed):
        # cats for dogs three times, trucks for automobiles twice, in the last seed four times
        trucks = range(9, 29 if seed < 2 else 49, 10)
        return dict.fromkeys((3, 13, 23), 5) | dict.fromkeys(trucks, 1)

    made = section({"figure-14": fabricate("figure-14", making(wrong))})
    text = " ".join(made.findings)
    assert "they have place 2 of the 45 pairs of classes (in single seeds 1 to 2)" in text
    assert made.drawings[-1].name == f"{KEY}-cifar10-confusion"


def test_without_the_data_pairs_are_told_but_no_image_is_shown(fabricate, tmp_path, monkeypatch):
    monkeypatch.setattr(final_errors, "find_dataset", lambda name, data_dir: None)
    made = section({"figure-12": fabricate("figure-12", making(same))}, data_dir=tmp_path)
    assert "4 and 9 (9 images, 9 to 9)" in made.findings[0]
    assert made.findings[-1].startswith("The images of MNIST are not here")
    assert made.drawings == []


def test_one_seed_has_no_errors_in_common(fabricate, data):
    made = section({"figure-12": fabricate("figure-12", making(same, seeds_with=(0,)))})
    assert made.answer[0].startswith("With 1 of 3 runs so far: With one seed")


def test_nothing_run_says_so(fabricate):
    study = fabricate("figure-12", lambda cell, seed: None)
    made = section({"figure-12": study})
    assert made.answer == ["Nothing of this has been run, so there is no answer yet."]
    assert made.command.startswith("glassnet study run figure-12 --seeds 3 --out ")
