"""The loop against one written out by hand, its phases, and what it refuses."""

import math

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import Source
from glassnet.randomness import stream


def sigmoid(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-z))


def algorithm_1(x, y, W1, b1, W2, b2, *, rate, momentum, order) -> None:  # noqa: PLR0917
    """Stochastic gradient descent for sigmoid layers and half squared error, number by number."""
    inputs, hidden, outputs = len(W1), len(b1), len(b2)
    velocity = [np.zeros_like(a) for a in (W1, b1, W2, b2)]
    for i in order:
        a = [sigmoid(sum(x[i][k] * W1[k][j] for k in range(inputs)) + b1[j]) for j in range(hidden)]
        p = [sigmoid(sum(a[j] * W2[j][o] for j in range(hidden)) + b2[o]) for o in range(outputs)]
        d2 = [(p[o] - y[i][o]) * p[o] * (1 - p[o]) for o in range(outputs)]
        d1 = [
            sum(W2[j][o] * d2[o] for o in range(outputs)) * a[j] * (1 - a[j]) for j in range(hidden)
        ]
        gradient = [
            np.array([[x[i][k] * d1[j] for j in range(hidden)] for k in range(inputs)]),
            np.array(d1),
            np.array([[a[j] * d2[o] for o in range(outputs)] for j in range(hidden)]),
            np.array(d2),
        ]
        for parameter, v, g in zip((W1, b1, W2, b2), velocity, gradient, strict=True):
            v[...] = momentum * v + g
            parameter[...] -= rate * v


def test_batch_size_1_is_algorithm_1(blobs) -> None:
    data = blobs(20)
    network = gn.Network(
        [gn.Dense(5, "sigmoid"), gn.Dense(3, "sigmoid")], input_shape=4, dtype="float64"
    )
    parameters = [q.value.copy() for _, q in network.named_parameters()]
    orders = stream(7, "shuffling")
    epochs = [orders.permutation(20) for _ in range(3)]
    algorithm_1(
        data.x.astype(float), np.eye(3)[data.y], *parameters,
        rate=0.5, momentum=0.8, order=np.concatenate(epochs),
    )  # fmt: skip
    gn.Trainer(
        network,
        loss="half_squared_error",
        optimizer=gn.SGD(0.5, momentum=0.8),
        batch_size=1,
        seed=7,
    ).fit(data, epochs=3)
    for (name, q), expected in zip(network.named_parameters(), parameters, strict=True):
        np.testing.assert_allclose(q.value, expected, rtol=1e-11, atol=1e-14, err_msg=name)


def mean_gradient_descent(network, data, *, rate, batch_size, orders) -> np.ndarray:
    """Mini-batches whose gradient is the mean of the gradients of single examples (Eq. 18)."""
    theta = network.theta.copy()
    loss = gn.CategoricalCrossEntropy()
    scratch = network.astype("float64")
    for order in orders:
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            scratch.theta[...] = theta
            single = [scratch.gradient(data.x[[i]], data.y[[i]], loss).copy() for i in batch]
            theta = theta - rate * np.mean(single, axis=0)
    return theta


@pytest.mark.parametrize("batch_size", [7, 20, "full", 1000])
def test_a_step_takes_the_mean_over_its_batch_and_the_last_batch_may_be_short(
    blobs, small_network, make_trainer, batch_size
) -> None:
    data, network = blobs(60), small_network(dtype="float64")
    shuffling = stream(0, "shuffling")
    expected = mean_gradient_descent(
        network,
        data,
        rate=0.2,
        batch_size=batch_size if batch_size in (7, 20) else 60,
        orders=[shuffling.permutation(60) for _ in range(2)],
    )
    history = make_trainer(network, optimizer=gn.SGD(0.2), batch_size=batch_size).fit(
        data, epochs=2
    )
    np.testing.assert_allclose(network.theta, expected, rtol=1e-10)
    assert history.column("steps") == [{7: 9, 20: 3}.get(batch_size, 1)] * 2


