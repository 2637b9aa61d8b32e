"""Contenders that the test extra brings do small works; the peers that it doesn't are skipped."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from benchmarks.contenders import CONTENDERS, Contender, Unavailable, contender_named
from benchmarks.given import give, network, read_examples, read_in_order, read_weights
from benchmarks.measuring import Measured, OtherWork, compare, environment, loss_of, measure
from benchmarks.works import THESIS, WORKS, Work

TABLE = replace(WORKS["B7"], examples=320)
SQUARED = Work(
    (12, 8, 2), **THESIS, batch_size=1, examples=60, learning_rate=0.1, momentum=0.8, data="table"
)  # fmt: skip
INFERENCE = replace(SQUARED, sizes=(12, 8, 3), kind="inference", batch_size=20)

needs_mnist = pytest.mark.skipif(
    "GLASSNET_DATA" not in os.environ, reason="GLASSNET_DATA names no folder with MNIST"
)


def one_round(name: str, work: Work, folder: Path) -> list[np.ndarray]:
    """Return what a contender ends with, without a process of its own."""
    give(work, folder)
    _, arrays = contender_named(name, work.kind).prepare(work, folder)()
    return arrays


def test_peers_are_given_the_examples_in_the_order_of_the_trainer(tmp_path) -> None:
    give(TABLE, tmp_path)
    x, targets = read_in_order(tmp_path)
    seen = []

    class Watch(gn.Callback):
        def on_step_end(self, trainer: gn.Trainer) -> None:
            seen.append(trainer.network.theta.copy())

    model = network(TABLE)
    trainer = gn.Trainer(
        model, loss=TABLE.loss, optimizer=gn.SGD(0.05), batch_size=32, callbacks=[Watch()],
        engine="numpy",
    )  # fmt: skip
    trainer.fit(gn.Dataset(*read_examples(tmp_path)), epochs=1)
    other = network(TABLE)
    first = other.gradient(x[:32], targets[:32], gn.CategoricalCrossEntropy())
    np.testing.assert_allclose(seen[0], other.theta - 0.05 * first, rtol=1e-5, atol=1e-7)


def test_inference_is_given_the_examples_unshuffled(tmp_path) -> None:
    give(INFERENCE, tmp_path)
    np.testing.assert_array_equal(read_in_order(tmp_path)[0], read_examples(tmp_path)[0])


@pytest.mark.compiled
def test_both_engines_do_the_same_work_in_processes_of_their_own() -> None:
    contenders = [contender_named(name) for name in ("glassnet numpy", "glassnet numba")]
    measured = measure(TABLE, contenders, rounds=2, threads=1)
    assert [len(times) for times in measured.microseconds.values()] == [2, 2]
    assert measured.losses["glassnet numba"] == pytest.approx(measured.losses["glassnet numpy"])
    assert all(mib > 10 for mib in measured.peak_mib.values())


def test_scikit_learn_ends_with_the_same_weights_where_its_loss_is_the_works(tmp_path) -> None:
    work = replace(TABLE, sizes=(30, 30, 3), weight_decay=0.0)
    ours = one_round("glassnet numpy", work, tmp_path)
    theirs = one_round("scikit-learn", work, tmp_path)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


def test_scikit_learn_is_not_compared_where_its_loss_is_another(tmp_path) -> None:
    assert one_round("scikit-learn", SQUARED, tmp_path) == []


def test_the_loop_in_c_ends_with_the_same_weights(tmp_path) -> None:
    if shutil.which(os.environ.get("CC", "cc")) is None:
        pytest.skip("there is no C compiler")
    ours = one_round("glassnet numpy", SQUARED, tmp_path)
    theirs = one_round("C loop", SQUARED, tmp_path)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


def test_without_a_compiler_the_loop_in_c_is_left_out(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(Unavailable, match="C compiler"):
        one_round("C loop", SQUARED, tmp_path)


@pytest.mark.parametrize("name", ["glassnet numpy", "scikit-learn"])
def test_predictions_are_those_of_the_same_network(name, tmp_path) -> None:
    (p,) = one_round(name, INFERENCE, tmp_path)
    np.testing.assert_allclose(p, network(INFERENCE).predict(read_examples(tmp_path)[0]), rtol=1e-4)


def test_matmul_alone_has_nothing_to_compare(tmp_path) -> None:
    assert one_round("matmul alone", TABLE, tmp_path) == []


def test_a_contender_that_does_other_work_is_found_out(tmp_path) -> None:
    give(TABLE, tmp_path)
    honest = one_round("glassnet numpy", TABLE, tmp_path)
    lazy = read_weights(tmp_path)
    outputs = {"honest": honest, "cannot tell": [], "lazy": lazy}
    with pytest.raises(OtherWork, match="lazy"):
        compare(TABLE, tmp_path, outputs, Measured())


def test_other_predictions_are_found_out(tmp_path) -> None:
    give(INFERENCE, tmp_path)
    p = network(INFERENCE).predict(read_examples(tmp_path)[0])
    compare(INFERENCE, tmp_path, {"honest": [p]}, Measured())
    with pytest.raises(OtherWork, match="liar predicts otherwise"):
        compare(INFERENCE, tmp_path, {"honest": [p], "liar": [p + 0.01]}, Measured())


def test_the_loss_is_that_of_the_weights(tmp_path) -> None:
    give(TABLE, tmp_path)
    data = gn.Dataset(*read_examples(tmp_path))
    expected = gn.evaluate(network(TABLE), data, loss=TABLE.loss)["loss"]
    assert loss_of(TABLE, tmp_path, read_weights(tmp_path)) == pytest.approx(expected)


def test_a_library_that_is_not_installed_is_left_out_with_the_reason(monkeypatch) -> None:
    absent = Contender("nobody", "nobody", "no_such_module")
    monkeypatch.setitem(CONTENDERS, "training", (*CONTENDERS["training"], absent))
    with pytest.raises(Unavailable, match="no_such_module"):
        absent.prepare(TABLE, Path())


def test_who_takes_too_long_is_left_out_with_the_reason() -> None:
    contenders = [contender_named("glassnet numpy")]
    measured = measure(TABLE, contenders, rounds=1, threads=1, limit=0.01)
    assert measured.skipped == {"glassnet numpy": "took longer than 0.01 s"}
    assert measured.microseconds == {}


def test_a_contender_that_fails_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="glassnet numpy failed"):
        measure(
            replace(TABLE, learning_rate=-1.0),
            [contender_named("glassnet numpy")],
            rounds=1,
            threads=1,
        )


def test_every_library_is_told_its_threads() -> None:
    told = environment(3)
    assert {told[f"{name}_NUM_THREADS"] for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")} == {"3"}
    assert "intra_op_parallelism_threads=3" in told["XLA_FLAGS"]


@needs_mnist
def test_the_thesis_network_learns_mnist_in_a_round(tmp_path) -> None:
    work = replace(WORKS["B2"], examples=2_000)
    weights = one_round("glassnet numpy", work, tmp_path)
    assert loss_of(work, tmp_path, weights) < 0.9 * loss_of(work, tmp_path, read_weights(tmp_path))
