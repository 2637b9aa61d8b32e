"""PyTorch's usual loop, without metrics."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.contenders import Round, Unavailable
from benchmarks.given import read_in_order, read_weights
from benchmarks.works import Work

ACTIVATIONS = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU, "tanh": nn.Tanh, "softmax": nn.Identity}
"""Softmax is part of PyTorch's cross-entropy."""


def training(
    work: Work, folder: Path, *, sgd: str = "plain", compiled: bool = False, flush: bool = True
) -> Round:
    """Return a round of training.

    Parameters
    ----------
    sgd : {"plain", "foreach", "fused"}
        PyTorch's own name for the way its optimizer goes through the parameters.
    compiled : bool
        Whether model and loss, forward and backward, go through ``torch.compile``.
    flush : bool
        Whether subnormal numbers, which momentum makes, are set to zero.
    """
    settle(flush=flush)
    x, y = tensors(work, folder)
    weights = read_weights(folder)
    cost_of = loss_function(work)
    how = {} if sgd == "plain" else {sgd: True}

    def cost(model: nn.Module, x: Any, y: Any) -> Any:
        return cost_of(model(x), y)

    if compiled:
        cost = compiled_form(cost)

    def run() -> tuple[float, list[np.ndarray]]:
        model = model_with(work, weights)
        optimizer = torch.optim.SGD(
            model.parameters(),
            lr=work.learning_rate,
            momentum=work.momentum,
            weight_decay=work.weight_decay,
            **how,
        )
        size = work.batch_size
        begin = time.perf_counter()
        for i in range(0, len(x), size):
            loss = cost(model, x[i : i + size], y[i : i + size])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        seconds = time.perf_counter() - begin
        return seconds, [parameter.detach().numpy().T for parameter in model.parameters()]

    return run


def inference(work: Work, folder: Path, *, compiled: bool = False) -> Round:
    """Return a round of forward passes in inference mode."""
    settle(flush=True)
    model = model_with(work, read_weights(folder))
    forward = compiled_form(model) if compiled else model
    batches = tensors(work, folder)[0].split(work.batch_size)

    def run() -> tuple[float, list[np.ndarray]]:
        with torch.inference_mode():
            begin = time.perf_counter()
            outputs = [forward(batch) for batch in batches]
            return time.perf_counter() - begin, [torch.cat(outputs).numpy()]

    return run


def settle(*, flush: bool) -> None:
    """Set what holds for the whole process."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.set_flush_denormal(flush)


def model_with(work: Work, weights: list[np.ndarray]) -> nn.Sequential:
    """Return the network with these weights."""
    layers: list[nn.Module] = []
    for inputs, units, name in zip(work.sizes, work.sizes[1:], work.activations, strict=False):
        layers += [nn.Linear(inputs, units), ACTIVATIONS[name]()]
    model = nn.Sequential(*layers)
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), weights, strict=True):
            parameter.copy_(torch.from_numpy(value.T.copy()))
    return model


def tensors(work: Work, folder: Path) -> tuple[Any, Any]:
    """Return inputs and targets: labels where the loss takes those."""
    x, y = map(torch.from_numpy, read_in_order(folder))
    return x, y if work.loss == "half_squared_error" else y.argmax(dim=1)


def loss_function(work: Work) -> Callable[[Any, Any], Any]:
    """Return the mean loss of a batch, of outputs and targets."""
    if work.loss == "half_squared_error":
        return lambda p, y: 0.5 * torch.sum((p - y) ** 2) / len(y)
    return nn.functional.cross_entropy


def compiled_form(function: Any) -> Any:
    """Return what ``torch.compile`` makes of it.

    Raises
    ------
    Unavailable
        If there is no C++ compiler, which it needs on a CPU.
    """
    if not any(map(shutil.which, (os.environ.get("CXX", "c++"), "g++", "clang++", "cl"))):
        raise Unavailable("torch.compile needs a C++ compiler")
    return torch.compile(function)
