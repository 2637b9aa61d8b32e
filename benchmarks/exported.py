"""Exported networks in onnxruntime: the same predictions? ``python -m benchmarks.exported``.

Takes the trained models of the folder ``models``, and the thesis' network after one epoch, each on
the whole test set of its data, from bytes to classes.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

import glassnet as gn
from glassnet.export import to_onnx

MODELS = Path(__file__).resolve().parents[1] / "models"
SHIPPED = {"mnist-cnn": "mnist", "cifar10-quick": "cifar10"}
"""Files in `MODELS`, and the data that each is for."""


class Agreement(NamedTuple):
    """How a network and its export answer the same images."""

    images: int
    different: int
    """Images for which they predict different classes."""
    largest: float
    """Largest difference of an output."""


def thesis_network(train: gn.Dataset) -> gn.Network:
    """Return the network of the thesis after an epoch on MNIST."""
    layers = [gn.Dense(32, "sigmoid"), gn.Dense(10, "sigmoid")]
    network = gn.Network(layers, input_shape=train.input_shape)
    optimizer = gn.SGD(learning_rate=0.1, momentum=0.8)
    trainer = gn.Trainer(network, loss="half_squared_error", optimizer=optimizer, batch_size=10)
    trainer.fit(train, epochs=1)
    return network


def agreement(network: gn.Network, x: np.ndarray, *, batch_size: int = 500) -> Agreement:
    """Compare a network with its export, which is given bytes; `x` holds 255ths."""
    import onnxruntime

    images = np.rint(255 * x).astype(np.uint8)
    content = to_onnx(network, raw_images=True).SerializeToString()
    session = onnxruntime.InferenceSession(content)
    batches = [images[i : i + batch_size] for i in range(0, len(images), batch_size)]
    theirs = np.concatenate([session.run(None, {"input": batch})[0] for batch in batches])
    ours = network.predict(x)
    different = int((ours.argmax(axis=1) != theirs.argmax(axis=1)).sum())
    return Agreement(len(x), different, float(np.abs(ours - theirs).max()))


def main() -> None:
    """Print a line for each network."""
    train, test = gn.load_dataset("mnist")
    cases = {"thesis": (thesis_network(train), test)}
    for name, data in SHIPPED.items():
        cases[name] = gn.Network.load(MODELS / f"{name}.npz"), gn.load_dataset(data)[1]
    for name, (network, dataset) in cases.items():
        found = agreement(network, np.asarray(dataset.x))
        print(
            f"{name:14} {found.images:,} test images, {found.different} predicted differently, "
            f"largest difference of an output {found.largest:.1e}"
        )


if __name__ == "__main__":
    main()
