import itertools
import logging

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from glassnet.study.importance import variance_shares
from glassnet.study.search_importance import search_importance


def design(levels, seeds, response):
    """A row for each combination and seed; response(array of indices...) -> array."""
    names = [*"abcd"[: len(levels)], "seed"]
    rows = list(itertools.product(*map(range, levels), range(seeds)))
    table = pd.DataFrame(rows, columns=names)
    table["y"] = response(*(table[name].to_numpy() for name in names))
    return table


def noisy(levels, seeds, rng_seed=0):
    rng = np.random.default_rng(rng_seed)
    return design(levels, seeds, lambda *columns: rng.normal(size=len(columns[0])))


def shares_of(table, factors, **options):
    return variance_shares(table, factors, "y", resamples=100, **options).set_index("term")


HAND = design((2, 2), 2, lambda a, b, s: np.array([1.0, 3.0, 2.0, 2.0, 5.0, 7.0, 9.0, 11.0]))


def test_shares_are_those_computed_by_hand():
    # cell means 2, 2, 6, 10; of a: 2, 8; of b: 4, 6; of seeds: 17/4, 23/4; of all: 5
    table = shares_of(HAND, ["a", "b"])
    squares = {"a": 72, "b": 8, "a × b": 8, "seed": 4.5, "residual": 1.5}
    assert dict(table["sum_of_squares"]) == pytest.approx(squares)
    assert dict(table["share"]) == pytest.approx({t: s / 94 for t, s in squares.items()})
    assert list(table["degrees_of_freedom"]) == [1, 1, 1, 1, 3]
    assert list(table["order"]) == [1, 1, 2, 0, 0]
    noise = 1.5 / 3
    assert table["omega_squared"]["b"] == pytest.approx((8 - noise) / (94 + noise))
    assert table["p"]["b"] == pytest.approx(stats.f.sf(8 / noise, 1, 3))
    assert np.isnan(table["p"]["residual"])
    assert np.isnan(table["omega_squared"]["residual"])


def test_a_single_factor_is_tested_as_a_paired_t_test():
    table = noisy((2,), 6)
    wide = table.pivot_table(index="seed", columns="a", values="y")
    assert shares_of(table, ["a"])["p"]["a"] == pytest.approx(
        stats.ttest_rel(wide[0], wide[1]).pvalue
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(2, 3), min_size=1, max_size=4), st.integers(1, 3), st.integers(0, 1000))
def test_shares_sum_to_one_and_degrees_of_freedom_to_runs_less_one(levels, seeds, rng_seed):
    table = noisy(levels, seeds, rng_seed)
    shares = shares_of(table, list("abcd"[: len(levels)]))
    assert shares["share"].sum() == pytest.approx(1)
    assert shares["degrees_of_freedom"].sum() == len(table) - 1
    total = ((table["y"] - table["y"].mean()) ** 2).sum()
    assert shares["sum_of_squares"].sum() == pytest.approx(total)


def test_additive_data_have_no_interactions_and_no_residual():
    table = design(
        (3, 2, 2), 3, lambda a, b, c, s: 0.95 + 0.1 * a**2 + 0.3 * b + 0.01 * c + 0.7 * s
    )
    shares = shares_of(table, ["a", "b", "c"])
    none = ["a × b", "a × c", "b × c", "higher interactions", "residual"]
    assert (shares.loc[none, "sum_of_squares"] == 0).all()
    assert (shares.loc[none[:-1], "p"] == 1).all()
    assert (shares.loc[["a", "b", "c", "seed"], "p"] == 0).all()
    assert (shares.loc[["a", "b", "c", "seed"], "share"] > 0).all()


def test_an_interaction_is_found_where_it_is():
    table = design((2, 2, 2), 2, lambda a, b, c, s: (2.0 * a - 1) * (2 * c - 1))
    assert shares_of(table, ["a", "b", "c"])["share"]["a × c"] == 1


def test_what_three_factors_do_only_together_is_pooled():
    table = design((2, 2, 2), 2, lambda a, b, c, s: (2.0 * a - 1) * (2 * b - 1) * (2 * c - 1))
    shares = shares_of(table, ["a", "b", "c"])
    assert shares["share"]["higher interactions"] == 1
    assert shares["order"]["higher interactions"] == 3
    assert shares["degrees_of_freedom"]["higher interactions"] == 1


def test_neither_the_order_of_rows_nor_the_kind_of_levels_matters():
    table = noisy((3, 2), 4)
    other = table.sample(frac=1, random_state=1)
    other["a"] = other["a"].map({0: "tanh", 1: "relu", 2: "sigmoid"})
    other["b"] = other["b"] == 1
    left, right = shares_of(table, ["a", "b"]), shares_of(other, ["a", "b"])
    np.testing.assert_allclose(left["share"], right["share"])


def test_seeds_may_be_called_otherwise():
    table = noisy((2, 2), 3).rename(columns={"seed": "fold"})
    assert "fold" in shares_of(table, ["a", "b"], block="fold").index


def test_noise_alone_has_little_omega_and_p_values_all_over():
    tables = [shares_of(noisy((3, 3), 4, seed), ["a", "b"]) for seed in range(60)]
    p = np.array([table["p"]["a × b"] for table in tables])
    omega = np.array([table["omega_squared"]["a × b"] for table in tables])
    assert stats.kstest(p, "uniform").pvalue > 0.01
    assert (omega >= 0).all()
    assert omega.mean() < np.mean([table["share"]["a × b"] for table in tables]) / 2


