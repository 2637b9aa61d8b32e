"""PyTorch's usual loop for a convolutional network, without metrics.

Filters are (height, width, inputs, filters) in what contenders exchange, and (filters, inputs,
height, width) in PyTorch; images are (height, width, channels) and (channels, height, width). All
parameters come in the order of the layers, then all of what is kept but not learned: the filters of
a whitening, running mean and variance of a normalisation.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from benchmarks import architectures as of
from benchmarks.contenders import Round
from benchmarks.contenders.pytorch import compiled_form, settle
from benchmarks.given import read_in_order, read_weights
from benchmarks.works import Work

ACTIVATIONS = {"relu": nn.ReLU, "gelu": nn.GELU, "softmax": nn.Identity}
"""Softmax is part of PyTorch's cross-entropy."""

AXES = {1: ((0,), (0,)), 2: ((1, 0), (1, 0)), 4: ((3, 2, 0, 1), (2, 3, 1, 0))}
"""Of vectors, matrices and filters: from what is exchanged to PyTorch's tensor, and back."""


class Scaling(nn.Module):
    """A fixed factor."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Any) -> Any:
        return x * self.factor


def training(
    work: Work,
    folder: Path,
    *,
    channels_last: bool = False,
    fused: bool = False,
    compiled: bool = False,
) -> Round:
    """Return a round of training.

    Parameters
    ----------
    channels_last : bool
        Whether images, and what layers make of them, lie in memory pixel by pixel.
    fused : bool
        Whether the optimizer is PyTorch's fused one.
    compiled : bool
        Whether model and loss, forward and backward, go through ``torch.compile``.
    """
    settle(flush=True)
    x, y = tensors(folder, channels_last=channels_last)
    arrays = read_weights(folder)
    cost = cost_of(work)
    if compiled:
        cost = compiled_form(cost)

    def run() -> tuple[float, list[np.ndarray]]:
        model = model_with(work, arrays, channels_last=channels_last)
        layers = model.layers
        optimizer = torch.optim.SGD(
            [parameter for parameter in layers.parameters() if parameter.requires_grad],
            lr=work.learning_rate,
            momentum=work.momentum,
            nesterov=work.nesterov,
            weight_decay=work.weight_decay,
            **({"fused": True} if fused else {}),
        )
        size = work.batch_size
        begin = time.perf_counter()
        for i in range(0, len(x), size):
            loss = cost(layers, x[i : i + size], y[i : i + size])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return time.perf_counter() - begin, model.arrays(arrays)

    return run


def inference(
    work: Work,
    folder: Path,
    *,
    channels_last: bool = False,
    compiled: bool = False,
    at_a_time: int | None = None,
) -> Round:
    """Return a round of forward passes in inference mode, each of so many images at a time."""
    settle(flush=True)
    layers = model_with(work, read_weights(folder), channels_last=channels_last).layers
    model = layers.append(nn.Softmax(dim=1)).eval()
    forward = compiled_form(model) if compiled else model
    x, _ = tensors(folder, channels_last=channels_last)
    batches = x.split(at_a_time or work.batch_size)

    def run() -> tuple[float, list[np.ndarray]]:
        with torch.inference_mode():
            begin = time.perf_counter()
            outputs = [forward(batch) for batch in batches]
            return time.perf_counter() - begin, [torch.cat(outputs).numpy()]

    return run


def tensors(folder: Path, *, channels_last: bool) -> tuple[Any, Any]:
    """Return images, shape (n, channels, height, width), and labels."""
    x, y = map(torch.from_numpy, read_in_order(folder))
    return x.permute(0, 3, 1, 2).contiguous(memory_format=memory_format(channels_last)), y.argmax(1)


def memory_format(channels_last: bool) -> Any:
    """Return PyTorch's name for it."""
    return torch.channels_last if channels_last else torch.contiguous_format


def cost_of(work: Work) -> Callable[[nn.Module, Any, Any], Any]:
    """Return the mean loss of a batch, of a model, images and labels."""

    def cost(model: nn.Module, x: Any, y: Any) -> Any:
        smoothing = work.label_smoothing
        return nn.functional.cross_entropy(model(x), y, label_smoothing=smoothing)

    return cost


class Model(NamedTuple):
    """A network with its tensors in the order in which contenders exchange them."""

    layers: nn.Sequential
    tensors: list[Any]

    def fill(self, arrays: list[np.ndarray]) -> None:
        """Take over what others have."""
        for tensor, array in zip(self.tensors, arrays, strict=True):
            there, back = AXES[tensor.ndim]
            shape = [tensor.shape[axis] for axis in back]
            tensor.copy_(torch.from_numpy(array.reshape(shape)).permute(there))

    def arrays(self, like: list[np.ndarray]) -> list[np.ndarray]:
        """Return what it has, in these arrays' shapes."""
        return [
            tensor.permute(AXES[tensor.ndim][1]).reshape(array.shape).numpy()
            for tensor, array in zip(self.tensors, like, strict=True)
        ]


def model_with(work: Work, arrays: list[np.ndarray], *, channels_last: bool = False) -> Model:
    """Return the network with these numbers."""
    architecture = of.ARCHITECTURES[work.architecture]
    height, width, channels = architecture.input_shape
    x = torch.zeros(1, channels, height, width)
    modules: list[nn.Module] = []
    learned: list[Any] = []
    kept: list[Any] = []
    inputs: tuple[int, ...] = ()
    for part in architecture.parts:
        module = module_of(part, x.shape[1])
        module.to(memory_format=memory_format(channels_last)).eval()
        with torch.no_grad():
            x = module(x)
        modules.append(module)
        tensors = [p.detach() for p in module.parameters() if p.requires_grad]
        if isinstance(part, of.Dense):
            tensors[0] = tensors[0].view(part.units, *inputs)
        if not isinstance(part, of.Flatten):  # for a dense layer after it, the image is the input
            inputs = tuple(x.shape[1:])
        learned += tensors
        if isinstance(part, of.Whitening):
            kept.append(module.weight.detach())
        elif isinstance(part, of.Norm):
            kept += [module.running_mean, module.running_var]
    model = Model(nn.Sequential(*modules).train(), learned + kept)
    model.fill(arrays)
    return model


def module_of(part: of.Part, inputs: int) -> nn.Module:
    """Return PyTorch's layer for a part of an architecture, with so many channels or features."""
    module: nn.Module
    match part:
        case of.Convolution(filters, kernel, same, bias):
            padding = kernel // 2 if same else 0
            module = nn.Conv2d(inputs, filters, kernel, padding=padding, bias=bias)
        case of.Whitening(kernel):
            module = nn.Conv2d(inputs, 2 * kernel**2 * inputs, kernel)
            module.weight.requires_grad = False
        case of.Norm(scale, keeps, epsilon):
            module = nn.BatchNorm2d(inputs, eps=epsilon, momentum=1.0 - keeps)
            module.weight.requires_grad = scale
        case of.Activation(name):
            module = ACTIVATIONS[name]()
        case of.MaxPooling(size):
            module = nn.MaxPool2d(size)
        case of.Flatten():
            module = nn.Flatten()
        case of.Dense(units):
            module = nn.Linear(inputs, units)
        case of.Scaling(factor):
            module = Scaling(factor)
    return module
