"""What the open questions' sections share: their frame, numbers of each run, chosen comparisons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from glassnet.report.sections import Drawing, Section, TextTable
from glassnet.report.study_section import command, ran
from glassnet.study import Study
from glassnet.study.comparison import Difference, holm, paired_differences
from glassnet.study.intervals import Interval, share_interval

Values = Mapping[str, Mapping[int, float]]
"""A number of each run, by cell and seed."""

Family = Mapping[tuple[str, str], Difference]
"""Comparisons that are corrected together, by their two cells."""

NOT_YET = "The cells that the answer compares have not yet two seeds in common."


def nothing_run(study: Study | None) -> bool:
    """Tell whether no run of a study has finished."""
    return study is None or not any(study.archive.has(spec) for spec in study.specs)


def unanswered(key: str, title: str, study: Study | None) -> Section:
    """Return the section of a question of which nothing has been run."""
    return Section(
        key=key,
        title=title,
        question=asked(study) if study is not None else "",
        answer=["Nothing of this has been run, so there is no answer yet."],
        command=command(study) if study is not None else f"glassnet study run {key}",
    )


def asked(study: Study) -> str:
    """Return a study's question on one line."""
    return " ".join(study.table.question.split())


def framed(
    study: Study,
    answer: Sequence[str],
    *,
    findings: Sequence[str] = (),
    drawings: Sequence[Drawing] = (),
    tables: Sequence[TextTable] = (),
) -> Section:
    """Return a study's section, with what was run, and how much of it is missing."""
    return Section(
        key=study.name,
        title=study.table.title,
        question=asked(study),
        answer=with_progress([study], answer),
        findings=findings,
        drawings=drawings,
        tables=tables,
        ran=ran(study),
        command=command(study),
    )


def with_progress(studies: Sequence[Study], answer: Sequence[str]) -> list[str]:
    """Return the answer; where runs are missing, it begins with how many have finished."""
    specs = {spec.key: (study, spec) for study in studies for spec in study.specs}
    done = sum(study.archive.has(spec) for study, spec in specs.values())
    if done == len(specs) or not answer:
        return list(answer)
    return [f"With {done:,} of {len(specs):,} runs so far: {answer[0]}", *answer[1:]]


def by_epoch(results: pd.DataFrame, value: str) -> dict[str, pd.DataFrame]:
    """Return a number of every epoch: for each cell a table, a row a seed, a column an epoch."""
    return {
        str(cell): table.pivot(columns="epoch", index="seed", values=value)
        for cell, table in results.groupby("cell", sort=False)
    }


def each_run(
    tables: Mapping[str, pd.DataFrame], number: Callable[[pd.DataFrame], pd.Series]
) -> dict[str, dict[int, float]]:
    """Return one number of each run, computed from the tables of `by_epoch`."""
    return {cell: number(table).dropna().to_dict() for cell, table in tables.items()}


def last_epochs(table: pd.DataFrame, count: int) -> pd.Series:
    """Return the mean of each row's last epochs, for one epoch alone is noisy."""
    return table.apply(lambda row: row.dropna().iloc[-count:].mean(), axis=1)


def family(values: Values, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Difference]:
    """Compare chosen pairs of cells, with Holm's correction for their number.

    Pairs that have fewer than two seeds in common are left out.
    """
    found = []
    for first, second in pairs:
        both = set(values.get(first, ())) & set(values.get(second, ()))
        if len(both) >= 2:
            found += paired_differences({first: values[first], second: values[second]})
    corrected = holm([d.p for d in found])
    return {
        (d.first, d.second): replace(d, p_holm=p) for d, p in zip(found, corrected, strict=True)
    }


def ratio_interval(part: ArrayLike, whole: ArrayLike) -> Interval:
    """Return the ratio of two means over seeds and its bootstrap interval.

    Parameters
    ----------
    part, whole : array-like of float, shape (seeds,)
    """
    a, b = np.asarray(part, float), np.asarray(whole, float)
    drawn = np.random.default_rng(0).integers(len(a), size=(2000, len(a)))
    low, high = np.quantile(a[drawn].mean(1) / b[drawn].mean(1), [0.025, 0.975])
    return Interval(float(a.mean() / b.mean()), float(low), float(high))


def share_over_seeds(part: Sequence[int], whole: Sequence[int]) -> Interval:
    """Return the share of events that are of a kind, with its interval over seeds.

    The events of a seed are no separate witnesses, so whole seeds are drawn anew. Where all seeds
    agree there is nothing to draw: then it is Wilson's interval of so many seeds.

    Parameters
    ----------
    part, whole : sequence of int
        The events of each seed that are of the kind, and all of them.

    Examples
    --------
    >>> [round(number, 2) for number in share_over_seeds([2, 1, 0, 3], [2, 1, 0, 3])]
    [1.0, 0.44, 1.0]
    >>> [round(number, 2) for number in share_over_seeds([2, 0, 1], [2, 2, 1])]
    [0.6, 0.0, 1.0]
    """
    of_seeds = np.array([(a, b) for a, b in zip(part, whole, strict=True) if b > 0], float)
    if len(of_seeds) == 0:
        return Interval(*(float("nan"),) * 3)
    a, b = of_seeds.sum(axis=0)
    if a in {0.0, b}:
        return share_interval(len(of_seeds) if a else 0, len(of_seeds))
    if len(of_seeds) == 1:
        return Interval(float(a / b), float("nan"), float("nan"))
    drawn = np.random.default_rng(0).integers(len(of_seeds), size=(2000, len(of_seeds)))
    sums = of_seeds[drawn].sum(axis=1)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], [0.025, 0.975])
    return Interval(float(a / b), float(low), float(high))
