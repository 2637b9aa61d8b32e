"""Where and with what a measurement was made."""

from __future__ import annotations

import datetime as dt
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = (
    "glassnet", "numpy", "numba", "llvmlite", "scipy", "threadpoolctl", "torch", "jax", "jaxlib",
    "scikit-learn",
)  # fmt: skip


def machine() -> dict[str, str | int | None]:
    """Return what the machine is."""
    return {
        "processor": processor(),
        "processors": os.cpu_count(),
        "architecture": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
    }


def processor() -> str:
    """Return the processor's name, as well as the system knows it."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if platform.system() == "Darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    return platform.processor()


def versions() -> dict[str, str]:
    """Return the versions of Python, of the libraries that are installed, and of NumPy's BLAS."""
    found = {"Python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found | {"BLAS": blas()}


def blas() -> str:
    """Return the BLAS that NumPy uses, with the kernels that it takes on this processor."""
    import numpy  # noqa: F401, ICN001 so that its BLAS is loaded
    from threadpoolctl import threadpool_info

    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return ", ".join(
        f"{p['internal_api']} {p['version']} ({p.get('architecture', '')})" for p in pools[:1]
    )


def commit() -> str:
    """Return the commit of the checkout, with a plus where files differ; empty without git."""
    root = Path(__file__).parents[1]

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD") + "+" * bool(git("status", "--porcelain"))
    except (OSError, subprocess.CalledProcessError):
        return ""


def now() -> str:
    """Return date and time of day, UTC."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
