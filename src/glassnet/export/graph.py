"""An ONNX graph while it grows: its operators, its constants, and where channels lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from glassnet.extras import require
from glassnet.nn.layer import Shape

CHANNELS_FIRST = (2, 0, 1)
"""The axes of one image (height, width, channels), in the order of (channels, height, width)."""


class Value(NamedTuple):
    """What flows between two operators."""

    name: str
    shape: Shape
    """Of one example, as glassnet has it: an image is (height, width, channels)."""
    channels_first: bool = False
    """Whether the graph has it as (batch, channels, height, width)."""


class Graph:
    """Operators and constants, in the order in which they were added.

    Attributes
    ----------
    layer : str
        Name of the layer that operators are added for; theirs begin with it.
    """

    def __init__(self) -> None:
        self._onnx = require("onnx", "export")
        require("onnx.helper", "export")
        require("onnx.numpy_helper", "export")
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.layer = ""
        self._names = Counter[str]()
        self._moved: dict[str, Value] = {}

    def add(
        self,
        operator: str,
        inputs: Sequence[Value | str],
        **attributes: int | float | str | list[int],
    ) -> str:
        """Add an operator with one output; return the output's name."""
        output = self._fresh(f"{self.layer}/{operator}")
        names = [value.name if isinstance(value, Value) else value for value in inputs]
        node = self._onnx.helper.make_node(operator, names, [output], name=output, **attributes)
        self.nodes.append(node)
        return output

    def constant(self, name: str, array: np.ndarray | float) -> str:
        """Add numbers, as float32; return their name.

        Raises
        ------
        ValueError
            If one of them is NaN, or infinite in float32.
        """
        with np.errstate(over="ignore"):
            numbers = np.ascontiguousarray(array, np.float32).reshape(np.shape(array))
        if not np.isfinite(numbers).all():
            raise ValueError(
                f"{self.layer}.{name} holds NaN, or numbers that are infinite in float32: train "
                "the network, or call the layer's adapt, before it is exported"
            )
        return self._keep(name, numbers)

    def whole(self, name: str, numbers: Sequence[int]) -> str:
        """Add whole numbers, such as axes; return their name."""
        return self._keep(name, np.array(numbers, np.int64))

    def fitting(self, name: str, array: np.ndarray, x: Value) -> str:
        """Add numbers that belong to the last axes of an example, to be broadcast with `x`."""
        if x.channels_first and array.ndim == 1:
            array = array[:, np.newaxis, np.newaxis]
        elif x.channels_first and array.ndim == 3:
            array = array.transpose(CHANNELS_FIRST)
        return self.constant(name, array)

    def first(self, x: Value) -> Value:
        """Return images with the channels first, which ONNX's operators of images ask for."""
        return x if x.channels_first else self._transposed(x, [0, 3, 1, 2])

    def last(self, x: Value) -> Value:
        """Return a value with the axes that glassnet has."""
        return self._transposed(x, [0, 2, 3, 1]) if x.channels_first else x

    def name_output(self, x: Value) -> None:
        """Call `x`, which the graph gives out, ``"output"``."""
        if all(x.name not in node.output for node in self.nodes):  # it is the input itself
            x = x._replace(name=self.add("Identity", [x]))
        for node in self.nodes:
            for names in (node.input, node.output):
                for i, name in enumerate(names):
                    names[i] = "output" if name == x.name else name

    def _transposed(self, x: Value, axes: list[int]) -> Value:
        # a value that is there in the other order already needs no second transposition
        if x.name not in self._moved:
            name = self.add("Transpose", [x], perm=axes)
            moved = Value(name, x.shape, not x.channels_first)
            self._moved |= {x.name: moved, name: x}
        return self._moved[x.name]

    def _keep(self, name: str, array: np.ndarray) -> str:
        name = self._fresh(f"{self.layer}.{name}")
        self.constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def _fresh(self, name: str) -> str:
        self._names[name] += 1
        return name if self._names[name] == 1 else f"{name}_{self._names[name]}"