def test_data_of_many_chunks_is_seen_once_an_epoch(blobs, small_network) -> None:
    seen = []

    class Watch(gn.Callback):
        def on_step_end(self, trainer) -> None:
            seen.append(trainer.progress.step)

    data = blobs(2500)
    trainer = gn.Trainer(
        small_network(), loss="half_squared_error", batch_size=30, callbacks=[Watch()]
    )
    history = trainer.fit(data, epochs=1)
    assert seen == list(range(1, 85))
    assert history[0]["steps"] == 84


def test_a_second_phase_goes_on_with_other_settings(blobs, small_network, make_trainer) -> None:
    data, network = blobs(), small_network(dtype="float64")
    shuffling = stream(0, "shuffling")
    orders = [shuffling.permutation(60) for _ in range(3)]
    theta = mean_gradient_descent(network, data, rate=0.1, batch_size=4, orders=orders[:2])
    half_way = small_network(dtype="float64")
    half_way.theta[...] = theta
    expected = mean_gradient_descent(half_way, data, rate=0.4, batch_size=30, orders=orders[2:])
    trainer = make_trainer(network, optimizer=gn.SGD(0.1), batch_size=4)
    trainer.fit(data, epochs=2)
    history = trainer.fit(data, epochs=1, batch_size=30, optimizer=gn.SGD(0.4))
    np.testing.assert_allclose(network.theta, expected, rtol=1e-10)
    assert history.column("epoch") == [1, 2, 3]
    assert history.column("phase") == [1, 1, 2]
    assert history.column("batch_size") == [4, 4, 30]
    assert history.column("learning_rate") == [0.1, 0.1, 0.4]


def test_a_schedule_sets_the_rate_of_every_step_and_the_base_rate_stays(
    blobs, make_trainer
) -> None:
    rates = []

    class Watch(gn.Callback):
        def on_step_end(self, trainer) -> None:
            rates.append(trainer.optimizer.learning_rate)

    trainer = make_trainer(
        optimizer=gn.SGD(0.4), schedule=gn.CosineAnnealingLR(), batch_size=20, callbacks=[Watch()]
    )
    history = trainer.fit(blobs(), epochs=2)
    expected = [0.2 * (1 + math.cos(math.pi * step / 6)) for step in range(6)]
    assert rates == pytest.approx(expected, rel=1e-12)
    assert history.column("learning_rate") == [rates[2], rates[5]]
    assert trainer.optimizer.learning_rate == 0.4


def test_every_phase_has_a_schedule_of_its_own(blobs, make_trainer) -> None:
    trainer = make_trainer(optimizer=gn.SGD(0.4))
    trainer.fit(blobs(), epochs=2, schedule=gn.StepLR(1, gamma=0.5))
    history = trainer.fit(blobs(), epochs=2, schedule=gn.StepLR(1, gamma=0.1))
    assert history.column("learning_rate") == pytest.approx([0.4, 0.2, 0.4, 0.04])


def test_a_plateau_lowers_the_rate(blobs, make_trainer) -> None:
    trainer = make_trainer(
        optimizer=gn.SGD(1e-12),
        schedule=gn.ReduceLROnPlateau("loss", patience=1, factor=0.5, threshold=0.01),
    )
    history = trainer.fit(blobs(), epochs=5)
    assert history.column("learning_rate") == [1e-12, 1e-12, 1e-12, 5e-13, 5e-13]


def test_the_validation_set_is_measured_after_every_epoch(blobs, make_trainer) -> None:
    validation = blobs(30, seed=1)
    trainer = make_trainer()
    first = trainer.fit(blobs(), epochs=1, validation=validation)[0]
    measured = gn.evaluate(trainer.network, validation, loss="categorical_cross_entropy")
    assert first["validation_loss"] == measured["loss"]
    assert first["validation_accuracy"] == measured["accuracy"]


