from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import batches


def _blobs(n: int = 60, *, classes: int = 3, features: int = 4, seed: int = 0) -> gn.Dataset:
    """Clouds of points, one for each class, that overlap a little."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    centres = np.random.default_rng(99).normal(size=(classes, features))
    return gn.Dataset(centres[labels] + 0.7 * rng.normal(size=(n, features)), labels, name="blobs")


def _small_network(*, outputs: int = 3, seed: int = 0, dtype: str = "float32") -> gn.Network:
    layers = [gn.Dense(5, "tanh"), gn.Dense(outputs, "softmax")]
    return gn.Network(layers, input_shape=4, seed=seed, dtype=dtype)


def _trainer(network: gn.Network | None = None, **settings) -> gn.Trainer:
    settings = {"loss": "categorical_cross_entropy", "batch_size": 8} | settings
    return gn.Trainer(network or _small_network(), **settings)


# Tests are no package, so helpers reach them as fixtures.
@pytest.fixture(scope="session")
def blobs() -> Callable[..., gn.Dataset]:
    return _blobs


@pytest.fixture(scope="session")
def small_network() -> Callable[..., gn.Network]:
    return _small_network


@pytest.fixture(scope="session")
def make_trainer() -> Callable[..., gn.Trainer]:
    return _trainer


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch) -> None:
    """Let a small data set be several chunks, so that there are moments between them."""
    monkeypatch.setattr(batches, "_CHUNK_ROWS", 1024)
