"""A network as a safetensors file: the same names, numbers and configuration as a model file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glassnet.export.fitted import network_of
from glassnet.extras import require
from glassnet.nn import Network, model_file
from glassnet.storage import atomic_write, require_folder

if TYPE_CHECKING:
    from glassnet.estimators.base import NeuralNetworkEstimator


def save_safetensors(
    network: Network | NeuralNetworkEstimator, path: str | os.PathLike[str]
) -> None:
    """Write parameters and state by name, and the configuration as metadata.

    The file is put in place whole, or not at all. The same network gives the same bytes.

    Parameters
    ----------
    network : Network, NeuralNetworkClassifier, or NeuralNetworkRegressor
        Of a fitted estimator the file holds the network, ``network_``, and no more: of two classes
        it gives the probability of the second, and with the Poisson loss the logarithm of a count.
    path : path-like

    Raises
    ------
    TypeError
        If it is neither.
    MissingExtraError
        If safetensors is not installed.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import safetensors.numpy
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Dense(3, "relu"), gn.Dense(1)], input_shape=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_safetensors(network, folder + "/model.safetensors")
    ...     tensors = safetensors.numpy.load_file(folder + "/model.safetensors")
    >>> sorted(tensors)
    ['dense_1.W', 'dense_1.b', 'dense_2.W', 'dense_2.b']
    """
    network = network_of(network, "save_safetensors")
    save = require("safetensors.numpy", "export").save
    require_folder(path)
    arrays = {name: np.ascontiguousarray(array) for name, array in network.numbers().items()}
    # one entry alone: of several, the order in the file would vary
    content = save(arrays, metadata={model_file.CONFIG: model_file.header(network.config())})
    with atomic_write(path) as file:
        file.write(content)


def load_safetensors(path: str | os.PathLike[str]) -> Network:
    """Rebuild a network from a file of `save_safetensors`; nothing in it is executed.

    Raises
    ------
    MissingExtraError
        If safetensors is not installed.
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no safetensors file or damaged, has no glassnet configuration, or its tensors are
        not those of the configured network.

    Examples
    --------
    >>> import tempfile
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Dense(3, "relu"), gn.Dense(1)], input_shape=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_safetensors(network, folder + "/model.safetensors")
    ...     loaded = load_safetensors(folder + "/model.safetensors")
    >>> bool((loaded.theta == network.theta).all())
    True
    """
    safetensors = require("safetensors", "export")
    with Path(path).open("rb"):  # an error of the operating system, if there is no such file
        pass
    with model_file.blame(path):
        try:
            with safetensors.safe_open(os.fspath(path), framework="numpy") as file:
                config = model_file.config_of((file.metadata() or {}).get(model_file.CONFIG))
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except safetensors.SafetensorError as error:
            raise ValueError(f"it is no safetensors file, or is damaged: {error}") from None
        except AttributeError as error:  # of NumPy, looked up by safetensors
            raise ValueError(f"its numbers are of a kind that NumPy has not: {error}") from None
        return Network.from_numbers(config, arrays)
