"""The nearest matrix with orthogonal rows or columns, to a few per cent, by products alone."""

from __future__ import annotations

import math

import numpy as np

FIRST, THIRD, FIFTH = 3.4445, -4.7750, 2.0315
"""Coefficients of the polynomial ``a s + b s³ + c s⁵``, which takes singular values towards 1."""

_LEAST_NORM = 1e-7


class NewtonSchulz:
    """Makes matrices nearly orthogonal in place, in memory that it keeps.

    Parameters
    ----------
    steps : int
        After 5, singular values that were at least 0.005 of the norm lie between 0.68 and 1.16;
        after 3, those that were at least 0.02 of it lie between 0.68 and 1.21.

    Notes
    -----
    ``X ← X / ‖X‖``, then at each step ``A = X Xᵀ``, ``X ← a X + (b A + c A²) X``: the singular
    vectors stay and each singular value goes through the polynomial. Where X has more rows than
    columns, ``A = Xᵀ X`` from the right does the same with the smaller matrix.

    References
    ----------
    K. Jordan, "Muon: an optimizer for hidden layers in neural networks" (2024), with its
    coefficients; the iteration is that of Björck and Bowie, SIAM J. Numer. Anal. 8 (1971).
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self._memory: dict[str, np.ndarray] = {}

    def __call__(self, x: np.ndarray) -> None:
        """Overwrite `x`, shape (rows, columns), contiguous, float32 or float64."""
        norm = math.sqrt(float(np.dot(x.reshape(-1), x.reshape(-1))))
        np.multiply(x, 1.0 / (norm + _LEAST_NORM), out=x)
        tall = x.shape[0] >= x.shape[1]
        n = min(x.shape)
        a, square = self._array("a", (n, n), x.dtype), self._array("square", (n, n), x.dtype)
        moved = self._array("moved", x.shape, x.dtype)
        for _ in range(self.steps):
            np.matmul(x.T, x, out=a) if tall else np.matmul(x, x.T, out=a)
            np.matmul(a, a, out=square)
            np.multiply(square, FIFTH, out=square)
            np.multiply(a, THIRD, out=a)
            np.add(a, square, out=a)
            np.matmul(x, a, out=moved) if tall else np.matmul(a, x, out=moved)
            np.multiply(x, FIRST, out=x)
            np.add(x, moved, out=x)

    def _array(self, name: str, shape: tuple[int, int], dtype: np.dtype[np.floating]) -> np.ndarray:
        """Return memory for a matrix, shared by all matrices up to the largest one."""
        size, memory = math.prod(shape), self._memory.get(name)
        if memory is None or memory.size < size or memory.dtype != dtype:
            memory = self._memory[name] = np.empty(size, dtype)
        return memory[:size].reshape(shape)
