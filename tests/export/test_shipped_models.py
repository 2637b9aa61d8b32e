"""The trained models that come with glassnet predict the same in onnxruntime."""

from __future__ import annotations

import os

import numpy as np
import pytest

import glassnet as gn
from benchmarks.exported import MODELS, SHIPPED, agreement, thesis_network

pytest.importorskip("onnx", reason="the extra export is not installed")
pytest.importorskip("onnxruntime", reason="the extra export is not installed")
pytestmark = pytest.mark.skipif(
    "GLASSNET_DATA" not in os.environ, reason="GLASSNET_DATA names no folder with the real data"
)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_trained_model_predicts_the_same_in_onnxruntime(name) -> None:
    file = MODELS / f"{name}.npz"
    if not file.exists():
        pytest.skip("the trained models are no part of a source distribution")
    network = gn.Network.load(file)
    _, test = gn.load_dataset(SHIPPED[name])
    found = agreement(network, np.asarray(test.x[:500]))
    assert (found.images, found.different) == (500, 0)
    assert found.largest < 1e-5


def test_the_network_of_the_thesis_predicts_the_same_in_onnxruntime() -> None:
    train, test = gn.load_dataset("mnist")
    network = thesis_network(gn.Dataset(train.x[:6000], train.y[:6000]))
    found = agreement(network, test.x)
    assert (found.images, found.different) == (10_000, 0)
    assert found.largest < 1e-5
    assert (network.predict(test.x).argmax(axis=1) == test.y).mean() > 0.6
