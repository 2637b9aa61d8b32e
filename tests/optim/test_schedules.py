from __future__ import annotations

import json
import math
from collections.abc import Callable

import pytest

import glassnet as gn
from glassnet.optim import (
    SCHEDULES,
    LinearLR,
    Position,
    ReduceLROnPlateau,
    Schedule,
    SequentialLR,
    schedule_from_config,
)
from glassnet.optim.monitoring import should_rise

ALL: list[Callable[[], Schedule]] = [
    gn.Constant,
    lambda: gn.StepLR(2, gamma=0.5),
    gn.CosineAnnealingLR,
    lambda: gn.CosineAnnealingLR(4, eta_min=0.01),
    gn.LinearLR,
    lambda: gn.LinearLR(end_factor=0.5),
    lambda: gn.LinearLR(0.1, 0.5, total_iters=3),
    lambda: gn.OneCycleLR(pct_start=0.5, div_factor=10, final_div_factor=100),
    lambda: gn.OneCycleLR(anneal_strategy="linear"),
    gn.PolynomialLR,
    lambda: gn.PolynomialLR(2.5, power=2),
    gn.ReduceLROnPlateau,
    lambda: gn.ReduceLROnPlateau("validation_accuracy", factor=0.5, patience=0),
    lambda: gn.SequentialLR([gn.LinearLR(), gn.StepLR(3), gn.ReduceLROnPlateau()], [2, 4]),
]


def rates(
    schedule: Schedule, epochs: int, *, steps_per_epoch: int = 1, base: float = 1.0
) -> list[float]:
    steps = range(epochs * steps_per_epoch)
    return [schedule.rate(base, Position(step, steps_per_epoch, epochs)) for step in steps]


def test_the_table_has_every_schedule() -> None:
    ours = {s for s in Schedule.__subclasses__() if s.__module__.startswith("glassnet.optim.")}
    assert set(SCHEDULES.values()) == ours
    assert {type(make()) for make in ALL} == set(SCHEDULES.values())


def test_a_position_knows_its_epoch_and_all_steps() -> None:
    assert [Position(step, 3, 4).epoch for step in (0, 2, 3, 11)] == [0, 0, 1, 3]
    assert Position(0, 3, 4).total_steps == 12


def test_constant_is_the_base_rate() -> None:
    assert rates(gn.Constant(), 3, base=0.7) == [0.7, 0.7, 0.7]


def test_step_falls_after_every_step_size_epochs() -> None:
    schedule = gn.StepLR(2, gamma=0.1)
    assert rates(schedule, 5, base=3.0) == pytest.approx([3, 3, 0.3, 0.3, 0.03], rel=1e-14)
    by_step = rates(schedule, 3, steps_per_epoch=2, base=3.0)
    assert by_step == pytest.approx([3, 3, 3, 3, 0.3, 0.3], rel=1e-14)


def test_cosine_falls_along_half_a_cosine_over_the_phase() -> None:
    half = math.sqrt(0.5)
    expected = [1.0, (1 + half) / 2, 0.5, (1 - half) / 2]
    assert rates(gn.CosineAnnealingLR(), 4) == pytest.approx(expected, rel=1e-14)
    assert rates(gn.CosineAnnealingLR(), 2, steps_per_epoch=2) == pytest.approx(expected, rel=1e-14)


def test_cosine_stays_at_its_minimum_after_its_epochs() -> None:
    values = rates(gn.CosineAnnealingLR(2, eta_min=0.2), 5)
    assert values == pytest.approx([1.0, 0.6, 0.2, 0.2, 0.2], rel=1e-14)


def test_linear_goes_step_by_step_and_stays_at_its_end() -> None:
    schedule = gn.LinearLR(0.5, 1.0, total_iters=2)
    assert rates(schedule, 4, base=2.0) == pytest.approx([1.0, 1.5, 2.0, 2.0])
    assert rates(schedule, 3, steps_per_epoch=2) == pytest.approx([0.5, 0.625, 0.75, 0.875, 1, 1])


@pytest.mark.parametrize("epochs", [2, 8])
def test_a_linear_change_takes_the_whole_phase_however_long_it_is(epochs) -> None:
    steps = 3 * epochs
    expected = [1 - step / steps for step in range(steps)]
    assert rates(gn.LinearLR(1.0, 0.0), epochs, steps_per_epoch=3) == pytest.approx(expected)


def test_one_cycle_starts_low_peaks_at_the_base_and_ends_almost_at_nothing() -> None:
    values = rates(gn.OneCycleLR(pct_start=0.3), 10, steps_per_epoch=10, base=0.5)
    assert values[0] == pytest.approx(0.5 / 25)
    assert max(values) == values[29] == pytest.approx(0.5)
    assert values[-1] == pytest.approx(0.5 / 25 / 1e4)
    assert values[:30] == sorted(values[:30])
    assert values[29:] == sorted(values[29:], reverse=True)


