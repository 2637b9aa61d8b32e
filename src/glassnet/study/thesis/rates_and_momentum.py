"""What the thesis says of learning rate and momentum: Fig. 8 and 9."""

from __future__ import annotations

import numpy as np

from glassnet.study.thesis.entries import Entry, entering
from glassnet.study.thesis.evidence import Evidence, Floats
from glassnet.study.thesis.rules import (
    ALIKE,
    Verdict,
    first_epoch,
    number_verdict,
    roughness,
    share_verdict,
    sudden_rises,
)
from glassnet.study.thesis.wording import difference, epochs, percents, points, seeds_told

CLAIMS: list[Entry] = []
claim = entering(CLAIMS)

RATES, MOMENTA = ("0.01", "0.1", "1", "5"), ("0", "0.4", "0.8")


def _rate(e: Evidence, rate: str) -> Floats:
    return e.curves("figure-08", f"learning rate {rate}")


def _momentum(e: Evidence, momentum: str, value: str = "validation_accuracy") -> Floats:
    return e.curves("figure-09", f"momentum {momentum}", value)


@claim("III-B, Fig. 8", "The learning rate 0.1 is the best of 0.01, 0.1, 1 and 5")
def _rate_01_is_best(e: Evidence) -> tuple[str, Verdict]:
    best = {rate: _rate(e, rate).max(1) for rate in RATES}
    holds = best["0.1"] >= np.max([best[rate] for rate in best], axis=0)
    told = f"highest {seeds_told(holds)}; against rate 1 {difference(best['0.1'], best['1'])}"
    return f"best epoch {told}", share_verdict(holds)


@claim("III-B, Fig. 8", "With rate 0.1 the best accuracy is 94.81 %")
def _best_with_rate_01(e: Evidence) -> tuple[str, Verdict]:
    best = _rate(e, "0.1").max(1)
    return percents(best), number_verdict(best, 0.9481)


@claim("III-B, Fig. 8", "With rate 0.1 the best epoch is the 32nd of 35")
def _best_epoch_with_rate_01(e: Evidence) -> tuple[str, Verdict]:
    at = _rate(e, "0.1").argmax(1) + 1
    return epochs(at), number_verdict(at, 32, wide=7)


@claim("IV, Fig. 8", "Already the first simulations reach over 94 %")
def _over_94(e: Evidence) -> tuple[str, Verdict]:
    holds = np.max([_rate(e, rate).max(1) for rate in RATES], axis=0) > 0.94
    return f"in some epoch with some rate {seeds_told(holds)}", share_verdict(holds)


@claim("III-B, Fig. 8", "With rate 1 the accuracy is over 90 % after the first epoch")
def _rate_1_after_one_epoch(e: Evidence) -> tuple[str, Verdict]:
    first = _rate(e, "1")[:, 0]
    return f"{seeds_told(first > 0.9)}: {percents(first)}", share_verdict(first > 0.9)


@claim("III-B, Fig. 8", "The lead of rate 1 over 0.1 shrinks after the second epoch")
def _lead_of_rate_1_shrinks(e: Evidence) -> tuple[str, Verdict]:
    lead = _rate(e, "1") - _rate(e, "0.1")
    early, late = lead[:, :2].mean(1), lead[:, 2:10].mean(1)
    told = f"{points(early)} in epochs 1 and 2, {points(late)} in epochs 3 to 10"
    return f"smaller {seeds_told(late < early)}: {told}", share_verdict(late < early)


@claim("III-B, Fig. 8", "Rate 5 is too large and does poorly")
def _rate_5_is_poor(e: Evidence) -> tuple[str, Verdict]:
    poor, good = _rate(e, "5").max(1), _rate(e, "0.1").max(1)
    holds = poor < good - 0.01
    told = f"best epoch {percents(poor)}, with 0.1 {percents(good)}"
    return f"over a point below 0.1 {seeds_told(holds)}: {told}", share_verdict(holds)


