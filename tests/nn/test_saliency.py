import numpy as np
import pytest

import glassnet as gn
from glassnet.nn.saliency import occlusion, saliency, score_gradient

RNG = np.random.default_rng(0)


def convolutional(outputs=3, activation="softmax"):
    """A network with all that behaves differently in training, its statistics moved."""
    network = gn.Network(
        [
            gn.Rescaling(2.0, -1.0), gn.Conv2D(4, 3, padding="same"), gn.BatchNormalization(),
            gn.GELU(), gn.AveragePooling2D(2), gn.Residual([gn.Conv2D(4, 3, padding="same")]),
            gn.Dropout(0.5), gn.Flatten(), gn.Dense(outputs, activation),
        ],
        input_shape=(6, 6, 2), dtype="float64",
    )  # fmt: skip
    network.forward(RNG.normal(3.0, 2.0, (20, 6, 6, 2)), training=True)
    return network


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", None])
def test_it_is_the_slope_of_the_score(activation):
    network = convolutional(activation=activation)
    x, classes = RNG.random((2, 6, 6, 2)), [2, 0]
    gradient = score_gradient(network, x, classes)

    def score(at):
        p = network.predict(at)[[0, 1], classes]
        if activation == "sigmoid":
            return np.log(p / (1 - p))
        if activation == "softmax":  # but for the normalisation, whose slope is the mean one's
            z = np.log(network.predict(at))
            return z[[0, 1], classes] - z.mean(axis=1)
        return p

    if activation == "softmax":
        each = [score_gradient(network, x, [c, c]) for c in range(3)]
        gradient = gradient - np.mean(each, axis=0)
    for place in [(0, 0, 0), (3, 2, 1), (5, 5, 0)]:
        step = np.zeros(x.shape)
        step[:, *place] = 1e-5
        slope = (score(x + step) - score(x - step)) / 2e-5
        np.testing.assert_allclose(gradient[:, *place], slope, rtol=1e-6, atol=1e-9)


def test_a_sure_class_keeps_its_gradient():
    network = gn.Network([gn.Dense(2, "softmax")], input_shape=3)
    network.parts[0].W.value[...] *= 1000
    gradient = score_gradient(network, np.ones((1, 3)), [0])
    assert (gradient[0] == network.parts[0].W.value[:, 0]).all()


def test_the_network_stays_as_it_was():
    network = convolutional()
    network.grad[...] = 7.0
    before = {name: array.copy() for name, array in network.numbers().items()}
    saliency(network, RNG.random((2, 6, 6, 2)), [0, 1], copies=2)
    assert (network.grad == 7.0).all()
    assert all((array == before[name]).all() for name, array in network.numbers().items())


def test_many_examples_give_the_same_as_one_by_one():
    network = convolutional()
    x, classes = RNG.random((70, 6, 6, 2)), RNG.integers(0, 3, 70)
    together = score_gradient(network, x, classes)
    for i in (0, 63, 64, 69):
        np.testing.assert_allclose(together[i], score_gradient(network, x[[i]], classes[[i]])[0])


def test_with_one_output_the_classes_have_opposite_gradients():
    network = convolutional(outputs=1, activation="sigmoid")
    x = RNG.random((1, 6, 6, 2))
    assert (score_gradient(network, x, [0]) == -score_gradient(network, x, [1])).all()
    image = x[0]
    np.testing.assert_allclose(occlusion(network, image, 0), -occlusion(network, image, 1))


def test_without_noise_it_is_the_largest_magnitude_over_the_channels():
    network = convolutional()
    x, classes = RNG.random((2, 6, 6, 2)), [1, 2]
    plain = saliency(network, x, classes, copies=1, noise=0)
    expected = np.abs(score_gradient(network, x, classes)).max(axis=3)
    np.testing.assert_allclose(plain, expected)


def test_the_noise_is_decided_by_the_seed_and_averaged_over():
    network = convolutional()
    x = RNG.random((1, 6, 6, 2))
    first = saliency(network, x, [0], copies=3, seed=1)
    assert (first == saliency(network, x, [0], copies=3, seed=1)).all()
    assert (first != saliency(network, x, [0], copies=3, seed=2)).any()
    plain = saliency(network, x, [0], copies=1, noise=0)
    np.testing.assert_allclose(saliency(network, x, [0], copies=4, noise=1e-9), plain, rtol=1e-4)


