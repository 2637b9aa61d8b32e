"""Optional packages: imported where they are used, and named with their extra where missing."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType


class MissingExtraError(ImportError):
    """A package of an extra is not installed."""


def installed(module: str) -> bool:
    """Tell whether a top-level module could be imported, without importing it.

    Examples
    --------
    >>> installed("json"), installed("no_such_module")
    (True, False)
    """
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False


def require(module: str, extra: str) -> ModuleType:
    """Import and return a module that the extra brings.

    Parameters
    ----------
    module : str
        Name of the module, ``"PIL.Image"``.
    extra : str
        Name of the extra that installs it, ``"cli"``.

    Raises
    ------
    MissingExtraError
        If the module is not installed; the message has the command that installs it.

    Examples
    --------
    >>> require("json", "cli").dumps([1])
    '[1]'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not (module + ".").startswith(error.name + "."):
            raise
        raise MissingExtraError(
            f"{module} is not installed; get it with: pip install 'glassnet[{extra}]'"
        ) from error
