"""Training phases on an axis of epochs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from glassnet.figures import style

Record = Mapping[str, Any]

PANEL_WIDTH = 2.7  # inches between the axes' ends, about


class Phase(NamedTuple):
    """Epochs that were trained with the same settings."""

    first: float
    last: float
    lines: tuple[str, ...]


def finite(value: object) -> float | None:
    """Return a finite number, or None for anything else."""
    if isinstance(value, int | float | np.number) and math.isfinite(value):
        return float(value)
    return None


def find_phases(records: Sequence[Record]) -> list[Phase]:
    """Return the phases of at least one record, in order, and what their labels say."""
    phases = []
    for _, group in groupby(records, key=lambda record: record.get("phase", 1)):
        members = list(group)
        lines = []
        if (batch_size := members[0].get("batch_size")) is not None:
            lines.append(f"batch {batch_size}")
        rates = [rate for r in members if (rate := finite(r.get("learning_rate"))) is not None]
        if rates and math.isclose(rates[0], rates[-1], rel_tol=1e-3):
            lines.append(f"rate {rates[0]:.3g}")
        elif rates:
            lines.append(f"rate {rates[0]:.3g} to {rates[-1]:.3g}")
        phases.append(Phase(float(members[0]["epoch"]), float(members[-1]["epoch"]), tuple(lines)))
    return phases


def labels_fit(phases: list[Phase]) -> bool:
    """Tell whether each phase is wide enough in a panel for the lines of its label."""
    epochs = phases[-1].last - phases[0].first + 1
    return all(
        style.text_width(line, style.SMALL) + 0.08
        < PANEL_WIDTH * (phase.last - phase.first + 1) / epochs
        for phase in phases
        for line in phase.lines
    )


def phase_note(phases: list[Phase], width: float) -> str:
    """Return what the numbers of the phases stand for, in lines no wider than `width` inches."""
    lines = [""]
    for number, phase in enumerate(phases, 1):
        item = f"({number}) {', '.join(phase.lines) or 'settings unknown'}"
        longer = f"{lines[-1]}; {item}" if lines[-1] else item
        if style.text_width(longer, style.SMALL) <= width:
            lines[-1] = longer
        else:
            lines.append(item)
    return "\n".join(lines)


def draw_epochs(axes: Axes, phases: list[Phase], *, numbered: bool) -> None:
    """Set the axis of epochs and part its phases."""
    first, last = phases[0].first, phases[-1].last
    pad = max(0.5 if last - first < 20 else 0.0, 0.02 * (last - first))
    axes.set_xlim(first - pad, last + pad)
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    if len(phases) == 1:
        return
    written = -math.inf
    for number, phase in enumerate(phases, 1):
        start = phase.first - 0.5 if number > 1 else first - pad
        if number > 1:
            axes.axvline(start, color=style.FAINT, linewidth=0.6, dashes=(3, 2), zorder=1)
        text = f"({number})" if numbered else "\n".join(phase.lines)
        if numbered and (start - written) / (last - first + 2 * pad) < 0.09:
            continue  # the number would cover its neighbour; the note below still has it
        written = start
        style.write(
            axes,
            start,
            1.02,
            text,
            transform=axes.get_xaxis_transform(),
            va="bottom",
            fontsize=style.SMALL,
            color=style.FAINT,
            linespacing=1.1,
        )