@claim("IV-A, Fig. 8", "With rate 5 the accuracy changes erratically from epoch to epoch")
def _rate_5_is_erratic(e: Evidence) -> tuple[str, Verdict]:
    rough, calm = (roughness(_rate(e, rate)[:, 10:]) for rate in ("5", "0.1"))
    holds = rough > 3 * calm
    told = f"typical change {100 * rough.mean():.2f} points, with 0.1 {100 * calm.mean():.2f}"
    return f"over three times that of 0.1 {seeds_told(holds)}: {told}", share_verdict(holds)


@claim("IV-A, Fig. 8", "Rate 0.01 is needlessly small and learns slowly")
def _rate_001_is_slow(e: Evidence) -> tuple[str, Verdict]:
    slow, fast = _rate(e, "0.01"), _rate(e, "0.1")
    holds = slow[:, -1] < fast[:, -1] - ALIKE
    reached = [epochs(first_epoch(curves, 0.9)) for curves in (slow, fast)]
    told = f"after 35 epochs {percents(slow[:, -1])}; 90 % at {reached[0]}, with 0.1 {reached[1]}"
    return f"still behind 0.1 {seeds_told(holds)}: {told}", share_verdict(holds)


@claim("IV-A, Fig. 8", "With rate 0.01 accuracy rises suddenly within one epoch, after epoch 10")
def _rate_001_jumps(e: Evidence) -> tuple[str, Verdict]:
    sudden = sudden_rises(_rate(e, "0.01"))[:, 9:]
    holds = sudden.any(1)
    at = f", first at {epochs(sudden[holds].argmax(1) + 11)}" if holds.any() else ""
    return f"from epoch 11 on {seeds_told(holds)}{at}", share_verdict(holds)


@claim("III-C, Fig. 9", "Momentum 0.4 reaches 93.3 % within 3 epochs")
def _momentum_04_within_3_epochs(e: Evidence) -> tuple[str, Verdict]:
    first = first_epoch(_momentum(e, "0.4"), 0.933)
    return f"{seeds_told(first <= 3)}: at {epochs(first)}", share_verdict(first <= 3)


@claim("III-C, Fig. 9", "Without momentum it takes 6 epochs to 93.3 %")
def _no_momentum_takes_6_epochs(e: Evidence) -> tuple[str, Verdict]:
    first = first_epoch(_momentum(e, "0"), 0.933)
    return f"at {epochs(first)}", number_verdict(first, 6, wide=3)


@claim("III-C, Fig. 9", "Momentum 0.4 gets to 93.3 % sooner than none")
def _momentum_04_is_sooner(e: Evidence) -> tuple[str, Verdict]:
    holds = first_epoch(_momentum(e, "0.4"), 0.933) < first_epoch(_momentum(e, "0"), 0.933)
    return seeds_told(holds), share_verdict(holds)


@claim("III-C, Fig. 9", "Momentum 0.4 learns faster in the beginning")
def _momentum_04_is_faster_at_first(e: Evidence) -> tuple[str, Verdict]:
    some, none = (_momentum(e, momentum)[:, :6].mean(1) for momentum in ("0.4", "0"))
    told = f"higher in the mean of epochs 1 to 6 {seeds_told(some > none)}"
    return f"{told}: {difference(some, none)}", share_verdict(some > none)


@claim("III-C, Fig. 9", "After 15 epochs momentum 0.4 makes no significant difference")
def _momentum_04_makes_no_late_difference(e: Evidence) -> tuple[str, Verdict]:
    some, none = (_momentum(e, momentum)[:, 15:].mean(1) for momentum in ("0.4", "0"))
    holds = np.abs(some - none) <= ALIKE
    told = f"within 0.25 points in the mean of epochs 16 to 35 {seeds_told(holds)}"
    return f"{told}: {difference(some, none)}", share_verdict(holds)


@claim("III-C, Fig. 9", "Momentum 0.8 behaves like 0.4 in the first 7 epochs")
def _momentum_08_is_like_04_at_first(e: Evidence) -> tuple[str, Verdict]:
    large, small = (_momentum(e, momentum)[:, :7].mean(1) for momentum in ("0.8", "0.4"))
    holds = np.abs(large - small) <= ALIKE
    told = f"within 0.25 points in their mean {seeds_told(holds)}"
    return f"{told}: {difference(large, small)}", share_verdict(holds)


