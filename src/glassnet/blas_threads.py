"""How many threads a matrix product takes: one, while threads of our own share the work."""

from __future__ import annotations

import sys
from threading import Lock
from typing import Any

from glassnet.extras import require


class OneThreadAProduct:
    """Keeps every matrix product to the thread that asks for it, while anybody is inside.

    The limit holds for the process. So those who are inside at the same time are counted: whoever
    restored what he found himself could restore another one's limit, for good.
    """

    def __init__(self) -> None:
        self._lock, self._inside = Lock(), 0
        self._libraries: Any = None
        self._scipy = False
        self._limits: list[Any] = []

    def __enter__(self) -> None:
        with self._lock:
            scipy = "scipy.linalg.cython_blas" in sys.modules  # it brings a BLAS of its own
            found = self._libraries is None or scipy != self._scipy
            if found:  # which takes a while
                self._libraries = require("threadpoolctl", "fast").ThreadpoolController()
                self._scipy = scipy
            if found or self._inside == 0:
                self._limits.append(self._libraries.limit(limits=1, user_api="blas"))
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            while self._limits and self._inside == 0:
                self._limits.pop().restore_original_limits()


one_thread_a_product = OneThreadAProduct()
"""The one for the whole process."""
