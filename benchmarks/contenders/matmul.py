"""The matrix products of a step, and nothing else: what a large network cannot do without."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from benchmarks.contenders import Round
from benchmarks.given import read_in_order, read_weights
from benchmarks.works import Work


def training(work: Work, folder: Path) -> Round:
    """Return a round of products by NumPy's BLAS, into arrays that are there already."""
    x, _ = read_in_order(folder)
    weights = read_weights(folder)[::2]
    size = work.batch_size
    rng = np.random.default_rng(0)
    activations = [rng.random((size, units), np.float32) for units in work.sizes]
    deltas = [np.empty_like(a) for a in activations]
    gradients = [np.empty_like(W) for W in weights]

    def step(x: np.ndarray) -> None:
        for i, W in enumerate(weights):
            np.matmul(x if i == 0 else activations[i], W, out=deltas[i + 1])
        for i, W in reversed(list(enumerate(weights))):
            a = x if i == 0 else activations[i]
            np.matmul(a.T, deltas[i + 1], out=gradients[i])
            if i > 0:
                np.matmul(deltas[i + 1], W.T, out=deltas[i])

    def run() -> tuple[float, list[np.ndarray]]:
        begin = time.perf_counter()
        for i in range(0, len(x) - size + 1, size):
            step(x[i : i + size])
        return time.perf_counter() - begin, []

    return run