def test_one_cycle_halfway_up_and_down() -> None:
    schedule = gn.OneCycleLR(pct_start=0.5, div_factor=3, final_div_factor=2)
    values = rates(schedule, 6)  # peak at step 2, last step 5
    assert values[1] == pytest.approx((1 / 3 + 1) / 2)
    assert values[3] == pytest.approx(1 / 6 + (1 - 1 / 6) * (1 + math.cos(math.pi / 3)) / 2)


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_one_cycle_of_a_few_steps_stays_in_its_range(epochs: int) -> None:
    values = rates(gn.OneCycleLR(), epochs)
    assert all(1 / 25 / 1e4 <= value <= 1.0 for value in values)


def test_sequential_hands_over_at_its_milestones() -> None:
    schedule = gn.SequentialLR([gn.LinearLR(0.5, total_iters=2), gn.StepLR(1, gamma=0.5)], [2])
    assert rates(schedule, 5) == pytest.approx([0.5, 0.75, 1.0, 0.5, 0.25])


def test_sequential_tells_each_schedule_the_length_of_its_own_part() -> None:
    schedule = gn.SequentialLR([gn.CosineAnnealingLR(), gn.CosineAnnealingLR()], [2])
    assert rates(schedule, 6)[:2] == pytest.approx(rates(gn.CosineAnnealingLR(), 2))
    assert rates(schedule, 6)[2:] == pytest.approx(rates(gn.CosineAnnealingLR(), 4))


# Plateaus


def after(schedule: Schedule, values: list[float], key: str = "validation_loss") -> list[float]:
    """The rate after each epoch that ended with one of the values."""
    seen = []
    for epoch, value in enumerate(values):
        schedule.observe({key: value})
        seen.append(schedule.rate(1.0, Position(epoch + 1, 1, 100)))
    return seen


def test_the_rate_falls_after_more_than_patience_epochs_without_improvement() -> None:
    schedule = gn.ReduceLROnPlateau(factor=0.5, patience=1)
    values = [1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.8]
    assert after(schedule, values) == [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25]


def test_an_improvement_below_the_threshold_is_none() -> None:
    schedule = gn.ReduceLROnPlateau(factor=0.5, patience=0, threshold=0.1)
    assert after(schedule, [1.0, 0.91, 0.89]) == [1.0, 0.5, 0.5]


@pytest.mark.parametrize("key", ["accuracy", "validation_accuracy", "recall"])
def test_what_should_rise_improves_by_rising(key: str) -> None:
    schedule = gn.ReduceLROnPlateau(key, factor=0.5, patience=0)
    assert after(schedule, [0.5, 0.6, 0.55, 0.7], key) == [1.0, 1.0, 0.5, 0.5]
    assert should_rise(key)


def test_the_rate_never_falls_below_its_minimum() -> None:
    schedule = gn.ReduceLROnPlateau(factor=0.1, patience=0, min_lr=0.05)
    assert after(schedule, [1.0, 1.0, 1.0, 1.0]) == pytest.approx([1.0, 0.1, 0.05, 0.05])


def test_the_minimum_does_not_raise_a_smaller_base_rate() -> None:
    schedule = gn.ReduceLROnPlateau(min_lr=0.5)
    assert schedule.rate(0.01, Position(0, 1, 1)) == 0.01


def test_a_value_that_is_not_a_number_is_no_improvement() -> None:
    schedule = gn.ReduceLROnPlateau(factor=0.5, patience=0)
    assert after(schedule, [1.0, math.nan, 0.5]) == [1.0, 0.5, 0.5]


def test_a_first_value_that_is_not_a_number_is_beaten_by_any() -> None:
    schedule = gn.ReduceLROnPlateau(factor=0.5, patience=0)
    assert after(schedule, [math.nan, 3.0, 2.0]) == [1.0, 1.0, 1.0]


def test_a_key_that_no_record_has_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'validation_loss'"):
        gn.ReduceLROnPlateau("validation_los").observe({"validation_loss": 1.0, "loss": 1.0})


def test_the_others_do_not_look_at_the_records() -> None:
    for make in ALL[:11]:
        schedule = make()
        before = rates(schedule, 3)
        schedule.observe({"loss": 1.0})
        assert rates(schedule, 3) == before


# State, repr, settings


