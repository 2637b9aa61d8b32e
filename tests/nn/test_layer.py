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
