"""How the time of an epoch depends on batch size, hidden units and momentum."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from glassnet.figures.bands import Curve
from glassnet.figures.scaling import Panel, scaling
from glassnet.report.sections import Drawing, Section, TextTable
from glassnet.report.study_section import curve
from glassnet.report.thesis.answers import framed, nothing_run, unanswered
from glassnet.report.thesis.power_law import BATCH, HIDDEN, MOMENTUM, fit, slopes
from glassnet.report.thesis.wording import signed
from glassnet.study import Study
from glassnet.study.intervals import Interval, mean_interval

STUDY = "question-4-time-an-epoch"


def section(studies: Mapping[str, Study], *, data_dir: str | Path | None = None) -> Section:  # noqa: ARG001
    """Return the section of the question how long an epoch takes."""
    study = studies.get(STUDY)
    if study is None or nothing_run(study):
        return unanswered(STUDY, "How long does an epoch take?", study)
    times = _times(study)
    return framed(
        study,
        [_short(times)],
        findings=[*_fitted(times), *_momentum(times), _measured(study)],
        drawings=_panels(times),
        tables=[*_exponents(times), _table(times)],
    )


def _times(study: Study) -> pd.DataFrame:
    """Return the fastest epoch of each run: levels as numbers, ``seed``, ``seconds``."""
    results = study.results()
    fastest = results.loc[results.groupby("run")["epoch_seconds"].idxmin()]
    columns = {name: fastest[name].astype(float) for name in (BATCH, HIDDEN, MOMENTUM)}
    return pd.DataFrame(
        {**columns, "seed": fastest["seed"], "seconds": fastest["epoch_seconds"].astype(float)}
    ).reset_index(drop=True)


def _ratio(times: pd.DataFrame, factor: str) -> Interval | None:
    """Return how many times as long the highest level takes as the lowest, all else being equal.

    It is a geometric mean over all combinations of the other levels, with an interval over
    repetitions; None where no combination has both.
    """
    low, high = (_logs(times[times[factor] == end], factor) for end in _ends(times, factor))
    logs = (high - low).dropna().groupby("seed").mean()
    return _exponential(mean_interval(logs.to_numpy())) if len(logs) else None


def _logs(times: pd.DataFrame, factor: str) -> pd.Series:
    """Return the logarithms of the times, by repetition and the levels of the other factors."""
    others = [name for name in (BATCH, HIDDEN, MOMENTUM) if name != factor]
    return np.log(times.set_index(["seed", *others])["seconds"])


def _exponential(interval: Interval) -> Interval:
    return Interval(*(math.exp(value) for value in interval))


def _ends(times: pd.DataFrame, factor: str) -> tuple[float, float]:
    return float(times[factor].min()), float(times[factor].max())


def _short(times: pd.DataFrame) -> str:
    """Say what the highest level of each factor costs against the lowest."""
    found = []
    for factor in (BATCH, HIDDEN, MOMENTUM):
        low, high = _ends(times, factor)
        ratio = _ratio(times, factor) if low < high else None
        if ratio is not None:
            told = f"{factor} {high:g} takes {_times_told(ratio)} as long as {low:g}"
            found.append((abs(math.log(ratio.mean)), factor, told))
    if not found:
        return "The cells that the answer compares have not been run yet."
    found.sort(reverse=True)
    told = "; ".join(text for _, _, text in found)
    return f"Most depends on {found[0][1]}: {told}."


def _times_told(ratio: Interval) -> str:
    if math.isnan(ratio.low):
        return f"{ratio.mean:.3g} times (one repetition)"
    return f"{ratio.mean:.3g} times ({ratio.low:.3g} to {ratio.high:.3g})"


def _fitted(times: pd.DataFrame) -> list[str]:
    made = fit(times)
    if made is None:
        return []
    text = (
        f"Over all cells the time goes about as hidden units to the power of "
        f"{_exponent(made.hidden)} and batch size to the power of {_exponent(made.batch)}"
    )
    text += (
        f"; this one law explains {100 * made.explained:.0f} % of the variance of the time's "
        "logarithm. The exponents are not the same everywhere; the table has them piece by piece."
    )
    return [text]


def _exponent(interval: Interval) -> str:
    mean, low, high = (signed(v).lstrip("+") for v in interval)
    return mean if math.isnan(interval.low) else f"{mean} ({low} to {high})"


def _momentum(times: pd.DataFrame) -> list[str]:
    """Say what momentum costs at each batch size."""
    low, high = _ends(times, MOMENTUM)
    told = []
    for batch, made in times.groupby(BATCH):
        ratio = _ratio(made, MOMENTUM) if low < high else None
        if ratio is not None:
            cost = Interval(*(100 * (v - 1) for v in ratio))
            mean, least, most = (signed(v, 0) for v in cost)
            between = "" if math.isnan(cost.low) else f" ({least} to {most} %)"
            told.append(f"{mean} %{between} at batch size {batch:g}")
    if not told:
        return []
    return [f"Momentum {high:g} changes the time of an epoch by {', '.join(told)}."]


def _measured(study: Study) -> str:
    threads = "on one thread, one run at a time"
    machines = {run.versions.get("processor", "") for _, _, run in study.finished()} - {""}
    machine = f" ({', '.join(sorted(machines))})" if machines else ""
    return (
        "Each time is that of the fastest epoch of a run, which other work on the machine "
        f"disturbs least; a run is {study.table.changes.get('training.engine', 'auto')} code "
        f"{threads}. Evaluation is not counted. Intervals are over repetitions on this "
        f"machine{machine}."
    )


def _panels(times: pd.DataFrame) -> list[Drawing]:
    """Draw times by batch size, by hidden units and by momentum."""
    plain = times[times[MOMENTUM] == times[MOMENTUM].min()]
    wanted = [
        (BATCH, _lines(plain, HIDDEN, BATCH, "{:g} units"), True),
        (HIDDEN, _lines(plain, BATCH, HIDDEN, "batch {:g}"), True),
    ]
    middle = sorted(times[HIDDEN].unique())[(times[HIDDEN].nunique() - 1) // 2]
    thesis = times[times[HIDDEN] == middle]
    wanted.append(
        (f"momentum ({middle:g} units)", _lines(thesis, BATCH, MOMENTUM, "batch {:g}"), False)
    )
    figure = scaling([Panel(*panel) for panel in wanted if panel[1]])
    alt = "; ".join(f"{c.label}: {float(np.asarray(c.mean)[-1]):.3f} s" for c in wanted[0][1])
    return [
        Drawing(
            f"{STUDY}-scaling",
            figure,
            f"Seconds an epoch at the largest batch size: {alt}",
            "Seconds an epoch of 60,000 examples takes, by batch size and hidden units (without "
            "momentum), and by momentum; axes are logarithmic, but for momentum.",
        )
    ]


def _lines(times: pd.DataFrame, by: str, x: str, name: str) -> list[Curve]:
    made = []
    for level, part in times.groupby(by):
        table = part.pivot_table("seconds", "seed", x)
        made.append(curve(name.format(level), table.columns.to_numpy(float), table.to_numpy(float)))
    return made


def _exponents(times: pd.DataFrame) -> list[TextTable]:
    """Return the exponents of hidden units at each batch size, and of batch size piece by piece."""
    plain = times[times[MOMENTUM] == times[MOMENTUM].min()]
    rows = []
    for batch, made in plain.groupby(BATCH):
        if made[HIDDEN].nunique() > 1:
            found = slopes(made, HIDDEN)
            label = f"hidden units, at batch size {batch:g}"
            rows.append([label, _exponent(mean_interval(found))])
    levels = sorted(plain[BATCH].unique())
    for low, high in itertools.pairwise(levels):
        found = slopes(plain[plain[BATCH].isin([low, high])], BATCH)
        if found:
            label = f"batch size, from {low:g} to {high:g}"
            rows.append([label, _exponent(mean_interval(found))])
    caption = "Exponents of the time, without momentum (95 % interval over repetitions)"
    return [TextTable(["Exponent of", "Mean"], rows, caption)] if rows else []


def _table(times: pd.DataFrame) -> TextTable:
    """Return the seconds of every cell."""
    columns = sorted(times[BATCH].unique())
    rows: list[Sequence[str]] = []
    for (hidden, momentum), made in times.groupby([HIDDEN, MOMENTUM]):
        means = made.groupby(BATCH)["seconds"].mean()
        cells = [f"{means[batch]:.3f}" if batch in means else "–" for batch in columns]
        rows.append([f"{hidden:g} units, momentum {momentum:g}", *cells])
    headings = ["Network", *(f"Batch {batch:g}" for batch in columns)]
    return TextTable(headings, rows, "Mean seconds of an epoch")
