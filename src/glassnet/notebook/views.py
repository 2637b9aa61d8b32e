"""Networks, histories and data sets as HTML: a picture where matplotlib is installed, a table.

Where there is matplotlib and no picture, a line says why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.data import Dataset
from glassnet.extras import installed
from glassnet.nn import Network
from glassnet.notebook.html import heading, picture, remark, table
from glassnet.training import History

_LAYERS = 40  # that are drawn: 200 take 14 s and 2 MB
_EPOCHS = 10  # the last so many have a line in the table
_PER_CLASS = 8  # examples that are drawn
_CLASSES = 25  # that are drawn or counted


def network_html(network: Network) -> str:
    """Return the picture of a network and the table of its layers.

    Examples
    --------
    >>> import glassnet as gn
    >>> page = network_html(gn.Network([gn.Dense(2, "relu")], input_shape=3))
    >>> page.startswith("<div>"), "Dense(2, ReLU())" in page
    (True, True)
    """
    summary = network.summary()
    rows = [(row.name, row.layer, row.output_shape, f"{row.parameters:,}") for row in summary.rows]
    total = ("total", "", "", f"{summary.parameters:,}")
    note = f"takes {network.input_shape}, {summary.parameters:,} parameters of {network.dtype.name}"

    def draw() -> str:
        from glassnet.insights import diagram  # noqa: PLC0415 needs matplotlib

        if len(network.layers) > _LAYERS:
            raise ValueError(f"{len(network.layers)} layers, and at most {_LAYERS} are drawn")
        return picture(diagram(network), "the network's layers")

    return _view(
        heading("Network", note),
        _drawn(draw),
        table(("name", "layer", "output shape", "parameters"), [*rows, total], last_bold=True),
    )


def history_html(history: History) -> str:
    """Return the learning curves and the measurements of the last epochs.

    Examples
    --------
    >>> history_html(History())
    '<div>...no epoch yet...</div>'
    """
    if not len(history):
        return _view(heading("History", "no epoch yet"))
    records = list(history)

    def draw() -> str:
        from glassnet.figures import learning_curves  # noqa: PLC0415 needs matplotlib

        return picture(learning_curves(records), "loss and accuracy by epoch")

    hidden = {"phase", "batch_size", "steps", "validation_seconds"}
    shown = [
        key
        for key, value in records[-1].items()
        if key not in hidden and isinstance(value, int | float | None)
    ]
    rows = [[_number(key, record.get(key)) for key in shown] for record in records[-_EPOCHS:]]
    seconds = sum(record.get("seconds") or 0.0 for record in records)
    epochs = "1 epoch" if len(records) == 1 else f"{len(records)} epochs"
    return _view(
        heading("History", f"{epochs}, {seconds:.1f} s of training"),
        _drawn(draw),
        table([key.replace("_", " ") for key in shown], rows),
    )


def dataset_html(dataset: Dataset) -> str:
    """Return some examples of a data set, and how many each class has; of targets their range.

    Examples
    --------
    >>> page = dataset_html(Dataset(np.zeros((4, 2)), [0, 1, 1, 1], class_names=("no", "yes")))
    >>> "75.0 %" in page
    True
    """
    shape = " x ".join(map(str, dataset.input_shape))
    what = f"{dataset.n_classes} classes" if dataset.n_classes else f"{dataset.y.shape[1]} targets"
    title = heading(dataset.name or "Dataset", f"{len(dataset):,} examples of {shape}, {what}")
    if not dataset.n_classes:
        spread = [
            (k, *(f"{f(column):.4g}" for f in (np.min, np.mean, np.max, np.std)))
            for k, column in enumerate(dataset.y.T[:_CLASSES])
        ]
        names = ("target", "least", "mean", "greatest", "standard deviation")
        return _view(title, table(names, spread))
    counts = np.bincount(dataset.y, minlength=dataset.n_classes).tolist()
    rows = [
        (name, f"{count:,}", f"{100 * count / len(dataset):.1f} %")
        for name, count in zip(dataset.class_names, counts, strict=True)
    ][:_CLASSES]

    def draw() -> str:
        from glassnet.figures import samples  # noqa: PLC0415 needs matplotlib

        chosen = np.concatenate(
            [np.flatnonzero(dataset.y == k)[:_PER_CLASS] for k in range(len(rows))]
        )
        names = dataset.class_names[: len(rows)]
        x, note = _in_unit_range(dataset.x[chosen])
        figure = samples(x, dataset.y[chosen], names, per_class=_PER_CLASS)
        return picture(figure, "examples of each class") + note

    return _view(title, _drawn(draw), table(("class", "examples", "share"), rows))


def _in_unit_range(x: np.ndarray) -> tuple[np.ndarray, str]:
    """Return images in [0, 1], and what is said of them if that are not their own values."""
    if x.ndim < 3 or x.size == 0 or (x.min() >= 0 and x.max() <= 1):
        return x, ""
    low, high = float(x.min()), float(x.max())
    scaled = (x.astype(np.float64) - low) / ((high - low) or 1.0)
    return scaled, remark(f"drawn from {low:.4g}, black, to {high:.4g}, white")


def _number(key: str, value: Any) -> str:  # noqa: ANN401
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    if "accuracy" in key or "recall" in key:
        return f"{100 * value:.2f} %"
    return f"{value:.2g}" if key == "seconds" and value < 10 else f"{value:.4g}"


def _drawn(draw: Callable[[], str]) -> str:
    """Return the picture, or why there is none; nothing where there is no matplotlib."""
    if not installed("matplotlib"):
        return ""
    try:
        return draw()
    except (TypeError, ValueError) as error:  # matplotlib refuses some text with the first
        return remark(f"no picture: {error}")


def _view(*pieces: str) -> str:
    return f"<div>{''.join(pieces)}</div>"
