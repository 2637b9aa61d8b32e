"""scikit-learn's MLPClassifier. Its loss is always cross-entropy, on softmax or one sigmoid."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks.contenders import Round
from benchmarks.given import read_in_order, read_weights
from benchmarks.works import Work


def training(work: Work, folder: Path) -> Round:
    """Return a round of ``partial_fit``: its weights can be compared where its loss is the work's.

    Two classes have a single output there, which is less work; another loss than cross-entropy it
    has none, and then takes a smaller learning rate to stay finite.
    """
    x, targets = read_in_order(folder)
    labels, weights = targets.argmax(axis=1), read_weights(folder)
    same = work.output == "softmax" and work.sizes[-1] > 2

    def run() -> tuple[float, list[np.ndarray]]:
        model = classifier(work, learning_rate=work.learning_rate / (1 if same else 10))
        first = slice(0, work.batch_size)
        model.partial_fit(x[first], labels[first], classes=np.arange(work.sizes[-1]))
        if same:
            set_weights(model, weights)
        del model._optimizer  # noqa: SLF001 so that partial_fit begins without a velocity
        begin = time.perf_counter()
        model.partial_fit(x, labels)
        seconds = time.perf_counter() - begin
        pairs = zip(model.coefs_, model.intercepts_, strict=True)
        return seconds, [w for pair in pairs for w in pair] if same else []

    return run


def inference(work: Work, folder: Path) -> Round:
    """Return a round of ``predict_proba``."""
    x, _ = read_in_order(folder)
    model = classifier(replace(work, batch_size=1), learning_rate=work.learning_rate)
    model.partial_fit(x[:1], [0], classes=np.arange(work.sizes[-1]))
    set_weights(model, read_weights(folder))
    model.out_activation_ = "logistic" if work.output == "sigmoid" else work.output
    batches = [x[i : i + work.batch_size] for i in range(0, len(x), work.batch_size)]

    def run() -> tuple[float, list[np.ndarray]]:
        begin = time.perf_counter()
        outputs = [model.predict_proba(batch) for batch in batches]
        return time.perf_counter() - begin, [np.concatenate(outputs)]

    return run


def classifier(work: Work, *, learning_rate: float) -> Any:
    """Return the network, untrained."""
    return MLPClassifier(
        hidden_layer_sizes=work.sizes[1:-1],
        activation={"sigmoid": "logistic"}.get(work.hidden, work.hidden),
        solver="sgd",
        learning_rate_init=learning_rate,
        momentum=work.momentum,
        nesterovs_momentum=False,
        alpha=work.weight_decay * work.batch_size,  # which it divides by the batch size
        batch_size=work.batch_size,
        shuffle=False,
        random_state=0,
    )


def set_weights(model: Any, weights: list[np.ndarray]) -> None:
    """Put weights in the place of the random ones."""
    model.coefs_ = [w.copy() for w in weights[::2]]
    model.intercepts_ = [b.copy() for b in weights[1::2]]
