"""``glassnet predict``: what a model says of files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from glassnet.cli import model, options
from glassnet.cli.console import add, fail, out, percent, say, table
from glassnet.cli.errors import told
from glassnet.data import read_features, read_image
from glassnet.nn import Network
from glassnet.training.views import TestTimeAugmentation

NAME = "predict"
EXAMPLES = """Examples:

glassnet predict runs/mnist-mlp seven.png four.jpg

glassnet predict runs/mnist-mlp photo.jpg --invert   (dark ink on light paper)

glassnet predict runs/photos photo.jpg --tta mirror   (with its mirror image as well)

glassnet predict model.npz table.csv --json"""


def command(
    target: options.Model,
    *,
    files: Annotated[
        list[Path], typer.Argument(help="Images of any size and colour, or CSV files of features.")
    ],
    top: Annotated[int, typer.Option(help="How many classes to show.", min=1)] = 3,
    invert: Annotated[
        bool, typer.Option("--invert", help="Swap light and dark, as for ink on paper.")
    ] = False,
    tta: options.TestTime = None,
    as_json: options.Json = False,
) -> None:
    """Show the class, with its probability, that a model gives to each image or row."""
    network, recipe = model.load(target)
    delimiter = (recipe.data.delimiter if recipe else None) or ","
    test_time = model.views_wanted(tta)
    if test_time is not None:
        test_time.check(network.input_shape)
    results, broken = [], 0
    for file in files:
        try:
            results += _predict(
                network, file, delimiter=delimiter, invert=invert, test_time=test_time
            )
        except (ValueError, OSError) as error:
            fail(told(error))
            broken += 1
    if as_json:
        say(json.dumps(results))
    elif results:
        made = table("file", "prediction", "probability", "then", numbers=("probability",))
        for result in results:
            _add(made, result, top)
        out.print(made)
    if broken:
        raise typer.Exit(2)


def _predict(
    network: Network,
    file: Path,
    *,
    delimiter: str,
    invert: bool,
    test_time: TestTimeAugmentation | None,
) -> list[dict[str, Any]]:
    names = network.class_names
    if len(network.input_shape) == 1:
        rows = read_features(file, network.input_shape[0], delimiter=delimiter)
        labels = [f"{file}:{i + 1}" for i in range(len(rows))]
    else:
        image = read_image(file, network.input_shape)
        rows, labels = (1.0 - image if invert else image)[None], [str(file)]
    found = [
        {"file": label} | _told(row, names)
        for label, row in zip(labels, network.predict(rows), strict=True)
    ]
    if test_time is not None:  # beside the network's own outputs, never instead of them
        for one, row in zip(found, test_time.predict(network, rows), strict=True):
            one |= {f"test_time_{key}": value for key, value in _told(row, names).items()}
    return found


def _told(row: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the outputs for one example, by class if the classes have names."""
    if not names:
        return {"outputs": [float(v) for v in row]}
    if len(row) == 1:
        row = np.hstack([1.0 - row, row])
    names += tuple(map(str, range(len(names), len(row))))
    order = np.argsort(-row, kind="stable")
    return {
        "class": names[order[0]],
        "probabilities": {names[i]: float(row[i]) for i in order},
    }


def _add(made: Any, result: dict[str, Any], top: int) -> None:  # noqa: ANN401
    """Add a line for the file, and one for its views if there are any."""
    for which, title in (("", result["file"]), ("test_time_", "  as a mean over views")):
        if f"{which}outputs" in result:
            add(made, title, ", ".join(f"{v:.6g}" for v in result[f"{which}outputs"]), "", "")
        elif f"{which}class" in result:
            (_, first), *others = list(result[f"{which}probabilities"].items())[:top]
            then = ", ".join(f"{name} {percent(p)}" for name, p in others)
            add(made, title, result[f"{which}class"], percent(first), then)
