from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as gn
from glassnet.optim import Position, Slot, optimizer_from_config
from glassnet.optim.groups import Pace, plan_of
from glassnet.optim.slots import stretches

SLOTS = [
    Slot("conv2d_1.W", 0, 4, (1, 2, 2), True),
    Slot("conv2d_1.b", 4, 6, (2,), False),
    Slot("dense_1.W", 6, 10, (2, 2), True),
    Slot("dense_1.b", 10, 12, (2,), False),
]
SIZE = 12
Group = gn.ParameterGroup


def steps_of(optimizer: gn.Optimizer, steps: int = 1) -> np.ndarray:
    """Return where parameters of 1 are after steps with a gradient of 1."""
    optimizer.bind(SLOTS)
    theta = np.ones(SIZE)
    for _ in range(steps):
        optimizer.step(theta, np.ones(SIZE))
    return theta


def test_a_rate_is_a_multiple_of_the_optimizers_and_follows_it() -> None:
    optimizer = gn.SGD(0.1, groups=[Group("*.b", rate=3.0)])
    np.testing.assert_allclose(steps_of(optimizer), [0.9] * 4 + [0.7] * 2 + [0.9] * 4 + [0.7] * 2)
    optimizer.learning_rate = 0.01
    expected = [0.99] * 4 + [0.97] * 2 + [0.99] * 4 + [0.97] * 2
    np.testing.assert_allclose(steps_of(optimizer), expected)


def test_the_first_group_that_fits_counts() -> None:
    groups = [Group("dense_1.b", rate=5.0), Group("*.b", rate=2.0), Group("dense*", rate=3.0)]
    theta = steps_of(gn.SGD(0.1, groups=groups))
    np.testing.assert_allclose(theta, [0.9] * 4 + [0.8] * 2 + [0.7] * 4 + [0.5] * 2)


def test_a_frozen_parameter_keeps_its_bits_and_has_no_share_in_the_norm() -> None:
    optimizer = gn.SGD(
        0.1, momentum=0.9, weight_decay=0.1, l1=0.1, max_norm=0.1, clip_norm=2.0,
        groups=[Group("conv2d_1.*", frozen=True)],
    )  # fmt: skip
    optimizer.bind(SLOTS)
    theta = np.random.default_rng(0).normal(size=SIZE).astype(np.float32)
    before = theta.copy()
    gradient = np.concatenate([np.full(6, 1e6), [2.0], np.zeros(5)]).astype(np.float32)
    optimizer.step(theta, gradient.copy())
    assert theta[:6].tobytes() == before[:6].tobytes()
    np.testing.assert_array_equal(theta[10:], before[10:])  # biases without a gradient
    assert (theta[6:10] != before[6:10]).all()
    plain = gn.SGD(0.1, clip_norm=2.0, groups=[Group("conv2d_1.*", frozen=True)])
    plain.bind(SLOTS)
    theta = before.copy()
    plain.step(theta, gradient)
    assert theta[6] == pytest.approx(before[6] - 0.2)