def seeing(row, column):
    """A network whose probability of class 1 is the value of one pixel."""
    network = gn.Network([gn.Flatten(), gn.Dense(2)], input_shape=(6, 6, 1))
    network.theta[...] = 0
    network.parts[1].W.value[row * 6 + column, 1] = 1.0
    return network


def test_the_probability_falls_where_the_patch_covers_what_matters():
    fall = occlusion(seeing(2, 3), np.ones((6, 6, 1)), 1, patch=3, stride=1, fill=0.25)
    expected = np.zeros((6, 6))
    expected[1:4, 2:5] = 0.75  # centres of patches that cover pixel (2, 3)
    assert fall.tolist() == expected.tolist()


def test_a_patch_reaches_over_the_edge():
    fall = occlusion(seeing(0, 5), np.ones((6, 6, 1)), 1, patch=3, stride=1, fill=0.0)
    expected = np.zeros((6, 6))
    expected[:2, 4:] = 1.0
    assert fall.tolist() == expected.tolist()


def test_a_patch_that_helps_gives_a_negative_fall():
    fall = occlusion(seeing(0, 0), np.zeros((6, 6, 1)), 1, patch=1, stride=1)
    assert fall[0, 0] == -0.5
    assert np.count_nonzero(fall) == 1


def test_with_a_stride_each_pixel_has_the_nearest_place():
    fall = occlusion(seeing(0, 5), np.ones((6, 6, 1)), 1, patch=2, stride=3, fill=0.0)
    assert fall.tolist() == np.zeros((6, 6)).tolist()  # at 1 and 4: it covers rows 1, 2, 4, 5
    fall = occlusion(seeing(1, 5), np.ones((6, 6, 1)), 1, patch=2, stride=3, fill=0.0)
    expected = np.zeros((6, 6))
    expected[:3, 3:] = 1.0
    assert fall.tolist() == expected.tolist()


def test_another_predictor_may_give_the_outputs():
    asked = []

    def predict(images):
        asked.append(images.shape)
        return np.zeros((len(images), 2))

    network = seeing(0, 0)
    fall = occlusion(network, np.ones((6, 6, 1)), 1, patch=1, stride=2, predict=predict)
    assert not fall.any()
    assert asked == [(10, 6, 6, 1)]  # 3 x 3 places, and the image as it is


def test_a_stride_beyond_the_image_leaves_one_place():
    fall = occlusion(seeing(2, 2), np.ones((6, 6, 1)), 1, patch=2, stride=50, fill=0.0)
    assert fall.tolist() == np.ones((6, 6)).tolist()


def test_the_patch_has_a_colour():
    network = gn.Network([gn.Flatten(), gn.Dense(1)], input_shape=(1, 1, 3))
    network.parts[1].W.value[:, 0] = [1.0, 2.0, 4.0]
    fall = occlusion(network, np.ones((1, 1, 3)), 1, fill=[1.0, 0.0, 0.5])
    assert fall.tolist() == [[4.0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda n: score_gradient(n, np.zeros((2, 6, 6, 2)), [0]), "a class for each of 2 examp"),
        (lambda n: score_gradient(n, np.zeros((1, 6, 6, 2)), [3]), "whole numbers from 0 to 2"),
        (lambda n: score_gradient(n, np.zeros((1, 6, 6, 2)), [0.5]), "whole numbers from 0 to 2"),
        (lambda n: score_gradient(n, np.zeros((1, 5, 5, 2)), [0]), "expects examples of shape"),
        (lambda n: saliency(n, np.zeros((1, 6, 6, 2)), [0], copies=0), "copies must be"),
        (lambda n: saliency(n, np.zeros((1, 6, 6, 2)), [0], noise=-1), "noise must be"),
        (lambda n: occlusion(n, np.zeros((6, 6, 2)), 0, patch=0), "patch must be"),
        (lambda n: occlusion(n, np.zeros((6, 6, 2)), 0, stride=0), "stride must be"),
        (lambda n: occlusion(n, np.zeros((6, 6, 2)), 3), "whole numbers from 0 to 2"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(convolutional())


def test_inputs_without_pixels_are_refused():
    network = gn.Network([gn.Dense(2)], input_shape=3)
    with pytest.raises(ValueError, match="only images, of shape"):
        saliency(network, np.zeros((1, 3)), [0])
