from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.training import rate_curve, rate_range


def test_rates_rise_by_the_same_factor_and_each_step_has_a_loss(blobs, make_trainer) -> None:
    found = gn.rate_range_test(make_trainer(), blobs(), lowest=1e-5, highest=1e-1, steps=50)
    np.testing.assert_allclose(found.rates, np.geomspace(1e-5, 1e-1, 50))
    assert found.losses.shape == found.smoothed.shape == (50,)
    assert not found.exploded


def test_the_losses_are_those_of_training_at_these_rates(blobs, small_network) -> None:
    data = blobs(40)
    optimizer = gn.SGD(0.1, momentum=0.5)
    trainer = gn.Trainer(
        small_network(), loss="categorical_cross_entropy", optimizer=optimizer, batch_size="full"
    )
    found = gn.rate_range_test(trainer, data, lowest=1e-2, highest=1.0, steps=12)
    network, loss = small_network(), gn.CategoricalCrossEntropy()
    y = gn.one_hot(data.y, 3, dtype=np.float32)
    other = gn.SGD(0.1, momentum=0.5)
    for rate, value in zip(found.rates, found.losses, strict=True):
        assert value == pytest.approx(loss.value(network.predict(data.x), y), rel=1e-4)
        network.gradient(data.x, y, loss)
        other.learning_rate = float(rate)
        other.step(network.theta, network.grad)


def test_network_and_optimizer_are_left_as_they_were(blobs, make_trainer) -> None:
    layers = [gn.Dense(5), gn.BatchNormalization(), gn.Dropout(0.2), gn.Dense(3, "softmax")]
    network = gn.Network(layers, input_shape=4)
    trainer = make_trainer(network, optimizer=gn.Adam(0.01))
    trainer.fit(blobs(), epochs=1)
    numbers = [network.theta.copy(), *(array.copy() for _, array in network.named_state())]
    moments = trainer.optimizer.state()["first_moment"].copy()
    stream = trainer.shuffling.bit_generator.state
    gn.rate_range_test(trainer, blobs(), steps=30)
    now = [network.theta, *(array for _, array in network.named_state())]
    for ours, before in zip(now, numbers, strict=True):
        assert ours.tobytes() == before.tobytes()
    assert trainer.optimizer.learning_rate == 0.01
    np.testing.assert_array_equal(trainer.optimizer.state()["first_moment"], moments)
    assert trainer.shuffling.bit_generator.state == stream
    assert len(trainer.history) == 1


def test_what_watches_a_validation_takes_no_part(blobs, make_trainer) -> None:
    trainer = make_trainer(
        callbacks=[gn.EarlyStopping(monitor="validation_loss")],
        schedule=gn.ReduceLROnPlateau(monitor="validation_accuracy"),
    )
    assert len(gn.rate_range_test(trainer, blobs(), steps=20).losses) == 20


def test_a_short_last_batch_that_a_layer_could_not_take_is_left_out(blobs, make_trainer) -> None:
    layers = [gn.Dense(5), gn.BatchNormalization(), gn.Dense(3, "softmax")]
    trainer = make_trainer(gn.Network(layers, input_shape=4), batch_size=10)
    found = gn.rate_range_test(trainer, blobs(41), highest=0.01, steps=20)
    assert len(found.losses) == 20


def test_dropout_draws_anew_in_each_pass_over_the_data(blobs, make_trainer, monkeypatch) -> None:
    drawn = []
    whole = rate_range.stream

    def watched(seed: int, purpose: str, *position: int) -> np.random.Generator:
        drawn.extend([position] * (purpose == "dropout"))
        return whole(seed, purpose, *position)

    monkeypatch.setattr(rate_range, "stream", watched)
    gn.rate_range_test(make_trainer(batch_size=20), blobs(40), steps=12)
    assert len(set(drawn)) == len(drawn) == 6


def test_the_same_seed_finds_the_same(blobs, make_trainer) -> None:
    first, second = (gn.rate_range_test(make_trainer(), blobs(), steps=40) for _ in range(2))
    np.testing.assert_array_equal(first.losses, second.losses)


def test_it_ends_where_the_loss_grows_out_of_bounds(blobs, make_trainer) -> None:
    network = gn.Network([gn.Dense(1)], input_shape=4)
    x = blobs().x
    data = gn.Dataset(x, (x @ [1.0, -2.0, 0.5, 1.0])[:, None])
    trainer = make_trainer(network, loss="mean_squared_error", optimizer=gn.SGD(0.1))
    found = gn.rate_range_test(trainer, data, highest=1e4, steps=200)
    assert found.exploded
    assert 0.05 < found.rates[-1] < 100
    assert np.isfinite(found.losses).all()
    assert found.suggestion == pytest.approx(found.rates[found.smoothed.argmin()] / 10)


