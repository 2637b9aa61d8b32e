"""What the thesis says of batch sizes: Fig. 10, 11 and 12."""

from __future__ import annotations

import numpy as np

from glassnet.study.thesis.entries import Entry, entering
from glassnet.study.thesis.evidence import Evidence, Floats
from glassnet.study.thesis.rules import (
    Verdict,
    number_verdict,
    roughness,
    share_verdict,
    sudden_rises,
)
from glassnet.study.thesis.wording import difference, epochs, percents, points, seeds_told

CLAIMS: list[Entry] = []
claim = entering(CLAIMS)

SIZES = ("1", "10", "50")
SWITCH = "batch 1, then 50"


def _errors(e: Evidence, size: str) -> Floats:
    """Return the training set's error before and after each step, shape (seeds, steps + 1)."""
    return e.arrays("figure-10", f"batch size {size}", "step_mean_squared_error")


def _batch(e: Evidence, size: str) -> Floats:
    return e.curves("figure-11", f"batch size {size}")


@claim("III-D, Fig. 10", "After 100 steps of SGD the training set's error is larger than before")
def _error_grows_over_100_steps(e: Evidence) -> tuple[str, Verdict]:
    error = _errors(e, "1")
    holds = error[:, -1] > error[:, 0]
    change = 100 * (error[:, -1] / error[:, 0] - 1)
    told = f"changes by {change.mean():+.1f} % ({change.min():+.1f} to {change.max():+.1f})"
    return f"larger {seeds_told(holds)}: {told}".replace("-", "−"), share_verdict(holds)


@claim(
    "III-D, Fig. 10", "From step to step the error varies much with batch size 1, less with more"
)
def _error_varies_less_with_larger_batches(e: Evidence) -> tuple[str, Verdict]:
    rough = [roughness(_errors(e, size)) for size in SIZES]
    holds = (rough[0] > rough[1]) & (rough[1] > rough[2])
    ratio = (rough[0] / rough[2]).mean()
    told = f"typical change {ratio:.1f} times as large with 1 as with 50"
    return f"in this order {seeds_told(holds)}: {told}", share_verdict(holds)


@claim("III-D, Fig. 10", "Over these 100 steps larger batches learn faster")
def _larger_batches_learn_faster_in_100_steps(e: Evidence) -> tuple[str, Verdict]:
    ends = {size: _errors(e, size)[:, -1] for size in SIZES}
    holds = (ends["50"] < ends["10"]) & (ends["10"] < ends["1"])
    lower = 100 * (1 - ends["50"] / ends["1"]).mean()
    told = f"the error is {lower:.1f} % lower with 50 than with 1"
    return f"in this order {seeds_told(holds)}; {told}", share_verdict(holds)


@claim("III-D, Fig. 11", "Under the square-root rule SGD learns faster in the beginning")
def _small_batches_learn_faster_at_first(e: Evidence) -> tuple[str, Verdict]:
    return _ahead(e, slice(0, 5), "epochs 1 to 5")


@claim("III-D, Fig. 11", "And SGD is the faster way to learn overall")
def _small_batches_learn_faster_overall(e: Evidence) -> tuple[str, Verdict]:
    return _ahead(e, slice(0, 35), "all 35 epochs")


def _ahead(e: Evidence, when: slice, name: str) -> tuple[str, Verdict]:
    means = {size: _batch(e, size)[:, when].mean(1) for size in SIZES}
    holds = (means["1"] > means["10"]) & (means["1"] > means["50"])
    against = [f"against {s} {difference(means['1'], means[s])}" for s in ("10", "50")]
    told = f"ahead of both in the mean of {name} {seeds_told(holds)}"
    return f"{told}: {'; '.join(against)}", share_verdict(holds)


@claim("IV-A, Fig. 11", "With larger batches too accuracy rises suddenly within one epoch")
def _larger_batches_jump(e: Evidence) -> tuple[str, Verdict]:
    sudden = [sudden_rises(_batch(e, size))[:, 3:].any(1) for size in ("10", "50")]
    holds = sudden[0] | sudden[1]
    return f"with 10 or 50, after the fourth epoch, {seeds_told(holds)}", share_verdict(holds)


@claim("III-E, Fig. 12", "Going from batch size 1 to 50 raises accuracy 0.45 points in one epoch")
def _switch_raises_accuracy(e: Evidence) -> tuple[str, Verdict]:
    curves = e.curves("figure-12", SWITCH)
    rise = curves[:, 25] - curves[:, 24]
    return f"up {seeds_told(rise > 0)}: {points(rise)}", number_verdict(rise, 0.0045)


@claim("III-E, Fig. 12", "The learning curve is smoother after that")
def _switch_smooths_the_curve(e: Evidence) -> tuple[str, Verdict]:
    curves = e.curves("figure-12", SWITCH)
    before, after = roughness(curves[:, 14:25]), roughness(curves[:, 25:])
    told = f"typical change {100 * before.mean():.2f} points before, {100 * after.mean():.2f} after"
    return f"smoother {seeds_told(after < before)}: {told}", share_verdict(after < before)


@claim("III-E, Fig. 12", "With batch size 1 and then 50 the best accuracy is 95.75 %")
def _best_with_switch(e: Evidence) -> tuple[str, Verdict]:
    best = e.curves("figure-12", SWITCH).max(1)
    return percents(best), number_verdict(best, 0.9575)


@claim("III-E, Fig. 12", "With both batch sizes the best epoch is the 31st of 35")
def _best_epoch_with_switch(e: Evidence) -> tuple[str, Verdict]:
    at = e.curves("figure-12", SWITCH).argmax(1) + 1
    return epochs(at), number_verdict(at, 31, wide=7)


@claim("III-E, Fig. 12", "That is 0.25 points better than SGD alone")
def _switch_beats_sgd_alone(e: Evidence) -> tuple[str, Verdict]:
    gain = e.curves("figure-12", SWITCH).max(1) - e.curves("figure-09", "momentum 0.8").max(1)
    return f"better {seeds_told(gain > 0)}: {points(gain)}", number_verdict(gain, 0.0025)


@claim("III-E, Fig. 12", "After epoch 32 it overfits: training accuracy rises, test accuracy falls")
def _overfits_after_32(e: Evidence) -> tuple[str, Verdict]:
    test, train = (e.curves("figure-12", SWITCH, v) for v in ("validation_accuracy", "accuracy"))
    fall, rise = (curves[:, 32:35].mean(1) - curves[:, 29:32].mean(1) for curves in (test, train))
    holds = (fall < 0) & (rise > 0)
    told = f"from epochs 30-32 to 33-35 test {points(fall)}, training {points(rise)}"
    return f"both {seeds_told(holds)}: {told}", share_verdict(holds)


@claim("V", "Momentum, and then the larger batch, give the best result on MNIST")
def _both_together_are_best(e: Evidence) -> tuple[str, Verdict]:
    ours = e.curves("figure-12", SWITCH).max(1)
    cells = [("figure-08", f"learning rate {rate}") for rate in ("0.01", "0.1", "1", "5")]
    cells += [("figure-09", f"momentum {momentum}") for momentum in ("0", "0.4", "0.8")]
    cells += [("figure-11", f"batch size {size}") for size in ("10", "50")]
    others = np.max([e.curves(study, cell).max(1) for study, cell in cells], axis=0)
    told = f"against the best of the nine others in each seed {difference(ours, others)}"
    return f"highest {seeds_told(ours > others)}; {told}", share_verdict(ours > others)
