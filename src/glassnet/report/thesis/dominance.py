"""Which hyperparameter dominates: the variance of a factorial study, divided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from glassnet.figures.scaling import Panel, scaling
from glassnet.report.importance_drawings import importance_drawings
from glassnet.report.numbers import plural
from glassnet.report.sections import Drawing, Section, TextTable
from glassnet.report.study_section import curve
from glassnet.report.thesis.answers import framed, nothing_run, unanswered
from glassnet.report.thesis.rate_per_example import by_rate_per_example, collapse, one_number
from glassnet.report.thesis.wording import amount, listed, mean_told, share_told
from glassnet.study import Analysis, Study, analyse
from glassnet.study.intervals import Interval, mean_interval

STUDY = "question-1-which-dominates"
SHOWN = 5
"""Of the best and of the worst cells."""


def section(studies: Mapping[str, Study], *, data_dir: str | Path | None = None) -> Section:  # noqa: ARG001
    """Return the section of the question which hyperparameter dominates."""
    study = studies.get(STUDY)
    if study is None or nothing_run(study):
        return unanswered(STUDY, "Which hyperparameter dominates?", study)
    analysis = analyse(study)
    runs = _runs(study, analysis)
    shares = analysis.importance
    if shares is None:
        return framed(study, [_waiting(), _caution(study)], tables=_extremes(analysis))
    one = one_number(study, runs)
    return framed(
        study,
        [
            _short(shares) + _largely_one(one),
        ],
        findings=[
            *_divided(shares),
            *_levels_told(study, runs),
            *collapse(one),
            _caution(study),
        ],
        drawings=[
            *importance_drawings(study, analysis),
            *_main_effects(study, runs),
            *by_rate_per_example(study, runs),
        ],
        tables=[_share_table(shares), _level_table(study, runs), *_extremes(analysis)],
    )


def _waiting() -> str:
    return (
        "It cannot be told yet: the variance can be divided when every combination has the same "
        "seeds, two or more."
    )


def _interval(row: pd.Series) -> Interval:
    return Interval(float(row["share"]), float(row["low"]), float(row["high"]))


def _short(shares: pd.DataFrame) -> str:
    """Say which term explains most, and whether it is clearly more than the next."""
    effects = shares[shares["order"] > 0].sort_values("share", ascending=False)
    first, second = effects.iloc[0], effects.iloc[1]
    told = [f"{row['term']} {share_told(_interval(row))}" for row in (first, second)]
    if first["low"] <= second["high"]:
        return (
            "No single one dominates clearly: as far as their intervals tell, "
            f"{listed(told)} explain about as much of the variance of accuracy."
        )
    verb = (
        "dominates" if first["share"] > 0.5 else "matters most, though it explains less than half"
    )
    return (
        f"{_capital(first['term'])} {verb}: of the variance of accuracy it explains "
        f"{share_told(_interval(first))}; next comes {told[1]}."
    )


def _largely_one(share: Interval | None) -> str:
    if share is None or share.low <= 0.5:
        return ""
    return (
        " But learning rate, momentum and batch size act largely as one, as the rate for each "
        f"example, which explains {share_told(share)} of what all three do."
    )


def _capital(term: str) -> str:
    return f"{term[:1].upper()}{term[1:]}"


def _divided(shares: pd.DataFrame) -> list[str]:
    """Say how the variance is divided: main effects, interactions, seeds and the rest."""
    main = shares[shares["order"] == 1].sort_values("share", ascending=False)
    pairs = shares[shares["order"] == 2].sort_values("share", ascending=False)
    told = [f"{row['term']} {share_told(_interval(row))}" for _, row in main.iterrows()]
    text = f"Alone they explain: {', '.join(told)}."
    if len(pairs):
        pair = pairs.iloc[0]
        above = int((main["share"] < pair["share"]).sum())
        text += (
            f" The largest interaction is {pair['term']}, with {share_told(_interval(pair))}, more "
            f"than {above} of the {len(main)} hyperparameters alone; all interactions together "
            f"explain {100 * shares.loc[shares['order'] > 1, 'share'].sum():.0f} %."
        )
    rest = shares[shares["order"] == 0]
    told = [f"{row['term']} {share_told(_interval(row), 1)}" for _, row in rest.iterrows()]
    return [text, f"What no hyperparameter explains: {listed(told)}."]


def _runs(study: Study, analysis: Analysis) -> pd.DataFrame:
    """Return a row a run: the level of each factor, ``seed`` and ``value``."""
    rows = [
        {**cell.levels, "seed": seed, "value": value}
        for cell in analysis.cells
        for seed, value in cell.values.items()
    ]
    return pd.DataFrame(rows, columns=[*study.factors, "seed", "value"])


def _level_means(runs: pd.DataFrame, factor: str, level: str) -> dict[int, float]:
    """Return by seed the mean over all other factors."""
    means = runs[runs[factor] == level].groupby("seed")["value"].mean()
    return {int(seed): float(mean) for seed, mean in means.items()}


def _levels_told(study: Study, runs: pd.DataFrame) -> list[str]:
    """Say which level of each factor is best on average over all others."""
    told = []
    for factor in study.table.factors:
        means = {level: _level_means(runs, factor.name, level) for level in factor.levels}
        measured = {k: float(np.mean(list(v.values()))) for k, v in means.items() if v}
        if len(measured) > 1:
            best, worst = (choose(measured, key=lambda k: measured[k]) for choose in (max, min))
            gap = _gap(means[best], means[worst])
            told.append(f"{factor.name} {best} ({gap}, over {worst})")
    return [f"Best on average over all others: {'; '.join(told)}."] if told else []


def _gap(first: Mapping[int, float], second: Mapping[int, float]) -> str:
    """Return the difference of two levels within each seed, with its interval."""
    both = [first[seed] - second[seed] for seed in first if seed in second]
    return amount(mean_interval(both), digits=1) if both else "no seed in common"


def _caution(study: Study) -> str:
    ranges = [f"{f.name} {f.levels[0]} to {f.levels[-1]}" for f in study.table.factors]
    return (
        f"Shares are of the grid that was run ({', '.join(ranges)}), and of no other: importance "
        "depends on the ranges that one chooses, and a wider one makes its hyperparameter more "
        "important. And at a fixed rate for each step a larger batch moves the weights less often, "
        "so what stands under batch size is in part a smaller rate for each example."
    )


def _main_effects(study: Study, runs: pd.DataFrame) -> list[Drawing]:
    """Draw the mean at each level of each factor, over all others."""
    panels = []
    for factor in study.table.factors:
        table = runs.pivot_table("value", "seed", factor.name)[
            [level for level in factor.levels if level in set(runs[factor.name])]
        ]
        x = table.columns.to_numpy(float)
        panels.append(
            Panel(factor.name, [curve("", x, 100 * table.to_numpy(float))], log_x=bool(x.min() > 0))
        )
    figure = scaling(panels, y_label="test accuracy (%)", log_y=False, columns=2, repeated="seed")
    seeds = runs["seed"].nunique()
    return [
        Drawing(
            f"{STUDY}-levels",
            figure,
            " ".join(_levels_told(study, runs)) or "Mean accuracy by level",
            "Mean test accuracy at each level of each hyperparameter, over all levels of the "
            f"others. The bootstrap band of {plural(seeds, 'seed')} is narrower than a 95 % "
            "interval should be; the table has intervals by Student's t.",
        )
    ]


def _share_table(shares: pd.DataFrame) -> TextTable:
    rows = [
        [
            str(row["term"]),
            share_told(_interval(row), 1),
            "–" if np.isnan(row["omega_squared"]) else f"{100 * row['omega_squared']:.1f} %",
            "–" if np.isnan(row["p"]) else _p(float(row["p"])),
        ]
        for _, row in shares.sort_values("share", ascending=False).iterrows()
    ]
    headings = ["Term", "Share (95 % interval)", "Omega squared", "p"]
    return TextTable(headings, rows, "Analysis of variance, with seeds as blocks")


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _level_table(study: Study, runs: pd.DataFrame) -> TextTable:
    rows = [
        [f"{factor.name} {level}", *mean_told(_level_means(runs, factor.name, level), most=1.0)]
        for factor in study.table.factors
        for level in factor.levels
    ]
    headings = ["Level", "Mean test accuracy (%)", "95 % interval"]
    return TextTable(headings, rows, "Mean over all other hyperparameters")


def _extremes(analysis: Analysis) -> list[TextTable]:
    """Return the best and the worst cells."""
    measured = sorted(
        (cell for cell in analysis.cells if cell.values), key=lambda cell: -cell.interval.mean
    )
    tables = []
    for caption, cells in (
        ("The best cells", measured[:SHOWN]),
        ("The worst cells", measured[SHOWN:][-SHOWN:]),
    ):
        rows: list[Sequence[str]] = [
            [*cell.levels.values(), *mean_told(cell.values, most=1.0)] for cell in cells
        ]
        if rows:
            headings = [*(_capital(name) for name in cells[0].levels), "Accuracy (%)"]
            tables.append(TextTable([*headings, "95 % interval"], rows, caption))
    return tables