def test_an_interval_of_a_share_is_around_it_and_narrows_with_seeds():
    def effect(seeds):
        rng = np.random.default_rng(5)
        return design((3, 2), seeds, lambda a, b, s: a + b + rng.normal(size=len(a)))

    few, many = (shares_of(effect(seeds), ["a", "b"]) for seeds in (4, 64))
    for table in (few, many):
        assert (table["low"] <= table["share"]).all()
        assert (table["share"] <= table["high"]).all()
        assert (table["low"] >= 0).all()
        assert (table["high"] <= 1).all()
    narrow, wide = ((table["high"] - table["low"])["a"] for table in (many, few))
    assert narrow < wide / 2


def test_a_share_of_noise_is_not_below_its_interval():
    tables = [shares_of(noisy((3, 3), 3, seed), ["a", "b"]) for seed in range(30)]
    for table in tables:
        assert (table["low"].iloc[:4] <= table["share"].iloc[:4]).all()


def test_the_resampling_is_repeatable():
    table = noisy((2, 2), 4)
    first, again, other = (shares_of(table, ["a", "b"], seed=seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert not first["low"].equals(other["low"])


def test_effects_that_are_the_same_in_all_seeds_have_no_width():
    table = design((2, 2), 3, lambda a, b, s: 2.0 * a + b)
    shares = shares_of(table, ["a", "b"])
    assert shares["low"]["a"] == pytest.approx(0.8)
    assert shares["high"]["a"] == pytest.approx(0.8)


def test_one_seed_has_shares_and_nothing_that_needs_more():
    shares = shares_of(noisy((2, 3), 1), ["a", "b"])
    assert shares["share"].sum() == pytest.approx(1)
    assert shares["share"][["seed", "residual"]].tolist() == [0, 0]
    assert shares[["low", "high", "p", "omega_squared"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(index=3), r"^no run of a=0, b=1, seed=1; .*finish the study"),
        (lambda t: pd.concat([t, t.iloc[[2]]]), r"^2 runs of a=0, b=1, seed=0; .*once"),
        (lambda t: t.assign(y=t["y"].mask(t.index == 5)), "'y' has no value in row 5"),
        (lambda t: t.assign(a=t["a"].mask(t.index == 5)), "'a' has no value in row 5"),
        (lambda t: t.assign(y=np.inf), "'y' must be finite and differ"),
        (lambda t: t.assign(y=0.5), "'y' must be finite and differ.*from 0.5 to 0.5"),
        (lambda t: t[t["b"] == 0], "factor 'b' has 1 level; leave it out"),
        (lambda t: t.rename(columns={"b": "b1"}), "unknown column 'b'; did you mean 'b1'"),
        (lambda t: t.drop(columns="seed"), "unknown column 'seed'"),
    ],
)
def test_what_is_no_full_factorial_is_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        variance_shares(change(noisy((2, 2), 2)), ["a", "b"], "y")


@pytest.mark.parametrize("factors", [[], ["a", "a"], ["a", "seed"]])
def test_factors_must_be_different_and_not_the_seeds(factors):
    with pytest.raises(ValueError, match="factors must be different columns and not 'seed'"):
        variance_shares(noisy((2, 2), 2), factors, "y")


@pytest.fixture(scope="module")
def trials():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({
        "rate": 10 ** rng.uniform(-3, 0, 60),
        "hidden": rng.integers(10, 100, 60),
        "bias": rng.random(60) < 0.5,
        "activation": rng.choice(["relu", "tanh"], 60),
    })  # fmt: skip
    table["y"] = np.log10(table["rate"]) + 1.5 * (table["activation"] == "relu")
    return table


def test_a_search_finds_what_matters(trials):
    factors = ["bias", "hidden", "activation", "rate"]
    importance = search_importance(trials, factors, "y", log=["rate"])
    assert set(list(importance)[:2]) == {"rate", "activation"}
    assert importance["bias"] < 0.05
    assert importance["hidden"] < 0.1
    assert 0.85 < sum(importance.values()) <= 1.001
    explained = np.var(np.log10(trials["rate"])) / np.var(trials["y"])
    assert importance["rate"] == pytest.approx(explained, abs=0.15)


def test_a_search_gives_the_same_answer_twice_and_says_nothing(trials, caplog):
    import optuna

    optuna.logging.enable_propagation()
    try:
        with caplog.at_level(logging.INFO):
            first = search_importance(trials, ["rate", "hidden"], "y")
    finally:
        optuna.logging.disable_propagation()
    assert first == search_importance(trials, ["rate", "hidden"], "y")
    assert caplog.records == []
    assert optuna.logging.get_verbosity() == optuna.logging.INFO


def test_trials_without_a_response_are_left_out(trials):
    gaps = pd.concat([trials, trials.head(5).assign(y=np.nan, rate=1e9)])
    factors = ["rate", "activation"]
    assert search_importance(gaps, factors, "y") == search_importance(trials, factors, "y")


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda t: t.assign(y=1.0), {}, "'y' must differ between two trials or more, 60 have"),
        (lambda t: t.head(1), {}, "'y' must differ between two trials or more, 1 have"),
        (lambda t: t.drop(columns="rate"), {}, "unknown column 'rate'"),
        (lambda t: t, {"log": ["hiddenn"]}, "unknown factor 'hiddenn'; did you mean 'hidden'"),
        (lambda t: t.assign(rate=-1.0), {"log": ["rate"]}, "'rate' has -1.0.*above 0"),
    ],
)
def test_a_search_that_says_nothing_is_refused(trials, change, options, message):
    with pytest.raises(ValueError, match=message):
        search_importance(change(trials), ["rate", "hidden"], "y", **options)
