"""Weights to and from PyTorch and Keras, for the layers that both have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.export.fitted import network_of
from glassnet.export.tensors import Tensor, keras_tensors, torch_tensors
from glassnet.nn import Network

if TYPE_CHECKING:
    from glassnet.estimators.base import NeuralNetworkEstimator

_COUNT = "num_batches_tracked"
"""What PyTorch's batch normalisation counts, and nothing but its own training reads."""


def to_torch_state_dict(
    network: Network | NeuralNetworkEstimator,
    names: Iterable[str] | None = None,
) -> dict[str, np.ndarray]:
    """Return all weights with the names and in the layouts of PyTorch.

    Parameters
    ----------
    network : Network, or fitted estimator
    names : iterable of str, optional
        The keys to use, in order; ``model.state_dict()`` gives those of a model. By default they
        begin with glassnet's names of the layers: ``"conv2d_1.weight"``.

    Returns
    -------
    state_dict : dict of str to ndarray
        Copies. ``model.load_state_dict({k: torch.from_numpy(v) for k, v in ...})`` takes them.

    Raises
    ------
    ValueError
        If a layer has no counterpart in PyTorch, there are more or fewer names than weights, or
        two are the same.
    TypeError
        If it is neither, or these are no names.

    Notes
    -----
    PyTorch has channels before height and width: the weights of a `Dense` behind a `Flatten` of
    images are put in the order in which PyTorch lays the images out.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Conv2D(8, 3), gn.Flatten(), gn.Dense(5)], input_shape=(6, 6, 1))
    >>> {name: array.shape for name, array in to_torch_state_dict(network).items()}
    {'conv2d_1.weight': (8, 1, 3, 3), 'conv2d_1.bias': (8,),
     'dense_1.weight': (5, 128), 'dense_1.bias': (5,)}
    """
    network = network_of(network, "to_torch_state_dict")
    names = None if names is None else _checked_names(names)
    arrays: dict[str, np.ndarray] = {}
    for tensor in torch_tensors(network):
        arrays[tensor.name] = tensor.copied(network.dtype)
        if tensor.name.endswith(".running_var"):
            arrays[tensor.name.removesuffix("running_var") + _COUNT] = np.array(0)
    if names is None:
        return arrays
    if len(names) != len(arrays):
        raise ValueError(f"got {len(names)} names for {len(arrays)} arrays: {', '.join(arrays)}")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"names has {twice!r} twice: one of the arrays would be lost")
    return dict(zip(names, arrays.values(), strict=True))


def load_torch_state_dict(
    network: Network | NeuralNetworkEstimator,
    state_dict: Mapping[str, Any],
    names: Iterable[str] | None = None,
) -> None:
    """Write the weights of a PyTorch model into a network, in place.

    They are matched by their order, and each must have the shape that belongs there.

    Parameters
    ----------
    network : Network, or fitted estimator
        With the same layers; nothing is written if something does not fit.
    state_dict : mapping of str to tensor or array
        What ``model.state_dict()`` gives.
    names : iterable of str, optional
        Which of its keys to take, in the order of the network's layers. By default all, as they
        come.

    Raises
    ------
    ValueError
        If a layer has no counterpart in PyTorch, or number, shape or kind of the weights don't
        fit, or one is not finite; the message names the weight and the layer.
    KeyError
        If `names` has one that is not there.
    TypeError
        If something else is given, such as a module in place of its ``state_dict()``.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Dense(2)], input_shape=3)
    >>> load_torch_state_dict(network, {"fc.weight": np.eye(2, 3), "fc.bias": np.ones(2)})
    >>> network.predict(np.array([[1.0, 2.0, 3.0]]))
    array([[2., 3.]], dtype=float32)
    """
    network = network_of(network, "load_torch_state_dict")
    if not isinstance(state_dict, Mapping):
        raise TypeError(
            "state_dict must be a mapping of names to arrays, such as module.state_dict(), got "
            f"{type(state_dict).__name__}"
        )
    names = None if names is None else _checked_names(names)
    taken = _checked_names(state_dict) if names is None else names
    wanted = [name for name in taken if name.split(".")[-1] != _COUNT]
    for name in wanted:
        if name not in state_dict:
            raise KeyError(f"{name!r} is not in the state_dict; it has {', '.join(state_dict)}")
    given = [(repr(name), _as_array(state_dict[name])) for name in wanted]
    _load(list(torch_tensors(network)), given)


