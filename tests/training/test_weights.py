"""Examples that count differently, through the whole training loop."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn.compiled import Unsupported
from glassnet.training.compiled import choose_steps
from glassnet.training.steps import NumpySteps

COUNTS = np.array([1, 0, 3, 2] * 5)


def _sets(task: str) -> tuple[gn.Dataset, gn.Dataset]:
    """The same examples with weights, and repeated so many times."""
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(20, 4)), np.arange(20) % 3
    y = labels if task == "labels" else rng.normal(size=(20, 3))
    repeated = gn.Dataset(np.repeat(x, COUNTS, 0), np.repeat(y, COUNTS, 0), dtype="float64")
    return gn.Dataset(x, y, weights=COUNTS, dtype="float64"), repeated


@pytest.mark.parametrize(
    ("task", "output", "loss"),
    [
        ("labels", "softmax", "categorical_cross_entropy"),
        ("labels", "sigmoid", "binary_cross_entropy"),
        ("targets", None, "huber"),
    ],
)
def test_training_on_weighted_examples_is_training_on_repeated_ones(
    task: str, output: str | None, loss: str
) -> None:
    trained = []
    for data in _sets(task):
        layers = [gn.Dense(5, "tanh"), gn.Dense(3, output)]
        network = gn.Network(layers, input_shape=4, dtype="float64")
        trainer = gn.Trainer(network, loss=loss, optimizer=gn.Adam(0.1), batch_size="full")
        trainer.fit(data, epochs=20, validation=data)
        trained.append(trainer)
    weighted, repeated = trained
    np.testing.assert_allclose(weighted.network.theta, repeated.network.theta, rtol=1e-9)
    assert weighted.network.theta.dtype == np.float64
    for ours, theirs in zip(weighted.history, repeated.history, strict=True):
        assert ours.keys() == theirs.keys()
        for name in ours.keys() - {"batch_size", "seconds", "validation_seconds"}:
            assert ours[name] == pytest.approx(theirs[name], rel=1e-9), name


def test_recall_counts_the_weights() -> None:
    network = gn.Network([gn.Dense(2, "softmax")], input_shape=1)
    data = gn.Dataset([[1.0], [-1.0], [1.0]], [0, 0, 1], weights=[3.0, 1.0, 0.0])
    network.layers[0].W.value[...] = [[1.0, -1.0]]
    metrics = ["accuracy", "per_class_recall"]
    measured = gn.evaluate(
        network, data, loss="categorical_cross_entropy", metrics=metrics, batch_size=2
    )
    assert measured == {"accuracy": 0.75, "per_class_recall": [0.75, None]}


def test_weights_of_a_batch_are_relative_to_each_other() -> None:
    x = np.random.default_rng(0).normal(size=(20, 4))
    thetas = []
    for weights in (None, np.full(20, 7.0)):
        network = gn.Network([gn.Dense(3)], input_shape=4)
        data = gn.Dataset(x, x[:, :3], weights=weights)
        gn.Trainer(network, loss="mean_squared_error", batch_size=6).fit(data, epochs=2)
        thetas.append(network.theta)
    np.testing.assert_array_equal(*thetas)


def test_the_compiled_chain_leaves_weighted_examples_to_numpy() -> None:
    pytest.importorskip("numba", reason="compiled steps need Numba")
    network = gn.Network([gn.Dense(3, "softmax")], input_shape=4)
    what = (network, gn.CategoricalCrossEntropy(), gn.SGD(0.1))
    often = {"batch_size": 8, "n_steps": 10**8, "weighted": True}
    assert isinstance(choose_steps("auto", *what, **often), NumpySteps)
    with pytest.raises(Unsupported, match="examples that count differently"):
        choose_steps("numba", *what, **often)


def test_compiled_layers_take_weighted_examples() -> None:
    pytest.importorskip("numba", reason="compiled steps need Numba")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 6, 6, 1)), np.arange(12) % 2
    thetas = []
    for engine in ("numpy", "numba"):
        layers = [gn.Conv2D(2, 3, activation="relu"), gn.GlobalAveragePooling2D()]
        network = gn.Network([*layers, gn.Dense(2, "softmax")], input_shape=(6, 6, 1))
        loss, sgd = "categorical_cross_entropy", gn.SGD(0.5)
        trainer = gn.Trainer(network, loss=loss, optimizer=sgd, batch_size=4, engine=engine)
        trainer.fit(gn.Dataset(x, y, weights=rng.permutation(12) * 0 + np.arange(12)), epochs=2)
        assert trainer.engine_in_use == engine
        thetas.append(network.theta)
    np.testing.assert_allclose(*thetas, rtol=1e-4, atol=1e-6)


def test_other_weights_are_other_data_to_a_checkpoint(
    tmp_path, blobs: Callable[..., gn.Dataset], make_trainer: Callable[..., gn.Trainer]
) -> None:
    data = blobs(16)
    path = tmp_path / "a.npz"
    make_trainer(callbacks=[gn.Checkpoint(path)]).fit(data, epochs=1)
    again = make_trainer(callbacks=[gn.Checkpoint(path)])
    again.resume(path)
    with pytest.raises(ValueError, match="data checksum"):
        again.fit(gn.Dataset(data.x, data.y, weights=np.arange(16)), epochs=2)


def test_a_run_without_shuffling_is_another_run_to_a_checkpoint(
    tmp_path, blobs: Callable[..., gn.Dataset], make_trainer: Callable[..., gn.Trainer]
) -> None:
    path = tmp_path / "a.npz"
    make_trainer(callbacks=[gn.Checkpoint(path)]).fit(blobs(16), epochs=1)
    again = make_trainer(callbacks=[gn.Checkpoint(path)], shuffle=False)
    again.resume(path)
    with pytest.raises(ValueError, match="shuffle True, this one has False"):
        again.fit(blobs(16), epochs=2)


def test_examples_that_are_not_shuffled_come_in_their_order(
    blobs: Callable[..., gn.Dataset], make_trainer: Callable[..., gn.Trainer]
) -> None:
    data = blobs(24)
    trainer = make_trainer(shuffle=False)
    trainer.fit(data, epochs=1)
    by_hand = make_trainer().network
    sgd = gn.SGD(learning_rate=0.01, momentum=0.9)
    for start in range(0, 24, 8):
        rows = slice(start, start + 8)
        sgd.step(by_hand.theta, by_hand.gradient(data.x[rows], data.y[rows], trainer.loss))
    np.testing.assert_allclose(trainer.network.theta, by_hand.theta, rtol=1e-6)
    shuffled = make_trainer()
    shuffled.fit(data, epochs=1)
    assert not np.allclose(shuffled.network.theta, by_hand.theta)
