"""How the kernels are compiled."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from numba import njit
from numba.core import event

F = TypeVar("F", bound=Callable[..., Any])

# Fused multiply-adds, and sums in any order, which vectorising takes. NaN and infinity keep their
# meaning: a divergence must show. Nobody counts the references to arrays, which a small network's
# step would do some 200 times: they are the caller's, and stay. New ones can't be made so.
SETTINGS: dict[str, Any] = {
    "fastmath": {"contract", "reassoc", "nsz", "arcp"},
    "error_model": "numpy",
    "nogil": True,
    "_nrt": False,
}

_SECONDS_UNTIL_TOLD = 1.0


def _fingerprint() -> str:
    """Return a few letters that change with the source of any kernel."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]


_FINGERPRINT = _fingerprint()


def compiled(function: F, *, allocates: bool = False) -> F:
    """Compile a function at its first call; later runs take the machine code from disk.

    If it `allocates`, it may make arrays for those that it calls.

    Numba knows a function's code on disk by its name, and sees only whether its own file has
    changed. It contains parts of other files, though, so that their state goes into the name.
    """
    function.__qualname__ += f"_{_FINGERPRINT}"
    settings = SETTINGS | {"_nrt": allocates}
    try:
        fast: F = njit(**settings, cache=True)(function)
    except RuntimeError:  # nowhere to write
        fast = njit(**settings)(function)
    return fast


def part(function: F) -> F:
    """Mark a function that is compiled as a part of those that call it, which takes less time."""
    inlined: F = njit(**SETTINGS, inline="always")(function)
    return inlined


@contextmanager
def announced() -> Iterator[None]:
    """Log a line if functions are compiled meanwhile, and it takes more than a second.

    One line a process: many functions may follow.
    """
    with event.install_listener("numba:compile", _Announcer()):
        yield


class _Announcer(event.Listener):  # type: ignore[misc]
    """Tells of the outermost of compilations within compilations."""

    def __init__(self) -> None:
        self._depth = 0
        self._timer: threading.Timer | None = None

    def on_start(self, event: Any) -> None:  # noqa: ANN401, ARG002
        if self._depth == 0:
            self._timer = threading.Timer(_SECONDS_UNTIL_TOLD, _tell)
            self._timer.daemon = True
            self._timer.start()
        self._depth += 1

    def on_end(self, event: Any) -> None:  # noqa: ANN401, ARG002
        self._depth -= 1
        if self._depth == 0 and self._timer is not None:
            self._timer.cancel()


_told = threading.Event()


def _tell() -> None:
    if not _told.is_set():
        _told.set()
        logging.getLogger("glassnet").warning(
            "compiling for this machine: once for each kind of network, it takes some seconds"
        )
