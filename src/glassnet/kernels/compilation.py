"""How the kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

# Fused multiply-adds, and sums in any order, which vectorising takes. NaN and infinity keep their
# meaning: a divergence must show.
SETTINGS: dict[str, Any] = {
    "fastmath": {"contract", "reassoc", "nsz", "arcp"},
    "error_model": "numpy",
    "nogil": True,
    "cache": True,
}


def compiled(function: F) -> F:
    """Compile a function at its first call; later runs take the machine code from disk."""
    fast: F = njit(**SETTINGS)(function)
    return fast