def test_the_suggestion_trains(blobs, make_trainer, small_network) -> None:
    found = gn.rate_range_test(make_trainer(), blobs(), steps=200)
    assert found.suggestion is not None
    trainer = make_trainer(small_network(), optimizer=gn.SGD(found.suggestion, momentum=0.9))
    history = trainer.fit(blobs(), epochs=10)
    assert history[-1]["loss"] < 0.6 * history[0]["loss"]


def test_where_the_loss_does_not_fall_there_is_no_suggestion(blobs, make_trainer) -> None:
    found = gn.rate_range_test(make_trainer(), blobs(), lowest=1e-9, highest=1e-8, steps=20)
    assert found.suggestion is None
    assert not found.fell
    assert found.problem.startswith("the loss did not fall at any rate up to 1e-08: take more")


def test_where_every_rate_was_borne_there_is_none_and_it_says_what_to_do(
    blobs, make_trainer
) -> None:
    found = gn.rate_range_test(make_trainer(), blobs(), lowest=1e-5, highest=0.02, steps=100)
    assert found.suggestion is None
    assert (found.fell, found.rose, found.exploded) == (True, False, False)
    assert found.problem == (
        "the loss did not rise at any rate up to 0.02: take a higher one as the highest"
    )


def test_where_all_happens_within_a_few_steps_it_asks_for_more() -> None:
    losses = [4.2, 4.0, 3.8, 3.5, 3.5, 3.6, 4.0, 4.4, 5.0, 9.0, 30.0, 90.0, 400.0]
    found = rate_curve.range_of(np.geomspace(1e-6, 1e30, 60), losses)
    assert found.exploded
    assert found.suggestion is None
    assert found.problem.startswith("the loss grew out of bounds within 1")
    assert "take more steps" in found.problem
    at_once = rate_curve.range_of(np.geomspace(1.0, 1e3, 60), losses[:1])
    assert at_once.problem.startswith("the loss grew from the first rates on, 1 to 1")


@pytest.mark.parametrize(("end", "rose"), [(0.9, True), (0.31, False), (0.2, False)])
def test_a_loss_that_rises_without_exploding_has_a_suggestion(end, rose) -> None:
    falls = np.concatenate([np.ones(20), np.linspace(1.0, 0.3, 20), np.linspace(0.3, end, 10)])
    assert rate_curve._has_fallen(falls, 0.01)
    assert rate_curve._has_risen(falls, 0.01) == rose
    assert not rate_curve._has_risen(falls, 0.21)  # that may be chance


def test_with_a_suggestion_there_is_no_problem(blobs, make_trainer) -> None:
    found = gn.rate_range_test(make_trainer(), blobs(), steps=200)
    assert found.problem is None
    assert found.fell
    assert found.rose


def test_progress_is_told_up_to_the_last_step(blobs, make_trainer) -> None:
    told: list[tuple[int, int]] = []
    gn.rate_range_test(
        make_trainer(), blobs(), highest=0.1, steps=30, progress=lambda *pair: told.append(pair)
    )
    assert told[-1] == (30, 30)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_mean_with_neighbours_by_hand() -> None:
    smoothed = rate_curve._smoothed(np.array([1.0, 2.0, 6.0, 3.0]), 1)
    np.testing.assert_allclose(smoothed, [1.5, 3.0, 11 / 3, 4.5])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lowest": 0}, "lowest .* above 0, got 0"),
        ({"lowest": 1, "highest": 1}, "highest .* above 1, got 1"),
        ({"steps": 9}, "steps .* at least 10, got 9"),
    ],
)
def test_a_setting_out_of_range_is_named(settings, message, blobs, make_trainer) -> None:
    with pytest.raises(ValueError, match=message):
        gn.rate_range_test(make_trainer(), blobs(), **settings)


def test_data_that_does_not_fit_is_refused(blobs, make_trainer) -> None:
    with pytest.raises(ValueError, match="shape"):
        gn.rate_range_test(make_trainer(), blobs(features=5))


@pytest.mark.parametrize("engine", ["auto", "numba"])
def test_examples_that_count_nothing_change_nothing(engine, blobs, small_network) -> None:
    good = blobs(200)
    wrong = (good.y + np.arange(200) % 2) % 3  # every second one
    data = gn.Dataset(good.x, wrong, weights=1.0 - np.arange(200) % 2)
    trainer = gn.Trainer(
        small_network(), loss="categorical_cross_entropy", batch_size=20, engine=engine
    )
    if engine == "numba":
        pytest.importorskip("numba", reason="the extra fast is not installed")
        with pytest.raises(ValueError, match="nothing compiled for examples that count different"):
            gn.rate_range_test(trainer, data, steps=100)
        return
    found = gn.rate_range_test(trainer, data, steps=100)
    misled = gn.rate_range_test(trainer, gn.Dataset(good.x, wrong), steps=100)
    assert found.smoothed.min() < 0.5 * misled.smoothed.min()
