"""Layers in a row, on one flat parameter vector."""
# ruff: noqa: SLF001 (class methods of `Network` fill in a `Network`)

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.alignment import aligned_zeros
from glassnet.checks import whole
from glassnet.nn import model_file
from glassnet.nn.dense import Dense
from glassnet.nn.layer import Cache, GradientMemory, Layer, Parameter, Shape
from glassnet.nn.losses import Loss
from glassnet.nn.reshape import Flatten
from glassnet.nn.summary import Summary, SummaryRow
from glassnet.randomness import stream

_ACTIVATION_BYTES = 2**26
"""What the activations of a forward pass may take where nobody says how many examples it has."""

_OUTPUT = "network.output"
"""Where a forward pass leaves each part's output in its cache."""


class Network:
    """Layers in a row for one shape of input.

    Parameters
    ----------
    layers : sequence of Layer
        In the order in which the input passes them. Where the first is a `Dense` and the input has
        more than one axis, a `Flatten` is put before it.
    input_shape : tuple of int, or int
        Shape of one example: ``(784,)``, ``(28, 28, 1)``.
    seed : int
        Decides the initial parameters.
    dtype : {"float32", "float64"}
        Of parameters and activations.
    class_names : sequence of str, optional
        What the outputs mean; saved with the network.

    Attributes
    ----------
    theta, grad : ndarray, shape (P,)
        All parameters, and the gradient of the loss by them, in the order of the layers. The
        layers' parameters are views into both.
    layers : tuple of Layer
    parts : tuple of Layer
        What is run, in order: the layers, each followed by its activation.
    first_learning : int
        Which of the parts is the first to learn: the backward pass ends there.
    output_shape : tuple of int

    Raises
    ------
    ValueError
        If a layer cannot take what the one before it gives; the message names the layer and both
        shapes.

    Notes
    -----
    Forward: Eq. 5 to 7 of the thesis, layer after layer. Backward: Eq. 12 to 15.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Dense(32, "sigmoid"), gn.Dense(10, "sigmoid")], input_shape=784)
    >>> network.predict(np.zeros((5, 784))).shape
    (5, 10)
    >>> print(network.summary())
    name     layer                 output shape  parameters
    dense_1  Dense(32, Sigmoid())  (32,)             25,120
    dense_2  Dense(10, Sigmoid())  (10,)                330
    total                                            25,450
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        input_shape: Shape | int,
        seed: int = 0,
        dtype: str = "float32",
        class_names: Sequence[str] = (),
    ) -> None:
        self._construct(layers, input_shape, dtype, class_names)
        self._allocate()
        self.initialize(seed)

    def _construct(
        self,
        layers: Sequence[Layer],
        input_shape: Shape | int,
        dtype: str,
        class_names: Sequence[str],
    ) -> None:
        """Put the layers in a row: shapes and names, no memory for parameters yet."""
        self.input_shape = _checked_shape(input_shape)
        self.dtype = _checked_dtype(dtype)
        self.layers = _checked_layers(layers, self.input_shape)
        self.class_names = tuple(class_names)
        self._names = _names_of(self.layers)
        self._shapes: list[Shape] = []
        self._activations = 0
        shape = self.input_shape
        for name, layer in zip(self._names, self.layers, strict=True):
            for part in layer.parts:
                try:
                    shape = part.build(shape)
                except ValueError as error:
                    raise ValueError(f"layer {name}: {error}") from None
                self._activations += math.prod(shape)
            self._shapes.append(shape)
        self.output_shape = shape
        self.parts = tuple(part for layer in self.layers for part in layer.parts)
        for _, part in self.named_parts():
            part.in_network = True
        learning = [i for i, part in enumerate(self.parts) if _learns(part)]
        self.first_learning = learning[0] if learning else len(self.parts)

    def _allocate(self) -> None:
        """Give the parameters their stretches of two new flat vectors, and the state its arrays."""
        for _, part in self.named_parts():
            for key, array in part.state.items():
                setattr(part, key, array.copy())
        sizes = [parameter.size for _, parameter in self.named_parameters()]
        self.theta = aligned_zeros(sum(sizes), self.dtype)
        self.grad = aligned_zeros(sum(sizes), self.dtype)
        start = 0
        for _, parameter in self.named_parameters():
            end = start + parameter.size
            parameter.bind(self.theta[start:end], self.grad[start:end])
            start = end

    def initialize(self, seed: int) -> None:
        """Draw all parameters anew, in place."""
        rng = stream(seed, "initialisation")
        for _, parameter in self.named_parameters():
            parameter.value[...] = parameter.initialize(rng)

    def named_parts(self) -> Iterator[tuple[str, Layer]]:
        """Yield every part with its layer's name, each followed by the layers inside it.

        ``("residual_1", ...)``, ``("residual_1.conv2d_1", ...)``.
        """
        return _walk(self.layers)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield name and parameter, ``("dense_1.W", ...)``, in the order of `theta`."""
        for name, part in self.named_parts():
            for parameter in part.parameters:
                yield f"{name}.{parameter.name}", parameter

    def named_state(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield name and array of what is saved, not learned: ``("standardize_1.mean", ...)``."""
        for name, part in self.named_parts():
            for key, array in part.state.items():
                yield f"{name}.{key}", array

    def new_cache(self) -> list[Cache]:
        """Return a fresh cache for `forward` and `backward`: one for each part of the row."""
        gradients = GradientMemory()
        # the last is the loss' own
        return [*(Cache(gradients) for _ in self.parts), Cache()]

    def forward(
        self, x: np.ndarray, cache: list[Cache] | None = None, *, training: bool = False
    ) -> np.ndarray:
        """Return the outputs; the shape and dtype of `x` are trusted.

        Parameters
        ----------
        x : ndarray, shape (batch, *input_shape), of the network's dtype
        cache : list of Cache, optional
            From `new_cache`. Needed for a backward pass; reusing one saves allocations, and then
            the outputs are valid until its next use.
        training : bool
            Whether layers that behave differently in training (dropout) shall.

        Returns
        -------
        ndarray, shape (batch, *output_shape)
        """
        if cache is None:
            cache = self.new_cache()
        for part, part_cache in zip(self.parts, cache, strict=False):
            x = part.forward(x, part_cache, training=training)  # (Eq. 2) (Eq. 4) (Eq. 6)
            part_cache[_OUTPUT] = x
        return x

    def backward(self, p: np.ndarray, y: np.ndarray, loss: Loss, cache: list[Cache]) -> None:
        """Overwrite `grad` with the gradient of the mean loss over the batch.

        Parameters
        ----------
        p : ndarray, shape (batch, outputs)
            What `forward` returned.
        y : ndarray, shape (batch, outputs)
            Targets, as ``loss.encode`` gives them.
        loss : Loss
        cache : list of Cache
            As `forward` left it.
        """
        parts = self.parts
        last = len(parts) - 1
        delta = cache[-1].array("dp", p.shape, p.dtype)
        if loss.pairs_with(parts[last]):
            delta = loss.pair_gradient(p, y, delta)  # by the pre-activation: (Eq. 12) in one
            last -= 1
        else:
            delta = loss.gradient(p, y, delta)  # ∂J/∂p of (Eq. 12)
        for i in range(last, self.first_learning - 1, -1):
            delta = parts[i].backward(delta, cache[i], need_dx=i > self.first_learning)  # type: ignore[assignment]

    def gradient(self, x: np.ndarray, y: np.ndarray, loss: Loss) -> np.ndarray:
        """Return the gradient of the mean loss by `theta`, shape (P,): forward, then backward.

        `x` and `y` are checked and converted as in `predict`; `y` may be integer labels. Raises a
        ValueError if they, or the last layer and the loss, do not fit each other.
        """
        loss.check_output(self.parts[-1])
        x = self.checked_input(x)
        cache = self.new_cache()
        p = self.forward(x, cache, training=True)
        targets = loss.encode(np.asarray(y), p.shape[1], self.dtype)
        if len(targets) != len(x):
            raise ValueError(f"got {len(x)} examples and {len(targets)} targets")
        self.backward(p, targets, loss, cache)
        return self.grad

    @property
    def rows_at_a_time(self) -> int:
        """How many examples to put into one forward pass: activations of 64 MiB, at most 1024."""
        of_one = max(self._activations * self.dtype.itemsize, 1)
        return max(1, min(1024, _ACTIVATION_BYTES // of_one))

    def predict(self, x: np.ndarray, *, batch_size: int | None = None) -> np.ndarray:
        """Return the outputs for any number of examples, a batch at a time.

        Parameters
        ----------
        x : array-like, shape (n, *input_shape)
            Finite numbers.
        batch_size : int, optional
            Examples in one forward pass: bounds the memory, not the result. By default
            `rows_at_a_time`.

        Returns
        -------
        ndarray, shape (n, *output_shape)

        Raises
        ------
        ValueError
            If the shape is wrong, or a value is no real number or not finite.
        """
        x = self.checked_input(x)
        if batch_size is None:
            batch_size = self.rows_at_a_time
        whole("batch_size", batch_size, at_least=1)
        outputs = np.empty((len(x), *self.output_shape), self.dtype)
        cache = self.new_cache()
        for start in range(0, len(x), batch_size):
            rows = slice(start, start + batch_size)
            outputs[rows] = self.forward(x[rows], cache)
        return outputs

    def checked_input(self, x: np.ndarray) -> np.ndarray:
        """Return `x` as an array that `forward` takes.

        Raises
        ------
        ValueError
            If the shape is wrong, or a value is no real number or not finite.
        """
        try:
            x = np.asarray(x)
        except ValueError:
            raise ValueError(
                f"the input is no array: all examples must have the shape {self.input_shape}"
            ) from None
        if x.dtype.kind not in "biuf":
            raise ValueError(f"the input must hold real numbers, got dtype {x.dtype}")
        if x.ndim == 0 or x.shape[1:] != self.input_shape:
            raise ValueError(
                f"the network expects examples of shape {self.input_shape}, that is an array of "
                f"shape (n, {str(self.input_shape)[1:-1].rstrip(',')}), got shape {x.shape}"
            )
        with np.errstate(over="ignore"):  # too large for the dtype becomes infinite: refused below
            x = np.ascontiguousarray(x, self.dtype)
        bad = x.size - int(np.count_nonzero(np.isfinite(x)))
        if bad:
            first = np.argwhere(~np.isfinite(x))[0]
            raise ValueError(
                f"the input has {bad} values that are NaN or infinite in {self.dtype}, the first "
                f"at {tuple(map(int, first))}; remove or replace them"
            )
        return x

    def astype(self, dtype: str) -> Network:
        """Return a copy with its own parameters, in another dtype."""
        copy = Network.from_config(self.config() | {"dtype": _checked_dtype(dtype).name})
        copy.fill(self.numbers())
        return copy

    def summary(self) -> Summary:
        """Return the table of layers: name, output shape, number of parameters."""
        rows = []
        for name, layer, shape in zip(self._names, self.layers, self._shapes, strict=True):
            size = sum(q.size for _, part in _walk([layer]) for q in part.parameters)
            rows.append(SummaryRow(name, repr(layer), shape, size))
        return Summary(tuple(rows))

    def first_unhealthy(self, cache: list[Cache]) -> str | None:
        """Say which layer was the first to have parameters or outputs that are not finite.

        `cache` is that of the forward pass in question. None if all is well.
        """
        outputs = (part_cache[_OUTPUT] for part_cache in cache[:-1])
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

    def config(self) -> dict[str, Any]:
        """Return all but the numbers, ready for JSON."""
        return {
            "input_shape": list(self.input_shape),
            "dtype": self.dtype.name,
            "class_names": list(self.class_names),
            "layers": [layer.config() for layer in self.layers],
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Network:
        """Rebuild a network from `config`, with all parameters 0."""
        network = cls.__new__(cls)
        network._construct(**model_file.constructor_arguments(config))
        network._allocate()
        return network

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a model file: parameters and state by name, and the configuration.

        The file is put in place whole, or not at all.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        model_file.write(path, self.config(), self.numbers())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Network:
        """Rebuild a network from a model file alone; nothing in the file is executed.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not a model file, damaged, or of a newer format.
        """
        config, arrays = model_file.read(path)
        with model_file.blame(path):
            network = cls.__new__(cls)
            network._construct(**model_file.constructor_arguments(config))
            expected = {name: q.shape for name, q in network.named_parameters()}
            expected |= {name: array.shape for name, array in network.named_state()}
            model_file.check_shapes(arrays, expected)
            network._allocate()
            network.fill(arrays)
        return network

    def numbers(self) -> dict[str, np.ndarray]:
        """Return all numbers that the network keeps, by name: parameters and state, not copies."""
        arrays = {name: parameter.value for name, parameter in self.named_parameters()}
        return arrays | dict(self.named_state())

    def fill(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Write numbers that `numbers` gave, in place."""
        for name, array in self.numbers().items():
            array[...] = arrays[name]

    def __getstate__(self) -> dict[str, Any]:
        return {"config": self.config(), "arrays": self.numbers()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # a copy, or what comes from a pickle, needs parameters that are views into its own theta
        self._construct(**model_file.constructor_arguments(state["config"]))
        self._allocate()
        self.fill(state["arrays"])

    def __repr__(self) -> str:
        layers = ", ".join(map(repr, self.layers))
        return f"Network([{layers}], input_shape={self.input_shape})"


def _names_of(layers: Sequence[Layer]) -> list[str]:
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
    for name, layer in zip(_names_of(layers), layers, strict=True):
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


def _checked_dtype(dtype: str) -> np.dtype[Any]:
    try:
        checked = np.dtype(dtype or object)  # None would be float64
    except (TypeError, ValueError, SyntaxError):
        checked = np.dtype(object)
    if checked not in (np.float32, np.float64):
        raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype!r}")
    return checked


def _checked_layers(layers: Sequence[Layer], input_shape: Shape) -> tuple[Layer, ...]:
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
    if isinstance(layers[0], Dense) and len(input_shape) > 1:
        return (Flatten(), *layers)
    return layers
