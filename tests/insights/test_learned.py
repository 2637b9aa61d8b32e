import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="needs the extra cli")
pytest.importorskip("typer", reason="needs the extra cli")

import glassnet as gn
from glassnet import insights
from glassnet.cli import pictures

RNG = np.random.default_rng(0)


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def network_of(*layers, shape=(8, 8, 3), classes=3):
    return gn.Network([*layers, gn.Flatten(), gn.Dense(classes, "softmax")], input_shape=shape)


def data_for(network, count=12):
    classes = network.output_shape[0]
    x = RNG.random((count, *network.input_shape), np.float32)
    names = [f"name {k}" for k in range(classes)]
    return gn.Dataset(x, np.arange(count) % classes, class_names=names)


@pytest.mark.parametrize(
    ("layers", "heading", "count"),
    [
        ([gn.Rescaling(2.0), gn.Conv2D(4, 3), gn.Conv2D(9, 3)], "all 4 filters", 4),
        ([gn.Conv2D(6, 3, groups=3)], "all 6 filters", 6),
        ([gn.DepthwiseConv2D(3, multiplier=2)], "all 6 filters", 6),
        ([gn.Residual([gn.Conv2D(3, 1)])], "all 3 filters", 3),
    ],
)
def test_the_filters_are_those_of_the_first_convolution(layers, heading, count):
    figure = insights.first_filters(network_of(*layers))
    assert texts(figure)[0].startswith(heading)
    assert len(figure.axes[0].images) == count


def test_a_depthwise_filter_is_drawn_below_its_output_channel():
    network = network_of(gn.DepthwiseConv2D(1, multiplier=2))
    network.layers[0].W.value[...] = np.arange(6.0).reshape(1, 1, 3, 2)
    figure = insights.first_filters(network)
    numbers = [float(np.asarray(image.get_array())[0, 0]) for image in figure.axes[0].images]
    assert [float(text) for text in texts(figure)[1:]] == numbers == [5, 4, 3, 2, 1, 0]


def test_whitening_filters_are_drawn_without_their_negatives():
    network = network_of(gn.Whitening2D(2), gn.Conv2D(4, 3))
    network.layers[0].adapt(RNG.random((50, 8, 8, 3)))
    assert texts(insights.first_filters(network))[0].startswith("all 12 filters, the commonest")


@pytest.mark.parametrize(
    "network",
    [
        network_of(),
        network_of(gn.Conv2D(4, 3), shape=(8, 8, 2)),
        network_of(gn.AveragePooling2D(2), gn.Flatten()),
        gn.Network([gn.Dense(3, "softmax")], input_shape=5),
    ],
)
def test_without_a_convolution_that_sees_an_image_there_are_no_filters(network):
    assert insights.first_filters(network) is None


def test_the_maps_are_those_of_the_first_image_that_is_recognised():
    network = network_of(gn.Conv2D(4, 3, "relu"), gn.Residual([gn.Conv2D(4, 1)]))
    data = data_for(network)
    outputs = np.full((12, 3), 0.1)
    outputs[:, 2] = 0.8  # always name 2: the third image is the first that is right
    figure = insights.maps_of_an_image(network, data, outputs)
    shown = np.asarray(figure.axes[0].images[0].get_array())
    np.testing.assert_allclose(shown, data.x[2])
    assert texts(figure)[0] == "A test image of the class name 2, recognised (80 %)"
    assert {"conv2d_1, ReLU", "residual_1"} <= set(texts(figure))


def test_where_no_image_is_recognised_the_first_is_shown_with_what_it_is_taken_for():
    network = network_of(gn.Conv2D(4, 3))
    data = data_for(network, count=2)
    outputs = np.array([[0.2, 0.1, 0.7], [0.2, 0.1, 0.7]])
    caption = texts(insights.maps_of_an_image(network, data, outputs))[0]
    assert caption == "A test image of the class name 0, taken for name 2 (70 %)"


def test_the_most_confident_mistakes_come_first():
    network = network_of()
    data = data_for(network)
    outputs = np.full((12, 3), 0.1)
    outputs[:, 2] = np.linspace(0.4, 0.9, 12)  # right for 2, 5, 8 and 11
    figure = insights.saliency_of_mistakes(network, data, outputs)
    images = [np.asarray(image.get_array()) for image in figure.axes[0].images[::3]]
    assert len(images) == 6
    for image, chosen in zip(images, [10, 9, 7, 6, 4, 3], strict=True):
        np.testing.assert_allclose(image, data.x[chosen])


def test_without_mistakes_or_images_there_is_no_saliency():
    network = network_of()
    data = data_for(network)
    assert insights.saliency_of_mistakes(network, data, np.eye(3)[data.y]) is None
    features = gn.Network([gn.Dense(3, "softmax")], input_shape=5)
    assert insights.saliency_of_mistakes(features, data_for(features), np.ones((12, 3))) is None
    assert insights.maps_of_an_image(features, data_for(features), np.ones((12, 3))) is None


def test_one_output_for_two_classes_has_maps_too():
    layers = [gn.Conv2D(2, 3, "relu"), gn.Flatten(), gn.Dense(1, "sigmoid")]
    network = gn.Network(layers, input_shape=(8, 8, 1))
    x = RNG.random((4, 8, 8, 1), np.float32)
    data = gn.Dataset(x, np.array([0, 1, 0, 1]), class_names=["no", "yes"])
    p = network.predict(x)
    figure = insights.saliency_of_mistakes(network, data, np.hstack([1 - p, p]))
    assert len(figure.axes[0].images) in {3, 6, 9, 12}


def test_many_images_are_predicted_with_compiled_code_unless_the_engine_is_numpy():
    pytest.importorskip("numba")
    pytest.importorskip("scipy")
    network = network_of(gn.Conv2D(4, 3, "relu"))
    compiled = pictures.predictor_for(network, 10_000, engine="auto")
    assert isinstance(compiled, gn.Predictor)
    x = data_for(network).x
    np.testing.assert_allclose(compiled(x), network.predict(x), atol=1e-5)
    assert pictures.predictor_for(network, 10_000, engine="numpy") == network.predict
    assert pictures.predictor_for(network, 100, engine="auto") == network.predict
    dense = network_of()
    assert pictures.predictor_for(dense, 10_000, engine="auto") == dense.predict
