"""Which cells of a study are compared, and what is to be known of those comparisons."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from glassnet.study.comparison import Difference, holm, paired_differences
from glassnet.study.study import Study

MOST_CELLS = 8
"""Of which all pairs are compared. With more cells and no baseline there would be too many."""

Values = Mapping[str, Mapping[int, float]]
"""A number of each run, by cell and seed."""


def planned_pairs(study: Study) -> list[tuple[str, str]]:
    """Return the pairs of cells that a study compares: each with the baseline, or all."""
    labels, baseline = [cell.label for cell in study.cells], study.table.baseline
    if baseline is not None:
        return [(label, baseline) for label in labels if label != baseline]
    return list(itertools.combinations(labels, 2)) if len(labels) <= MOST_CELLS else []


def differences_of(study: Study, values: Values) -> list[Difference]:
    """Compare the pairs that have two seeds or more in common; these Holm corrects together."""
    found = []
    for first, second in planned_pairs(study):
        if _in_common(values, first, second) >= 2:
            found += paired_differences({first: values[first], second: values[second]})
    corrected = holm([difference.p for difference in found])
    return [replace(d, p_holm=p) for d, p in zip(found, corrected, strict=True)]


def remarks_on(study: Study, values: Values, differences: Sequence[Difference]) -> list[str]:
    """Say of which cells only survivors count, and which comparisons could not be made."""
    if not values:
        return []
    return [*_survivors(study, values), *_left_out(study, differences)]


def _survivors(study: Study, values: Values) -> list[str]:
    failed = Counter(cell.label for cell, _, _ in study.failed())
    told = []
    for cell in study.cells:
        k, n, left = failed[cell.label], len(cell.specs), len(values.get(cell.label, ()))
        if k:
            rest = f"; its number is of the {left} that survived" if left else ""
            told.append(f"{cell.label}: {k} of {n} runs failed{rest}.")
    return told


def _left_out(study: Study, differences: Sequence[Difference]) -> list[str]:
    made = {(d.first, d.second) for d in differences}
    missing = [pair for pair in planned_pairs(study) if pair not in made]
    if not missing:
        return []
    if not made:
        return ["No cells are compared: that takes two finished runs, of the same seeds, of both."]
    compared = {label for pair in made for label in pair}
    alone = [cell.label for cell in study.cells if cell.label not in compared]
    pairs = [f"{a} with {b}" for a, b in missing if a in compared and b in compared]
    why = "fewer than two seeds in common"
    return [f"Not compared, with {why}: {'; '.join(many)}." for many in (alone, pairs) if many]


def _in_common(values: Values, first: str, second: str) -> int:
    return len(values.get(first, {}).keys() & values.get(second, {}).keys())