def test_the_validation_set_is_in_the_order_of_the_training_set(blobs, small_network) -> None:
    data, turned = blobs(), (2, 0, 1)
    names = ("bird", "cat", "dog")
    train = gn.Dataset(data.x, data.y, names)
    other = gn.Dataset(data.x, np.argsort(turned)[data.y], [names[i] for i in turned])
    for known in ((), ("one", "two", "three")):  # a network that learns other classes by now
        network = small_network()
        network.class_names = known
        trainer = gn.Trainer(network, loss="categorical_cross_entropy")
        last = trainer.fit(train, epochs=1, validation=other)[-1]
        assert last["validation_accuracy"] == trainer.evaluate(train)["accuracy"]
        assert trainer.evaluate(other) == trainer.evaluate(train)


def test_a_fraction_is_held_out_and_never_trained_on(blobs, make_trainer) -> None:
    data = blobs()
    by_fraction = make_trainer(seed=3)
    by_hand = make_trainer(seed=3)
    rest, held_out = data.split(0.25, seed=3)
    for trainer, train, validation in ((by_fraction, data, 0.25), (by_hand, rest, held_out)):
        for _ in range(2):
            trainer.fit(train, epochs=1, validation=validation)
    assert (by_fraction.network.theta == by_hand.network.theta).all()
    for key in ("validation_loss", "validation_accuracy"):
        assert by_fraction.history.column(key) == by_hand.history.column(key)


def test_the_training_metrics_are_those_of_the_examples_as_they_went_by(blobs) -> None:
    data = blobs(12)
    network = gn.Network([gn.Dense(3, "softmax")], input_shape=4, dtype="float64")
    loss = gn.CategoricalCrossEntropy()
    twin = network.astype("float64")
    values = []
    for i in stream(0, "shuffling").permutation(12):
        p = twin.predict(data.x[[i]])
        values.append((loss.value(p, np.eye(3)[data.y[[i]]]), p.argmax() == data.y[i]))
        twin.theta[...] -= 0.1 * twin.gradient(data.x[[i]], data.y[[i]], loss)
    trainer = gn.Trainer(network, loss=loss, optimizer=gn.SGD(0.1), batch_size=1)
    record = trainer.fit(data, epochs=1)[0]
    expected_loss, expected_accuracy = np.mean(values, axis=0)
    assert record["loss"] == pytest.approx(expected_loss, rel=1e-12)
    assert record["accuracy"] == pytest.approx(expected_accuracy)


def test_every_epoch_has_its_wall_time(blobs, make_trainer) -> None:
    record = make_trainer().fit(blobs(), epochs=1, validation=0.2)[0]
    assert record["seconds"] > 0
    assert record["validation_seconds"] > 0


def test_without_validation_there_are_no_keys_for_it(blobs, make_trainer) -> None:
    record = make_trainer().fit(blobs(), epochs=1)[0]
    assert not [key for key in record if key.startswith("validation")]


def test_one_seed_gives_the_same_bits_and_another_seed_others(blobs, make_trainer) -> None:
    def bits(seed: int) -> bytes:
        trainer = make_trainer(seed=seed)
        trainer.fit(blobs(), epochs=2, validation=0.2)
        return trainer.network.theta.tobytes()

    assert bits(1) == bits(1)
    assert bits(1) != bits(2)


def test_a_regression_is_trained_on_targets() -> None:
    x = np.linspace(-1, 1, 40)[:, None]
    data = gn.Dataset(x, 3 * x - 1)
    network = gn.Network([gn.Dense(1)], input_shape=1)
    trainer = gn.Trainer(
        network, loss="mean_squared_error", optimizer=gn.SGD(0.1, momentum=0.5), batch_size=4
    )
    record = trainer.fit(data, epochs=60)[-1]
    assert "accuracy" not in record
    assert record["loss"] == pytest.approx(record["mean_squared_error"])
    np.testing.assert_allclose(network.theta, [3, -1], atol=1e-4)


