"""Objects that are described by their constructor's arguments, in files as in `repr`."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar
from weakref import WeakKeyDictionary

from glassnet.names import lookup, unknown

T = TypeVar("T")


class Configurable:
    """Keeps its constructor's arguments under their own names, and so can be written down."""

    tables: ClassVar[Mapping[str, tuple[Mapping[str, type[Any]], str]]] = {}
    """For arguments that are objects of another table than the object itself: that table, and what
    it holds; `from_config` looks there."""

    def config(self) -> dict[str, Any]:
        """Return the constructor's arguments, ready for JSON, with the class name as ``"type"``."""
        return {"type": type(self).__name__} | {
            name: _plain(getattr(self, name)) for name in _arguments(type(self))
        }

    def __repr__(self) -> str:
        return call_of(self)


def call_of(thing: object) -> str:
    """Return the call that makes such an object, of its attributes that differ from the defaults.

    Arguments that are not kept under their own names are left out.

    Examples
    --------
    >>> from glassnet import SGD
    >>> call_of(SGD(0.1, nesterov=True, momentum=0.9))
    'SGD(0.1, momentum=0.9, nesterov=True)'
    """
    shown, skipped = [], False
    for argument in _arguments(type(thing)).values():
        value = getattr(thing, argument.name, argument.default)
        if value is argument.default or _equal(value, argument.default):
            skipped = True
            continue
        positional = argument.kind is argument.POSITIONAL_OR_KEYWORD and not skipped
        shown.append(f"{value!r}" if positional else f"{argument.name}={value!r}")
    return f"{type(thing).__name__}({', '.join(shown)})"


_known: WeakKeyDictionary[type, Mapping[str, inspect.Parameter]] = WeakKeyDictionary()


def _arguments(cls: type) -> Mapping[str, inspect.Parameter]:
    """Return the arguments of a class's constructor; a study asks for them ten thousand times."""
    if cls not in _known:
        _known[cls] = inspect.signature(cls).parameters
    return _known[cls]


def _equal(value: object, other: object) -> bool:
    try:
        return bool(value == other)
    except ValueError:  # arrays say it of each entry
        return False


def _plain(value: Any) -> Any:  # noqa: ANN401 (whatever constructors take)
    if isinstance(value, Configurable):
        return value.config()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def from_config(
    table: Mapping[str, type[T]],
    config: Any,  # noqa: ANN401
    kind: str,
    *,
    untyped: Mapping[str, type[Any]] | None = None,
) -> T:
    """Return the object that a configuration describes: the reverse of ``config()``.

    Parameters
    ----------
    table : Mapping
        Classes by name.
    config : dict
        ``"type"`` names the class; the other keys are its constructor's arguments. Configurations
        inside are made objects of the same table.
    kind : str
        What the table holds, for messages: ``"optimizer"``.
    untyped : Mapping, optional
        Classes by the names of arguments that are lists of them and need no type.

    Raises
    ------
    ValueError
        For an unknown type or argument, a missing one, or a value out of range.
    TypeError
        For an argument of the wrong type.
    """
    if not isinstance(config, Mapping) or "type" not in config:
        types = ", ".join(map(repr, table))
        raise ValueError(f"{kind} must be a table with a type, one of {types}; got {config!r}")
    cls = lookup(table, config["type"], kind)
    known = _arguments(cls)
    arguments: dict[str, Any] = {}
    for key, value in config.items():
        if key == "type":
            continue
        if key not in known:
            raise ValueError(unknown(key, known, f"argument of {config['type']}"))
        arguments[key] = value
        if untyped and key in untyped:
            arguments[key] = _all_of_class(untyped[key], value, key)
        elif isinstance(value, Mapping):
            inside, what = getattr(cls, "tables", {}).get(key, (table, kind))
            arguments[key] = from_config(inside, value, what, untyped=untyped)
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            arguments[key] = [from_config(table, item, kind, untyped=untyped) for item in value]
    for name, argument in known.items():
        if argument.default is argument.empty and name not in arguments:
            raise ValueError(f"{config['type']} needs {name}")
    return cls(**arguments)


def _all_of_class(cls: type[T], configs: Any, name: str) -> list[T]:  # noqa: ANN401
    """Return the objects of tables that need no type."""
    if not isinstance(configs, list | tuple):
        raise ValueError(f"{name} must be a list of tables, got {configs!r}")
    typed = [
        {"type": cls.__name__} | dict(config) if isinstance(config, Mapping) else config
        for config in configs
    ]
    return [from_config({cls.__name__: cls}, config, f"each of {name}") for config in typed]
