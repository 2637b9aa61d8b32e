from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn import Cache, threads
from glassnet.training.steps import NumpySteps


@pytest.fixture(params=[1, 2, 5])
def count(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(threads, "available_threads", lambda: request.param)
    threads._pool.cache_clear()
    yield request.param
    threads._pool.cache_clear()


def test_the_shares_cover_everything_once_and_come_back_in_order(count: int) -> None:
    shares = threads.in_shares(13, lambda *share: share, worth=1e9)
    assert len(shares) == count
    assert [number for _, _, number in shares] == list(range(count))
    assert np.concatenate([np.arange(a, b) for a, b, _ in shares]).tolist() == list(range(13))


def test_few_things_have_no_more_shares_than_there_are_things(count: int) -> None:
    assert len(threads.in_shares(2, lambda *share: share, worth=1e9)) == min(2, count)


def test_little_work_stays_in_the_thread_that_asks(count: int) -> None:
    def thread(*_: int) -> threading.Thread:
        return threading.current_thread()

    assert threads.in_shares(13, thread, worth=100.0) == [threading.current_thread()]


def test_an_error_in_any_share_comes_out_after_all_have_ended(count: int) -> None:
    ended = []

    def work(start: int, stop: int, number: int) -> None:
        ended.append(number)
        if stop == 13:
            raise RuntimeError("the last share failed")

    with pytest.raises(RuntimeError, match="the last share failed"):
        threads.in_shares(13, work, worth=1e9)
    assert sorted(ended) == list(range(count))


@pytest.mark.parametrize("block_bytes", [64, 2**18])
@pytest.mark.parametrize("spare", [0, 2])
def test_blocks_cover_arrays_of_any_shape_once(
    block_bytes: int, spare: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(threads, "LEAST_WORTH", 1.0)
    x, out, cache = np.arange(105.0).reshape(3, 5, 7), np.zeros((3, 5, 7)), Cache()

    def work(x: np.ndarray, out: np.ndarray, *spares: np.ndarray) -> None:
        assert len(spares) == spare
        for array in spares:
            assert array.shape == x.shape
            array[...] = 1.0
        out += x + 1.0

    for _ in range(2):
        threads.in_blocks((x, out), work, cache, spare=spare)
    np.testing.assert_array_equal(out, 2.0 * x + 2.0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process cannot be forked here")
def test_a_forked_process_has_threads_of_its_own() -> None:
    code = """
import os, sys, warnings
warnings.simplefilter("ignore")  # newer Pythons warn of forking with threads
from glassnet.nn import threads
threads.available_threads = lambda: 2
share = lambda *share: share
assert len(threads.in_shares(4, share, worth=1e9)) == 2
child = os.fork()
if child == 0:
    os._exit(len(threads.in_shares(4, share, worth=1e9)))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert done.returncode == 2


@pytest.mark.parametrize(("layer", "threads_in_use"), [("conv", 1), ("dense", None)])
def test_steps_of_convolutions_keep_blas_to_one_thread(layer: str, threads_in_use) -> None:
    threadpoolctl = pytest.importorskip("threadpoolctl", reason="without it products have threads")
    before = {
        library["num_threads"]
        for library in threadpoolctl.threadpool_info()
        if library["user_api"] == "blas"
    }
    layers = [gn.Residual([gn.Conv2D(1, 3, padding=1)])] if layer == "conv" else []
    network = gn.Network([*layers, gn.Flatten(), gn.Dense(2, "softmax")], input_shape=(4, 4, 1))
    steps = NumpySteps(network, gn.CategoricalCrossEntropy(), gn.SGD(0.1))
    with steps.ready():
        inside = {
            library["num_threads"]
            for library in threadpoolctl.threadpool_info()
            if library["user_api"] == "blas"
        }
    assert inside == ({threads_in_use} if threads_in_use else before)
    assert {
        library["num_threads"]
        for library in threadpoolctl.threadpool_info()
        if library["user_api"] == "blas"
    } == before