def test_one_output_tells_two_classes_apart(blobs) -> None:
    network = gn.Network([gn.Dense(1, "sigmoid")], input_shape=4)
    trainer = gn.Trainer(network, loss="binary_cross_entropy", optimizer=gn.SGD(0.5))
    assert trainer.fit(blobs(classes=2), epochs=20)[-1]["accuracy"] > 0.9


# What is refused


def refused(trainer: gn.Trainer, train, error=ValueError, *, match: str, **arguments) -> None:
    before = trainer.network.theta.copy()
    with pytest.raises(error, match=match):
        trainer.fit(train, **({"epochs": 1} | arguments))
    assert (trainer.network.theta == before).all()
    assert len(trainer.history) == 0


def test_examples_of_another_shape_are_refused(blobs, make_trainer) -> None:
    refused(make_trainer(), blobs(features=5), match=r"shape \(4,\), those of blobs are .* \(5,\)")


def test_a_validation_set_of_another_shape_is_refused(blobs, make_trainer) -> None:
    refused(make_trainer(), blobs(), match=r"\(5,\)", validation=blobs(features=5))


def test_labels_beyond_the_outputs_are_refused(blobs, make_trainer) -> None:
    refused(
        make_trainer(), blobs(classes=5), match=r"labels up to 4, .* 3 outputs.*Dense\(5, \.\.\.\)"
    )


def test_targets_of_another_width_are_refused(make_trainer) -> None:
    data = gn.Dataset(np.zeros((6, 4)), np.zeros((6, 2)))
    refused(make_trainer(), data, match=r"2 target values .* 3\s*outputs; end it with Dense\(2\)")


def test_outputs_that_are_no_vector_are_refused() -> None:
    network = gn.Network([gn.ReLU()], input_shape=(2, 2, 1))
    data = gn.Dataset(np.zeros((4, 2, 2, 1)), [0, 1, 0, 1])
    trainer = gn.Trainer(network, loss="half_squared_error")
    refused(trainer, data, match=r"output has shape \(2, 2, 1\).*Flatten")


def test_an_array_without_labels_is_refused(make_trainer, blobs) -> None:
    refused(
        make_trainer(), np.zeros((3, 4)), TypeError, match=r"got a ndarray; make one: Dataset\("
    )
    refused(make_trainer(), np.zeros((3, 4)), TypeError, match=r"got a ndarray", validation=0.5)
    array = np.zeros((3, 4))
    refused(make_trainer(), blobs(), TypeError, match=r"got a ndarray", validation=array)


@pytest.mark.parametrize("fraction", [0.0, 1, 1.5, 0.001])
def test_a_fraction_that_leaves_nothing_is_refused(make_trainer, blobs, fraction) -> None:
    refused(make_trainer(), blobs(), match=r"between 0 and 1|one part empty", validation=fraction)


@pytest.mark.parametrize("epochs", [0, -1])
def test_less_than_one_epoch_is_refused(make_trainer, blobs, epochs) -> None:
    refused(make_trainer(), blobs(), match=r"epochs must be .* at least 1", epochs=epochs)


@pytest.mark.parametrize("batch_size", [0, -3])
def test_less_than_one_example_in_a_batch_is_refused(make_trainer, blobs, batch_size) -> None:
    with pytest.raises(ValueError, match=f"batch_size .* at least 1, got {batch_size}"):
        make_trainer(batch_size=batch_size)
    refused(make_trainer(), blobs(), match="batch_size", batch_size=batch_size)


@pytest.mark.parametrize("batch_size", [2.5, "half", True])
def test_a_batch_size_that_is_no_number_is_refused(make_trainer, batch_size) -> None:
    with pytest.raises(TypeError, match="batch_size must be a whole number"):
        make_trainer(batch_size=batch_size)


def test_an_unknown_metric_is_refused_with_the_nearest(make_trainer, blobs) -> None:
    refused(make_trainer(metrics=["acuracy"]), blobs(), match="'acuracy'; did you mean 'accuracy'")


