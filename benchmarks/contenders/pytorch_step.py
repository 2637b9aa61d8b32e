"""The whole step of training as one graph for ``torch.compile``: gradient and update in one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.contenders import Round
from benchmarks.contenders.pytorch import (
    compiled_form,
    loss_function,
    model_with,
    settle,
    tensors,
)
from benchmarks.given import read_weights
from benchmarks.works import Work


def training(work: Work, folder: Path) -> Round:
    """Return a round of training, without metrics."""
    settle(flush=True)
    x, y = tensors(work, folder)
    weights = read_weights(folder)
    cost_of = loss_function(work)
    model = model_with(work, weights)
    names = [name for name, _ in model.named_parameters()]

    def cost(parameters: list[Any], x: Any, y: Any) -> Any:
        named = dict(zip(names, parameters, strict=True))
        return cost_of(torch.func.functional_call(model, named, (x,)), y)

    def step(parameters: list[Any], velocity: list[Any], x: Any, y: Any) -> None:
        gradient = torch.func.grad(cost)(parameters, x, y)
        for w, v, g in zip(parameters, velocity, gradient, strict=True):
            v.mul_(work.momentum).add_(g)
            if work.weight_decay:
                v.add_(w, alpha=work.weight_decay)
            w.sub_(v, alpha=work.learning_rate)

    one = compiled_form(step)

    def run() -> tuple[float, list[np.ndarray]]:
        parameters = [torch.from_numpy(w.T.copy()) for w in weights]
        velocity = [torch.zeros_like(w) for w in parameters]
        size = work.batch_size
        with torch.no_grad():
            begin = time.perf_counter()
            for i in range(0, len(x), size):
                one(parameters, velocity, x[i : i + size], y[i : i + size])
            seconds = time.perf_counter() - begin
        return seconds, [w.numpy().T for w in parameters]

    return run
