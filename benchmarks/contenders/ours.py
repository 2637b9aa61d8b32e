"""glassnet, as its users call it: checks, metrics and all."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

import glassnet as gn
from benchmarks.contenders import Round
from benchmarks.given import network, read_examples
from benchmarks.works import Work


def training(work: Work, folder: Path, *, engine: str) -> Round:
    """Return a round of the Trainer."""
    data = gn.Dataset(*read_examples(folder))

    def run() -> tuple[float, list[np.ndarray]]:
        model = network(work)
        optimizer = gn.SGD(
            work.learning_rate, momentum=work.momentum, weight_decay=work.weight_decay
        )
        trainer = gn.Trainer(
            model, loss=work.loss, optimizer=optimizer, batch_size=work.batch_size, engine=engine
        )
        begin = time.perf_counter()
        trainer.fit(data, epochs=1)
        return time.perf_counter() - begin, [q.value for _, q in model.named_parameters()]

    return run


def inference(work: Work, folder: Path, *, engine: str) -> Round:
    """Return a round of `Predictor`, which is compiled, or of `Network.predict`."""
    model = network(work)
    predict = gn.Predictor(model) if engine == "numba" else model.predict
    x, _ = read_examples(folder)
    batches = [x[i : i + work.batch_size] for i in range(0, len(x), work.batch_size)]

    def run() -> tuple[float, list[np.ndarray]]:
        begin = time.perf_counter()
        outputs = [predict(batch) for batch in batches]
        return time.perf_counter() - begin, [np.concatenate(outputs)]

    return run