@pytest.mark.parametrize("make", ALL)
def test_a_state_taken_over_continues_the_same(make: Callable[[], Schedule]) -> None:
    records = [
        {"validation_loss": value, "validation_accuracy": 1 - value}
        for value in (0.5, 0.6, 0.6, 0.6, 0.4, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6)
    ]
    first, second = make(), make()
    for record in records[:6]:
        first.observe(record)
    second.load_state(json.loads(json.dumps(first.state())))
    for record in records[6:]:
        first.observe(record)
        second.observe(record)
        assert rates(first, 6) == rates(second, 6)
    assert first.state() == second.state()


@pytest.mark.parametrize("make", ALL)
def test_repr_and_configuration_describe_the_schedule(make: Callable[[], Schedule]) -> None:
    schedule = make()
    again = schedule_from_config(json.loads(json.dumps(schedule.config())))
    assert again.config() == schedule.config()
    assert eval(repr(schedule), dict(SCHEDULES)).config() == schedule.config()


WRONG: list[tuple[Callable[[], Schedule], type[Exception], str]] = [
    (lambda: gn.StepLR(0), ValueError, "step_size .* at least 1, got 0"),
    (lambda: gn.StepLR(1, gamma=0), ValueError, "gamma .* above 0, got 0"),
    (lambda: gn.CosineAnnealingLR(0), ValueError, "T_max .* above 0, got 0"),
    (lambda: gn.CosineAnnealingLR(eta_min=-1), ValueError, "eta_min .* at least 0, got -1"),
    (lambda: gn.LinearLR(0), ValueError, "start_factor .* above 0, got 0"),
    (lambda: gn.LinearLR(end_factor=-1), ValueError, "end_factor .* at least 0, got -1"),
    (lambda: gn.LinearLR(total_iters=0), ValueError, "total_iters .* above 0, got 0"),
    (lambda: gn.OneCycleLR(pct_start=1), ValueError, "pct_start .* above 0 and below 1, got 1"),
    (lambda: gn.OneCycleLR(div_factor=0), ValueError, "div_factor .* above 0, got 0"),
    (lambda: gn.OneCycleLR(final_div_factor=0), ValueError, "final_div_factor .* got 0"),
    (
        lambda: gn.OneCycleLR(anneal_strategy="cosine"),
        ValueError,
        "unknown anneal_strategy 'cosine'; did you mean 'cos'",
    ),
    (lambda: gn.PolynomialLR(0), ValueError, "total_iters .* above 0, got 0"),
    (lambda: gn.PolynomialLR(power=0), ValueError, "power .* above 0, got 0"),
    (lambda: gn.ReduceLROnPlateau(factor=1), ValueError, "factor .* below 1, got 1"),
    (lambda: gn.ReduceLROnPlateau(patience=-1), ValueError, "patience .* at least 0, got -1"),
    (lambda: gn.ReduceLROnPlateau(threshold=-1), ValueError, "threshold .* got -1"),
    (lambda: gn.ReduceLROnPlateau(min_lr=-1), ValueError, "min_lr .* got -1"),
    (lambda: gn.SequentialLR([], []), TypeError, r"one schedule or more, got \[\]"),
    (lambda: gn.SequentialLR([0.1], []), TypeError, r"one schedule or more, got \[0.1\]"),  # type: ignore[list-item]
    (
        lambda: gn.SequentialLR([gn.Constant(), gn.Constant()], []),
        ValueError,
        "SequentialLR with 2 schedules needs 1 milestones, got 0",
    ),
    (
        lambda: gn.SequentialLR([gn.Constant()] * 3, [4, 4]),
        ValueError,
        r"milestones must rise, got \[4, 4\]",
    ),
    (
        lambda: gn.SequentialLR([gn.Constant()] * 2, [0]),
        ValueError,
        "each milestone .* at least 1, got 0",
    ),
]


@pytest.mark.parametrize(("make", "error", "message"), WRONG)
def test_a_setting_out_of_range_is_named_with_its_value(
    make: Callable[[], Schedule], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make()


def test_a_plateau_behind_a_warm_up_begins_to_watch_when_it_is_in_charge() -> None:
    warm_up = LinearLR(1e-4, end_factor=1e-3, total_iters=5)
    plateau = ReduceLROnPlateau("loss", patience=1, factor=0.1)
    schedule, rates = SequentialLR([warm_up, plateau], [5]), []
    for epoch in range(8):
        rates.append(schedule.rate(0.1, Position(epoch, 1, 8)))
        copied = SequentialLR([LinearLR(1e-4), ReduceLROnPlateau("loss")], [5])
        copied.load_state(schedule.state())
        assert copied.state() == schedule.state()
        schedule.observe({"loss": 1.0})
    assert rates[4] < 1e-4
    assert rates[5:] == pytest.approx([0.1, 0.1, 0.1])
    schedule.observe({"loss": 1.0})
    assert schedule.rate(0.1, Position(8, 1, 9)) == pytest.approx(0.01)
