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

# as Python there is one thread, and one code for both dtypes; the others take seconds and tell
# nothing that the rest does not
LEFT_OUT = ("team", "float32", "1000", "cosine", "bits", "single_input", "rounding", "watches")


def test_the_kernels_agree_with_numpy_also_when_they_are_not_compiled() -> None:
    measured = "coverage" in sys.modules and sys.modules["coverage"].Coverage.current() is not None
    command = [sys.executable, *(["-m", "coverage", "run"] if measured else [])]
    command += ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["-k", " and ".join(f"not {part}" for part in LEFT_OUT)]
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
