"""Layers in a row: their names, the shapes between them, and where their numbers lie."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from glassnet.alignment import aligned_zeros
from glassnet.checks import whole
from glassnet.nn.dense import Dense
from glassnet.nn.layer import Layer, LayerError, Parameter, Shape
from glassnet.nn.reshape import Flatten
from glassnet.nn.summary import Summary, SummaryRow


class Row:
    """Layers in a row, built for one shape of input; `allocate` gives their numbers memory.

    Parameters
    ----------
    layers : sequence of Layer
        See `Network`.
    input_shape : tuple of int, or int

    Attributes
    ----------
    layers, parts, first_learning, input_shape, output_shape
        As in `Network`.
    activations : int
        How many numbers the outputs of all parts hold for one example.

    Raises
    ------
    LayerError
        If a layer cannot take what the one before it gives.
    ValueError, TypeError
        If these are no layers.
    """

    def __init__(self, layers: Sequence[Layer], input_shape: Shape | int) -> None:
        self.input_shape = shape = _checked_shape(input_shape)
        given = _checked_layers(layers)
        self.layers = _flattened(given, self.input_shape)
        put_before = len(self.layers) - len(given)
        self._names = names_of(self.layers)
        self._shapes: list[Shape] = []
        self.activations = 0
        for i, (name, layer) in enumerate(zip(self._names, self.layers, strict=True)):
            for part in layer.parts:
                try:
                    shape = part.build(shape)
                except ValueError as error:
                    raise LayerError(f"layer {name}: {error}", i - put_before) from None
                self.activations += math.prod(shape)
            self._shapes.append(shape)
        self.output_shape = shape
        self.parts = tuple(part for layer in self.layers for part in layer.parts)
        self._named_parts = tuple(_walk(self.layers))  # asked for in every epoch
        for _, part in self._named_parts:
            part.in_network = True
        learning = [i for i, part in enumerate(self.parts) if _learns(part)]
        self.first_learning = learning[0] if learning else len(self.parts)

    def named_parts(self) -> Iterator[tuple[str, Layer]]:
        """See `Network.named_parts`."""
        return iter(self._named_parts)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """See `Network.named_parameters`."""
        for name, part in self.named_parts():
            for parameter in part.parameters:
                yield f"{name}.{parameter.name}", parameter

    def named_state(self) -> Iterator[tuple[str, np.ndarray]]:
        """See `Network.named_state`."""
        for name, part in self.named_parts():
            for key, array in part.state.items():
                yield f"{name}.{key}", array

    def allocate(self, dtype: np.dtype[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Give the parameters their stretches of two new flat vectors, and the state its arrays.

        Returns
        -------
        theta, grad : ndarray, shape (P,)
            All 0.
        """
        for _, part in self.named_parts():
            for key, array in part.state.items():
                setattr(part, key, array.copy())
        size = sum(parameter.size for _, parameter in self.named_parameters())
        theta, grad = aligned_zeros(size, dtype), aligned_zeros(size, dtype)
        start = 0
        for _, parameter in self.named_parameters():
            end = start + parameter.size
            parameter.bind(theta[start:end], grad[start:end])
            start = end
        return theta, grad

    def summary(self) -> Summary:
        """Return the table of layers: name, output shape, number of parameters."""
        rows = []
        for name, layer, shape in zip(self._names, self.layers, self._shapes, strict=True):
            size = sum(q.size for _, part in _walk([layer]) for q in part.parameters)
            rows.append(SummaryRow(name, repr(layer), shape, size))
        return Summary(tuple(rows))

    def first_unhealthy(self, outputs: Iterable[np.ndarray]) -> str | None:
        """Say which layer was the first to have parameters or outputs that are not finite.

        `outputs` are those of the parts. None if all is well.
        """
        outputs = iter(outputs)
        for name, layer in zip(self._names, self.layers, strict=True):
            for part in layer.parts:
                for inside, learning in _walk([part]):
                    for parameter in learning.parameters:
                        if not np.isfinite(parameter.value).all():
                            _, *deeper = inside.split(".")
                            where, which = ".".join([name, *deeper]), learning if deeper else layer
                            return (
                                f"{where} ({which!r}): its {parameter.name} holds NaN or infinity"
                            )
                if not np.isfinite(next(outputs)).all():
                    return f"{name} ({layer!r}): its output holds NaN or infinity"
        return None


def names_of(layers: Sequence[Layer]) -> list[str]:
    """Return a name for each layer: its type, and the how manieth of the type it is."""
    seen = Counter[str]()
    names = []
    for layer in layers:
        kind = type(layer).__name__.lower()
        seen[kind] += 1
        names.append(f"{kind}_{seen[kind]}")
    return names


def _walk(layers: Sequence[Layer], within: str = "") -> Iterator[tuple[str, Layer]]:
    """Yield the parts of layers, each followed by those of the layers inside it."""
    for name, layer in zip(names_of(layers), layers, strict=True):
        for part in layer.parts:
            yield within + name, part
            yield from _walk(part.inner, f"{within}{name}.")


def _learns(layer: Layer) -> bool:
    return any(part.parameters for _, part in _walk([layer]))


def _checked_shape(shape: Shape | int) -> Shape:
    shape = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    if not shape:
        raise ValueError("input_shape must have at least one axis, got ()")
    return tuple(whole("each axis of input_shape", axis, at_least=1) for axis in shape)


def _checked_layers(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    if isinstance(layers, str | Layer) or not isinstance(layers, Iterable):
        raise TypeError(f"layers must be a list of layers such as [Dense(10)], got {layers!r}")
    layers = tuple(layers)
    if not layers:
        raise ValueError("a network needs at least one layer, such as Dense(10, 'softmax')")
    for layer in layers:
        if not isinstance(layer, Layer):
            raise TypeError(f"layers must be layer objects such as Dense(10), got {layer!r}")
    parts = [part for _, part in _walk(layers)]
    if len(set(map(id, parts))) < len(parts) or any(part.in_network for part in parts):
        raise ValueError(
            "a layer object belongs to one place in one network; create a new one for each place"
        )
    return layers


def _flattened(layers: tuple[Layer, ...], input_shape: Shape) -> tuple[Layer, ...]:
    """Put before a `Dense` what makes a vector of the input."""
    needed = isinstance(layers[0], Dense) and len(input_shape) > 1
    return (Flatten(), *layers) if needed else layers
