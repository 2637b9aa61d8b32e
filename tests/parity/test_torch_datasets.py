import numpy as np
import pytest

import glassnet as gn

torch = pytest.importorskip("torch")
data = torch.utils.data
RNG = np.random.default_rng(0)
X = RNG.random((24, 5, 4, 3), np.float32)
Y = RNG.integers(0, 3, 24)
TENSORS = data.TensorDataset(
    torch.from_numpy(np.ascontiguousarray(X.transpose(0, 3, 1, 2))), torch.from_numpy(Y)
)


def trained_on(train):
    layers = [gn.Conv2D(4, 3, "relu"), gn.Flatten(), gn.Dense(3, "softmax")]
    network = gn.Network(layers, input_shape=(5, 4, 3), seed=0)
    trainer = gn.Trainer(network, loss="categorical_cross_entropy", batch_size=6, engine="numpy")
    trainer.fit(train, epochs=2)
    return network.theta


@pytest.mark.parametrize(
    "train",
    [
        TENSORS,
        data.Subset(TENSORS, range(24)),
        data.ConcatDataset([data.Subset(TENSORS, range(9)), data.Subset(TENSORS, range(9, 24))]),
        data.DataLoader(TENSORS, batch_size=7),
    ],
    ids=["tensors", "subset", "two data sets", "loader"],
)
def test_what_pytorch_learns_from_trains_a_network_as_arrays_do(train):
    np.testing.assert_array_equal(trained_on(train), trained_on(gn.Dataset(X, Y)))
