"""What a contender is given: a folder with the work, its data, and the weights to begin with.

It is filled by the process that measures, so that a peer's process imports that peer and NumPy, not
glassnet, and its memory holds the examples once.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.works import Work


def read_work(folder: Path) -> Work:
    """Return what is to be done."""
    fields = json.loads((folder / "work.json").read_text("utf-8"))
    return Work(**fields | {"sizes": tuple(fields["sizes"])})


def read_examples(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs, shape (examples, inputs), and labels, shape (examples,), unshuffled."""
    return np.load(folder / "x.npy"), np.load(folder / "labels.npy")


def read_in_order(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs and one-hot targets in the order in which glassnet's trainer takes them."""
    return np.load(folder / "x_in_order.npy"), np.load(folder / "targets_in_order.npy")


def read_weights(folder: Path) -> list[np.ndarray]:
    """Return W, shape (inputs, units), and b, shape (units,), of one layer after the other."""
    return read_arrays(folder / "weights.npz")


def read_arrays(path: Path) -> list[np.ndarray]:
    """Return the arrays that `write_arrays` put in a file."""
    with np.load(path) as file:
        return [file[name] for name in file.files]


def write_arrays(path: Path, arrays: list[np.ndarray]) -> None:
    """Put arrays in a file, in this order."""
    np.savez(path, *arrays)


def give(work: Work, folder: Path, data_dir: str | None = None) -> None:
    """Fill the folder of a work."""
    import glassnet as gn
    from glassnet.randomness import stream

    data = examples(work, data_dir)
    order = np.arange(len(data))
    if work.kind == "training":
        order = stream(0, "shuffling").permutation(len(data))
    np.save(folder / "x.npy", data.x)
    np.save(folder / "labels.npy", data.y)
    np.save(folder / "x_in_order.npy", data.x[order])
    np.save(folder / "targets_in_order.npy", gn.one_hot(data.y[order], work.sizes[-1]))
    weights = [parameter.value for _, parameter in network(work).named_parameters()]
    write_arrays(folder / "weights.npz", weights)
    (folder / "work.json").write_text(json.dumps(asdict(work)), encoding="utf-8")


def examples(work: Work, data_dir: str | None = None) -> gn.Dataset:  # noqa: F821
    """Return the examples of a round."""
    import glassnet as gn

    if work.data == "table":
        x = np.random.default_rng(0).normal(size=(work.examples, work.sizes[0]))
        return gn.Dataset(x, (x[:, 0] + x[:, 1] > 0).astype(int))
    train, _ = gn.load_dataset(work.data, data_dir=data_dir)
    flat = train.x[: work.examples].reshape(work.examples, -1)
    return gn.Dataset(flat, train.y[: work.examples])


def network(work: Work) -> gn.Network:  # noqa: F821
    """Return glassnet's network, always with the same weights."""
    import glassnet as gn

    how = {"weight_initializer": work.initializer}
    if work.initializer == "standard_normal":
        how["bias_initializer"] = "standard_normal"
    layers = [
        gn.Dense(units, name, **how)
        for units, name in zip(work.sizes[1:], work.activations, strict=True)
    ]
    return gn.Network(layers, input_shape=work.sizes[0], seed=0)
