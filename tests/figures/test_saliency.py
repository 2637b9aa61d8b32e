import numpy as np
import pytest

from glassnet.figures import saliency_maps

RNG = np.random.default_rng(0)
NAMES = ["cat", "dog", "a bird with a name that is much too long for its place above the tiles"]


def drawn(count=3, *, shape=(8, 8, 1), **changes):
    p = np.tile([0.095, 0.9, 0.005], (count, 1))
    given = {
        "images": RNG.random((count, *shape)),
        "true_labels": np.zeros(count, int),
        "probabilities": p,
        "class_names": NAMES,
        "gradients": RNG.random((count, *shape[:2])),
        "falls": RNG.uniform(-0.2, 0.7, (count, *shape[:2])),
    } | changes
    return saliency_maps(**given)


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_each_image_stands_beside_its_two_maps():
    image, gradient, fall = RNG.random((8, 8, 1)), RNG.random((8, 8)), RNG.random((8, 8))
    figure = drawn(1, images=[image], gradients=[gradient], falls=[fall])
    shown = [np.asarray(tile.get_array()).tolist() for tile in figure.axes[0].images]
    assert shown == [image[..., 0].tolist(), gradient.tolist(), fall.tolist()]
    assert texts(figure)[1:4] == ["image", "gradient", "occlusion"]


def test_the_classes_have_their_probabilities():
    assert texts(drawn(1))[0] == "cat (10 %) taken for dog (90 %)"
    sure = drawn(1, probabilities=[[0.001, 0.999, 0.0]])
    assert texts(sure)[0] == "cat (< 1 %) taken for dog (> 99 %)"


def test_long_names_are_shortened():
    caption = texts(drawn(1, true_labels=[2]))[0]
    assert caption.startswith("a bird with a name")  # the short name leaves it its room
    assert caption.endswith("… (< 1 %) taken for dog (90 %)")


def test_falls_share_a_scale_about_zero_and_gradients_have_their_own():
    gradients = np.ones((2, 8, 8)) * np.array([1.0, 5.0])[:, None, None]
    falls = np.zeros((2, 8, 8))
    falls[1, 0, 0] = -0.4
    tiles = drawn(2, gradients=gradients, falls=falls).axes[0].images
    assert [tile.get_clim() for tile in tiles[1::3]] == [(0, 1), (0, 5)]
    assert [tile.get_clim() for tile in tiles[2::3]] == [(-0.4, 0.4)] * 2


def test_what_hardly_changes_anything_stays_pale():
    tiles = drawn(1, falls=np.full((1, 8, 8), 0.001)).axes[0].images
    assert tiles[2].get_clim() == (-0.05, 0.05)


def test_the_bar_counts_points_of_probability():
    figure = drawn(2)
    figure.draw_without_rendering()
    (bar,) = figure.axes[1:]
    assert "points of probability" in bar.get_xlabel()
    labels = [label.get_text() for label in bar.get_xticklabels()]
    assert {"−30", "0", "30"} <= set(labels)


@pytest.mark.parametrize(("count", "shape"), [(1, (8, 8, 1)), (5, (8, 8, 3)), (2, (4, 12, 1))])
def test_nothing_is_cut_off_at_the_edges(count, shape):
    figure = drawn(count, shape=shape)
    figure.draw_without_rendering()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(box.x0, box.y0) >= -0.001
    assert box.x1 <= width + 0.001
    assert box.y1 <= height + 0.001


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": 0}, "there is no example to draw"),
        ({"images": np.zeros((3, 4))}, r"images must have shape .* got \(3, 4\)"),
        ({"probabilities": np.ones((3, 2))}, r"probabilities of shape \(3, 2\); give one of each"),
        ({"true_labels": [0]}, "3 images, 1 true_labels"),
        ({"gradients": np.ones((3, 4, 4))}, r"gradients must have shape \(3, 8, 8\), got \(3, 4"),
        ({"falls": np.full((3, 8, 8), np.nan)}, "falls has values that are not finite"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        drawn(**changes)
