"""What the thesis says of CIFAR-10: Fig. 14."""

from __future__ import annotations

import numpy as np

from glassnet.data import DATASETS
from glassnet.study.thesis.entries import Entry, entering
from glassnet.study.thesis.evidence import Evidence
from glassnet.study.thesis.rules import Verdict, number_verdict, share_verdict
from glassnet.study.thesis.wording import percents, points, seeds_told

CLAIMS: list[Entry] = []
claim = entering(CLAIMS)

STUDY, CELL = "figure-14", "batch 1, then 50"
OTHER_START, OTHER_CELL = "figure-14-standard-normal", "weights from N(0, 1)"


@claim("III-F, Fig. 14", "On CIFAR-10 the accuracy is 41.94 %")
def _accuracy(e: Evidence) -> tuple[str, Verdict]:
    best = e.curves(STUDY, CELL).max(1)
    start = e.curves(OTHER_START, OTHER_CELL).max(1)
    told = f"{percents(best)} from Glorot's weights; {percents(start)} from N(0, 1)"
    met = "reproduced" in {number_verdict(values, 0.4194) for values in (best, start)}
    return f"{told}; the thesis does not say its own", "reproduced" if met else "not reproduced"


@claim("IV-B, Fig. 14", "That is over 40 %, far better than a guess")
def _over_40(e: Evidence) -> tuple[str, Verdict]:
    holds = e.curves(STUDY, CELL).max(1) > 0.4
    return seeds_told(holds), share_verdict(holds)


@claim("IV-A, Fig. 14", "There too the larger batch raises accuracy at once")
def _switch_helps(e: Evidence) -> tuple[str, Verdict]:
    curves = e.curves(STUDY, CELL)
    rise = curves[:, 10] - curves[:, 9]
    return f"up {seeds_told(rise > 0)}: {points(rise)}", share_verdict(rise > 0)


@claim("IV-B", "Trucks and automobiles are hard to tell apart")
def _trucks_and_automobiles(e: Evidence) -> tuple[str, Verdict]:
    study, names = e.complete(STUDY), DATASETS["cifar10"].class_names
    pair = names.index("automobile"), names.index("truck")
    ranks = [_rank_of_pair(run.arrays["confusion"], *pair) for _, _, run in study.finished()]
    holds = np.array(ranks) <= 3
    told = f"rank {np.median(ranks):g} ({min(ranks)} to {max(ranks)})"
    return f"among the first three of 45 pairs {seeds_told(holds)}: {told}", share_verdict(holds)


def _rank_of_pair(confusion: np.ndarray, a: int, b: int) -> int:
    """Return which place two classes have among the pairs that are taken for each other."""
    both = confusion + confusion.T
    pairs = both[np.triu_indices(len(both), 1)]
    return int((pairs > both[a, b]).sum()) + 1
