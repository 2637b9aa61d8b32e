"""What people are told when something went wrong, and the exit code."""

from __future__ import annotations

import errno

from glassnet.data import DownloadError
from glassnet.extras import MissingExtraError
from glassnet.training import DivergenceError

FAILED, MISUSED = 1, 2
EXPECTED = (DivergenceError, OSError, ValueError, TypeError, MissingExtraError, MemoryError)
"""Errors that are told in a sentence; any other is a bug and shows where it happened."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def told(error: BaseException) -> str:
    """Return what to say of an error of `EXPECTED`."""
    if isinstance(error, MemoryError):
        return "there is not enough memory; use a smaller network, batch or data set"
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    if error.errno in _FULL:
        return f"the disk is full: {error}. What was complete is kept; free some space, then go on"
    what = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no permission: {what}. Choose another folder"
    return what


def exit_code(error: BaseException) -> int:
    """Return 1 for what failed, 2 for what was misused."""
    if isinstance(error, DivergenceError | DownloadError | MemoryError):
        return FAILED
    broken_disk = isinstance(error, OSError) and error.errno in (*_FULL, errno.EIO)
    return FAILED if broken_disk else MISUSED
