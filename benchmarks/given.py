"""What a contender is given: a folder with the work, its data, and the weights to begin with.

It is filled by the process that measures, so that a peer's process imports that peer and NumPy, not
glassnet, and its memory holds the examples once.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks import architectures as of
from benchmarks.works import Work


def read_work(folder: Path) -> Work:
    """Return what is to be done."""
    fields = json.loads((folder / "work.json").read_text("utf-8"))
    return Work(**fields | {"sizes": tuple(fields["sizes"])})


def read_examples(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs, shape (examples, *input_shape), and labels, (examples,), unshuffled."""
    return np.load(folder / "x.npy"), np.load(folder / "labels.npy")


def read_in_order(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs and one-hot targets in the order in which glassnet's trainer takes them."""
    return np.load(folder / "x_in_order.npy"), np.load(folder / "targets_in_order.npy")


def read_weights(folder: Path) -> list[np.ndarray]:
    """Return the parameters to begin with, layer by layer, then what is kept but not learned.

    W, shape (inputs, units), and b, shape (units,), of dense layers; of convolutional networks as
    `benchmarks.contenders.pytorch_convolution` says.
    """
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
    if work.task == "training":
        order = stream(0, "shuffling").permutation(len(data))
    np.save(folder / "x.npy", data.x)
    np.save(folder / "labels.npy", data.y)
    np.save(folder / "x_in_order.npy", data.x[order])
    np.save(folder / "targets_in_order.npy", gn.one_hot(data.y[order], work.sizes[-1]))
    model = network(work)
    accustom(model, work, data.x)
    write_arrays(folder / "weights.npz", arrays_of(model))
    (folder / "work.json").write_text(json.dumps(asdict(work)), encoding="utf-8")


def examples(work: Work, data_dir: str | None = None) -> gn.Dataset:  # noqa: F821
    """Return the examples of a round."""
    import glassnet as gn

    shape, n = work.input_shape, work.examples
    if work.data in ("table", "noise"):
        x = np.random.default_rng(0).normal(size=(n, *shape))
        if work.data == "noise":
            return gn.Dataset(x, np.random.default_rng(1).integers(work.sizes[-1], size=n))
        return gn.Dataset(x, (x[:, 0] + x[:, 1] > 0).astype(int))
    train, _ = gn.load_dataset(work.data, data_dir=data_dir)
    return gn.Dataset(train.x[:n].reshape(n, *shape), train.y[:n])


def network(work: Work) -> gn.Network:  # noqa: F821
    """Return glassnet's network, always with the same weights."""
    import glassnet as gn

    how = {"weight_initializer": work.initializer}
    if work.initializer == "standard_normal":
        how["bias_initializer"] = "standard_normal"
    if work.architecture:
        layers = [layer_of(part, how) for part in of.ARCHITECTURES[work.architecture].parts]
    else:
        layers = [
            gn.Dense(units, name, **how)
            for units, name in zip(work.sizes[1:], work.activations, strict=True)
        ]
    return gn.Network(layers, input_shape=work.input_shape, seed=0)


def layer_of(part: of.Part, how: dict[str, str]) -> gn.Layer:  # noqa: F821
    """Return glassnet's layer for a part of an architecture."""
    import glassnet as gn

    match part:
        case of.Convolution(filters, kernel, same, bias):
            padding = "same" if same else "valid"
            layer = gn.Conv2D(filters, kernel, padding=padding, use_bias=bias, **how)
        case of.Whitening(kernel):
            layer = gn.Whitening2D(kernel)
        case of.Norm(scale, keeps, epsilon):
            layer = gn.BatchNormalization(keeps, epsilon, scale=scale)
        case of.Activation(name):
            layer = gn.ACTIVATIONS[name]()
        case of.MaxPooling(size):
            layer = gn.MaxPooling2D(size)
        case of.Flatten():
            layer = gn.Flatten()
        case of.Dense(units):
            layer = gn.Dense(units, **how)
        case of.Scaling(factor):
            layer = gn.Rescaling(factor)
    return layer


def accustom(model: gn.Network, work: Work, x: np.ndarray) -> None:  # noqa: F821
    """Let layers that take statistics of the training inputs do so.

    Batch normalisation has some of the batches it would have seen before it is made to predict.
    """
    for _, layer in model.named_parts():
        if hasattr(layer, "adapt"):
            layer.adapt(x)
    if work.kind == "convolution_inference":
        for batch in np.split(x[:160], range(32, min(len(x), 160), 32)):
            model.forward(batch, training=True)


def arrays_of(model: gn.Network) -> list[np.ndarray]:  # noqa: F821
    """Return all numbers that a network keeps, in the order of `read_weights`."""
    return list(model.numbers().values())


def network_with(work: Work, arrays: list[np.ndarray]) -> gn.Network:  # noqa: F821
    """Return glassnet's network with these numbers, which are in the order of `read_weights`."""
    model = network(work)
    model.fill(dict(zip(model.numbers(), arrays, strict=True)))
    return model


def loss(work: Work) -> gn.Loss:  # noqa: F821
    """Return glassnet's loss."""
    from glassnet.nn import loss_named

    smoothing = {"label_smoothing": work.label_smoothing} if work.label_smoothing else {}
    return loss_named({"type": work.loss, **smoothing})
