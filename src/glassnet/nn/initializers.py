"""How parameters start.

Each initializer is a function of a generator, the shape of the array, and the numbers of inputs
(`fan_in`) and of outputs (`fan_out`) that one of its weights stands between.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np

# NumPy imports its random numbers when they are first asked for.
Initializer: TypeAlias = "Callable[[np.random.Generator, tuple[int, ...], int, int], np.ndarray]"


# Initializers are module-level functions, bound by `partial`, so that layers can be pickled.


def _normal(
    variance: Callable[[int, int], float],
    rng: np.random.Generator,
    shape: tuple[int, ...],
    fan_in: int,
    fan_out: int,
) -> np.ndarray:
    return rng.normal(0.0, np.sqrt(variance(fan_in, fan_out)), shape)


def _uniform(
    variance: Callable[[int, int], float],
    rng: np.random.Generator,
    shape: tuple[int, ...],
    fan_in: int,
    fan_out: int,
) -> np.ndarray:
    limit = np.sqrt(3.0 * variance(fan_in, fan_out))  # U(-a, a) has variance a² / 3
    return rng.uniform(-limit, limit, shape)


def _zeros(
    rng: np.random.Generator,  # noqa: ARG001 (every initializer takes the same arguments)
    shape: tuple[int, ...],
    fan_in: int,  # noqa: ARG001
    fan_out: int,  # noqa: ARG001
) -> np.ndarray:
    return np.zeros(shape)


def _ones(
    rng: np.random.Generator,  # noqa: ARG001
    shape: tuple[int, ...],
    fan_in: int,  # noqa: ARG001
    fan_out: int,  # noqa: ARG001
) -> np.ndarray:
    return np.ones(shape)


def _dirac(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    fan_in: int,
    fan_out: int,  # noqa: ARG001
) -> np.ndarray:
    if len(shape) < 3:
        raise ValueError(f"'dirac' is for the filters of a convolution, got an array of {shape}")
    limit = 1.0 / np.sqrt(fan_in)
    filters = rng.uniform(-limit, limit, shape)
    centre = tuple(size // 2 for size in shape[:-2])
    for channel in range(min(shape[-2:])):
        filters[..., channel] = 0.0
        filters[(*centre, channel, channel)] = 1.0
    return filters


def _one(fan_in: int, fan_out: int) -> float:  # noqa: ARG001
    return 1.0


def _glorot(fan_in: int, fan_out: int) -> float:
    return 2.0 / (fan_in + fan_out)


def _he(fan_in: int, fan_out: int) -> float:  # noqa: ARG001
    return 2.0 / fan_in


def _lecun(fan_in: int, fan_out: int) -> float:  # noqa: ARG001
    return 1.0 / fan_in


INITIALIZERS: dict[str, Initializer] = {
    "standard_normal": partial(_normal, _one),
    "glorot_normal": partial(_normal, _glorot),
    "glorot_uniform": partial(_uniform, _glorot),
    "he_normal": partial(_normal, _he),
    "he_uniform": partial(_uniform, _he),
    "lecun_normal": partial(_normal, _lecun),
    "lecun_uniform": partial(_uniform, _lecun),
    "zeros": _zeros,
    "ones": _ones,
    "dirac": _dirac,
}
"""Initializers by name; `LocalFields` is one that has settings.

=================== ============================ ==========================================
name                variance                     source
=================== ============================ ==========================================
``standard_normal`` 1                            the thesis, section III-A
``glorot_*``        2 / (fan_in + fan_out)       Glorot and Bengio, AISTATS 2010, Eq. 12, 16
``he_*``            2 / fan_in                   He et al., arXiv 1502.01852, Eq. 10
``lecun_*``         1 / fan_in                   LeCun et al., "Efficient BackProp", 1998, Eq. 16
``zeros``, ``ones`` 0
``dirac``           (see below)                  Jordan, arXiv 2404.00498, section 3.3
=================== ============================ ==========================================

``dirac`` is for filters of shape (..., inputs, filters): as many as there are inputs pass their
channel on as it is, the others are drawn from U(-1/sqrt(fan_in), 1/sqrt(fan_in)).
"""


def draw_filters(
    initialize: Initializer, rng: np.random.Generator, shape: tuple[int, ...], groups: int
) -> np.ndarray:
    """Return the filters of all groups, each group drawn for its own inputs and outputs."""
    height, width, inputs, filters = shape
    area, share = height * width, filters // groups
    of_group = (height, width, inputs, share)
    return np.concatenate(
        [initialize(rng, of_group, area * inputs, area * share) for _ in range(groups)], axis=3
    )
