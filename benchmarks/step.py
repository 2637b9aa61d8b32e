"""One step of the thesis' network, glassnet's NumPy path beside PyTorch eager.

784-32-10, sigmoid, half squared error, batch size 1, learning rate 0.1, momentum 0.8, float32. Both
begin with the same weights, see the same examples in the same order, and must end with the same
weights. They take turns for some rounds; best and median of each are printed, and the ratio.

Run with nothing else on the machine:

    python -m benchmarks.step [--rounds 7] [--steps 5000] [--data-dir FOLDER]
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time

import numpy as np
import torch

import glassnet as gn
from glassnet.randomness import stream

NORMAL = {"weight_initializer": "standard_normal", "bias_initializer": "standard_normal"}


def new_network() -> gn.Network:
    """Return the thesis' network, always with the same weights."""
    layers = [gn.Dense(32, "sigmoid", **NORMAL), gn.Dense(10, "sigmoid", **NORMAL)]
    return gn.Network(layers, input_shape=784, seed=0)


def run_glassnet(train: gn.Dataset) -> tuple[float, list[np.ndarray]]:
    """Train for an epoch with the Trainer, metrics and all; return seconds and weights."""
    network = new_network()
    optimizer = gn.SGD(0.1, momentum=0.8)
    trainer = gn.Trainer(
        network, loss="half_squared_error", optimizer=optimizer, batch_size=1, engine="numpy"
    )
    begin = time.perf_counter()
    trainer.fit(train, epochs=1)
    return time.perf_counter() - begin, [p.value for _, p in network.named_parameters()]


def run_torch(train: gn.Dataset) -> tuple[float, list[np.ndarray]]:
    """Train for an epoch in PyTorch's usual loop, without metrics; return seconds and weights."""
    model = torch.nn.Sequential(
        torch.nn.Linear(784, 32), torch.nn.Sigmoid(), torch.nn.Linear(32, 10), torch.nn.Sigmoid()
    )
    start = [p.value for _, p in new_network().named_parameters()]
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), start, strict=True):
            parameter.copy_(torch.from_numpy(value.T.copy()))
    # the order in which glassnet's trainer sees the examples
    order = stream(0, "shuffling").permutation(len(train))
    x = torch.from_numpy(train.x[order])
    y = torch.nn.functional.one_hot(torch.from_numpy(train.y[order]), 10).float()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.8)
    begin = time.perf_counter()
    for i in range(len(x)):
        loss = 0.5 * torch.sum((model(x[i : i + 1]) - y[i : i + 1]) ** 2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    seconds = time.perf_counter() - begin
    return seconds, [parameter.detach().numpy().T for parameter in model.parameters()]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--data-dir")
    arguments = parser.parse_args()
    whole, _ = gn.load_dataset("mnist", data_dir=arguments.data_dir)
    train = gn.Dataset(whole.x[: arguments.steps].reshape(-1, 784), whole.y[: arguments.steps])
    torch.set_flush_denormal(True)  # in its favour: without it, it slows down epoch by epoch
    times: dict[str, list[float]] = {"glassnet": [], "PyTorch": []}
    for _ in range(arguments.rounds):
        ours, our_weights = run_glassnet(train)
        theirs, their_weights = run_torch(train)
        for a, b in zip(our_weights, their_weights, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-3)
        times["glassnet"].append(ours / len(train) * 1e6)
        times["PyTorch"].append(theirs / len(train) * 1e6)
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, PyTorch {torch.__version__}, "
        f"{torch.get_num_threads()} threads; {arguments.rounds} rounds of {len(train)} steps"
    )
    for name, measured in times.items():
        print(
            f"{name:10} best {min(measured):6.1f} us   median {statistics.median(measured):6.1f} us"
        )
    ratios = [b / a for a, b in zip(times["glassnet"], times["PyTorch"], strict=True)]
    print(f"PyTorch / glassnet: median {statistics.median(ratios):.1f}")


if __name__ == "__main__":
    main()
