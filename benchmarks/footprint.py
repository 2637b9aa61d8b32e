"""What a library costs before it computes anything: its import, and its place on the disk."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

IMPORTS = {
    "glassnet": "import glassnet",
    "NumPy alone": "import numpy",
    "PyTorch": "import torch",
    "JAX": "import jax, jax.numpy",
    "scikit-learn": "from sklearn.neural_network import MLPClassifier",
}
"""What a user of each library writes."""

DISTRIBUTIONS = {
    "glassnet": "glassnet",
    "NumPy alone": "numpy",
    "PyTorch": "torch",
    "JAX": "jax",
    "scikit-learn": "scikit-learn",
}


def import_milliseconds(rounds: int) -> dict[str, list[float]]:
    """Return for each library the time of its import in a fresh process, round by round.

    That of an empty program in the same round is taken off.
    """
    statements = {name: code for name, code in IMPORTS.items() if module_is_there(code)}
    for code in statements.values():
        seconds_of(code)  # so that the files are in memory and compiled
    times: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(rounds):
        empty = seconds_of("pass")
        for name, code in statements.items():
            times[name].append((seconds_of(code) - empty) * 1e3)
    return times


def module_is_there(statement: str) -> bool:
    """Tell whether the package that a statement imports is installed."""
    return find_spec(statement.replace(",", " ").split()[1].partition(".")[0]) is not None


def seconds_of(program: str) -> float:
    """Return how long Python takes for a program, from start to end."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ)
    return time.perf_counter() - begin


def installed_mib() -> dict[str, dict[str, float]]:
    """Return for each library the MiB of every distribution that its plain installation brings."""
    sizes: dict[str, dict[str, float]] = {}
    for library, name in DISTRIBUTIONS.items():
        try:
            sizes[library] = {each: size_of(each) / 2**20 for each in sorted(required(name))}
        except PackageNotFoundError:
            continue
    return sizes


def required(name: str) -> set[str]:
    """Return a distribution and all that it requires here, without extras.

    Raises
    ------
    PackageNotFoundError
        If it, or one of them, is not installed.
    """
    found: set[str] = set()
    waiting = [name]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        found.add(name)
        requirements = map(Requirement, distribution(name).requires or [])
        waiting += [
            r.name for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})
        ]
    return found


def size_of(name: str) -> int:
    """Return the bytes of a distribution's files; compiled Python, which any run adds, left out."""
    package = find_spec("glassnet")
    if name == "glassnet" and package is not None and package.origin is not None:
        files = Path(package.origin).parent.rglob("*")  # an editable installation lists none
    else:
        files = (Path(str(file.locate())) for file in distribution(name).files or [])
    return sum(
        file.stat().st_size for file in files if "__pycache__" not in file.parts and file.is_file()
    )


def measure_footprint(rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Return import times (median, least, most, in ms) and sizes (in MiB, by distribution)."""
    return {
        "import_ms": {
            name: {"median": statistics.median(times), "min": min(times), "max": max(times)}
            for name, times in import_milliseconds(rounds).items()
        },
        "installed_mib": installed_mib(),
    }
