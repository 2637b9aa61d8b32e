"""The loop of ``c_loop.c``, compiled for this processor and this network."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np

from benchmarks.contenders import Round, Unavailable
from benchmarks.given import read_in_order, read_weights
from benchmarks.works import Work

SOURCE = Path(__file__).parents[1] / "c_loop.c"
FLAGS = ("-O3", "-march=native", "-ffast-math", "-fPIC")


def training(work: Work, folder: Path) -> Round:
    """Return a round in C: one hidden layer, sigmoid, half squared error, batch size 1."""
    train = library(work, folder).train
    x, y = read_in_order(folder)
    start = np.concatenate([w.ravel() for w in read_weights(folder)])
    shapes = [w.shape for w in read_weights(folder)]
    pointer = ctypes.POINTER(ctypes.c_float)

    def run() -> tuple[float, list[np.ndarray]]:
        theta, velocity = start.copy(), np.zeros_like(start)
        arrays = [a.ctypes.data_as(pointer) for a in (theta, velocity, x, y)]
        begin = time.perf_counter()
        train(
            *arrays,
            ctypes.c_long(len(x)),
            ctypes.c_float(work.learning_rate),
            ctypes.c_float(work.momentum),
        )
        seconds = time.perf_counter() - begin
        ends = np.cumsum([np.prod(shape) for shape in shapes])[:-1]
        pieces = np.split(theta, ends)
        return seconds, [w.reshape(shape) for w, shape in zip(pieces, shapes, strict=True)]

    return run


def library(work: Work, folder: Path) -> ctypes.CDLL:
    """Compile the loop and load it.

    Raises
    ------
    Unavailable
        If there is no C compiler.
    """
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise Unavailable("the C loop needs a C compiler, cc")
    sizes = zip(("INPUTS", "HIDDEN", "OUTPUTS"), work.sizes, strict=True)
    defined = [f"-D{name}={size}" for name, size in sizes]
    compiled, target = folder / "c_loop.o", folder / "c_loop.so"
    subprocess.run([compiler, *FLAGS, *defined, "-c", str(SOURCE), "-o", str(compiled)], check=True)
    # linked without -ffast-math: it would make the library flush subnormals in the whole process
    subprocess.run([compiler, "-shared", str(compiled), "-o", str(target), "-lm"], check=True)
    return ctypes.CDLL(str(target))
