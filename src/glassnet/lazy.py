"""Names of a package whose modules are imported when they are first asked for (PEP 562)."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def lazy_names(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    modules : Mapping
        The lazy names, and in which module each is defined.

    Examples
    --------
    >>> lazy_names("json", {"JSONDecoder": "json.decoder"})("JSONDecoder")
    <class 'json.decoder.JSONDecoder'>
    """

    def get(name: str) -> Any:  # noqa: ANN401
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(modules[name]), name)

    return get
