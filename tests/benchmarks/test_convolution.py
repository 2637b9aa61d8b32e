"""That PyTorch and glassnet do the same with the convolutional networks that are measured."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.architectures import ARCHITECTURES
from benchmarks.contenders import contender_named
from benchmarks.given import (
    give,
    loss,
    network,
    network_with,
    read_examples,
    read_in_order,
    read_weights,
)
from benchmarks.measuring import loss_of
from benchmarks.works import WORKS, Work

pytestmark = pytest.mark.compiled

TRAINING = ("B11", "B12", "B13")
INFERENCE = ("B12-1000", "B13-1000")


def small(name: str, examples: int = 8) -> Work:
    """Return the work on a few random images."""
    return replace(WORKS[name], examples=examples, batch_size=examples, data="noise")


def one_round(name: str, work: Work, folder: Path) -> list[np.ndarray]:
    """Return what a contender ends with; skip where its library is not installed."""
    contender = contender_named(name, work.kind)
    if contender.library == "PyTorch":
        torch = pytest.importorskip("torch")
        try:
            return contender.prepare(work, folder)()[1]
        finally:
            torch.set_flush_denormal(False)  # which holds for the whole process
    if name == "glassnet numba":
        pytest.importorskip("numba")
    return contender.prepare(work, folder)()[1]


def steps(work: Work, folder: Path, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Return by which each parameter and each running statistic has moved, by name."""
    names = network(work).numbers()
    start = read_weights(folder)
    return {name: a - b for name, a, b in zip(names, arrays, start, strict=True)}


@pytest.mark.parametrize("theirs", ["PyTorch eager", "PyTorch channels last, fused"])
@pytest.mark.parametrize("name", TRAINING)
def test_a_step_moves_every_parameter_as_in_pytorch(name, theirs, tmp_path) -> None:
    work = small(name)
    give(work, tmp_path)
    ours = steps(work, tmp_path, one_round("glassnet numpy", work, tmp_path))
    others = steps(work, tmp_path, one_round(theirs, work, tmp_path))
    for key, step in ours.items():
        # where two pixels of a window are alike, rounding decides which one has the gradient
        error, size = np.linalg.norm(step - others[key]), np.linalg.norm(step)
        if not key.endswith("filters"):
            assert size > 1e-5, f"{key} did not move"
        assert error <= 0.03 * size + 1e-6, key


@pytest.mark.parametrize("name", TRAINING)
def test_both_engines_make_the_same_step(name, tmp_path) -> None:
    work = small(name)
    give(work, tmp_path)
    plain = steps(work, tmp_path, one_round("glassnet numpy", work, tmp_path))
    compiled = steps(work, tmp_path, one_round("glassnet numba", work, tmp_path))
    for key, step in plain.items():
        error = np.linalg.norm(step - compiled[key])
        assert error <= 0.03 * np.linalg.norm(step) + 1e-6, key


@pytest.mark.parametrize("name", TRAINING)
def test_the_first_loss_is_that_of_pytorch(name, tmp_path) -> None:
    torch = pytest.importorskip("torch")
    from benchmarks.contenders import pytorch_convolution as theirs

    work = small(name)
    give(work, tmp_path)
    x, targets = read_in_order(tmp_path)
    p = network_with(work, read_weights(tmp_path)).forward(x, training=True)
    images, labels = theirs.tensors(tmp_path, channels_last=False)
    model = theirs.model_with(work, read_weights(tmp_path))
    with torch.no_grad():
        expected = theirs.cost_of(work)(model.layers, images, labels).item()
    assert loss(work).value(p, targets) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "theirs", ["glassnet numba", "PyTorch eager", "PyTorch channels last, 100 at a time"]
)
@pytest.mark.parametrize("name", INFERENCE)
def test_predictions_are_those_of_the_same_network(name, theirs, tmp_path) -> None:
    work = small(name)
    give(work, tmp_path)
    (p,) = one_round("glassnet numpy", work, tmp_path)
    (others,) = one_round(theirs, work, tmp_path)
    np.testing.assert_allclose(others, p, rtol=1e-4, atol=1e-6)
    assert p.std() > 1e-3


def test_before_predicting_batch_normalisation_has_seen_images(tmp_path) -> None:
    work = small("B12-1000")
    give(work, tmp_path)
    model = network_with(work, read_weights(tmp_path))
    state = [a for name, a in model.named_state() if name.endswith("running_variance")]
    assert len(state) == 6
    assert all(np.abs(variance - 1.0).max() > 0.01 for variance in state)


def test_weights_that_were_read_make_the_network_that_was_given(tmp_path) -> None:
    work = small("B13")
    give(work, tmp_path)
    again = network_with(work, read_weights(tmp_path))
    assert not np.isnan(dict(again.named_state())["whitening2d_1.filters"]).any()
    assert loss_of(work, tmp_path, read_weights(tmp_path)) == pytest.approx(
        loss(work).value(again.predict(read_examples(tmp_path)[0]), targets_of(work, tmp_path))
    )


def targets_of(work: Work, folder: Path) -> np.ndarray:
    """Return the targets of the examples, unshuffled."""
    return np.eye(work.sizes[-1], dtype=np.float32)[read_examples(folder)[1]]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("LeNet-5", 61_706), ("six-layer VGG", 307_946), ("94 % network", 1_971_362)],
)
def test_the_networks_have_their_known_numbers_of_parameters(name, parameters) -> None:
    work = next(work for work in WORKS.values() if work.architecture == name)
    assert network(work).theta.size == parameters
    assert work.input_shape == ARCHITECTURES[name].input_shape
    assert work.sizes == (np.prod(work.input_shape), 10)


@pytest.mark.skipif(
    "GLASSNET_DATA" not in os.environ, reason="GLASSNET_DATA names no folder with MNIST"
)
def test_images_are_given_as_images(tmp_path) -> None:
    give(replace(WORKS["B11"], examples=64), tmp_path)
    assert read_in_order(tmp_path)[0].shape == (64, 28, 28, 1)
