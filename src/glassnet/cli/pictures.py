"""The pictures of a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress

import numpy as np
from matplotlib.figure import Figure

from glassnet import figures, insights
from glassnet.data import Dataset
from glassnet.extras import MissingExtraError
from glassnet.insights.kinds import kind_of
from glassnet.nn import Network, Predictor
from glassnet.nn.compiled import Unsupported
from glassnet.recipes import Job, RunFolder
from glassnet.training import predicted_labels

_PASSES = 8
"""With more of them, of 64 MiB of activations each, compiled code pays."""


def draw(job: Job, folder: RunFolder) -> None:
    """Put the pictures of a finished run in its folder."""
    folder.figures.mkdir(exist_ok=True)
    network, test = job.network, job.test
    records = [json.loads(line) for line in folder.history.read_text("utf-8").splitlines()]
    drawn = {
        "learning_curves": figures.learning_curves(records, validation_name=job.validation_name)
    }
    if test.n_classes:
        predict = predictor_for(network, len(test), engine=job.recipe.training.engine)
        drawn |= _of_classes(network, test, predict)
    drawn |= insights.first_layer(network)
    for name, figure in drawn.items():
        figures.save(figure, folder.figures / f"{name}.png")


def predictor_for(
    network: Network, examples: int, *, engine: str
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what predicts so many images in the least time.

    That is compiled code for a network with convolutions, if the engine may be, and if there is so
    much to do that compiling, which may take some seconds, pays.
    """
    convolves = any(kind_of(layer) == "convolution" for layer in network.layers)
    if convolves and engine != "numpy" and examples > _PASSES * network.rows_at_a_time:
        with suppress(Unsupported, MissingExtraError):
            return Predictor(network)
    return network.predict


def _of_classes(
    network: Network, test: Dataset, predict: Callable[[np.ndarray], np.ndarray]
) -> dict[str, Figure]:
    outputs = predict(test.x)
    if outputs.shape[1] == 1:
        outputs = np.hstack([1 - outputs, outputs])
    names = test.class_names
    drawn = {
        "confusion_matrix": figures.confusion_matrix(test.y, predicted_labels(outputs), names),
        "misclassified": figures.misclassified(test.x, test.y, outputs, names),
    }
    others = {
        "saliency": insights.saliency_of_mistakes(network, test, outputs, predict),
        "feature_maps": insights.maps_of_an_image(network, test, outputs),
    }
    return drawn | {name: figure for name, figure in others.items() if figure is not None}
