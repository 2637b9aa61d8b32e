"""Test-time augmentation: the views, their mean, and what is told beside the plain numbers."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.training import TestTimeAugmentation
from glassnet.training.views import views_from_config

SHAPE = (5, 4, 2)


def images(n: int = 30) -> np.ndarray:
    return np.random.default_rng(0).random((n, *SHAPE), np.float32)


def network(last: str = "softmax", outputs: int = 3, dtype: str = "float32") -> gn.Network:
    layers = [gn.Flatten(), gn.Dense(8, "tanh"), gn.Dense(outputs, last)]
    return gn.Network(layers, input_shape=SHAPE, seed=0, dtype=dtype)


def shifted(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """Return the image moved; what comes in is reflected at the outermost pixels."""
    moved = np.empty_like(image)
    for row, column in np.ndindex(image.shape[:2]):
        y, x = abs(row - down), abs(column - right)
        y = 2 * (len(image) - 1) - y if y >= len(image) else y
        x = 2 * (image.shape[1] - 1) - x if x >= image.shape[1] else x
        moved[row, column] = image[y, x]
    return moved


def by_hand(image: np.ndarray, *, mirror: bool, shift: int) -> list[tuple[float, np.ndarray]]:
    views = [(1.0, image)]
    if shift:
        moves = [shifted(image, -shift, -shift), shifted(image, shift, shift)]
        views = [(0.5, image), *((0.25, moved) for moved in moves)]
    if mirror:
        views = [(w / 2, v) for w, view in views for v in (view, view[:, ::-1])]
    return views


ALL = [(True, 0), (True, 1), (False, 1), (True, 3), (False, 2)]


@pytest.mark.parametrize(("mirror", "shift"), ALL)
def test_the_views_are_the_image_mirrored_and_shifted(mirror, shift) -> None:
    x = images(4)
    made = list(TestTimeAugmentation(mirror=mirror, shift=shift).views(x))
    assert sum(weight for weight, _ in made) == 1
    for i, image in enumerate(x):
        expected = by_hand(image, mirror=mirror, shift=shift)
        assert len(made) == len(expected)
        for (weight, view), (true_weight, true_view) in zip(made, expected, strict=True):
            assert weight == true_weight
            np.testing.assert_array_equal(view[i], true_view)
            assert view.flags.c_contiguous


@pytest.mark.parametrize(("mirror", "shift"), ALL)
def test_softmax_outputs_are_those_of_the_mean_of_the_pre_activations(mirror, shift) -> None:
    x, net = images(), network(dtype="float64")
    linear = network("identity", dtype="float64")
    linear.theta[...] = net.theta
    mean = [
        sum(w * linear.predict(v[None])[0] for w, v in by_hand(x[i], mirror=mirror, shift=shift))
        for i in range(len(x))
    ]
    expected = np.exp(mean) / np.exp(mean).sum(axis=1, keepdims=True)
    found = TestTimeAugmentation(mirror=mirror, shift=shift).predict(net, x, batch_size=7)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize("last", ["sigmoid", "identity"])
def test_other_outputs_are_averaged_as_they_are(last) -> None:
    x, net = images(), network(last)
    views = [by_hand(image, mirror=True, shift=1) for image in x]
    expected = [sum(w * net.predict(v[None])[0] for w, v in of_one) for of_one in views]
    found = TestTimeAugmentation().predict(net, x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_class_that_is_sure_stays_a_number() -> None:
    net = network()
    net.layers[-1].W.value[...] *= 1e4  # outputs of exactly 0 and 1
    found = TestTimeAugmentation().predict(net, images())
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_images_without_an_axis_of_channels_have_views_too() -> None:
    x = images()[..., 0]
    flat = list(TestTimeAugmentation().views(x))
    deep = list(TestTimeAugmentation().views(x[..., None]))
    for (_, view), (_, expected) in zip(flat, deep, strict=True):
        np.testing.assert_array_equal(view, expected[..., 0])


def test_evaluate_gives_the_plain_numbers_and_the_others_beside_them() -> None:
    net, tta = network(), TestTimeAugmentation()
    x = images(100)
    y = tta.predict(net, x).argmax(axis=1)
    data = gn.Dataset(x, y)
    names = ["accuracy", "loss", "per_class_recall"]
    settings = {"loss": "categorical_cross_entropy", "metrics": names, "batch_size": 33}
    plain = gn.evaluate(net, data, **settings)
    both = gn.evaluate(net, data, **settings, test_time=tta)
    assert {name: both[name] for name in names} == plain
    assert set(both) - set(plain) == {"test_time_accuracy", "test_time_loss"}
    assert plain["accuracy"] < both["test_time_accuracy"] == 1.0
    p = tta.predict(net, x)
    expected = -np.log(p[np.arange(100), y]).mean()
    assert both["test_time_loss"] == pytest.approx(expected, rel=1e-5)


def test_a_trainer_measures_both() -> None:
    net = network()
    data = gn.Dataset(images(), np.arange(30) % 3)
    trainer = gn.Trainer(net, loss="categorical_cross_entropy")
    tta = TestTimeAugmentation(shift=0)
    expected = gn.evaluate(net, data, loss="categorical_cross_entropy", test_time=tta)
    assert trainer.evaluate(data, test_time=tta) == expected


def test_it_is_described_by_a_table() -> None:
    made = views_from_config({"shift": 2})
    assert (made.mirror, made.shift) == (True, 2)
    assert repr(made) == "TestTimeAugmentation(shift=2)"
    assert made.config() == {"type": "TestTimeAugmentation", "mirror": True, "shift": 2}


@pytest.mark.parametrize(
    ("config", "error", "words"),
    [
        ({"mirror": False, "shift": 0}, ValueError, "without mirror and shift is none"),
        ({"shift": -1}, ValueError, "shift must be a whole number of at least 0, got -1"),
        ({"mirror": 1}, TypeError, "mirror must be true or false, got 1"),
        ({"flip": True}, ValueError, "unknown argument of TestTimeAugmentation 'flip'"),
        ([True], ValueError, r"test_time must be a table such as .* got \[True\]"),
    ],
)
def test_what_is_out_of_range_is_told(config, error, words) -> None:
    with pytest.raises(error, match=words):
        views_from_config(config)


@pytest.mark.parametrize(
    ("shape", "shift", "words"),
    [((8,), 1, r"for images.* shape \(8,\)"), ((4, 9, 1), 4, r"a shift of 4 .*\(4, 9, 1\)")],
)
def test_a_network_that_takes_other_shapes_is_refused(shape, shift, words) -> None:
    net = gn.Network([gn.Flatten(), gn.Dense(2, "softmax")], input_shape=shape)
    data = gn.Dataset(np.zeros((3, *shape)), [0, 1, 0])
    tta = TestTimeAugmentation(shift=shift)
    with pytest.raises(ValueError, match=words):
        tta.predict(net, data.x)
    with pytest.raises(ValueError, match=words):
        gn.evaluate(net, data, loss="categorical_cross_entropy", test_time=tta)
