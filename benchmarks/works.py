"""The works that are measured: a network, a batch size, and the data of one round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.randomness import stream


@dataclass(frozen=True)
class Work:
    """A training that every contender does.

    Parameters
    ----------
    sizes : tuple of int
        Units of all layers, the input's first.
    hidden, output : str
        Activations.
    loss : str
    batch_size, examples : int
        Of a step, and of a round.
    learning_rate, momentum, weight_decay : float
    data : str
        A data set by name, or "table" for random numbers.
    initializer : str
        Of weights and biases.
    """

    sizes: tuple[int, ...]
    hidden: str
    output: str
    loss: str
    batch_size: int
    examples: int
    learning_rate: float
    momentum: float
    weight_decay: float = 0.0
    data: str = "mnist"
    initializer: str = "standard_normal"

    @property
    def steps(self) -> int:
        """Steps of a round, the last short one included."""
        return -(-self.examples // self.batch_size)

    def network(self) -> gn.Network:
        """Return glassnet's network, always with the same weights."""
        names = [self.hidden] * (len(self.sizes) - 2) + [self.output]
        how: dict[str, Any] = {"weight_initializer": self.initializer}
        if self.initializer == "standard_normal":
            how["bias_initializer"] = "standard_normal"
        layers = [gn.Dense(n, name, **how) for n, name in zip(self.sizes[1:], names, strict=True)]
        return gn.Network(layers, input_shape=self.sizes[0], seed=0)

    def dataset(self, data_dir: str | None) -> gn.Dataset:
        """Return the examples of a round."""
        if self.data == "table":
            rng = np.random.default_rng(0)
            x = rng.normal(size=(self.examples, self.sizes[0]))
            return gn.Dataset(x, (x[:, 0] * x[:, 1] > 0).astype(int))
        train, _ = gn.load_dataset(self.data, data_dir=data_dir)
        flat = train.x[: self.examples].reshape(self.examples, -1)
        return gn.Dataset(flat, train.y[: self.examples])

    def in_order(self, data: gn.Dataset) -> tuple[np.ndarray, np.ndarray]:
        """Return inputs and one-hot targets in the order in which glassnet's trainer takes them."""
        order = stream(0, "shuffling").permutation(len(data))
        return data.x[order], gn.one_hot(data.y[order], self.sizes[-1])


THESIS = {"hidden": "sigmoid", "output": "sigmoid", "loss": "half_squared_error"}
RELU = {"hidden": "relu", "output": "softmax", "loss": "categorical_cross_entropy"}

WORKS = {
    "B1": Work(
        (784, 32, 10), **THESIS, batch_size=1, examples=4_000, learning_rate=0.1, momentum=0.8,
    ),
    "B2": Work(
        (784, 32, 10), **THESIS, batch_size=10, examples=20_000, learning_rate=0.3, momentum=0.8,
    ),
    "B3": Work(
        (784, 32, 10), **THESIS, batch_size=50, examples=20_000, learning_rate=0.7, momentum=0.8,
    ),
    "B4-1": Work(
        (3072, 200, 10), **THESIS, batch_size=1, examples=1_000, learning_rate=0.01, momentum=0.6,
        data="cifar10", initializer="glorot_uniform",
    ),
    "B4-50": Work(
        (3072, 200, 10), **THESIS, batch_size=50, examples=5_000, learning_rate=0.07, momentum=0.6,
        data="cifar10", initializer="glorot_uniform",
    ),
    "B5": Work(
        (784, 512, 512, 10), **RELU, batch_size=128, examples=12_800, learning_rate=0.05,
        momentum=0.9, weight_decay=1e-4, initializer="he_uniform",
    ),
    "B6": Work(
        (784, 2048, 2048, 10), **RELU, batch_size=256, examples=5_120, learning_rate=0.05,
        momentum=0.9, initializer="he_uniform",
    ),
    "B7": Work(
        (30, 30, 2), hidden="tanh", output="softmax", loss="categorical_cross_entropy",
        batch_size=32, examples=10_000, learning_rate=0.05, momentum=0.9, data="table",
        initializer="glorot_uniform",
    ),
}  # fmt: skip
"""By the names that the results are known by."""