def to_keras_weights(network: Network | NeuralNetworkEstimator) -> list[np.ndarray]:
    """Return all weights as ``model.set_weights`` of a Keras model of the same layers takes them.

    Its images are channels-last, as glassnet's are; of a `Residual`, the branch comes first.

    Parameters
    ----------
    network : Network, or fitted estimator

    Raises
    ------
    ValueError
        If a layer has no counterpart in Keras.
    TypeError
        If it is neither.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Dense(2), gn.BatchNormalization()], input_shape=3)
    >>> [array.shape for array in to_keras_weights(network)]
    [(3, 2), (2,), (2,), (2,), (2,), (2,)]
    """
    network = network_of(network, "to_keras_weights")
    return [tensor.copied(network.dtype) for tensor in keras_tensors(network)]


def load_keras_weights(network: Network | NeuralNetworkEstimator, weights: Sequence[Any]) -> None:
    """Write what ``model.get_weights()`` of a Keras model gives into a network, in place.

    Parameters
    ----------
    network : Network, or fitted estimator
        With the same layers; nothing is written if something does not fit.
    weights : sequence of array

    Raises
    ------
    ValueError
        If a layer has no counterpart in Keras, number, shape or kind of the weights don't fit, or
        one is not finite.
    TypeError
        If something else is given, such as a model in place of its ``get_weights()``.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Dense(2)], input_shape=3)
    >>> load_keras_weights(network, [np.eye(3, 2), np.ones(2)])
    >>> network.predict(np.array([[1.0, 2.0, 3.0]]))
    array([[2., 3.]], dtype=float32)
    """
    network = network_of(network, "load_keras_weights")
    if not isinstance(weights, Sequence) or isinstance(weights, str):
        raise TypeError(
            "weights must be a list of arrays, such as model.get_weights(), got "
            f"{type(weights).__name__}"
        )
    given = [(f"weights[{i}]", _as_array(array)) for i, array in enumerate(weights)]
    _load(list(keras_tensors(network)), given)


def _load(tensors: list[Tensor], given: list[tuple[str, np.ndarray]]) -> None:
    """Check all, then write all."""
    pairs = list(zip(tensors, given, strict=False))
    for tensor, (name, array) in pairs:
        if array.shape != tensor.shape:
            raise ValueError(
                f"{name} has shape {array.shape}, and what comes there in the network is "
                f"{tensor.name} of {tensor.layer!r}, of shape {tensor.shape}"
            )
        if array.dtype.kind != "f":
            raise ValueError(f"{name} should be floating numbers, it is of dtype {array.dtype}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} has values that are NaN or infinite")
        if (np.abs(array) > np.finfo(tensor.view.dtype).max).any():
            raise ValueError(f"{name} has values that are too large for {tensor.view.dtype}")
        if tensor.fixed and (array != tensor.view).any():
            raise ValueError(
                f"{name} would be {tensor.name}, and {tensor.layer!r} has none: all of its numbers "
                f"would have to be {tensor.view.flat[0]:g}"
            )
        least = tensor.least
        if least is not None and (array < least).any():
            raise ValueError(
                f"{name} holds {array.min():.6g}, and {tensor.name} cannot be below {least:.6g}"
            )
    if len(given) != len(tensors):
        expected = ", ".join(tensor.name for tensor in tensors)
        found = ", ".join(name for name, _ in given)
        raise ValueError(
            f"the network has {len(tensors)} weights ({expected}), and there are {len(given)} "
            f"({found})"
        )
    for tensor, (_, array) in pairs:
        if not tensor.fixed:  # nobody would see what is written there
            tensor.view[...] = array.reshape(tensor.view.shape)


def _checked_names(names: Any) -> list[str]:  # noqa: ANN401 (what users give)
    """Return names as a list; refuse what are no names."""
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise TypeError(
            f"names must be keys, such as those of module.state_dict(), got {type(names).__name__}"
        )
    found = list(names)
    for name in found:
        if not isinstance(name, str):
            raise TypeError(f"names must be keys of a state_dict, and one of them is {name!r}")
    return found


def _as_array(value: Any) -> np.ndarray:  # noqa: ANN401 (a tensor of a library that may be missing)
    """Return a tensor or array as an array."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":  # which NumPy has not
            value = value.float()
        value = value.numpy()
    return np.asarray(value)
