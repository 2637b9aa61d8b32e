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

glassnet predict runs/photos photo.jpg --tta mirror   (the mean over the image and its mirror image)

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
    network, _ = model.load(target)
    test_time = model.views_wanted(tta)
    if test_time is not None:
        test_time.check(network.input_shape)
    results, broken = [], 0
    for file in files:
        try:
            results += _predict(network, file, invert=invert, test_time=test_time)
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
    network: Network, file: Path, *, invert: bool, test_time: TestTimeAugmentation | None
) -> list[dict[str, Any]]:
    names = network.class_names
    if len(network.input_shape) == 1:
        rows = read_features(file, network.input_shape[0])
        labels = [f"{file}:{i + 1}" for i in range(len(rows))]
    else:
        image = read_image(file, network.input_shape)
        rows, labels = (1.0 - image if invert else image)[None], [str(file)]
    outputs = network.predict(rows) if test_time is None else test_time.predict(network, rows)
    if names and outputs.shape[1] == 1:
        outputs = np.hstack([1.0 - outputs, outputs])
    if names:
        names += tuple(map(str, range(len(names), outputs.shape[1])))
    found: list[dict[str, Any]] = []
    for label, row in zip(labels, outputs, strict=True):
        if not names:
            found.append({"file": label, "outputs": [float(v) for v in row]})
            continue
        order = np.argsort(-row, kind="stable")
        found.append(
            {
                "file": label,
                "class": names[order[0]],
                "probabilities": {names[i]: float(row[i]) for i in order},
            }
        )
    return found


def _add(made: Any, result: dict[str, Any], top: int) -> None:  # noqa: ANN401
    if "outputs" in result:
        add(made, result["file"], ", ".join(f"{v:.6g}" for v in result["outputs"]), "", "")
        return
    (_, first), *others = list(result["probabilities"].items())[:top]
    then = ", ".join(f"{name} {percent(p)}" for name, p in others)
    add(made, result["file"], result["class"], percent(first), then)
