"""glassnet, as its users call it: checks, metrics and all."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

import glassnet as gn
from benchmarks.contenders import Round, Unavailable
from benchmarks.given import arrays_of, loss, network_with, read_examples, read_weights
from benchmarks.works import Work
from glassnet.nn.compiled import Unsupported


def training(work: Work, folder: Path, *, engine: str) -> Round:
    """Return a round of the Trainer."""
    data = gn.Dataset(*read_examples(folder))
    weights = read_weights(folder)

    def run() -> tuple[float, list[np.ndarray]]:
        model = network_with(work, weights)
        optimizer = gn.SGD(
            work.learning_rate,
            momentum=work.momentum,
            nesterov=work.nesterov,
            weight_decay=work.weight_decay,
        )
        trainer = gn.Trainer(
            model, loss=loss(work), optimizer=optimizer, batch_size=work.batch_size, engine=engine
        )
        begin = time.perf_counter()
        try:
            trainer.fit(data, epochs=1)
        except Unsupported as error:
            raise Unavailable(str(error)) from error
        return time.perf_counter() - begin, arrays_of(model)

    return run


def inference(work: Work, folder: Path, *, engine: str) -> Round:
    """Return a round of `Predictor`, which is compiled, or of `Network.predict`."""
    model = network_with(work, read_weights(folder))
    try:
        predict = gn.Predictor(model) if engine == "numba" else model.predict
    except Unsupported as error:
        raise Unavailable(str(error)) from error
    x, _ = read_examples(folder)
    batches = [x[i : i + work.batch_size] for i in range(0, len(x), work.batch_size)]

    def run() -> tuple[float, list[np.ndarray]]:
        begin = time.perf_counter()
        outputs = [predict(batch) for batch in batches]
        return time.perf_counter() - begin, [np.concatenate(outputs)]

    return run
