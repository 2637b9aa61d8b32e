"""Names of a package whose modules are imported when they are first asked for (PEP 562)."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

_NOTEBOOK = "glassnet.notebook"


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


def shown_in_notebooks(function: str) -> Callable[[Any], str]:
    """Return the ``_repr_html_`` of a class: that function of `glassnet.notebook`.

    That package knows networks, histories and data sets, and pictures of them; none of these knows
    it until a notebook asks.
    """

    def _repr_html_(self: Any) -> str:  # noqa: ANN401
        html: str = getattr(importlib.import_module(_NOTEBOOK), function)(self)
        return html

    return _repr_html_
