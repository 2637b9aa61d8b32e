"""Weights moved to PyTorch, and from there, give the same outputs."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.export import load_torch_state_dict, to_torch_state_dict

torch = pytest.importorskip("torch", reason="parity is checked where PyTorch is installed")
nn = torch.nn


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


def ours() -> gn.Network:
    return gn.Network(
        [
            gn.Conv2D(6, 3, gn.PReLU(shared=False), padding=1, groups=2, use_bias=False),
            gn.BatchNormalization(),
            gn.DepthwiseConv2D((2, 3), "relu", multiplier=2),
            gn.MaxPooling2D(2),
            gn.Residual([gn.Conv2D(4, 1, "relu"), gn.Conv2D(5, 1)], [gn.Conv2D(5, 1)]),
            gn.Dropout(0.5),
            gn.Flatten(),
            gn.BatchNormalization(scale=False),
            gn.Dense(7, "prelu"),
            gn.LayerNormalization(),
            gn.Dense(3, "softmax"),
        ],
        input_shape=(10, 9, 4),
        seed=1,
    )


class Sum(nn.Module):
    def __init__(self, layers, shortcut) -> None:
        super().__init__()
        self.layers, self.shortcut = layers, shortcut

    def forward(self, x):
        return self.layers(x) + self.shortcut(x)


def theirs():
    branch = nn.Sequential(nn.Conv2d(12, 4, 1), nn.ReLU(), nn.Conv2d(4, 5, 1))
    return nn.Sequential(
        nn.Conv2d(4, 6, 3, padding=1, groups=2, bias=False),
        nn.PReLU(6),
        nn.BatchNorm2d(6),
        nn.Conv2d(6, 12, (2, 3), groups=6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        Sum(branch, nn.Conv2d(12, 5, 1)),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.BatchNorm1d(5 * 4 * 3),
        nn.Linear(5 * 4 * 3, 7),
        nn.PReLU(),
        nn.LayerNorm(7),
        nn.Linear(7, 3),
        nn.Softmax(1),
    ).eval()


def images() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(6, 10, 9, 4)).astype(np.float32)


def outputs_of(model, x: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return model(torch.from_numpy(x.transpose(0, 3, 1, 2).copy())).numpy()


def trained(network: gn.Network) -> gn.Network:
    """Move all numbers away from where they start, in a way that keeps activations alive."""
    rng = np.random.default_rng(5)
    for name, array in network.numbers().items():
        if not name.endswith(".W"):
            array[...] += rng.uniform(0.1, 0.5, array.shape)
    return network


def test_a_network_moved_to_pytorch_gives_the_same_outputs() -> None:
    network, model = trained(ours()), theirs()
    arrays = to_torch_state_dict(network, model.state_dict())
    model.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    expected = network.predict(images())
    assert np.ptp(expected, axis=0).min() > 0.01  # they differ from image to image
    np.testing.assert_allclose(outputs_of(model, images()), expected, rtol=1e-5, atol=1e-6)


def test_a_model_of_pytorch_moved_here_gives_the_same_outputs() -> None:
    torch.manual_seed(2)
    model, network = theirs(), ours()
    model.train()  # for running statistics that are none of the defaults
    model[9].weight.requires_grad_(False)
    for _ in range(5):
        model(torch.randn(16, 4, 10, 9))
    model.eval()
    load_torch_state_dict(network, model.state_dict())
    expected = outputs_of(model, images())
    np.testing.assert_allclose(network.predict(images()), expected, rtol=1e-5, atol=1e-6)


def test_the_names_of_the_network_are_those_of_a_model_with_its_layers() -> None:
    network = gn.Network([gn.Dense(4, "relu"), gn.BatchNormalization()], input_shape=3)
    model = nn.Sequential()
    model.add_module("dense_1", nn.Linear(3, 4))
    model.add_module("batchnormalization_1", nn.BatchNorm1d(4))
    arrays = to_torch_state_dict(network)
    assert list(arrays) == list(model.state_dict())
    model.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})


def test_standardising_is_a_module_with_two_buffers() -> None:
    layer = gn.Standardize()
    layers = [layer, gn.Conv2D(4, 3, "relu"), gn.Flatten(), gn.Dense(2)]
    network = gn.Network(layers, input_shape=(5, 6, 3))
    layer.adapt(3.0 + 2.0 * np.random.default_rng(0).random((9, 5, 6, 3)))

    class Standardize(nn.Module):
        def __init__(self, *shape: int) -> None:
            super().__init__()
            self.register_buffer("mean", torch.zeros(shape))
            self.register_buffer("deviation", torch.ones(shape))

        def forward(self, x):
            return (x - self.mean) / self.deviation

    model = nn.Sequential(
        Standardize(3, 5, 6), nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2)
    )
    arrays = to_torch_state_dict(network, model.state_dict())
    model.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    x = 3.0 + 2.0 * np.random.default_rng(1).random((4, 5, 6, 3), np.float32)
    np.testing.assert_allclose(outputs_of(model, x), network.predict(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_tensors_of_other_precisions_and_with_gradients_are_taken(dtype) -> None:
    network = gn.Network([gn.Dense(2)], input_shape=3)
    weights = {"w": torch.ones((2, 3), dtype=dtype, requires_grad=True), "b": torch.zeros(2)}
    load_torch_state_dict(network, weights)
    assert network.predict(np.ones((1, 3))).tolist() == [[3.0, 3.0]]
