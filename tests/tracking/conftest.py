import numpy as np
import pytest

import glassnet as gn


@pytest.fixture
def images() -> gn.Dataset:
    rng = np.random.default_rng(0)
    x = rng.random((60, 4, 4, 1), np.float32)
    return gn.Dataset(x, (x.mean((1, 2, 3)) > 0.5).astype(int), name="bright")


@pytest.fixture
def trainer_with():
    def build(*callbacks, learning_rate=0.1) -> gn.Trainer:
        layers = [
            gn.Flatten(),
            gn.Dense(5, "relu"),
            gn.BatchNormalization(),
            gn.Dense(2, "softmax"),
        ]
        return gn.Trainer(
            gn.Network(layers, input_shape=(4, 4, 1), seed=1),
            loss="categorical_cross_entropy",
            optimizer=gn.SGD(learning_rate=learning_rate, momentum=0.9),
            augmentation=[gn.RandomFlip()],
            batch_size=20,
            callbacks=callbacks,
            engine="numpy",
        )

    return build
