"""Model files: an ``.npz`` of named arrays and the configuration as JSON; nothing is executed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from glassnet.names import unknown
from glassnet.storage import read_npz, write_npz

FORMAT = "glassnet model"
VERSION = 1
CONFIG = "glassnet.json"


def write(
    path: str | os.PathLike[str], config: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Put a model file in place whole: `arrays` by name and `config`."""
    write_npz(path, {CONFIG: np.array(header(config)), **arrays})


def header(config: Mapping[str, Any]) -> str:
    """Return a network's configuration as the text that stands in files."""
    return json.dumps({"format": FORMAT, "version": VERSION, "network": config})


def config_of(text: str | None) -> dict[str, Any]:
    """Return the configuration in a `header`.

    Raises
    ------
    ValueError
        If it is none, or of a newer format.
    """
    try:
        found = json.loads(text or "")
        if found["format"] != FORMAT:
            raise KeyError
        version, config = int(found["version"]), dict(found["network"])
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, RecursionError):
        raise ValueError("it has no glassnet configuration") from None
    if version > VERSION:
        raise ValueError(
            f"it has format version {version}, and this glassnet reads up to {VERSION}; "
            "install a newer glassnet"
        )
    return config


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the configuration and the arrays of a model file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no model file, damaged, or of a newer format.
    """
    arrays = read_npz(path)
    with blame(path):
        text = arrays.pop(CONFIG, None)
        config = config_of(None if text is None or text.ndim else str(text[()]))
    return config, arrays


@contextmanager
def blame(path: str | os.PathLike[str]) -> Iterator[None]:
    """Name the file in every error about what it holds."""
    try:
        yield
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"{os.fspath(path)} is not a usable model file: {error}") from error


def check_shapes(arrays: Mapping[str, np.ndarray], expected: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse arrays that are not those of the network: before memory is taken for it."""
    if set(arrays) != set(expected):
        missing, extra = sorted(set(expected) - set(arrays)), sorted(set(arrays) - set(expected))
        raise ValueError(f"arrays missing: {missing or 'none'}; arrays unknown: {extra or 'none'}")
    for name, shape in expected.items():
        array = arrays[name]
        if array.shape != shape or array.dtype.kind != "f":
            raise ValueError(
                f"array {name} should be of shape {shape} and floating, "
                f"it is of shape {array.shape} and {array.dtype}"
            )


def check_most(arrays: Mapping[str, np.ndarray], dtype: np.dtype[Any]) -> None:
    """Refuse numbers that the network's dtype cannot hold."""
    most = np.finfo(dtype).max
    for name, array in arrays.items():
        if (
            array.dtype.itemsize > dtype.itemsize
            and (np.abs(array[np.isfinite(array)]) > most).any()
        ):
            raise ValueError(f"array {name} holds numbers that are too large for {dtype}")


def check_least(arrays: Mapping[str, np.ndarray], layer: str, least: Mapping[str, float]) -> None:
    """Refuse a layer's arrays with numbers below what can be; NaN is not below anything."""
    for key, bound in least.items():
        array = arrays[f"{layer}.{key}"]
        if (array < bound).any():
            raise ValueError(
                f"array {layer}.{key} holds {float(np.nanmin(array)):.6g}, and numbers below "
                f"{bound:.6g} cannot be there"
            )


def constructor_arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `Network` for a configuration, with layer objects."""
    from glassnet.nn.catalog import layer_from_config  # noqa: PLC0415 (it knows all layers)

    known = ("input_shape", "dtype", "class_names", "layers")
    for key in config:
        if key not in known:
            raise ValueError(unknown(key, known, "network key"))
    return {
        "input_shape": tuple(config["input_shape"]),
        "dtype": config["dtype"],
        "class_names": tuple(map(str, config["class_names"])),
        "layers": [layer_from_config(layer) for layer in config["layers"]],
    }
