"""What each hyperparameter explains: shares of the variance, as bars."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from glassnet.figures import style

_ROW = 0.235  # inches
_TERM = 2.4  # inches, the widest term


class Importance(NamedTuple):
    """How much of the variance between cells a term explains.

    Parameters
    ----------
    term : str
        A factor, ``"rate"``; or an interaction, whose factors are parted by × or by a colon.
    share : float
        Of the variance, 0 to 1.
    low, high : float
        Its confidence interval; NaN where there is none.
    """

    term: str
    share: float
    low: float = float("nan")
    high: float = float("nan")


@style.defaults()
def importance(
    rows: Sequence[Importance],
    *,
    x_label: str = "share of the variance (%)",
    rest: Collection[str] = ("seed", "residual"),
    sort: bool = True,
) -> Figure:
    """Draw what each hyperparameter and each interaction explains, the greatest on top.

    Main effects are blue, interactions are orange and hatched; what no hyperparameter explains is
    grey and comes last.

    Parameters
    ----------
    rows : sequence of Importance
        One a term.
    x_label : str
        Name of the axis.
    rest : collection of str
        The terms of what no hyperparameter explains.
    sort : bool
        Whether the bars are sorted by their share.

    Returns
    -------
    Figure
        One panel.

    Raises
    ------
    ValueError
        If there is no term.

    Examples
    --------
    >>> figure = importance([Importance("momentum", 0.2), Importance("rate", 0.7)])
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['rate', 'momentum']
    """
    if not rows:
        raise ValueError("rows is empty; give at least one term")
    if sort:
        rows = sorted(rows, key=lambda r: (r.term in rest, -np.nan_to_num(r.share, nan=-1.0)))
    shares, low, high = 100 * np.array([row[1:] for row in rows], dtype=np.float64).T
    kinds = [_kind(row.term, rest) for row in rows]
    terms = [
        style.fit(" × ".join(p.strip() for p in _factors(row.term)), _TERM, style.BODY)
        for row in rows
    ]
    present = [kind for kind in _LOOK if kind in kinds and kind != "rest"]
    left = max(style.text_width(term, style.BODY) for term in terms) + style.MARGIN + 0.1
    plot, right = 3.3, 0.55 + style.MARGIN
    body = _ROW * len(rows) + 0.08
    above = 0.3 if len(present) > 1 else 0.12
    width, height = left + plot + right, above + body + 0.48
    figure = style.new_figure(width, height)
    axes = figure.add_axes((left / width, 0.48 / height, plot / width, body / height))
    style.dress(axes, grid="x")
    axes.set_yticks(range(len(rows)), terms, parse_math=False)
    axes.tick_params(axis="y", length=0, labelsize=style.BODY)
    reach = np.where(np.isfinite(high), high, np.nan_to_num(shares))
    axes.set_xlim(0, max(float(reach.max()), 1.0) * 1.02)
    axes.set_ylim(len(rows) - 0.5 + 0.04 / _ROW, -0.5 - 0.04 / _ROW)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    style.label(axes, x=x_label)
    axes.xaxis.label.set_parse_math(False)
    for y, (share, kind) in enumerate(zip(shares, kinds, strict=True)):
        colour, hatch, _ = _LOOK[kind]
        axes.barh(
            y, np.nan_to_num(share), height=0.62, color=colour, hatch=hatch, edgecolor="white",
            linewidth=0, zorder=2,
        )  # fmt: skip
        if np.isfinite([low[y], high[y]]).all():
            axes.plot(
                [max(low[y], 0), high[y]], [y, y], color=style.INK, linewidth=1.0, zorder=3,
                label="interval",
            )  # fmt: skip
        style.write(
            axes, 1.0 + 0.08 / plot, y, style.percent(share / 100),
            transform=axes.get_yaxis_transform(), va="center_baseline", fontsize=style.SMALL,
        )  # fmt: skip
    if len(present) > 1:
        x = 0.0
        for kind in present:
            colour, hatch, name = _LOOK[kind]
            axes.add_patch(
                Rectangle(
                    (x / plot, 1 + 0.1 / body), 0.13 / plot, 0.09 / body, transform=axes.transAxes,
                    facecolor=colour, hatch=hatch, edgecolor="white", linewidth=0, clip_on=False,
                )
            )  # fmt: skip
            style.write(
                axes, (x + 0.18) / plot, 1 + 0.145 / body, name, transform=axes.transAxes,
                va="center", fontsize=style.SMALL,
            )  # fmt: skip
            x += 0.4 + style.text_width(name, style.SMALL)
    return figure


_LOOK: dict[str, tuple[str, str | None, str]] = {
    "main": (style.BLUE, None, "main effect"),
    "interaction": ("#E69F00", "////", "interaction"),
    "rest": ("#b5b5b5", None, "rest"),
}


def _factors(term: str) -> list[str]:
    return term.replace(":", "×").split("×")


def _kind(term: str, rest: Collection[str]) -> str:
    if term in rest:
        return "rest"
    # "higher interactions" are those of three factors and more, in one term.
    return "interaction" if len(_factors(term)) > 1 or "interaction" in term else "main"