def test_a_metric_that_counts_labels_is_refused_for_targets() -> None:
    network = gn.Network([gn.Dense(1)], input_shape=1)
    data = gn.Dataset([[0.0], [1.0]], [0.5, 1.5], name="heights")
    trainer = gn.Trainer(network, loss="mean_squared_error", metrics=["accuracy"])
    refused(trainer, data, match="accuracy needs labels, and heights has target values")


@pytest.mark.parametrize(
    "watcher",
    [
        {"callbacks": [gn.EarlyStopping()]},
        {"schedule": gn.ReduceLROnPlateau()},
        {"schedule": gn.SequentialLR([gn.LinearLR(), gn.ReduceLROnPlateau()], [1])},
        {"schedule": gn.SequentialLR([gn.SequentialLR([gn.ReduceLROnPlateau()], [])], [])},
        {"callbacks": [gn.StopOnDivergence()], "metrics": ["accuracy"]},
    ],
)
def test_a_number_to_monitor_that_is_never_measured_is_refused(
    make_trainer, blobs, watcher
) -> None:
    refused(make_trainer(**watcher), blobs(), match="unknown number to monitor")


def test_who_watches_a_validation_that_is_not_there_is_told_so(make_trainer, blobs) -> None:
    told = r"'validation_loss': there is no validation data.* let EarlyStopping monitor 'loss'"
    refused(make_trainer(callbacks=[gn.EarlyStopping()]), blobs(), match=told)
    trainer = make_trainer(callbacks=[gn.EarlyStopping("validation_los")])
    refused(trainer, blobs(), match=r"'validation_los'.* Known: ")


def test_an_unknown_loss_is_refused_with_the_nearest(small_network) -> None:
    with pytest.raises(ValueError, match="did you mean 'half_squared_error'"):
        gn.Trainer(small_network(), loss="half_square_error")


def test_a_loss_that_does_not_suit_the_last_layer_is_refused() -> None:
    network = gn.Network([gn.Dense(3)], input_shape=4)
    with pytest.raises(ValueError, match=r"takes probabilities.*softmax"):
        gn.Trainer(network, loss="categorical_cross_entropy")


def test_a_choice_among_one_is_refused(blobs) -> None:
    network = gn.Network([gn.Dense(1, "softmax")], input_shape=4)
    trainer = gn.Trainer(network, loss="categorical_cross_entropy")
    refused(trainer, blobs(classes=2), match="one output for each class, and the network has 1")


# Divergence


def linear(**settings) -> gn.Trainer:
    network = gn.Network([gn.Dense(1, weight_initializer="zeros")], input_shape=1)
    return gn.Trainer(network, loss="half_squared_error", **settings)


def test_divergence_names_the_step_and_the_layer() -> None:
    data = gn.Dataset(np.full((10, 1), 1e4), np.ones(10))
    trainer = linear(optimizer=gn.SGD(1e30), batch_size=2)
    with pytest.raises(gn.DivergenceError) as told:
        trainer.fit(data, epochs=3)
    assert "step 3 of epoch 1, in layer dense_1 (Dense(1" in str(told.value)
    assert "smaller learning rate (it was 1e+30) or clip_norm" in str(told.value)


def test_divergence_in_a_later_row_of_a_batch_names_that_step() -> None:
    x = np.ones((8, 1), np.float32)
    order = stream(0, "shuffling").permutation(8)
    x[order[5]] = 3e38  # alone in being too large, the second row of step 3
    network = gn.Network([gn.Dense(1, bias_initializer="zeros")], input_shape=1)
    network.theta[0] = 10.0
    trainer = gn.Trainer(network, loss="half_squared_error", optimizer=gn.SGD(1e-30), batch_size=2)
    with pytest.raises(gn.DivergenceError, match=r"step 3 of epoch 1"):
        trainer.fit(gn.Dataset(x, np.full(8, 10.0)), epochs=1)


