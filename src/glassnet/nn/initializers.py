"""How parameters start.

Each initializer is a function of a generator, the shape of the array, and the numbers of inputs
(`fan_in`) and of outputs (`fan_out`) that one of its weights stands between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

# NumPy imports its random numbers when they are first asked for.
Initializer: TypeAlias = "Callable[[np.random.Generator, tuple[int, ...], int, int], np.ndarray]"


def _normal(variance: Callable[[int, int], float]) -> Initializer:
    def initialize(
        rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> np.ndarray:
        return rng.normal(0.0, np.sqrt(variance(fan_in, fan_out)), shape)

    return initialize


def _uniform(variance: Callable[[int, int], float]) -> Initializer:
    def initialize(
        rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> np.ndarray:
        limit = np.sqrt(3.0 * variance(fan_in, fan_out))  # U(-a, a) has variance a² / 3
        return rng.uniform(-limit, limit, shape)

    return initialize


def _zeros(
    rng: np.random.Generator,  # noqa: ARG001 (every initializer takes the same arguments)
    shape: tuple[int, ...],
    fan_in: int,  # noqa: ARG001
    fan_out: int,  # noqa: ARG001
) -> np.ndarray:
    return np.zeros(shape)


def _glorot(fan_in: int, fan_out: int) -> float:
    return 2.0 / (fan_in + fan_out)


def _he(fan_in: int, fan_out: int) -> float:  # noqa: ARG001
    return 2.0 / fan_in


def _lecun(fan_in: int, fan_out: int) -> float:  # noqa: ARG001
    return 1.0 / fan_in


INITIALIZERS: dict[str, Initializer] = {
    "standard_normal": _normal(lambda fan_in, fan_out: 1.0),  # noqa: ARG005
    "glorot_normal": _normal(_glorot),
    "glorot_uniform": _uniform(_glorot),
    "he_normal": _normal(_he),
    "he_uniform": _uniform(_he),
    "lecun_normal": _normal(_lecun),
    "lecun_uniform": _uniform(_lecun),
    "zeros": _zeros,
}
"""Initializers by name.

=================== ============================ ==========================================
name                variance                     source
=================== ============================ ==========================================
``standard_normal`` 1                            the thesis, section III-A
``glorot_*``        2 / (fan_in + fan_out)       Glorot and Bengio, AISTATS 2010, Eq. 12, 16
``he_*``            2 / fan_in                   He et al., arXiv 1502.01852, Eq. 10
``lecun_*``         1 / fan_in                   LeCun et al., "Efficient BackProp", 1998, Eq. 16
``zeros``           0
=================== ============================ ==========================================
"""
