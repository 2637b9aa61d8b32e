"""Figure 10 of the thesis: the error of the whole training set from step to step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glassnet.figures.bands import Curve, bands
from glassnet.figures.differences import differences
from glassnet.report.numbers import plural
from glassnet.report.sections import Drawing, TextTable
from glassnet.report.study_section import HOLM, curve, short_label
from glassnet.report.thesis.answers import family
from glassnet.report.thesis.wording import amount, difference_rows, mean_told, sentence
from glassnet.study import Study
from glassnet.study.comparison import Difference, verdict
from glassnet.study.intervals import mean_interval

Errors = dict[str, dict[int, NDArray[np.float64]]]
"""The mean squared error after each step, the first before any, by cell and seed."""

_UNIT = "percentage points"


def content(
    study: Study,
) -> tuple[list[str], list[str], list[Drawing], list[TextTable]]:
    """Return answer, findings, drawings and tables, all but one picture in per cent of the start.

    The seeds begin with errors that differ far more than a hundred steps change them.
    """
    errors = _errors(study)
    changes = {
        cell: {seed: float(made[-1] / made[0] - 1) for seed, made in of_seed.items()}
        for cell, of_seed in errors.items()
    }
    baseline = study.table.baseline or study.cells[0].label
    found = list(
        family(changes, [(cell, baseline) for cell in changes if cell != baseline]).values()
    )
    return (
        [_answer(study, changes, len(next(iter(next(iter(errors.values())).values()))) - 1)],
        [f"{sentence(d.first)} against {d.second}: {_verdict(d)}." for d in found],
        [_changes(study, errors), _one_seed(study, errors), *_compared(study, found)],
        [_table(study, errors, changes)],
    )


def _errors(study: Study) -> Errors:
    found: Errors = {}
    for cell, spec, run in study.finished():
        made = np.asarray(run.arrays["step_mean_squared_error"], float)
        found.setdefault(cell.label, {})[spec.seed] = made
    return found


def _answer(study: Study, changes: dict[str, dict[int, float]], steps: int) -> str:
    """Say by how much the error changes, and in how many seeds it is larger than before."""
    told = []
    for cell, of_seed in changes.items():
        values = list(of_seed.values())
        larger = sum(value > 0 for value in values)
        change = amount(mean_interval(values), unit="%")
        told.append(
            f"{short_label(study, cell)}: {change}, larger than before in {larger} of "
            f"{plural(len(values), 'seed')}"
        )
    factor = study.factors[0]
    return f"Within {steps} steps the error changes, by {factor}. {'; '.join(told)}."


def _verdict(difference: Difference) -> str:
    return verdict(difference, unit=_UNIT, higher_is_better=False)


def _changes(study: Study, errors: Errors) -> Drawing:
    drawn = []
    for cell, of_seed in errors.items():
        made = np.array([one / one[0] - 1 for one in of_seed.values()])
        drawn.append(curve(short_label(study, cell), np.arange(made.shape[1]), made))
    figure = bands(
        drawn,
        x_label="step",
        y_label="change of the mean squared error (%)",
        title=f"by {study.factors[0]}",
    )
    alt = "; ".join(f"{c.label}: {100 * np.asarray(c.mean)[-1]:.2f} % at the end" for c in drawn)
    caption = (
        "Mean squared error of the whole training set after one epoch of SGD, step by step: its "
        "change since step 0, within each seed."
    )
    return Drawing(study.name, figure, alt, caption)


def _one_seed(study: Study, errors: Errors) -> Drawing:
    """Draw the errors themselves, of one seed as in the thesis: the first that most cells have."""
    seeds = [seed for of_seed in errors.values() for seed in of_seed]
    seed = max(sorted(set(seeds)), key=seeds.count)
    drawn: list[Curve] = [
        curve(short_label(study, cell), np.arange(len(of_seed[seed])), of_seed[seed][np.newaxis])
        for cell, of_seed in errors.items()
        if seed in of_seed
    ]
    figure = bands(
        drawn,
        x_label="step",
        y_label="mean squared error",
        scale=1.0,
        title=f"seed {seed}, by {study.factors[0]}",
    )
    alt = "; ".join(f"{c.label}: {np.asarray(c.mean)[-1]:.5f} after the last step" for c in drawn)
    caption = f"The same error itself, in the thesis' form: of one seed, number {seed}."
    return Drawing(f"{study.name}-one-seed", figure, alt, caption)


def _compared(study: Study, found: list[Difference]) -> list[Drawing]:
    if not found:
        return []
    labels = [f"{short_label(study, d.first)} − {short_label(study, d.second)}" for d in found]
    rows = [
        row._replace(verdict=_verdict(d).split(" ", maxsplit=1)[0])
        for row, d in zip(difference_rows(found, labels), found, strict=True)
    ]
    figure = differences(
        rows, x_label=f"difference in the change, by {study.factors[0]} (points)", should_rise=False
    )
    alt = "; ".join(f"{label}: {_verdict(d)}" for label, d in zip(labels, found, strict=True))
    caption = f"How the change of the error differs within each seed, in {_UNIT}. {HOLM}"
    return [Drawing(f"{study.name}-differences", figure, alt, caption)]


def _table(study: Study, errors: Errors, changes: dict[str, dict[int, float]]) -> TextTable:
    rows = []
    for cell in study.cells:
        values = list(changes.get(cell.label, {}).values())
        ends = [float(made[-1]) for made in errors.get(cell.label, {}).values()]
        spread = f"{100 * min(values):.2f} to {100 * max(values):.2f}" if values else "–"
        rows.append(
            [
                cell.label,
                *mean_told(changes.get(cell.label, {})),
                spread.replace("-", "−"),
                f"{np.mean(ends):.5f}" if ends else "–",
                str(len(values)),
            ]
        )
    headings = ["Cell", "Change of the error (%)", "95 % interval", "Seeds' range"]
    return TextTable([*headings, "Mean error at the end", "Seeds"], rows)
