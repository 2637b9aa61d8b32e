"""The pictures of a run."""

from __future__ import annotations

import json

import numpy as np

from glassnet import figures
from glassnet.nn import Dense, Network
from glassnet.recipes import Job, RunFolder
from glassnet.training import predicted_labels


def draw(job: Job, folder: RunFolder) -> None:
    """Put the pictures of a finished run in its folder."""
    folder.figures.mkdir(exist_ok=True)
    network, test = job.network, job.test
    records = [json.loads(line) for line in folder.history.read_text("utf-8").splitlines()]
    drawn = {
        "learning_curves": figures.learning_curves(records, validation_name=job.validation_name)
    }
    if test.n_classes:
        outputs = network.predict(test.x)
        if outputs.shape[1] == 1:
            outputs = np.hstack([1 - outputs, outputs])
        drawn["confusion_matrix"] = figures.confusion_matrix(
            test.y, predicted_labels(outputs), test.class_names
        )
        drawn["misclassified"] = figures.misclassified(test.x, test.y, outputs, test.class_names)
    if (weights := first_weights(network)) is not None:
        drawn["first_layer_weights"] = figures.first_layer_weights(weights, network.input_shape)
    for name, figure in drawn.items():
        figures.save(figure, folder.figures / f"{name}.png")


def first_weights(network: Network) -> np.ndarray | None:
    """Return the weights, shape (inputs, units), of the first dense layer if it sees the input."""
    for layer in network.layers:
        if isinstance(layer, Dense):
            weights = layer.W.value
            return weights if len(weights) == np.prod(network.input_shape) else None
    return None
