"""The network: layers in a row on one flat parameter vector, forward and backward."""
# ruff: noqa: SLF001 (class methods of `Network` fill in a `Network`)

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.checks import whole
from glassnet.lazy import shown_in_notebooks
from glassnet.nn import model_file
from glassnet.nn.adaptation import adapt
from glassnet.nn.layer import Cache, GradientMemory, Layer, Parameter, Shape
from glassnet.nn.loss import Loss
from glassnet.nn.network_input import checked_dtype, checked_input, checked_names
from glassnet.nn.row import Row
from glassnet.nn.summary import Summary
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
        What the outputs mean, one for each, or two for a single output that is the probability of
        the second; saved with the network.

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
    LayerError
        If a layer cannot take what the one before it gives; the message names the layer and both
        shapes. It is a ValueError.
    ValueError
        If two class names are the same, or their number is not that of the outputs.

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
        self.class_names = checked_names(class_names, self.output_shape)
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
        self.dtype = checked_dtype(dtype)
        self._row = row = Row(layers, input_shape)
        self.input_shape, self.output_shape = row.input_shape, row.output_shape
        self.layers, self.parts, self.first_learning = row.layers, row.parts, row.first_learning
        self.class_names = tuple(class_names)

    def _allocate(self) -> None:
        """Take memory for all numbers."""
        self.theta, self.grad = self._row.allocate(self.dtype)

    def initialize(self, seed: int) -> None:
        """Draw all parameters anew, in place."""
        rng = stream(seed, "initialisation")
        for _, parameter in self.named_parameters():
            parameter.value[...] = parameter.initialize(rng)

    def named_parts(self) -> Iterator[tuple[str, Layer]]:
        """Yield every part with its layer's name, each followed by the layers inside it.

        ``("residual_1", ...)``, ``("residual_1.conv2d_1", ...)``.
        """
        return self._row.named_parts()

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield name and parameter, ``("dense_1.W", ...)``, in the order of `theta`."""
        return self._row.named_parameters()

    def named_state(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield name and array of what is saved, not learned: ``("standardize_1.mean", ...)``."""
        return self._row.named_state()

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

    def backward(
        self,
        p: np.ndarray,
        y: np.ndarray,
        loss: Loss,
        cache: list[Cache],
        first: int | None = None,
    ) -> None:
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
        first : int, optional
            Which of the parts is the first whose gradients are wanted: those of the parts before it
            stay as they are. By default `first_learning`.
        """
        parts = self.parts
        first = self.first_learning if first is None else first
        last = len(parts) - 1
        delta = cache[-1].array("dp", p.shape, p.dtype)
        if loss.pairs_with(parts[last]):
            delta = loss.pair_gradient(p, y, delta)  # by the pre-activation: (Eq. 12) in one
            last -= 1
        else:
            delta = loss.gradient(p, y, delta)  # ∂J/∂p of (Eq. 12)
        for i in range(last, first - 1, -1):
            delta = parts[i].backward(delta, cache[i], need_dx=i > first)  # type: ignore[assignment]

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
        of_one = max(self._row.activations * self.dtype.itemsize, 1)
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
        return checked_input(x, self.input_shape, self.dtype)

    def adapt(self, x: np.ndarray, weights: np.ndarray | None = None) -> None:
        """Let layers that need it take statistics of the training inputs, before the training.

        `Standardize` and `Whitening2D` do. Each sees what the layers before it make of the inputs.
        A recipe's run and the estimators call it themselves.

        Parameters
        ----------
        x : ndarray, shape (n, *input_shape)
            The inputs to train on, those of `Dataset.x` too that are not in memory.
        weights : ndarray, shape (n,), optional
            How much each example counts.

        Raises
        ------
        ValueError
            If the shape is wrong or a value is not finite, or if such a layer stands behind one
            that learns, or inside another.

        Examples
        --------
        >>> from glassnet.nn import Dense, Standardize
        >>> network = Network([Standardize(), Dense(1)], input_shape=2)
        >>> network.adapt(np.array([[0.0, 5.0], [2.0, 9.0]]))
        >>> network.layers[0].mean.tolist()
        [1.0, 7.0]
        """
        adapt(self.parts, self.named_parts(), x, weights)

    def astype(self, dtype: str) -> Network:
        """Return a copy with its own parameters, in another dtype."""
        copy = Network.from_config(self.config() | {"dtype": checked_dtype(dtype).name})
        copy.fill(self.numbers())
        return copy

    _repr_html_ = shown_in_notebooks("network_html")

    def summary(self) -> Summary:
        """Return the table of layers: name, output shape, number of parameters."""
        return self._row.summary()

    def first_unhealthy(self, cache: list[Cache]) -> str | None:
        """Say which layer was the first to have parameters or outputs that are not finite.

        `cache` is that of the forward pass in question. None if all is well.
        """
        return self._row.first_unhealthy(part_cache[_OUTPUT] for part_cache in cache[:-1])

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
            return cls.from_numbers(config, arrays)

    @classmethod
    def from_numbers(cls, config: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Network:
        """Rebuild a network from what `config` and `numbers` gave, or a file says that they gave.

        Raises
        ------
        ValueError, TypeError, KeyError
            If the configuration is none, or the arrays are not those of its network.
        """
        network = cls.__new__(cls)
        network._construct(**model_file.constructor_arguments(config))
        expected = {name: q.shape for name, q in network.named_parameters()}
        expected |= {name: array.shape for name, array in network.named_state()}
        model_file.check_shapes(arrays, expected)
        model_file.check_most(arrays, network.dtype)
        for name, part in network.named_parts():
            model_file.check_least(arrays, name, part.least)
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
