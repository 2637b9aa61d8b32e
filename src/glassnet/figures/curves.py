"""Learning curves: loss and accuracy by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from glassnet.figures import style
from glassnet.figures.phases import (
    PANEL_WIDTH,
    Record,
    draw_epochs,
    find_phases,
    finite,
    labels_fit,
    phase_note,
)

_HEIGHT = 2.7
_LABEL_GAP = 0.085  # of the panel's height, between two names at the ends of lines
_FEW = 25  # so many points are marked one by one
_LOG_RANGE = 30.0  # losses that span more than this factor get a logarithmic axis


class _Quantity(NamedTuple):
    """What a panel shows."""

    key: str
    label: str
    scale: float
    best: Any  # min or max
    text: str  # format of one value


_LOSS = _Quantity("loss", "loss", 1.0, min, "{:.3g}")
_ACCURACY = _Quantity("accuracy", "accuracy (%)", 100.0, max, "{:.2f} %")


@style.defaults()
def learning_curves(
    records: Sequence[Record], *, validation_name: str = "validation", title: str | None = None
) -> Figure:
    """Draw loss, and accuracy where there is one, by epoch.

    The best epoch on validation data (on training data where there is no other) is marked and its
    value stands above the panel. Training phases are parted by thin lines that bear their batch
    size and learning rate. A loss that falls by more than a factor of 30 gets a logarithmic axis.

    Parameters
    ----------
    records : sequence of mapping
        One an epoch: ``epoch``, and any of ``phase``, ``loss``, ``accuracy`` (0 to 1),
        ``validation_loss``, ``validation_accuracy``, ``learning_rate``, ``batch_size``. A value may
        be missing, None, or not finite.
    validation_name : str
        What the validation data is called, ``"test"``.
    title : str, optional
        Stands above the panels.

    Returns
    -------
    Figure
        One panel, or two if any record has an accuracy.

    Raises
    ------
    ValueError
        If there is no record, or one has no epoch.

    Examples
    --------
    >>> figure = learning_curves([{"epoch": 1, "loss": 2.3}, {"epoch": 2, "loss": 1.9}])
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['loss']
    """
    if not records:
        raise ValueError("records is empty; train for at least one epoch before drawing its curves")
    for number, record in enumerate(records):
        if finite(record.get("epoch")) is None:
            raise ValueError(
                f"records[{number}] has epoch {record.get('epoch')!r}; give each record its number"
            )
    quantities = [_LOSS]
    if any(_points(records, key)[1].size for key in ("accuracy", "validation_accuracy")):
        quantities.append(_ACCURACY)

    phases = find_phases(records)
    width = 0.5 + len(quantities) * (PANEL_WIDTH + 0.75)
    figure = style.new_figure(width, _HEIGHT, layout="constrained")
    engine = figure.get_layout_engine()
    assert engine is not None  # noqa: S101
    engine.set(w_pad=0.06, h_pad=0.06, wspace=0.04)  # type: ignore[call-arg]
    panels = figure.subplots(1, len(quantities), squeeze=False)[0]
    numbered = not labels_fit(phases)
    # Points between a panel and its heading, where the phases have their labels.
    pad = 7 if len(phases) == 1 else 17 if numbered else 27
    for axes, quantity in zip(panels, quantities, strict=True):
        style.dress(axes, grid="y")
        style.label(axes, x="epoch", y=quantity.label)
        draw_epochs(axes, phases, numbered=numbered)
        _draw_lines(axes, records, quantity, validation_name, pad=pad)
    if len(phases) > 1 and numbered:
        figure.supxlabel(
            phase_note(phases, width - 0.4),
            fontsize=style.SMALL,
            color=style.FAINT,
            fontfamily=style.FONT,
        )
    if title is not None:
        figure.suptitle(
            style.fit(title, width - 0.2, style.BODY + 1),
            fontsize=style.BODY + 1,
            color=style.INK,
            fontfamily=style.FONT,
            parse_math=False,
        )
    return figure


def _points(records: Sequence[Record], key: str) -> tuple[np.ndarray, np.ndarray]:
    """Return epochs and values of those records that have a finite value, each shape (points,)."""
    pairs = [(r["epoch"], y) for r in records if (y := finite(r.get(key))) is not None]
    array = np.array(pairs, dtype=float).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def _draw_lines(
    axes: Axes,
    records: Sequence[Record],
    quantity: _Quantity,
    validation_name: str,
    *,
    pad: float,
) -> None:
    """Draw training and validation, name both at their ends, mark the best epoch."""
    ends: list[tuple[float, str, str]] = []
    best = None
    lines = (
        (quantity.key, "training", style.TRAINING),
        (f"validation_{quantity.key}", validation_name, style.VALIDATION),
    )
    drawn = [(*_points(records, key), name, color) for key, name, color in lines]
    drawn = [line for line in drawn if line[1].size]
    if not drawn:
        style.write(
            axes,
            0.5,
            0.5,
            "no finite value",
            transform=axes.transAxes,
            ha="center",
            color=style.FAINT,
        )
        axes.set_yticks([])
        return
    _set_value_axis(axes, quantity, np.concatenate([y for _, y, _, _ in drawn]) * quantity.scale)
    for x, y, name, color in drawn:
        y = y * quantity.scale  # noqa: PLW2901
        few = len(x) <= _FEW
        axes.plot(
            x,
            y,
            color=color,
            linewidth=1.3,
            marker="o" if few else None,
            markersize=2.2,
            label=name,
            solid_capstyle="round",
        )
        at = int(np.flatnonzero(y == quantity.best(y))[0])
        best = (x[at], y[at], name, color)
        ends.append((y[-1], name, color))

    assert best is not None  # noqa: S101
    x_best, y_best, name, color = best
    axes.plot(
        [x_best], [y_best], "o", markersize=5, color="white", markeredgecolor=color,
        markeredgewidth=1.4, zorder=5, clip_on=False, label="best",
    )  # fmt: skip
    text = f"best {name} {quantity.key} {quantity.text.format(y_best)}, epoch {x_best:g}"
    broken = [r["epoch"] for r in records if "loss" in r and finite(r["loss"]) is None]
    if broken and quantity.key == "loss":
        text += f"; not finite from epoch {broken[0]:g}"
    axes.set_title(
        "○ " + style.fit(text, PANEL_WIDTH + 0.7, style.SMALL),
        loc="left",
        fontsize=style.SMALL,
        color=color,
        fontfamily=style.FONT,
        pad=pad,
        parse_math=False,
    )
    for height, name, color in _spread(axes, ends):
        style.write(
            axes,
            1.015,
            height,
            style.fit(name, 0.9, style.SMALL),
            transform=axes.transAxes,
            va="center",
            color=color,
            fontsize=style.SMALL,
        )


def _set_value_axis(axes: Axes, quantity: _Quantity, values: np.ndarray) -> None:
    low, high = float(values.min()), float(values.max())
    if quantity.key == "loss" and low > 0 and high / low > _LOG_RANGE:
        pad = (high / low) ** 0.05
        axes.set_yscale("log")
        axes.set_ylim(low / pad, high * pad)
        axes.yaxis.set_major_locator(
            LogLocator(subs=(1.0, 2.0, 5.0) if high / low < 1e3 else (1.0,))
        )
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
        axes.set_ylabel("loss (logarithmic)")
        return
    pad = 0.06 * (high - low) or 0.05 * abs(high) or 0.5
    top = high + pad
    if quantity.key == "accuracy":
        top = min(top, 100.0 + min(pad, 1.0))
    axes.set_ylim(low - pad, top)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))


def _spread(axes: Axes, ends: list[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """Turn values into heights of the panel (0 to 1), far enough apart to be read."""
    to_height = axes.transScale + axes.transLimits
    placed = sorted(
        (float(to_height.transform((1.0, value))[1]), name, color) for value, name, color in ends
    )
    if len(placed) == 2 and placed[1][0] - placed[0][0] < _LABEL_GAP:
        middle = (placed[0][0] + placed[1][0]) / 2
        middle = min(max(middle, _LABEL_GAP / 2), 1 - _LABEL_GAP / 2)
        placed = [
            (middle + offset, name, color)
            for offset, (_, name, color) in zip(
                (-_LABEL_GAP / 2, _LABEL_GAP / 2), placed, strict=True
            )
        ]
    return placed
