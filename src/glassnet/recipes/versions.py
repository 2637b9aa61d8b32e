"""What, besides the recipe, decides the numbers of a run."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys

import numpy as np

import glassnet
from glassnet.nn.threads import available_threads


def versions() -> dict[str, str]:
    """Return the versions of all that computes, and the machine, by name."""
    build = np.show_config(mode="dicts")
    blas = build["Build Dependencies"]["blas"]
    simd = build.get("SIMD Extensions", {})
    threads = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS")
    return {
        "glassnet": glassnet.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": _version("numba"),
        "scipy": _version("scipy"),
        "blas": f"{blas.get('name', '?')} {blas.get('version', '?')}",
        "simd": " ".join(simd.get("found", [])) or "baseline",
        "platform": platform.platform(),
        "machine": platform.machine(),
        "byte order": sys.byteorder,
        "processors": str(os.cpu_count()),
        "blas threads": threads or "as many as processors",
        "threads": str(available_threads()),
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
