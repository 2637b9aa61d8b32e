import pytest

pytest.importorskip("matplotlib", reason="needs the extra cli")

import glassnet as gn
from glassnet.insights.diagram import blocks_of, diagram


def shown(layers, shape=(8, 8, 3)):
    blocks = blocks_of(gn.Network(layers, input_shape=shape))
    return [(block.kind, block.shape, tuple(block.layers)) for block in blocks]


def test_elementwise_layers_stand_below_the_block_whose_numbers_they_change():
    layers = [
        gn.Rescaling(2.0), gn.Conv2D(4, (3, 1), strides=2), gn.BatchNormalization(), gn.ReLU(),
        gn.MaxPooling2D(), gn.Dropout(0.25), gn.Flatten(), gn.Dense(5, "softmax"),
    ]  # fmt: skip
    assert shown(layers) == [
        ("input", (8, 8, 3), ("input", "Rescaling")),
        ("convolution", (3, 4, 4), ("Conv2D 3 × 1 / 2 × 2", "BatchNormalization", "ReLU")),
        ("pooling", (1, 2, 4), ("MaxPooling2D 2 × 2", "Dropout 0.25")),
        ("dense", (5,), ("Flatten", "Dense", "Softmax")),
    ]


def test_a_convolution_that_keeps_the_shape_is_a_block_of_its_own():
    layers = [gn.Conv2D(4, 3, "relu", padding="same"), gn.Conv2D(4, 3, padding="same")]
    assert [shape for _, shape, _ in shown(layers)] == [(8, 8, 3), (8, 8, 4), (8, 8, 4)]


def test_a_residual_shows_what_is_inside():
    layers = [gn.Residual([gn.Conv2D(3, 1, "gelu")]), gn.GlobalAveragePooling2D()]
    assert shown(layers)[1:] == [
        ("convolution", (8, 8, 3), ("Residual", "· Conv2D 1 × 1", "· GELU")),
        ("pooling", (3,), ("GlobalAveragePooling2D",)),
    ]


def test_a_last_layer_that_only_reshapes_has_a_block():
    assert shown([gn.Conv2D(2, 8), gn.Flatten()])[-1] == ("other", (2,), ("Flatten",))


def test_a_fully_connected_network_keeps_its_circles():
    texts = diagram(gn.Network([gn.Dense(4, "relu"), gn.Dense(2)], input_shape=(4, 4, 1)))
    assert "input\n16 units" in [text.get_text() for text in texts.axes[0].texts]


def test_a_network_of_images_has_blocks():
    layers = [gn.Conv2D(4, 3, "relu"), gn.Flatten(), gn.Dense(2)]
    figure = diagram(gn.Network(layers, input_shape=(8, 8, 1)))
    assert "6 × 6 × 4" in [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize("around", [[], [gn.Dense(3)]], ids=["alone", "beside others"])
def test_a_residual_of_dense_layers_has_a_block(around):
    network = gn.Network([*around, gn.Residual([gn.Dense(3, "relu")])], input_shape=3)
    texts = [text.get_text() for text in diagram(network).axes[0].texts]
    assert "Residual" in texts
    assert "· Dense" in texts


def test_a_network_with_nothing_to_show_is_refused():
    with pytest.raises(ValueError, match="only networks with Dense or convolutional layers"):
        diagram(gn.Network([gn.ReLU()], input_shape=3))
