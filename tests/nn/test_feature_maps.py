import numpy as np
import pytest

import glassnet as gn
from glassnet.nn.feature_maps import feature_maps

RNG = np.random.default_rng(0)


def stages_of(layers, shape=(8, 8, 3), x=None):
    network = gn.Network(layers, input_shape=shape)
    x = RNG.random((2, *shape)) if x is None else x
    return feature_maps(network, x)


def names(stages):
    return [(stage.name, stage.after, stage.maps.shape[1:]) for stage in stages]


def test_a_stage_ends_with_its_activation_before_the_pooling():
    stages = stages_of([
        gn.Rescaling(2.0), gn.Conv2D(4, 3, padding="same"), gn.BatchNormalization(), gn.ReLU(),
        gn.MaxPooling2D(), gn.Conv2D(6, 3, "gelu"), gn.Flatten(), gn.Dense(3, "softmax"),
    ])  # fmt: skip
    assert names(stages) == [("conv2d_1", "ReLU", (8, 8, 4)), ("conv2d_2", "GELU", (2, 2, 6))]


def test_a_pooling_before_the_activation_belongs_to_the_stage():
    stages = stages_of([gn.Conv2D(4, 3), gn.MaxPooling2D(), gn.ReLU(), gn.Flatten(), gn.Dense(2)])
    assert names(stages) == [("conv2d_1", "ReLU", (3, 3, 4))]


def test_without_an_activation_it_is_the_last_output():
    stages = stages_of([gn.Conv2D(4, 3), gn.MaxPooling2D(), gn.Flatten(), gn.ReLU()])
    assert names(stages) == [("conv2d_1", "MaxPooling2D", (3, 3, 4))]


def test_a_residual_is_one_stage():
    branch = [gn.Conv2D(4, 3, "relu", padding="same"), gn.Conv2D(4, 1)]
    stages = stages_of([gn.DepthwiseConv2D(3, multiplier=2), gn.Conv2D(4, 1), gn.Residual(branch)])
    assert [stage.name for stage in stages] == ["depthwiseconv2d_1", "conv2d_1", "residual_1"]


def test_the_maps_are_what_the_network_computes_when_it_predicts():
    layers = [gn.Conv2D(4, 3), gn.BatchNormalization(), gn.ReLU(), gn.Dropout(0.5)]
    network = gn.Network(layers, input_shape=(8, 8, 1))
    x = RNG.random((3, 8, 8, 1))
    network.forward(x.astype(np.float32), training=True)  # moves the running statistics
    before = {name: array.copy() for name, array in network.numbers().items()}
    (stage,) = feature_maps(network, x)
    assert (stage.maps == network.predict(x)).all()
    assert all((array == before[name]).all() for name, array in network.numbers().items())


def test_a_network_without_convolutions_has_no_maps():
    assert stages_of([gn.Dense(4, "relu"), gn.Dense(2)]) == []
    vectors = [gn.Flatten(), gn.Dense(4, "relu"), gn.Residual([gn.Dense(4)]), gn.Dense(2)]
    assert stages_of(vectors) == []


def test_images_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"expects examples of shape \(8, 8, 3\)"):
        stages_of([gn.Conv2D(4, 3)], x=np.zeros((1, 8, 8, 1)))
