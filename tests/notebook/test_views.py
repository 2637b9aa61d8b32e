import base64
import re

import numpy as np
import pytest

import glassnet as gn
from glassnet.notebook import html, views

formatters = pytest.importorskip("IPython.core.formatters")
pytest.importorskip("matplotlib")


def shown(thing) -> str:
    """Return what a notebook shows."""
    data, _ = formatters.DisplayFormatter().format(thing)
    return data["text/html"]


def pictures(page):
    return [base64.b64decode(found) for found in re.findall(r"base64,([^\"]+)", page)]


def cells(page):
    return re.findall(r"<t[dh] [^>]*>(.*?)</t[dh]>", page)


@pytest.fixture
def digits():
    rng = np.random.default_rng(0)
    names = ["zero", "<one>"]
    return gn.Dataset(rng.random((30, 4, 4, 1)), np.arange(30) % 3 // 2, names, "made")


def test_a_network_is_a_picture_and_its_layers():
    layers = [gn.Flatten(), gn.Dense(5, "relu"), gn.Dense(2, "softmax")]
    page = shown(gn.Network(layers, input_shape=(4, 4, 1)))
    assert "takes (4, 4, 1), 97 parameters of float32" in page
    (picture,) = pictures(page)
    assert picture.startswith(b"\x89PNG")
    assert cells(page)[-8:-4] == ["dense_2", "Dense(2, Softmax())", "(2,)", "12"]
    assert cells(page)[-4:] == ["total", "", "", "97"]


def test_a_network_that_cannot_be_drawn_is_a_table():
    page = shown(gn.Network([gn.ReLU()], input_shape=3))
    assert pictures(page) == []
    assert "no picture: only networks with Dense or convolutional layers can be drawn" in page
    assert "relu_1" in cells(page)


def test_a_long_network_is_a_table_and_a_line_that_says_so():
    page = shown(gn.Network([gn.Dense(3) for _ in range(200)], input_shape=3))
    assert pictures(page) == []
    assert "no picture: 200 layers, and at most 40 are drawn" in page
    assert "dense_200" in cells(page)
    assert len(page) < 100_000


def test_a_history_is_its_curves_and_last_epochs(digits):
    network = gn.Network([gn.Flatten(), gn.Dense(2, "softmax")], input_shape=(4, 4, 1))
    trainer = gn.Trainer(network, loss="categorical_cross_entropy")
    assert "no epoch yet" in shown(trainer.history)
    history = trainer.fit(digits, epochs=12, validation=0.2)
    page = shown(history)
    assert len(pictures(page)) == 1
    headings = cells(page)[: cells(page).index("3")]
    assert headings[:4] == ["epoch", "learning rate", "loss", "accuracy"]
    last = dict(zip(headings, cells(page)[-len(headings) :], strict=True))
    assert last["epoch"] == "12"
    assert last["loss"] == f"{history[-1]['loss']:.4g}"
    assert last["validation accuracy"] == f"{100 * history[-1]['validation_accuracy']:.2f} %"
    assert cells(page).count("validation loss") == 1


def test_what_an_epoch_lacks_is_a_dash():
    page = shown(gn.History([{"epoch": 1, "loss": 1.0}, {"epoch": 2, "loss": None}]))
    assert cells(page) == ["epoch", "loss", "1", "1", "2", "–"]
    assert "2 epochs" in page
    assert shown(gn.History([{"epoch": 1, "loss": None}]))  # no curve can be drawn


def test_a_data_set_is_its_examples_and_how_many_there_are(digits):
    page = shown(digits)
    assert "30 examples of 4 x 4 x 1, 2 classes" in page
    assert len(pictures(page)) == 1
    assert cells(page)[3:] == ["zero", "20", "66.7 %", "&lt;one&gt;", "10", "33.3 %"]


def test_targets_are_told_by_their_numbers():
    page = shown(gn.Dataset(np.zeros((3, 2)), [0.0, 1.0, 5.0]))
    assert cells(page)[5:] == ["0", "0", "2", "5", "2.16"]
    assert pictures(page) == []


def test_of_many_classes_the_first_are_shown():
    data = gn.Dataset(np.zeros((80, 2, 2)), np.arange(80) // 2)
    assert cells(shown(data))[-3:] == ["24", "2", "2.5 %"]


@pytest.mark.parametrize("ends", [(0, 255), (-2.5, 2), (7, 7)])
def test_images_of_other_values_are_drawn_from_black_to_white(ends):
    x = np.zeros((4, 2, 2, 1))
    x[...] = ends[0]
    x[2] = ends[1]
    page = shown(gn.Dataset(x, [0, 1, 0, 1]))
    assert f"drawn from {ends[0]:g}, black, to {ends[1]:g}, white" in page
    assert cells(page)[-3:] == ["1", "2", "50.0 %"]
    x = (x - ends[0]) / ((ends[1] - ends[0]) or 1)
    (drawn,) = pictures(page)
    plain = shown(gn.Dataset(x, [0, 1, 0, 1]))
    assert pictures(plain) == [drawn]
    assert "black" not in plain


def test_examples_that_cannot_be_drawn_are_counted_and_told_why():
    page = shown(gn.Dataset(np.zeros((4, 2, 2, 5)), [0, 1, 0, 1]))
    assert pictures(page) == []
    assert "no picture: images must have shape (n, height, width, 1 or 3)" in page
    assert cells(page)[-3:] == ["1", "2", "50.0 %"]
    names = ("half of a character: \ud800", "b")
    page = gn.Dataset(np.zeros((4, 8, 8, 1)), [0, 1, 0, 1], class_names=names)._repr_html_()
    assert "no picture: " in page
    assert cells(page)[-3:] == ["b", "2", "50.0 %"]


def test_without_matplotlib_there_are_tables(monkeypatch, digits):
    monkeypatch.setattr(views, "installed", lambda module: False)
    assert pictures(shown(digits)) == []


def test_words_stand_left_and_numbers_right():
    page = html.table(["word", "number"], [["a", "1,000"], ["b", "-0.5"]], last_bold=True)
    assert page.count("text-align:left") == page.count("text-align:right") == 3
    assert "<th" in page.split("</tr>")[2]
