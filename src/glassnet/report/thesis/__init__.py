"""The page of the thesis: the ledger, its figures drawn anew, and the open questions answered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from glassnet.report.numbers import duration, plural
from glassnet.report.sections import Page
from glassnet.report.thesis import (
    batch_or_rate,
    dominance,
    epoch_time,
    illustrations,
    jumps,
    mistakes,
    momentum_or_rate,
    overfitting,
)
from glassnet.report.thesis.figure_sections import FIGURES, figure_section
from glassnet.study import Study
from glassnet.study.thesis import ledger

_QUESTIONS = (
    dominance,
    batch_or_rate,
    jumps,
    epoch_time,
    mistakes,
    momentum_or_rate,
    overfitting,
)


def thesis_page(studies: Sequence[Study], *, data_dir: str | Path | None = None) -> Page:
    """Return the page of the thesis.

    Parameters
    ----------
    studies : sequence of Study
        All that are shipped.
    data_dir : path-like, optional
        Where to look first for the data, of which pictures show examples.
    """
    by_name = {study.name: study for study in studies}
    figures = [figure_section(by_name[name]) for name in FIGURES]
    questions = [question.section(by_name, data_dir=data_dir) for question in _QUESTIONS]
    return Page(
        title="A bachelor's thesis, run again with many seeds",
        lead=_lead(studies),
        ledger=ledger(by_name),
        sections=[*figures, *questions, illustrations.section(data_dir)],
    )


def _lead(studies: Sequence[Study]) -> list[str]:
    runs = {spec.key: run for study in studies for _, spec, run in study.finished()}
    seconds = sum(run.seconds for run in runs.values())
    seeds = max(study.table.seeds for study in studies)
    thesis = (
        "“Building a Deep Neural Network From Scratch” (F. Sundström and S. Raittila, KTH, 2023, "
        "TRITA-EECS-EX-2023:178) trains small networks on MNIST and CIFAR-10 and draws conclusions "
        "about learning rate, momentum and batch size from one seed each. Here every run of it is "
        f"made with up to {plural(seeds, 'seed')}, each with its own initial weights and order of "
        "the examples; its claims are held against what came out, and its open questions answered."
    )
    work = (
        f"{plural(len(runs), 'run')}, {duration(seconds)} of computing on one thread each. As in "
        "the thesis, epochs are measured on the test set, which flatters the best of many."
    )
    return [thesis, work]