KINDS: list[Callable[..., gn.Optimizer]] = [
    gn.SGD,
    lambda groups: gn.SGD(0.1, momentum=0.9, weight_decay=0.1, decoupled_weight_decay=True,
                          groups=groups),
    lambda groups: gn.Adam(0.1, weight_decay=0.1, groups=groups),
    lambda groups: gn.AdamW(0.1, groups=groups),
    lambda groups: gn.RMSprop(0.1, momentum=0.9, groups=groups),
    lambda groups: gn.Adagrad(0.1, groups=groups),
    lambda groups: gn.Lookahead(gn.AdamW(0.1, groups=groups), every=2),
    lambda groups: gn.Muon(0.1, weight_decay=0.1, normalize_weights=True, groups=groups),
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_optimizer_leaves_frozen_parameters_alone(
    kind: Callable[..., gn.Optimizer],
) -> None:
    optimizer = kind(groups=[Group("dense_1.W", frozen=True)])
    optimizer.bind(SLOTS)
    rng = np.random.default_rng(0)
    theta = rng.normal(size=SIZE).astype(np.float32)
    before = theta.copy()
    for _ in range(5):
        optimizer.step(theta, rng.normal(size=SIZE).astype(np.float32))
    assert theta[6:10].tobytes() == before[6:10].tobytes()
    assert (np.delete(theta, range(6, 10)) != np.delete(before, range(6, 10))).all()


# Decay


def decay_of(optimizer: gn.Optimizer) -> list[float]:
    """Return what a step without a gradient takes from parameters of 1."""
    optimizer.bind(SLOTS)
    theta = np.ones(SIZE)
    optimizer.step(theta, np.zeros(SIZE))
    return [round(1.0 - theta[slot.where].mean(), 12) for slot in SLOTS]


DECAYING = [
    lambda **more: gn.SGD(0.1, weight_decay=0.5, **more),
    lambda **more: gn.SGD(0.1, weight_decay=0.5, decoupled_weight_decay=True, **more),
    lambda **more: gn.AdamW(0.1, weight_decay=0.5, **more),
]


@pytest.mark.parametrize("make", DECAYING)
def test_biases_do_not_decay_unless_a_group_says_so(make: Callable[..., gn.Optimizer]) -> None:
    assert decay_of(make()) == [0.05, 0, 0.05, 0]
    assert decay_of(make(groups=[Group("*.b", weight_decay=0.2)])) == [0.05, 0.02, 0.05, 0.02]
    assert decay_of(make(groups=[Group("dense*", weight_decay=0.0)])) == [0.05, 0, 0, 0]
    assert decay_of(make(groups=[Group("*", weight_decay=0.1)])) == [0.01] * 4
    assert decay_of(make(groups=[Group("dense*", rate=2.0)])) == [0.05, 0, 0.1, 0]


def test_an_l1_penalty_pulls_weights_alone_and_towards_0() -> None:
    optimizer = gn.SGD(0.1, l1=0.5)
    optimizer.bind(SLOTS)
    theta = np.tile([1.0, -2.0, 0.0], 4)
    optimizer.step(theta, np.zeros(SIZE))
    expected = np.tile([0.95, -1.95, 0.0], 4)
    expected[4:6], expected[10:] = [-2.0, 0.0], [-2.0, 0.0]
    np.testing.assert_allclose(theta, expected)


def test_norms_are_bounded_after_the_step_for_each_unit_and_filter() -> None:
    optimizer = gn.SGD(1.0, max_norm=2.0)
    optimizer.bind(SLOTS)
    theta = np.array([3.0, 1.0, 4.0, 0.5, 9.0, 9.0, 0.0, 5.0, 0.0, 5.0, 9.0, 9.0])
    gradient = np.zeros(SIZE)
    gradient[6] = -1.0
    optimizer.step(theta, gradient)
    first = [3.0 * 2 / 5, 1.0, 4.0 * 2 / 5, 0.5]  # of norm 5 and 1.1
    second = [1.0, 2 / np.sqrt(2), 0.0, 2 / np.sqrt(2)]
    np.testing.assert_allclose(theta, [*first, 9, 9, *second, 9, 9], rtol=1e-14)


def test_each_filter_of_a_depthwise_convolution_has_a_norm_of_its_own() -> None:
    shape = (1, 2, 2, 3)  # two channels with three filters of two pixels each
    optimizer = gn.SGD(1.0, max_norm=1.0)
    optimizer.bind([Slot("depthwiseconv2d_1.W", 0, 12, shape, decays=True, unit_axes=2)])
    rng = np.random.default_rng(0)
    before = rng.normal(size=shape)
    before[..., 0, 1] *= 0.01
    theta = before.copy()
    optimizer.step(theta.reshape(-1), np.zeros(12))
    for channel, k in np.ndindex(2, 3):
        filter_ = before[..., channel, k]
        expected = filter_ / max(1.0, float(np.linalg.norm(filter_)))
        np.testing.assert_allclose(theta[..., channel, k], expected, rtol=1e-14)


def test_weights_within_the_bound_keep_their_bits() -> None:
    optimizer = gn.SGD(0.1, max_norm=10.0)
    optimizer.bind(SLOTS)
    theta = np.random.default_rng(0).normal(size=SIZE).astype(np.float32)
    before = theta.copy()
    optimizer.step(theta, np.zeros(SIZE, np.float32))
    assert theta.tobytes() == before.tobytes()


# Schedules of their own


BASE = 0.1
HALVING = gn.StepLR(1, gamma=0.5)


def at(epoch: int) -> Position:
    return Position(epoch, 1, 10)


@pytest.mark.parametrize("common", [0.1, 0.03, 0.0])
def test_a_group_with_a_schedule_does_not_follow_the_common_rate(common: float) -> None:
    group = Group("*.b", rate=3.0, schedule=HALVING)
    optimizer = gn.SGD(
        BASE, weight_decay=0.2, decoupled_weight_decay=True, groups=[Group("conv*"), group]
    )
    assert optimizer.scheduled_groups() == [(group, 1.0)]
    optimizer.groups[0].follow(BASE, at(2))  # it has no schedule
    group.follow(BASE, at(2))
    optimizer.learning_rate = common
    theta = steps_of(optimizer)
    np.testing.assert_allclose(theta[10:], 1.0 - 3 * BASE / 4)
    np.testing.assert_allclose(theta[:4], 1.0 - 0.2 * common - common)
    np.testing.assert_allclose(theta[4:6], 1.0 - common)  # the first group that fits counts
    group.follow(BASE, None)
    optimizer.learning_rate = 0.01
    np.testing.assert_allclose(steps_of(optimizer)[10:], 1.0 - 0.03)


def test_weight_decay_of_a_group_goes_by_its_own_schedule() -> None:
    group = Group("dense_1.W", schedule=HALVING, weight_decay=0.4)
    optimizer = gn.AdamW(BASE, weight_decay=0.0, groups=[group])
    optimizer.bind(SLOTS)
    group.follow(BASE, at(1))
    optimizer.learning_rate = 0.0
    theta = np.ones(SIZE)
    optimizer.step(theta, np.zeros(SIZE))
    np.testing.assert_allclose(theta[6:10], 1.0 - BASE / 2 * 0.4)
    np.testing.assert_array_equal(theta[:6], 1.0)


def test_neighbours_with_schedules_of_their_own_stay_apart() -> None:
    groups = [Group("dense_1.W", schedule=HALVING), Group("dense_1.b", schedule=gn.Constant())]
    optimizer = gn.SGD(BASE, groups=groups)
    for group in groups:
        group.follow(BASE, at(1))
    np.testing.assert_allclose(steps_of(optimizer)[6:], [0.95] * 4 + [0.9] * 2)


def test_optimizers_around_others_tell_of_the_groups_in_them() -> None:
    own, theirs = Group("conv*", schedule=HALVING), Group("*.b", schedule=HALVING)
    muon = gn.Muon(0.2, groups=[own], rest=gn.SGD(0.6, groups=[theirs, Group("*.beta")]))
    assert muon.scheduled_groups() == [(own, 1.0), (theirs, pytest.approx(3.0))]
    lookahead = gn.Lookahead(gn.SGD(0.6, groups=[theirs]))
    assert lookahead.scheduled_groups() == [(theirs, 1.0)]


def test_a_matrix_of_muon_moves_by_its_own_schedule() -> None:
    group = Group("dense*", schedule=HALVING)
    optimizer = gn.Muon(BASE, momentum=0.0, groups=[group], rest=gn.SGD(0.1))
    optimizer.bind(SLOTS)
    ways = []
    for epoch in (0, 3):
        group.follow(BASE, at(epoch))
        theta = np.zeros(SIZE)
        optimizer.step(theta, np.arange(1.0, SIZE + 1.0))
        ways.append(theta)
    np.testing.assert_allclose(ways[1][6:10], ways[0][6:10] / 8)
    np.testing.assert_array_equal(ways[1][:4], ways[0][:4])


def test_a_schedule_in_a_group_is_a_table_of_a_schedule() -> None:
    schedule = {"type": "SequentialLR", "milestones": [2], "schedules": [{"type": "LinearLR"}] * 2}
    config = {"type": "SGD", "groups": [{"pattern": "*.b", "schedule": schedule}]}
    inner = {"type": "Muon", "rest": config}
    group = optimizer_from_config({"type": "Lookahead", "optimizer": inner}).optimizer.rest.groups[
        0
    ]
    assert repr(group.schedule) == "SequentialLR([LinearLR(), LinearLR()], [2])"
    again = optimizer_from_config(optimizer_from_config(config).config()).groups[0]
    assert again.config() == group.config()
    with pytest.raises(ValueError, match="unknown schedule 'StepRL'; did you mean 'StepLR'"):
        optimizer_from_config(
            {"type": "SGD", "groups": [{"pattern": "*", "schedule": {"type": "StepRL"}}]}
        )


# Settings and errors


@pytest.mark.parametrize("make", [gn.SGD, gn.AdamW, gn.Muon])
def test_a_group_that_fits_nothing_is_refused_with_the_names(make: type[gn.SGD]) -> None:
    optimizer = make(groups=[Group("dense_2.*")])
    with pytest.raises(ValueError, match=r"'dense_2\.\*' fits none .* conv2d_1\.W.* dense_1\.W"):
        optimizer.bind(SLOTS)


def test_a_group_that_comes_too_late_is_refused() -> None:
    optimizer = gn.SGD(groups=[Group("*.b"), Group("dense_1.b")])
    with pytest.raises(ValueError, match=r"'dense_1\.b' fits belongs to a group before it"):
        optimizer.bind(SLOTS)


def test_a_case_that_differs_does_not_fit() -> None:
    with pytest.raises(ValueError, match="fits none"):
        gn.SGD(groups=[Group("*.w")]).bind(SLOTS)


class Watching(gn.Schedule):
    """One of a user's own, without a number that it names."""

    def rate(self, base: float, position: object) -> float:
        return base

    def observe(self, record: object) -> None:
        pass


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Group(""), TypeError, 'such as "dense_1', ),
        (lambda: Group(3), TypeError, "pattern must be .* got 3"),
        (lambda: Group("*", rate=0), ValueError, "rate of a parameter group .* above 0, got 0"),
        (lambda: Group("*", weight_decay=-1), ValueError, "weight_decay .* at least 0, got -1"),
        (lambda: Group("*", schedule=0.1), TypeError, r"such as CosineAnnealingLR\(\), got 0.1"),
        (
            lambda: Group("*", schedule=gn.ReduceLROnPlateau()),
            ValueError,
            r"cannot watch the training as ReduceLROnPlateau\(\) does",
        ),
        (
            lambda: Group(
                "*", schedule=gn.SequentialLR([gn.Constant(), gn.ReduceLROnPlateau()], [1])
            ),
            ValueError,
            "cannot watch the training",
        ),
        (
            lambda: Group(
                "*",
                schedule=gn.SequentialLR([gn.SequentialLR([gn.ReduceLROnPlateau()], [])], []),
            ),
            ValueError,
            "cannot watch the training",
        ),
        (lambda: Group("*", schedule=Watching()), ValueError, "cannot watch the training"),
        (lambda: Group("*", frozen=True, rate=2.0), ValueError, "'\\*' is frozen: a rate"),
        (lambda: Group("*", frozen=True, weight_decay=0.0), ValueError, "would have no effect"),
        (lambda: Group("*", frozen=True, schedule=gn.Constant()), ValueError, "no effect"),
        (lambda: Group("*", frozen=1), TypeError, "frozen must be True or False, got 1"),
        (lambda: gn.SGD(groups=["*.b"]), TypeError, r"groups must be such as .* got \['\*\.b'\]"),
        (lambda: gn.SGD(groups=Group("*")), TypeError, "groups must be such as"),
        (
            lambda: optimizer_from_config({"type": "SGD", "groups": [{"pattern": "*", "rat": 2}]}),
            ValueError,
            "unknown argument of ParameterGroup 'rat'; did you mean 'rate'",
        ),
        (
            lambda: optimizer_from_config({"type": "SGD", "groups": [{"rate": 2}]}),
            ValueError,
            "ParameterGroup needs pattern",
        ),
        (
            lambda: optimizer_from_config({"type": "SGD", "groups": ["*.b"]}),
            ValueError,
            r"each of groups must be a table .* got '\*\.b'",
        ),
        (
            lambda: optimizer_from_config({"type": "SGD", "groups": {"pattern": "*"}}),
            ValueError,
            "groups must be a list of tables",
        ),
    ],
)  # fmt: skip
def test_what_is_no_group_is_refused(
    make: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make()


def test_a_recipe_writes_groups_as_tables_without_a_type() -> None:
    optimizer = optimizer_from_config(
        {
            "type": "Muon",
            "groups": [{"pattern": "conv*", "rate": 64.0}],
            "rest": {"type": "SGD", "groups": [{"pattern": "*.b", "frozen": True}]},
        }
    )
    assert isinstance(optimizer, gn.Muon)
    assert optimizer.groups[0].rate == 64.0
    assert isinstance(optimizer.rest, gn.SGD)
    assert optimizer.rest.groups[0].frozen


# Stretches


def test_neighbours_alike_are_one_stretch() -> None:
    plan, pace = plan_of(SLOTS, []), Pace(1.0, None)
    assert plan.moves == ((slice(0, 12), pace),)
    assert plan.decays == ((slice(0, 4), None, pace), (slice(6, 10), None, pace))
    assert plan_of(SLOTS, [Group("*", weight_decay=0.1)]).decays == ((slice(0, 12), 0.1, pace),)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 2)), max_size=9))
def test_stretches_cover_all_and_differ_from_their_neighbours(pairs: list[tuple[int, int]]) -> None:
    ends = np.cumsum([size for size, _ in pairs])
    slots = [
        Slot(str(i), int(end) - size, int(end), (size,), True)
        for i, (end, (size, _)) in enumerate(zip(ends, pairs, strict=True))
    ]
    found = list(stretches(slots, [value for _, value in pairs]))
    expanded = [value for where, value in found for _ in range(where.start, where.stop)]
    assert expanded == [value for size, value in pairs for _ in range(size)]
    assert all(a != b for (_, a), (_, b) in pairwise(found))