@claim("III-C, Fig. 9", "After 7 epochs momentum 0.8 is better than 0.4")
def _momentum_08_is_better_later(e: Evidence) -> tuple[str, Verdict]:
    large, small = (_momentum(e, momentum)[:, 7:].mean(1) for momentum in ("0.8", "0.4"))
    told = f"higher in the mean of epochs 8 to 35 {seeds_told(large > small)}"
    return f"{told}: {difference(large, small)}", share_verdict(large > small)


@claim("III-C, Fig. 9", "Momentum 0.8 is the best of 0, 0.4 and 0.8")
def _momentum_08_is_best(e: Evidence) -> tuple[str, Verdict]:
    best = {momentum: _momentum(e, momentum).max(1) for momentum in MOMENTA}
    holds = best["0.8"] >= np.max([best[momentum] for momentum in best], axis=0)
    told = f"highest {seeds_told(holds)}; against none {difference(best['0.8'], best['0'])}"
    return f"best epoch {told}", share_verdict(holds)


@claim("III-C, Fig. 9", "With momentum 0.8 the best accuracy is 95.5 %")
def _best_with_momentum_08(e: Evidence) -> tuple[str, Verdict]:
    best = _momentum(e, "0.8").max(1)
    return percents(best), number_verdict(best, 0.955)


@claim("III-C, Fig. 9", "With momentum 0.8 the best epoch is the 30th of 35")
def _best_epoch_with_momentum_08(e: Evidence) -> tuple[str, Verdict]:
    at = _momentum(e, "0.8").argmax(1) + 1
    return epochs(at), number_verdict(at, 30, wide=7)


@claim("III-C, IV-A, Fig. 9", "Momentum 0.8 finds a better minimum")
def _momentum_08_finds_a_better_minimum(e: Evidence) -> tuple[str, Verdict]:
    large, none = (_momentum(e, momentum, "loss")[:, -1] for momentum in ("0.8", "0"))
    holds = large < none
    lower = 100 * (1 - large / none)
    told = f"{lower.mean():.0f} % ({lower.min():.0f} to {lower.max():.0f})"
    return f"training loss lower at the end {seeds_told(holds)}: by {told}", share_verdict(holds)


@claim("IV-A, Fig. 9", "With momentum 0.8 accuracy changes erratically, as with rate 5")
def _momentum_08_is_erratic(e: Evidence) -> tuple[str, Verdict]:
    rough, wild = roughness(_momentum(e, "0.8")[:, 10:]), roughness(_rate(e, "5")[:, 10:])
    holds = rough > wild / 3
    told = f"typical change {100 * rough.mean():.2f} points, with rate 5 {100 * wild.mean():.2f}"
    return f"over a third of that of rate 5 {seeds_told(holds)}: {told}", share_verdict(holds)


@claim("IV-A, Fig. 8, 9", "In the beginning momentum 0.4 behaves like the learning rate 1")
def _momentum_04_is_like_rate_1(e: Evidence) -> tuple[str, Verdict]:
    momentum, rate = _momentum(e, "0.4")[:, :5].mean(1), _rate(e, "1")[:, :5].mean(1)
    holds = np.abs(momentum - rate) <= ALIKE
    told = f"within 0.25 points in the mean of epochs 1 to 5 {seeds_told(holds)}"
    return f"{told}: {difference(momentum, rate)}", share_verdict(holds)


@claim("V", "Momentum improves accuracy over plain gradient descent")
def _momentum_improves(e: Evidence) -> tuple[str, Verdict]:
    large, none = (_momentum(e, momentum)[:, -5:].mean(1) for momentum in ("0.8", "0"))
    told = f"0.8 higher in the mean of the last five epochs {seeds_told(large > none)}"
    return f"{told}: {difference(large, none)}", share_verdict(large > none)
