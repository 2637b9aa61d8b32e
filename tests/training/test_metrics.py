import numpy as np
import pytest

import glassnet as gn
from glassnet.training import METRICS


def classifier_and_data(*, outputs: int = 4, seed: int = 0) -> tuple[gn.Network, gn.Dataset]:
    rng = np.random.default_rng(seed)
    network = gn.Network([gn.Dense(outputs, "softmax")], input_shape=3, seed=seed, dtype="float64")
    return network, gn.Dataset(rng.normal(size=(50, 3)), rng.integers(0, 3, 50))


def test_every_metric_agrees_with_its_definition() -> None:
    network, data = classifier_and_data()
    measured = gn.evaluate(network, data, loss="half_squared_error", metrics=list(METRICS))
    p, y = network.predict(data.x), np.eye(4)[data.y]
    said = p.argmax(axis=1)
    assert measured["loss"] == pytest.approx(np.mean(((p - y) ** 2).sum(axis=1) / 2))
    assert measured["accuracy"] == pytest.approx(np.mean(said == data.y))
    assert measured["mean_squared_error"] == pytest.approx(np.mean((p - y) ** 2))
    recall = [np.mean(said[data.y == c] == c) for c in range(3)]
    assert measured["per_class_recall"][:3] == pytest.approx(recall)
    assert measured["per_class_recall"][3] is None


def test_the_size_of_the_batches_changes_no_measurement() -> None:
    network, data = classifier_and_data()
    whole, parts = (
        gn.evaluate(network, data, loss="half_squared_error", batch_size=size) for size in (50, 7)
    )
    assert whole == pytest.approx(parts, rel=1e-12)


def test_by_default_labels_give_accuracy_and_targets_the_squared_error() -> None:
    network, data = classifier_and_data()
    assert set(gn.evaluate(network, data, loss="half_squared_error")) == {"loss", "accuracy"}
    targets = gn.Dataset(data.x, np.zeros((50, 4)))
    measured = gn.evaluate(network, targets, loss="half_squared_error")
    assert set(measured) == {"loss", "mean_squared_error"}


def test_a_single_output_means_two_classes() -> None:
    network = gn.Network([gn.Identity()], input_shape=1)
    data = gn.Dataset([[0.1], [0.5], [0.9], [0.2]], [0, 1, 1, 1])
    measured = gn.evaluate(
        network, data, loss="half_squared_error", metrics=["accuracy", "per_class_recall"]
    )
    assert measured["accuracy"] == 0.75
    assert measured["per_class_recall"] == pytest.approx([1.0, 2 / 3])


def test_measuring_leaves_the_network_as_it_is() -> None:
    network, data = classifier_and_data()
    before = network.theta.copy()
    gn.evaluate(network, data, loss="half_squared_error")
    assert (network.theta == before).all()


def test_the_trainer_measures_with_its_own_loss_and_metrics() -> None:
    network, data = classifier_and_data()
    trainer = gn.Trainer(network, loss="categorical_cross_entropy", metrics=["loss"])
    expected = gn.evaluate(network, data, loss="categorical_cross_entropy", metrics=["loss"])
    assert trainer.evaluate(data) == expected
    assert set(trainer.evaluate(data, metrics=["accuracy"])) == {"accuracy"}


def animals(names: tuple[str, ...], said: list[str]) -> gn.Dataset:
    """One example of each animal; the network below answers with the column of the 1."""
    x = np.eye(3)[[("bird", "cat", "dog").index(animal) for animal in said]]
    return gn.Dataset(x, [names.index(animal) for animal in said], names, "animals")


def know_animals(names: tuple[str, ...] = ("bird", "cat", "dog")) -> gn.Network:
    return gn.Network([gn.Softmax()], input_shape=3, class_names=names)


@pytest.mark.parametrize("names", [("cat", "dog"), ("dog", "cat", "bird"), ("cat", "dog", "elk")])
def test_labels_are_matched_by_the_names_of_their_classes(names) -> None:
    data = animals(names, ["cat", "dog", "dog"])
    for metric in ("accuracy", "per_class_recall"):
        found = [
            gn.evaluate(know_animals(), data, loss="half_squared_error", metrics=[metric]),
            gn.Trainer(know_animals(), loss="half_squared_error").evaluate(data, metrics=[metric]),
        ]
        assert found == [{metric: 1.0 if metric == "accuracy" else [None, 1.0, 1.0]}] * 2


def test_a_class_that_the_network_does_not_know_is_named() -> None:
    data = gn.Dataset(np.eye(3), [0, 1, 2], ("cat", "dog", "elk"), "zoo")
    with pytest.raises(ValueError, match=r"zoo has examples of 'elk', .* 'bird', 'cat', 'dog'"):
        gn.evaluate(know_animals(), data, loss="half_squared_error")


def test_labels_without_names_are_indices() -> None:
    for names in (("bird", "cat", "dog"), ("0", "10", "2"), ()):
        measured = gn.evaluate(
            know_animals(names), (np.eye(3), [0, 1, 2]), loss="half_squared_error"
        )
        assert measured["accuracy"] == 1


def test_data_that_does_not_fit_is_refused() -> None:
    network, _ = classifier_and_data()
    with pytest.raises(ValueError, match=r"the data set are of shape \(2,\)"):
        gn.evaluate(network, gn.Dataset([[1, 2]], [0]), loss="half_squared_error")
