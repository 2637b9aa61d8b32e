"""The claims of the thesis about its figures, each judged by the studies."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from glassnet.data import DATASETS
from glassnet.study.study import Study
from glassnet.study.thesis.evidence import (
    Claim,
    Evidence,
    MissingRunsError,
    Verdict,
    compared,
    epochs,
    first_epoch,
    number_verdict,
    percents,
    points,
    seeds_told,
    share_verdict,
)

RATE, MOMENTUM, BATCH = "learning rate {}", "momentum {}", "batch size {}"
SWITCH = "batch 1, then 50"
JUMP = 0.02
"""What is called a sudden rise of accuracy: two points within one epoch, after the fourth."""

Judge = Callable[[Evidence], tuple[str, Verdict]]
CLAIMS: list[tuple[str, str, Judge]] = []
"""Where it stands, what it says, and how it is judged."""


def ledger(studies: Mapping[str, Study]) -> list[Claim]:
    """Return every claim with what was measured; "not measured" where runs are missing.

    Parameters
    ----------
    studies : mapping of Study
        By name.
    """
    evidence = Evidence(studies)
    rows = []
    for where, claim, judge in CLAIMS:
        try:
            measured, verdict = judge(evidence)
        except MissingRunsError as missing:
            measured, verdict = f"run first: glassnet study run {missing}", "not measured"
        rows.append(Claim(where, claim, measured, verdict))
    return rows


def _claim(where: str, claim: str) -> Callable[[Judge], Judge]:
    def enter(judge: Judge) -> Judge:
        CLAIMS.append((where, claim, judge))
        return judge

    return enter


@_claim("III-B, Fig. 8", "The learning rate 0.1 is the best of 0.01, 0.1, 1 and 5")
def _rate_01_is_best(e: Evidence) -> tuple[str, Verdict]:
    rates = ("0.01", "0.1", "1", "5")
    best = {rate: e.curves("figure-08", RATE.format(rate)).max(1) for rate in rates}
    holds = best["0.1"] >= np.max([best[rate] for rate in best], axis=0)
    told, *_ = compared(best["0.1"], best["1"], ("0.1", "1"))
    told = f"best epoch highest {seeds_told(holds)}; against rate 1 it is {told}"
    return told, share_verdict(holds)


@_claim("III-B, Fig. 8", "With rate 0.1 the best accuracy is 94.81 %, after 32 epochs")
def _best_with_rate_01(e: Evidence) -> tuple[str, Verdict]:
    curves = e.curves("figure-08", RATE.format("0.1"))
    best = curves.max(1)
    told = f"{percents(best)}, at {epochs(curves.argmax(1) + 1)}"
    return told, number_verdict(best, 0.9481)


@_claim("III-B, Fig. 8", "With rate 1 the accuracy is over 90 % after the first epoch")
def _rate_1_after_one_epoch(e: Evidence) -> tuple[str, Verdict]:
    first = e.curves("figure-08", RATE.format("1"))[:, 0]
    return f"{percents(first)}; {seeds_told(first > 0.9)}", share_verdict(first > 0.9)


@_claim("III-B, Fig. 8", "The lead of rate 1 over 0.1 shrinks after the second epoch")
def _lead_of_rate_1_shrinks(e: Evidence) -> tuple[str, Verdict]:
    gap = e.curves("figure-08", RATE.format("1")) - e.curves("figure-08", RATE.format("0.1"))
    early, late = gap[:, :2].mean(1), gap[:, 2:10].mean(1)
    told = f"{points(early)} in epochs 1 and 2, {points(late)} in epochs 3 to 10"
    return f"{told}; smaller {seeds_told(late < early)}", share_verdict(late < early)


@_claim("III-B, Fig. 8", "Rate 5 is too large and does poorly")
def _rate_5_is_poor(e: Evidence) -> tuple[str, Verdict]:
    poor = e.curves("figure-08", RATE.format("5")).max(1)
    good = e.curves("figure-08", RATE.format("0.1")).max(1)
    holds = poor < good - 0.01
    return f"best epoch {percents(poor)}, against {percents(good)} with 0.1", share_verdict(holds)


@_claim("IV-A, Fig. 8", "With rate 5 the accuracy changes erratically from epoch to epoch")
def _rate_5_is_erratic(e: Evidence) -> tuple[str, Verdict]:
    rough, calm = (_roughness(e.curves("figure-08", RATE.format(r))[:, 10:]) for r in ("5", "0.1"))
    told = f"typical change {100 * rough.mean():.2f} points, with 0.1 {100 * calm.mean():.2f}"
    return f"{told}; more {seeds_told(rough > calm)}", share_verdict(rough > calm)


@_claim("IV-A, Fig. 8", "Rate 0.01 is needlessly small and learns slowly")
def _rate_001_is_slow(e: Evidence) -> tuple[str, Verdict]:
    slow, fast = (e.curves("figure-08", RATE.format(rate)) for rate in ("0.01", "0.1"))
    holds = slow[:, -1] < fast[:, -1]
    reached = [epochs(first_epoch(curves, 0.9)) for curves in (slow, fast)]
    told = f"90 % at {reached[0]}, with 0.1 at {reached[1]}"
    return f"{told}; after 35 epochs {percents(slow[:, -1])}", share_verdict(holds)


@_claim("IV-A, Fig. 8", "With rate 0.01 accuracy rises suddenly within one epoch, after epoch 10")
def _rate_001_jumps(e: Evidence) -> tuple[str, Verdict]:
    rises = np.diff(e.curves("figure-08", RATE.format("0.01"))[:, 3:], axis=1)
    holds = rises.max(1) > JUMP
    when = rises.argmax(1)[holds] + 5
    at = f", at {epochs(when)}" if holds.any() else ""
    told = f"a rise of over 2 points within one epoch after the fourth {seeds_told(holds)}{at}"
    return told, share_verdict(holds)


@_claim("III-C, Fig. 9", "Momentum 0.4 reaches 93.3 % within 3 epochs")
def _momentum_04_within_3_epochs(e: Evidence) -> tuple[str, Verdict]:
    first = first_epoch(e.curves("figure-09", MOMENTUM.format("0.4")), 0.933)
    return f"at {epochs(first)}; {seeds_told(first <= 3)} by epoch 3", share_verdict(first <= 3)


@_claim("III-C, Fig. 9", "Without momentum it takes 6 epochs to 93.3 %")
def _no_momentum_takes_6_epochs(e: Evidence) -> tuple[str, Verdict]:
    first = first_epoch(e.curves("figure-09", MOMENTUM.format("0")), 0.933)
    return f"at {epochs(first)}", number_verdict(first, 6)


@_claim("III-C, Fig. 9", "Momentum 0.4 learns faster in the beginning")
def _momentum_04_is_faster_at_first(e: Evidence) -> tuple[str, Verdict]:
    some, none = (e.curves("figure-09", MOMENTUM.format(m))[:, :6].mean(1) for m in ("0.4", "0"))
    told, *_ = compared(some, none, ("0.4", "0"))
    return f"mean of epochs 1 to 6: {told}", share_verdict(some > none)


@_claim("III-C, Fig. 9", "After 15 epochs momentum 0.4 makes no significant difference")
def _momentum_04_makes_no_late_difference(e: Evidence) -> tuple[str, Verdict]:
    some, none = (e.curves("figure-09", MOMENTUM.format(m))[:, 15:].mean(1) for m in ("0.4", "0"))
    told, distinct, _mean = compared(some, none, ("0.4", "0"))
    return f"mean of epochs 16 to 35: {told}", "not reproduced" if distinct else "reproduced"


@_claim("III-C, Fig. 9", "Momentum 0.8 behaves like 0.4 at first, and better after 7 epochs")
def _momentum_08_is_better_later(e: Evidence) -> tuple[str, Verdict]:
    large, small = (e.curves("figure-09", MOMENTUM.format(m)) for m in ("0.8", "0.4"))
    early, differs, _mean = compared(large[:, :7].mean(1), small[:, :7].mean(1), ("0.8", "0.4"))
    late, better, mean = compared(large[:, 7:].mean(1), small[:, 7:].mean(1), ("0.8", "0.4"))
    holds = not differs and better and mean > 0
    told = f"epochs 1 to 7: {early}; epochs 8 to 35: {late}"
    return told, "reproduced" if holds else "not reproduced"


@_claim("III-C, Fig. 9", "Momentum 0.8 is the best of 0, 0.4 and 0.8")
def _momentum_08_is_best(e: Evidence) -> tuple[str, Verdict]:
    best = {m: e.curves("figure-09", MOMENTUM.format(m)).max(1) for m in ("0", "0.4", "0.8")}
    holds = best["0.8"] >= np.max([best[m] for m in best], axis=0)
    told, *_ = compared(best["0.8"], best["0"], ("0.8", "0"))
    told = f"best epoch highest {seeds_told(holds)}; against none it is {told}"
    return told, share_verdict(holds)


@_claim("III-C, Fig. 9", "With momentum 0.8 the best accuracy is 95.5 %, after 30 epochs")
def _best_with_momentum_08(e: Evidence) -> tuple[str, Verdict]:
    curves = e.curves("figure-09", MOMENTUM.format("0.8"))
    best = curves.max(1)
    return f"{percents(best)}, at {epochs(curves.argmax(1) + 1)}", number_verdict(best, 0.955)


@_claim("IV-A, Fig. 8, 9", "In the beginning momentum 0.4 behaves like the learning rate 1")
def _momentum_04_is_like_rate_1(e: Evidence) -> tuple[str, Verdict]:
    momentum = e.curves("figure-09", MOMENTUM.format("0.4"))[:, :5].mean(1)
    rate = e.curves("figure-08", RATE.format("1"))[:, :5].mean(1)
    told, distinct, _mean = compared(momentum, rate, ("momentum 0.4", "rate 1"))
    return f"mean of epochs 1 to 5: {told}", "not reproduced" if distinct else "reproduced"


@_claim("III-D, Fig. 10", "After 100 steps of SGD the training set's error is larger than before")
def _error_grows_over_100_steps(e: Evidence) -> tuple[str, Verdict]:
    error = e.arrays("figure-10", BATCH.format("1"), "step_mean_squared_error")
    holds = error[:, -1] > error[:, 0]
    change = 100 * (error[:, -1] / error[:, 0] - 1)
    told = f"changes by {change.mean():+.1f} % ({change.min():+.1f} to {change.max():+.1f})"
    return f"{told}; larger {seeds_told(holds)}".replace("-", "−"), share_verdict(holds)


@_claim(
    "III-D, Fig. 10", "From step to step the error varies much with batch size 1, less with more"
)
def _error_varies_less_with_larger_batches(e: Evidence) -> tuple[str, Verdict]:
    rough = [
        _roughness(e.arrays("figure-10", BATCH.format(b), "step_mean_squared_error"))
        for b in ("1", "10", "50")
    ]
    holds = (rough[0] > rough[1]) & (rough[1] > rough[2])
    ratio = (rough[0] / rough[2]).mean()
    told = f"typical change {ratio:.1f} times as large with 1 as with 50"
    return f"{told}; in this order {seeds_told(holds)}", share_verdict(holds)


@_claim("III-D, Fig. 10", "Over these 100 steps the larger batch learns faster")
def _larger_batch_learns_faster_in_100_steps(e: Evidence) -> tuple[str, Verdict]:
    ends = {
        b: e.arrays("figure-10", BATCH.format(b), "step_mean_squared_error")[:, -1]
        for b in ("1", "50")
    }
    holds = ends["50"] < ends["1"]
    lower = 100 * (1 - ends["50"] / ends["1"]).mean()
    told = f"after 100 steps the error is {lower:.1f} % lower with 50 than with 1"
    return f"{told}; lower {seeds_told(holds)}", share_verdict(holds)


@_claim("III-D, Fig. 11", "Under the square-root rule SGD learns faster than batches of 10 and 50")
def _small_batches_learn_faster(e: Evidence) -> tuple[str, Verdict]:
    early = {b: e.curves("figure-11", BATCH.format(b))[:, :5].mean(1) for b in ("1", "10", "50")}
    holds = (early["1"] > early["10"]) & (early["1"] > early["50"])
    against = [compared(early["1"], early[b], ("1", b))[0] for b in ("10", "50")]
    told = f"mean of epochs 1 to 5, against 10: {against[0]}; against 50: {against[1]}"
    return told, share_verdict(holds)


@_claim("IV-A, Fig. 11", "With larger batches too accuracy rises suddenly within one epoch")
def _larger_batches_jump(e: Evidence) -> tuple[str, Verdict]:
    rises = [np.diff(e.curves("figure-11", BATCH.format(b))[:, 3:], axis=1) for b in ("10", "50")]
    holds = np.max([rise.max(1) for rise in rises], axis=0) > JUMP
    told = "a rise of over 2 points within one epoch after the fourth, with 10 or with 50"
    return f"{told}, {seeds_told(holds)}", share_verdict(holds)


@_claim("III-E, Fig. 12", "Going from batch size 1 to 50 raises accuracy 0.45 points in one epoch")
def _switch_raises_accuracy(e: Evidence) -> tuple[str, Verdict]:
    curves = e.curves("figure-12", SWITCH)
    rise = curves[:, 25] - curves[:, 24]
    return f"{points(rise)}; up {seeds_told(rise > 0)}", number_verdict(rise, 0.0045)


@_claim("III-E, Fig. 12", "The learning curve is smoother after that")
def _switch_smooths_the_curve(e: Evidence) -> tuple[str, Verdict]:
    curves = e.curves("figure-12", SWITCH)
    before, after = _roughness(curves[:, 14:25]), _roughness(curves[:, 25:])
    told = f"typical change {100 * before.mean():.2f} points before, {100 * after.mean():.2f} after"
    return f"{told}; smaller {seeds_told(after < before)}", share_verdict(after < before)


@_claim("III-E, Fig. 12", "The best accuracy is 95.75 %, after 31 epochs")
def _best_with_switch(e: Evidence) -> tuple[str, Verdict]:
    curves = e.curves("figure-12", SWITCH)
    best = curves.max(1)
    return f"{percents(best)}, at {epochs(curves.argmax(1) + 1)}", number_verdict(best, 0.9575)


@_claim("III-E, Fig. 12", "That is 0.25 points better than SGD alone")
def _switch_beats_sgd_alone(e: Evidence) -> tuple[str, Verdict]:
    gain = e.curves("figure-12", SWITCH).max(1)
    gain = gain - e.curves("figure-09", MOMENTUM.format("0.8")).max(1)
    return f"{points(gain)}; better {seeds_told(gain > 0)}", number_verdict(gain, 0.0025)


@_claim(
    "III-E, Fig. 12", "After epoch 32 it overfits: training accuracy rises, test accuracy falls"
)
def _overfits_after_32(e: Evidence) -> tuple[str, Verdict]:
    test, train = (e.curves("figure-12", SWITCH, v) for v in ("validation_accuracy", "accuracy"))
    fall, rise = test[:, -1] - test[:, 31], train[:, -1] - train[:, 31]
    holds = (fall < 0) & (rise > 0)
    told = f"from epoch 32 to 35 test {points(fall)}, training {points(rise)}"
    return f"{told}; both {seeds_told(holds)}", share_verdict(holds)


@_claim("V", "Momentum, and then the larger batch, give the best result on MNIST")
def _both_together_are_best(e: Evidence) -> tuple[str, Verdict]:
    ours = e.curves("figure-12", SWITCH).max(1)
    cells = [("figure-08", RATE.format(rate)) for rate in ("0.01", "0.1", "1", "5")]
    cells += [("figure-09", MOMENTUM.format(m)) for m in ("0", "0.4", "0.8")]
    cells += [("figure-11", BATCH.format(b)) for b in ("10", "50")]
    others = np.max([e.curves(study, cell).max(1) for study, cell in cells], axis=0)
    told, *_ = compared(ours, others, ("both", "the best other"))
    return f"against the best other of each seed: {told}", share_verdict(ours > others)


@_claim("III-F, Fig. 14", "On CIFAR-10 the accuracy is 41.94 %")
def _cifar10_accuracy(e: Evidence) -> tuple[str, Verdict]:
    best = e.curves("figure-14", SWITCH).max(1)
    return f"best epoch {percents(best)}", number_verdict(best, 0.4194)


@_claim("IV-A, Fig. 14", "There too the larger batch raises accuracy at once")
def _switch_helps_on_cifar10(e: Evidence) -> tuple[str, Verdict]:
    curves = e.curves("figure-14", SWITCH)
    rise = curves[:, 10] - curves[:, 9]
    return f"{points(rise)}; up {seeds_told(rise > 0)}", share_verdict(rise > 0)


@_claim("IV-B", "Trucks and automobiles are hard to tell apart")
def _trucks_and_automobiles(e: Evidence) -> tuple[str, Verdict]:
    study, names = e.complete("figure-14"), DATASETS["cifar10"].class_names
    pair = names.index("automobile"), names.index("truck")
    ranks = [_rank_of_pair(run.arrays["confusion"], *pair) for _, _, run in study.finished()]
    holds = np.array(ranks) <= 3
    told = f"rank {np.median(ranks):g} ({min(ranks)} to {max(ranks)}) of the 45 pairs of classes"
    return f"{told}; among the first three {seeds_told(holds)}", share_verdict(holds)


def _roughness(curves: np.ndarray) -> np.ndarray:
    """Return for each seed the typical change from one point to the next, shape (seeds,)."""
    roughness: np.ndarray = np.sqrt(np.mean(np.square(np.diff(curves, axis=1)), axis=1))
    return roughness


def _rank_of_pair(confusion: np.ndarray, a: int, b: int) -> int:
    """Return which place two classes have among the pairs that are taken for each other."""
    both = confusion + confusion.T
    pairs = both[np.triu_indices(len(both), 1)]
    return int((pairs > both[a, b]).sum()) + 1
