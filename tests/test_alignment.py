from __future__ import annotations

import numpy as np
import pytest

from glassnet.alignment import aligned_zeros
from glassnet.nn import Dense, Network
from glassnet.optim import SGD


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1, 16, 25_450, 100_003])
def test_zeros_begin_on_a_cache_line(size: int, dtype: str) -> None:
    for array in [aligned_zeros(size, np.dtype(dtype)) for _ in range(5)]:
        assert array.ctypes.data % 64 == 0
        assert (array.shape, array.dtype) == ((size,), np.dtype(dtype))
        assert not array.any()
        array[...] = 1.0


def test_the_flat_vectors_of_a_training_begin_on_a_cache_line() -> None:
    for units in range(1, 6):
        network, optimizer = Network([Dense(units)], input_shape=7), SGD(momentum=0.5)
        velocity = optimizer.velocity_for(network.theta)
        for vector in (network.theta, network.grad, velocity):
            assert vector.ctypes.data % 64 == 0