def test_the_last_row_of_an_epoch_is_looked_at_too() -> None:
    x = np.ones((4, 1), np.float32)
    x[stream(0, "shuffling").permutation(4)[3]] = 3e38
    network = gn.Network([gn.Dense(1, bias_initializer="zeros")], input_shape=1)
    network.theta[0] = 10.0
    trainer = gn.Trainer(network, loss="half_squared_error", optimizer=gn.SGD(1e-30), batch_size=2)
    with pytest.raises(gn.DivergenceError, match=r"step 2 of epoch 1"):
        trainer.fit(gn.Dataset(x, np.full(4, 10.0)), epochs=1)


def test_the_last_step_of_all_may_not_leave_weights_that_are_not_finite() -> None:
    data = gn.Dataset(np.full((2, 1), 1e20), np.full(2, 1e30))
    trainer = linear(optimizer=gn.SGD(1.0), batch_size="full")
    with pytest.raises(gn.DivergenceError, match=r"step 1 of epoch 1, in layer dense_1 .*its W"):
        trainer.fit(data, epochs=1, validation=data)
    assert len(trainer.history) == 0


def test_a_loss_that_is_no_longer_finite_is_divergence() -> None:
    data = gn.Dataset(np.ones((2, 1)), np.full(2, 1e25))
    trainer = linear(optimizer=gn.SGD(1e-30), batch_size="full")
    with pytest.raises(gn.DivergenceError, match=r"step 1 of epoch 1, where outputs or loss"):
        trainer.fit(data, epochs=1)


def test_divergence_leaves_the_base_rate_and_the_last_checkpoint(tmp_path) -> None:
    class Worse(gn.Callback):
        def on_epoch_end(self, trainer, record) -> None:
            if record["epoch"] == 2:
                trainer.network.theta[...] = np.inf

    data = gn.Dataset(np.ones((4, 1)), np.ones(4))
    checkpoint = gn.Checkpoint(tmp_path / "c.npz")
    trainer = linear(optimizer=gn.SGD(0.1), callbacks=[checkpoint, Worse()], batch_size=2)
    trainer.fit(data, epochs=1)
    with pytest.raises(gn.DivergenceError, match="epoch 3"):
        trainer.fit(data, epochs=3, schedule=gn.CosineAnnealingLR())
    assert trainer.optimizer.learning_rate == 0.1
    other = linear(optimizer=gn.SGD(0.1), callbacks=[checkpoint], batch_size=2)
    other.resume(tmp_path / "c.npz")
    assert len(other.history) == 2


def test_whether_a_short_batch_is_dropped_is_a_flag(blobs, make_trainer) -> None:
    with pytest.raises(TypeError, match="drop_last must be True or False, got 'no'"):
        make_trainer(drop_last="no")
    with pytest.raises(TypeError, match="drop_last must be True or False, got 'no'"):
        make_trainer().fit(blobs(), epochs=1, drop_last="no")


def test_examples_that_are_not_finite_are_not_blamed_on_the_rate(make_trainer) -> None:
    class Broken(Source):
        shape = (20, 4)

        def read(self, rows, out) -> None:
            out[...] = np.nan

    data = gn.Dataset(Broken(), np.arange(20) % 3)
    with pytest.raises(gn.DivergenceError, match="an example of step 1 of epoch 1 has values that"):
        make_trainer().fit(data, epochs=1)


def test_all_targets_are_looked_at_before_the_first_step() -> None:
    network = gn.Network([gn.Dense(1, "sigmoid")], input_shape=1)
    trainer = gn.Trainer(network, loss="binary_cross_entropy")
    y = np.zeros((50_000, 1))
    y[-1] = 2.0
    with pytest.raises(ValueError, match="takes targets from 0 to 1, got 0 to 2"):
        trainer.fit((y, y), epochs=1)
    assert trainer.progress.phase == 0
