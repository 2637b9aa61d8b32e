from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn import Cache


def test_a_cache_gives_the_same_array_as_long_as_shape_and_dtype_stay() -> None:
    cache = Cache()
    array = cache.array("z", (2, 3), np.float64)
    assert (array.shape, array.dtype) == ((2, 3), np.float64)
    assert cache.array("z", (2, 3), np.float64) is array
    assert cache["z"] is array


@pytest.mark.parametrize(("shape", "dtype"), [((3, 2), np.float64), ((2, 3), np.float32)])
def test_a_cache_gives_another_array_for_another_shape_or_dtype(
    shape: tuple[int, ...], dtype: type
) -> None:
    cache = Cache()
    cache.array("z", (2, 3), np.float64)
    array = cache.array("z", shape, dtype)
    assert (array.shape, array.dtype) == (shape, dtype)


def test_a_shorter_batch_takes_no_memory_of_its_own() -> None:
    cache = Cache()
    full = cache.array("z", (5, 3))
    short = cache.array("z", (2, 3))
    assert short.shape == cache["z"].shape == (2, 3)
    assert np.shares_memory(short, full)
    assert short.flags.c_contiguous
    again = cache.array("z", (5, 3))
    assert again.shape == (5, 3)
    assert again.ctypes.data == full.ctypes.data


def test_a_longer_batch_takes_new_memory() -> None:
    cache = Cache()
    short = cache.array("z", (2, 3))
    full = cache.array("z", (5, 3))
    assert full.shape == (5, 3)
    assert not np.shares_memory(short, full)


def test_what_a_layer_leaves_by_hand_is_never_written_over() -> None:
    cache, x = Cache(), np.ones((5, 3), np.float32)
    cache["x"] = x
    assert not np.shares_memory(cache.array("x", (2, 3)), x)


def test_a_bound_parameter_reads_and_writes_the_flat_vectors() -> None:
    parameter = gn.Parameter("W", (2, 3), lambda rng: rng.normal(size=(2, 3)))
    value, grad = np.arange(6.0), np.zeros(6)
    parameter.bind(value, grad)
    parameter.value[1, 0] = 30.0
    parameter.grad[0, 2] = 7.0
    assert parameter.size == 6
    assert (value[3], grad[2]) == (30.0, 7.0)


def test_a_layer_says_nothing_of_parameters_or_state_until_it_has_them() -> None:
    layer = gn.Flatten()
    assert layer.parameters == ()
    assert layer.state == {}
    assert layer.parts == (layer,)
