"""The kernels mean the same as Python and as machine code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="the compiled kernels need the extra fast")

TESTS = Path(__file__).parents[1]
COMPARISONS = (
    "training/test_compiled.py",
    "training/test_layered.py",
    "nn/test_compiled_layers.py",
    "nn/test_predictor.py",
    "optim/test_compiled_update.py",
    "kernels/test_matrices.py",
    "kernels/test_normalization.py",
    "kernels/test_winograd.py",
)


def test_the_kernels_agree_with_numpy_also_when_they_are_not_compiled() -> None:
    measured = "coverage" in sys.modules and sys.modules["coverage"].Coverage.current() is not None
    command = [sys.executable, *(["-m", "coverage", "run"] if measured else [])]
    command += ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
    # as Python there is one thread, one code for both dtypes, and a thousand pixels take seconds
    command += ["-k", "not team and not float32 and not 1000 and not bits"]
    command += [str(TESTS / name) for name in COMPARISONS]
    done = subprocess.run(
        command,
        cwd=TESTS.parent,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
