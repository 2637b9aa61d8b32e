"""One table for every loss: a new loss costs one row."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

import glassnet as gn
import reference
from glassnet.nn import LOSSES, Cache, Loss, loss_named


@dataclass
class Row:
    make: Callable[[], Loss]
    slow: Callable[[list[float], list[float]], float]
    pair: Callable[[], gn.Layer] | None = None
    one_choice: bool = False
    log_link: bool = False


TABLE = {
    "half_squared_error": Row(gn.HalfSquaredError, reference.half_squared_error),
    "mean_squared_error": Row(gn.MeanSquaredError, reference.mean_squared_error),
    "binary_cross_entropy": Row(
        gn.BinaryCrossEntropy, reference.binary_cross_entropy, pair=gn.Sigmoid
    ),
    "categorical_cross_entropy": Row(
        gn.CategoricalCrossEntropy,
        reference.categorical_cross_entropy,
        pair=gn.Softmax,
        one_choice=True,
    ),
    "mean_absolute_error": Row(gn.MeanAbsoluteError, reference.mean_absolute_error),
    "huber": Row(lambda: gn.Huber(0.3), partial(reference.huber, delta=0.3)),
    "huber, one": Row(gn.Huber, reference.huber),
    "quantile": Row(lambda: gn.Quantile(0.8), partial(reference.quantile, level=0.8)),
    "poisson": Row(gn.Poisson, reference.poisson, log_link=True),
    "binary label smoothing": Row(
        lambda: gn.BinaryCrossEntropy(label_smoothing=0.2),
        partial(reference.binary_cross_entropy, label_smoothing=0.2),
        pair=gn.Sigmoid,
    ),
    "label smoothing": Row(
        lambda: gn.CategoricalCrossEntropy(label_smoothing=0.2),
        partial(reference.categorical_cross_entropy, label_smoothing=0.2),
        pair=gn.Softmax,
        one_choice=True,
    ),
}
PAIRS = {name: row for name, row in TABLE.items() if row.pair}


@pytest.fixture(params=TABLE)
def row(request: pytest.FixtureRequest) -> Row:
    return TABLE[request.param]


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest) -> Row:
    return PAIRS[request.param]


def targets(row: Row, dtype: str = "float64") -> np.ndarray:
    """Four examples of three outputs."""
    if row.one_choice:
        return np.eye(3, dtype=dtype)[[0, 2, 1, 2]]
    return np.random.default_rng(1).integers(0, 2, (4, 3)).astype(dtype)


def predictions(row: Row, dtype: str = "float64") -> np.ndarray:
    p = np.random.default_rng(0).uniform(0.05, 0.95, (4, 3))
    return (p / p.sum(axis=1, keepdims=True) if row.one_choice else p).astype(dtype)


def slopes(scalar: Callable[[], float], array: np.ndarray, step: float = 1e-6) -> np.ndarray:
    result = np.empty_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + step
        above = scalar()
        array[index] = kept - step
        below = scalar()
        array[index] = kept
        result[index] = (above - below) / (2.0 * step)
    return result


def test_the_table_has_every_loss() -> None:
    assert {type(row.make()) for row in TABLE.values()} == set(LOSSES.values())


def test_the_value_equals_the_slow_loop(row: Row) -> None:
    p, y = predictions(row), targets(row)
    expected = reference.batch_mean(row.slow, p.tolist(), y.tolist())
    assert row.make().value(p, y) == pytest.approx(expected, rel=1e-13)


def test_each_example_has_its_own_loss(row: Row) -> None:
    p, y = predictions(row), targets(row)
    expected = [row.slow(p[i].tolist(), y[i].tolist()) for i in range(4)]
    np.testing.assert_allclose(row.make().per_example(p, y), expected, rtol=1e-13)


def test_the_total_is_the_sum_over_the_examples(row: Row) -> None:
    loss, p, y = row.make(), predictions(row), targets(row)
    assert loss.total(p, y) == pytest.approx(loss.per_example(p, y).sum(), rel=1e-13)


def test_targets_between_0_and_1_are_taken(row: Row) -> None:
    p, y = predictions(row), predictions(row)[::-1].copy()
    expected = reference.batch_mean(row.slow, p.tolist(), y.tolist())
    assert row.make().value(p, y) == pytest.approx(expected, rel=1e-13)


def test_the_gradient_is_what_differences_say(row: Row) -> None:
    loss, p, y = row.make(), predictions(row), targets(row)
    numeric = slopes(lambda: loss.value(p, y), p)
    np.testing.assert_allclose(
        loss.gradient(p, y), numeric, rtol=1e-6, atol=1e-6 * np.abs(numeric).max()
    )


def test_the_gradient_goes_where_it_is_told(row: Row) -> None:
    loss, p, y = row.make(), predictions(row), targets(row)
    out = np.full_like(p, np.nan)
    assert loss.gradient(p, y, out) is out
    np.testing.assert_array_equal(out, loss.gradient(p, y))


def test_the_gradient_of_a_pair_goes_where_it_is_told(pair: Row) -> None:
    loss, p, y = pair.make(), predictions(pair), targets(pair)
    out, kept = np.full_like(p, np.nan), y.copy()
    assert loss.pair_gradient(p, y, out) is out
    np.testing.assert_array_equal(out, loss.pair_gradient(p, y))
    np.testing.assert_array_equal(y, kept)


def test_value_and_gradient_leave_predictions_and_targets_alone(row: Row) -> None:
    loss, p, y = row.make(), predictions(row), targets(row)
    loss.value(p, y)
    loss.gradient(p, y)
    np.testing.assert_array_equal(p, predictions(row))
    np.testing.assert_array_equal(y, targets(row))


def test_a_batch_twice_over_has_the_same_loss_and_half_the_gradient(row: Row) -> None:
    loss, p, y = row.make(), predictions(row), targets(row)
    twice_p, twice_y = np.concatenate([p, p]), np.concatenate([y, y])
    assert loss.value(twice_p, twice_y) == pytest.approx(loss.value(p, y), rel=1e-14)
    np.testing.assert_allclose(
        loss.gradient(twice_p, twice_y)[:4], loss.gradient(p, y) / 2.0, rtol=1e-14
    )


def test_float32_stays_float32(row: Row) -> None:
    loss, p, y = row.make(), predictions(row, "float32"), targets(row, "float32")
    assert loss.gradient(p, y).dtype == np.float32
    assert loss.per_example(p, y).dtype == np.float32
    assert loss.value(p, y) == pytest.approx(
        row.make().value(predictions(row), targets(row)), rel=1e-6
    )


def test_the_mean_of_many_float32_losses_does_not_drift() -> None:
    p, y = np.full((300_000, 1), 0.1, np.float32), np.zeros((300_000, 1), np.float32)
    one = gn.MeanSquaredError().value(p[:1], y[:1])
    assert gn.MeanSquaredError().value(p, y) == pytest.approx(one, rel=1e-9)


def test_the_repr_evaluates_back(row: Row) -> None:
    loss = row.make()
    again = eval(repr(loss), {type(loss).__name__: type(loss)})
    assert again.config() == loss.config()


def test_the_configuration_makes_the_round_trip_through_json(row: Row) -> None:
    loss = row.make()
    again = loss_named(json.loads(json.dumps(loss.config())))
    assert type(again) is type(loss)
    assert again.config() == loss.config()


def test_a_loss_of_ones_own_has_a_configuration_too() -> None:
    class AbsoluteError(gn.MeanSquaredError):
        pass

    assert AbsoluteError().config() == {"type": "AbsoluteError"}


def test_a_name_an_object_and_a_configuration_name_a_loss() -> None:
    loss = gn.MeanSquaredError()
    assert loss_named(loss) is loss
    assert isinstance(loss_named("mean_squared_error"), gn.MeanSquaredError)
    assert isinstance(loss_named({"type": "mean_squared_error"}), gn.MeanSquaredError)


def test_an_unknown_loss_is_told_the_nearest_name() -> None:
    with pytest.raises(ValueError, match="did you mean 'mean_squared_error'"):
        loss_named("mean_square_error")


@pytest.mark.parametrize(
    ("name", "here"),
    [
        ("mse", "mean_squared_error"),
        ("bce", "binary_cross_entropy"),
        ("cross_entropy", "categorical_cross_entropy"),
    ],
)
def test_a_name_from_elsewhere_is_told_the_one_here(name: str, here: str) -> None:
    with pytest.raises(ValueError, match=f"unknown loss '{name}'; here it is called '{here}'"):
        loss_named(name)


@pytest.mark.parametrize("loss", [None, gn.HalfSquaredError, 3])
def test_what_is_neither_name_nor_object_is_no_loss(loss: object) -> None:
    with pytest.raises(TypeError, match=r"a name such as .* or an object such as .*, got "):
        loss_named(loss)  # type: ignore[arg-type]


@pytest.mark.parametrize("make", [gn.BinaryCrossEntropy, gn.CategoricalCrossEntropy])
@pytest.mark.parametrize("smoothing", [-0.1, 1.0, math.nan])
def test_label_smoothing_out_of_range_is_refused(
    make: Callable[..., Loss], smoothing: float
) -> None:
    with pytest.raises(ValueError, match=f"label_smoothing .* got {smoothing}"):
        make(label_smoothing=smoothing)


@pytest.mark.parametrize("level", [0.0, 1.0, math.nan])
def test_a_level_that_is_no_quantile_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match=f"level .* got {level}"):
        gn.Quantile(level)


def test_the_constants_that_minimise_the_losses_are_median_and_quantile() -> None:
    y = np.random.default_rng(0).gamma(2.0, size=(501, 1))
    grid = np.linspace(y.min(), y.max(), 4001)

    def best(loss: Loss) -> float:
        return float(grid[np.argmin([loss.value(np.full_like(y, p), y) for p in grid])])

    assert best(gn.MeanAbsoluteError()) == pytest.approx(np.median(y), abs=0.01)
    assert best(gn.Quantile(0.9)) == pytest.approx(np.quantile(y, 0.9), abs=0.03)
    assert np.exp(best(gn.Poisson())) == pytest.approx(y.mean(), rel=0.01)


def test_a_huber_loss_with_a_large_delta_is_half_the_squared_error() -> None:
    rng = np.random.default_rng(0)
    p, y = rng.normal(size=(2, 5, 3))
    assert gn.Huber(100.0).value(p, y) == pytest.approx(gn.MeanSquaredError().value(p, y) / 2.0)


def test_a_count_of_exactly_the_predicted_mean_costs_nothing() -> None:
    y = np.array([[0.5, 1.0, 7.0]])
    assert gn.Poisson().value(np.log(y), y) == pytest.approx(0.0, abs=1e-15)
    assert gn.Poisson().value(np.array([[-50.0]]), np.array([[0.0]])) < 1e-20


def test_the_gradient_of_a_pair_is_the_chain_rule_through_the_activation(pair: Row) -> None:
    assert pair.pair is not None
    activation, loss, y = pair.pair(), pair.make(), targets(pair)
    cache = Cache()
    gn.Network([activation], input_shape=3, dtype="float64")
    z = np.random.default_rng(2).normal(0.0, 2.0, (4, 3))
    p = activation.forward(z, cache, training=True)
    chained = activation.backward(loss.gradient(p, y), cache, need_dx=True)
    np.testing.assert_allclose(loss.pair_gradient(p, y), chained, rtol=1e-12, atol=1e-15)


def test_the_gradient_of_a_pair_is_what_differences_say(pair: Row) -> None:
    assert pair.pair is not None
    activation, loss, y = pair.pair(), pair.make(), targets(pair)
    gn.Network([activation], input_shape=3, dtype="float64")
    z = np.random.default_rng(2).normal(0.0, 2.0, (4, 3))

    def forward() -> np.ndarray:
        return activation.forward(z, Cache(), training=True)

    numeric = slopes(lambda: loss.value(forward(), y), z)
    np.testing.assert_allclose(loss.pair_gradient(forward(), y), numeric, rtol=1e-6, atol=1e-9)


def test_a_pair_is_recognised_by_its_activation_alone(pair: Row) -> None:
    assert pair.pair is not None
    assert pair.make().pairs_with(pair.pair())
    assert not pair.make().pairs_with(gn.Tanh())
    assert not gn.MeanSquaredError().pairs_with(pair.pair())


@pytest.mark.parametrize("make", [gn.HalfSquaredError, gn.MeanSquaredError])
def test_a_loss_without_a_partner_has_no_gradient_of_a_pair(make: Callable[[], Loss]) -> None:
    with pytest.raises(TypeError, match="has no partner activation"):
        make().pair_gradient(np.ones((1, 1)), np.ones((1, 1)))


FLOATS = [np.float32, np.float64]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("make", [gn.BinaryCrossEntropy, gn.CategoricalCrossEntropy])
def test_a_certain_and_right_prediction_costs_nothing(
    make: Callable[[], Loss], dtype: type
) -> None:
    p = y = np.array([[1.0, 0.0], [0.0, 1.0]], dtype)
    assert make().value(p, y) == 0.0


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("make", [gn.BinaryCrossEntropy, gn.CategoricalCrossEntropy])
def test_a_certain_and_wrong_no_costs_much_but_finitely(
    make: Callable[[], Loss], dtype: type
) -> None:
    p, y = np.array([[0.0]], dtype), np.array([[1.0]], dtype)
    assert make().value(p, y) == pytest.approx(-math.log(np.finfo(dtype).tiny), rel=1e-6)


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_certain_and_wrong_yes_costs_what_the_dtype_can_tell(dtype: type) -> None:
    p, y = np.array([[1.0]], dtype), np.array([[0.0]], dtype)
    least = np.finfo(dtype).eps / 2
    assert gn.BinaryCrossEntropy().value(p, y) == pytest.approx(-math.log(least), rel=1e-6)
    assert gn.BinaryCrossEntropy().gradient(p, y) == pytest.approx(1 / least)


def costs_of_a_wrong_yes(z: np.ndarray) -> np.ndarray:
    network = gn.Network([gn.Sigmoid()], input_shape=1)
    p = network.predict(z[:, None], batch_size=len(z))
    return gn.BinaryCrossEntropy().per_example(p, np.zeros_like(p))


@pytest.mark.parametrize(("largest", "tolerance"), [(8, 5e-5), (12, 1e-3), (16, 0.03)])
def test_the_cost_of_a_wrong_yes_in_float32_is_that_of_float64(
    largest: float, tolerance: float
) -> None:
    z = np.linspace(-20.0, largest, 5001)
    np.testing.assert_allclose(costs_of_a_wrong_yes(z), np.logaddexp(0.0, z), tolerance, 1e-6)


def test_the_cost_of_a_wrong_yes_never_falls_and_stays_finite() -> None:
    cost = costs_of_a_wrong_yes(np.linspace(-100.0, 100.0, 20_001))
    assert (np.diff(cost) >= 0.0).all()
    assert cost[-1] == pytest.approx(16.6, abs=0.05)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("wrong", [False, True])
def test_the_gradient_at_exactly_0_and_1_is_finite_and_points_the_right_way(
    row: Row, wrong: bool, dtype: type
) -> None:
    p = np.array([[0.0, 1.0]], dtype)
    y = p[:, ::-1].copy() if wrong else p
    gradient = row.make().gradient(p, y)
    assert np.isfinite(gradient).all()
    if row.log_link:  # 0 and 1 are the logarithms of 1 and e
        np.testing.assert_allclose(gradient, (np.exp(p) - y) / 2.0, rtol=1e-6)
    elif wrong:
        assert gradient[0, 0] < 0.0
        assert gradient[0, 1] > 0.0 or row.one_choice  # a choice pulls up what is right, no more


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_binary_gradient_of_a_certain_and_right_prediction_is_that_of_its_logarithm(
    dtype: type,
) -> None:
    p = np.array([[0.0, 1.0]], dtype)
    np.testing.assert_allclose(gn.BinaryCrossEntropy().gradient(p, p), [[0.5, -0.5]])


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_gradient_of_a_pair_stays_right_where_the_activation_is_saturated(
    pair: Row, dtype: type
) -> None:
    p, y = np.array([[0.0, 1.0]], dtype), np.array([[1.0, 0.0]], dtype)
    expected = np.array([[-1.0, 1.0]]) * (1.0 if pair.one_choice else 0.5)
    smoothing = getattr(pair.make(), "label_smoothing", 0.0)
    expected *= 1.0 - smoothing / 2.0
    np.testing.assert_allclose(pair.make().pair_gradient(p, y), expected, rtol=1e-6)


def test_labels_become_one_hot_rows(row: Row) -> None:
    encoded = row.make().encode(np.array([2, 0, 1]), 3, np.dtype("float32"))
    np.testing.assert_array_equal(encoded, [[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    assert encoded.dtype == np.float32


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int64"])
def test_labels_of_any_integer_type_become_one_hot_rows(dtype: str) -> None:
    encoded = gn.CategoricalCrossEntropy().encode(np.array([1, 0], dtype), 2, np.dtype("float64"))
    np.testing.assert_array_equal(encoded, [[0, 1], [1, 0]])


@pytest.mark.parametrize(
    "name", ["half_squared_error", "mean_squared_error", "binary_cross_entropy"]
)
def test_labels_become_one_column_for_a_network_with_one_output(name: str) -> None:
    encoded = loss_named(name).encode(np.array([1, 0, 1]), 1, np.dtype("float32"))
    np.testing.assert_array_equal(encoded, [[1.0], [0.0], [1.0]])
    assert encoded.dtype == np.float32


def test_one_output_is_no_choice() -> None:
    with pytest.raises(ValueError, match="one output for each class, and the network has 1"):
        gn.CategoricalCrossEntropy().encode(np.array([1, 0]), 1, np.dtype("float32"))


def test_targets_stay_as_they_are(row: Row) -> None:
    y = np.array([[0.25, 0.75], [0.5, 0.5]])
    encoded = row.make().encode(y, 2, np.dtype("float32"))
    np.testing.assert_array_equal(encoded, y)
    assert encoded.dtype == np.float32


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array([0, 3]), "integers from 0 to 2, got .*3"),
        (np.array([-1, 0]), "integers from 0 to 2, got .*-1"),
        (np.array([0.0, 1.0]), r"integers from 0 to 2, got .*0\.0"),
        (np.zeros((2, 1)), r"of shape \(n, 3\), got shape \(2, 1\)"),
        (np.zeros((2, 4)), r"of shape \(n, 3\), got shape \(2, 4\)"),
        (np.zeros((2, 3, 1)), r"of shape \(n, 3\), got shape \(2, 3, 1\)"),
        (np.array(1), r"of shape \(n, 3\), got shape \(\)"),
    ],
)
def test_targets_that_do_not_fit_the_outputs_are_refused(
    row: Row, y: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        row.make().encode(y, 3, np.dtype("float32"))


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("binary_cross_entropy", [[0.0], [1.5]], "from 0 to 1, got 0 to 1.5"),
        ("binary_cross_entropy", [-0.5, 1.0], "from 0 to 1, got -0.5 to 1"),
        ("binary_cross_entropy", [[np.nan], [1.0]], "from 0 to 1, got nan to nan"),
        ("categorical_cross_entropy", [[1.25, -0.25]], "from 0 to 1, got -0.25 to 1.25"),
        ("poisson", [[3.0], [-1.0]], "of 0 or more, got -1 to 3"),
    ],
)
def test_targets_for_which_a_loss_is_not_defined_are_refused(
    loss: str, y: list[float], message: str
) -> None:
    given = np.array(y)
    with pytest.raises(ValueError, match=f"^{loss} takes targets {message}; scale them, or use"):
        loss_named(loss).encode(given, given.size // len(given), np.dtype("float32"))


@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error", "huber"])
def test_targets_of_a_distance_may_be_any_number(loss: str) -> None:
    y = np.array([[-3.0], [7.0]])
    assert loss_named(loss).encode(y, 1, y.dtype) is y


def test_counts_may_be_as_large_as_they_are() -> None:
    y = np.array([[0.0], [7000.0]])
    assert gn.Poisson().encode(y, 1, y.dtype) is y


def test_no_examples_are_encoded_as_no_rows(row: Row) -> None:
    assert row.make().encode(np.array([], int), 3, np.dtype("float32")).shape == (0, 3)


@pytest.mark.parametrize(
    "make", [gn.Identity, gn.ReLU, gn.Tanh, gn.Sigmoid, gn.Softmax, lambda: gn.Dense(3)]
)
def test_a_loss_with_a_partner_refuses_other_outputs(
    pair: Row, make: Callable[[], gn.Layer]
) -> None:
    assert pair.pair is not None
    if make is pair.pair:
        pair.make().check_output(make())
        return
    partner = pair.pair.__name__.lower()  # type: ignore[attr-defined]
    with pytest.raises(
        ValueError, match=rf"takes probabilities.* end it with Dense\(..., '{partner}'"
    ):
        pair.make().check_output(make())


def test_who_has_the_other_pair_hears_of_its_loss() -> None:
    with pytest.raises(ValueError, match=r"'softmax'\), or use the loss 'binary_cross_entropy'"):
        gn.CategoricalCrossEntropy().check_output(gn.Sigmoid())
    with pytest.raises(ValueError, match=r"'sigmoid'\), or use the loss 'categorical_cross_entr"):
        gn.BinaryCrossEntropy().check_output(gn.Softmax())


def test_a_gradient_of_a_loss_with_another_output_is_refused() -> None:
    network = gn.Network([gn.Dense(3, "sigmoid")], input_shape=2)
    x, y, loss = np.ones((2, 2)), np.array([0, 2]), gn.CategoricalCrossEntropy()
    calls = (
        lambda: network.gradient(x, y, loss),
        lambda: gn.gradient_check(network, loss, x, y),
        lambda: gn.evaluate(network, gn.Dataset(x, y), loss=loss),
    )
    for call in calls:
        with pytest.raises(ValueError, match="takes probabilities of a softmax"):
            call()


def test_a_squared_error_takes_any_output() -> None:
    gn.MeanSquaredError().check_output(gn.Identity())
    gn.HalfSquaredError().check_output(gn.Dense(1))


def test_a_loss_made_from_another_one_sums_up_its_own_examples() -> None:
    class Tenfold(gn.HalfSquaredError):
        def per_example(self, p, y):
            return 10 * super().per_example(p, y)

    p, y = np.array([[1.0, 0.0]]), np.array([[0.0, 0.0]])
    assert Tenfold().value(p, y) == 5.0
    assert gn.HalfSquaredError().value(p, y) == 0.5


def test_targets_that_another_network_has_computed_are_taken() -> None:
    soft = np.array([[1.0 + 1e-6, -1e-6]], np.float32)
    np.testing.assert_array_equal(
        loss_named("categorical_cross_entropy").encode(soft, 2, "f4"), soft
    )
