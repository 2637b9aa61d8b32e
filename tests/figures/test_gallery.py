import numpy as np
import pytest

from glassnet.figures import misclassified, samples

NAMES = ["cat", "dog"]
IMAGES = np.linspace(0, 1, 4 * 2 * 2).reshape(4, 2, 2, 1)
TRUE = [0, 0, 1, 1]
PROBABILITIES = [[0.9, 0.1], [0.4, 0.6], [0.8, 0.2], [0.3, 0.7]]  # the middle two are wrong


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def pictures(figure):
    return [np.asarray(image.get_array()) for image in figure.axes[0].images]


def whole(figure):
    """Tell whether everything drawn lies within the figure."""
    figure.draw_without_rendering()
    renderer = figure._get_renderer()
    corners = [text.get_window_extent(renderer) for text in figure.axes[0].texts]
    return all(
        box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
        for box in corners
    )


def test_misclassified_examples_come_with_the_most_confident_first():
    figure = misclassified(IMAGES, TRUE, PROBABILITIES, NAMES)
    assert texts(figure)[1:] == ["dog → cat, 80 %", "cat → dog, 60 %"]
    first, second = pictures(figure)
    assert first == pytest.approx(IMAGES[2, :, :, 0])
    assert second == pytest.approx(IMAGES[1, :, :, 0])


def test_the_heading_tells_how_many_there_are():
    assert texts(misclassified(IMAGES, TRUE, PROBABILITIES, NAMES))[0] == (
        "All 2 misclassified examples of 4, most confident first"
    )
    assert texts(misclassified(IMAGES, TRUE, PROBABILITIES, NAMES, n=1))[0] == (
        "1 of the 2 misclassified examples, most confident first (4 examples in all)"
    )


def test_confidence_is_never_rounded_to_certainty():
    figure = misclassified(IMAGES[:1], [1], [[0.999, 0.001]], NAMES)
    assert texts(figure)[1] == "dog → cat, > 99 %"


def test_a_network_without_errors_gives_a_figure_that_says_so():
    figure = misclassified(IMAGES, [0, 1, 0, 1], PROBABILITIES, NAMES)
    assert texts(figure) == ["No example was misclassified: all 4 are right."]
    assert pictures(figure) == []


@pytest.mark.parametrize("shape", [(4, 1), (4,)])
def test_a_single_output_is_the_probability_of_the_second_class(shape):
    outputs = np.array([0.1, 0.6, 0.2, 0.7]).reshape(shape)
    figure = misclassified(IMAGES, TRUE, outputs, NAMES)
    assert texts(figure)[1:] == ["dog → cat, 80 %", "cat → dog, 60 %"]


def test_colour_images_stay_in_colour():
    images = np.random.default_rng(0).random((4, 3, 3, 3))
    first, _ = pictures(misclassified(images, TRUE, PROBABILITIES, NAMES))
    assert first == pytest.approx(images[2])


def test_images_without_a_channel_axis_are_drawn():
    figure = misclassified(IMAGES[..., 0], TRUE, PROBABILITIES, NAMES)
    assert pictures(figure)[0] == pytest.approx(IMAGES[2, :, :, 0])


def test_long_names_take_a_second_line_and_are_shortened():
    names = ["an extraordinarily long class name", "dog"]
    figure = misclassified(IMAGES, TRUE, PROBABILITIES, names)
    lines = texts(figure)[1].split("\n")
    assert lines[0] == "dog"
    assert lines[1].startswith("→ an extra")
    assert lines[1].endswith("…, 80 %")
    assert whole(figure)


def test_a_short_caption_beside_a_long_one_keeps_one_line():
    images = np.zeros((2, 2, 2, 1))
    names = ["automobile", "bird", "cat"]
    figure = misclassified(images, [0, 2], [[0, 0.9, 0], [0, 0.8, 0]], names)
    assert texts(figure)[1:] == ["automobile\n→ bird, 90 %", "cat → bird, 80 %"]


def test_line_breaks_in_names_become_blanks():
    figure = misclassified(IMAGES, TRUE, PROBABILITIES, ["c\nat", "dog"])
    assert texts(figure)[1] == "dog → c at, 80 %"


def test_features_are_drawn_as_bars_scaled_over_all_examples():
    features = np.array([[0.0, 10.0], [1.0, 30.0], [2.0, 10.0], [4.0, 20.0]])
    figure = misclassified(features, TRUE, PROBABILITIES, NAMES)
    steps = [patch.get_data() for patch in figure.axes[0].patches]
    heights = [np.round((step.baseline - step.values) / 0.75, 3).tolist() for step in steps]
    assert heights == [[0.5, 0.02], [0.25, 1.0]]
    assert "bars: each feature" in texts(figure)[0]


def test_a_constant_feature_keeps_a_sliver():
    figure = misclassified(np.ones((4, 3)), TRUE, PROBABILITIES, NAMES)
    step = figure.axes[0].patches[0].get_data()
    assert (step.baseline - step.values > 0).all()


@pytest.mark.parametrize(("n", "columns"), [(1, 1), (5, 5), (6, 3), (25, 5), (60, 8)])
def test_rows_of_the_grid_are_about_equally_full(n, columns):
    wrong = np.tile([0.1, 0.9], (n, 1))
    figure = misclassified(np.zeros((n, 2, 2, 1)), np.zeros(n, int), wrong, NAMES, n=n)
    assert len({round(i.get_extent()[0], 3) for i in figure.axes[0].images}) == columns


def test_many_examples_stay_within_a_page():
    rng = np.random.default_rng(0)
    figure = misclassified(
        rng.random((100, 8, 8, 1)), np.zeros(100, int), np.tile([0.1, 0.9], (100, 1)), NAMES, n=100
    )
    assert len(pictures(figure)) == 100
    assert figure.get_size_inches()[0] < 8.5
    assert whole(figure)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": np.zeros((4, 2, 2, 2))}, r"images must have shape .* got \(4, 2, 2, 2\)"),
        ({"images": np.zeros(4)}, "images must have shape"),
        ({"images": 255 * IMAGES}, r"images must be in \[0, 1\], got 0 to 255; .*divided by 255"),
        ({"images": np.full((4, 2, 2, 1), np.nan)}, "images must be in"),
        ({"images": IMAGES[:3]}, "3 images, 4 true_labels and 4 rows of probabilities"),
        ({"probabilities": np.eye(4)}, r"must have shape \(examples, 2\).* got \(4, 4\)"),
        ({"probabilities": np.zeros((4, 2, 2))}, r"got \(4, 2, 2\)"),
        ({"n": 0}, "n must be at least 1, got 0"),
    ],
)
def test_misclassified_refuses_what_does_not_fit(changes, message):
    arguments = {
        "images": IMAGES,
        "true_labels": TRUE,
        "probabilities": PROBABILITIES,
        "class_names": NAMES,
        **changes,
    }
    with pytest.raises(ValueError, match=message):
        misclassified(**arguments)


def test_samples_stand_in_rows_by_class():
    figure = samples(IMAGES, [1, 0, 1, 1], NAMES)
    assert texts(figure) == ["cat", "dog"]
    tops = [image.get_extent()[3] for image in figure.axes[0].images]
    assert tops[0] < tops[1] == tops[2] == tops[3]
    assert pictures(figure)[0] == pytest.approx(IMAGES[1, :, :, 0])


def test_samples_shows_at_most_so_many_of_each_class():
    images = np.arange(20).reshape(20, 1, 1, 1) / 20 * np.ones((1, 2, 2, 1))
    figure = samples(images, [0, 1] * 5 + [0] * 10, NAMES, per_class=7)
    shown = [round(20 * picture[0, 0]) for picture in pictures(figure)]
    assert shown == [0, 2, 4, 6, 8, 10, 11, 1, 3, 5, 7, 9]


def test_a_class_without_examples_says_so():
    assert texts(samples(IMAGES, [0, 0, 0, 0], NAMES)) == ["cat", "dog", "no example"]


def test_a_hundred_classes_stand_in_columns_of_twenty_five():
    names = [f"class {i}" for i in range(100)]
    figure = samples(np.zeros((100, 2, 2, 1)), range(100), names)
    places = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    assert places["class 0"][1] == places["class 25"][1]
    assert places["class 0"][0] < places["class 25"][0]
    assert whole(figure)


def test_fifteen_classes_stand_in_one_column():
    figure = samples(np.zeros((15, 2, 2, 1)), range(15), [f"c{i}" for i in range(15)])
    rows = [text.get_position()[1] for text in figure.axes[0].texts]
    assert rows == sorted(set(rows))


def test_samples_of_features_say_what_the_bars_are():
    figure = samples([[0.0, 1.0], [1.0, 0.0]], [0, 1], NAMES)
    assert texts(figure)[0] == "bars: each feature, from its least to its greatest value"
    assert len(figure.axes[0].patches) == 2
    assert whole(figure)


@pytest.mark.parametrize("images", [np.zeros((0, 2, 2, 1)), np.zeros((0, 3))])
def test_no_example_gives_a_figure_that_says_so(images):
    assert texts(samples(images, [], NAMES)) == ["There is no example to show."]


def test_tall_images_keep_their_proportions():
    figure = samples(np.zeros((1, 4, 2, 1)), [0], ["a"])
    left, right, bottom, top = figure.axes[0].images[0].get_extent()
    assert (right - left) / (bottom - top) == pytest.approx(0.5)


def test_samples_refuses_labels_of_another_length():
    with pytest.raises(ValueError, match="4 images but 1 labels"):
        samples(IMAGES, [0], NAMES)


def test_samples_refuses_to_show_none():
    with pytest.raises(ValueError, match="per_class must be at least 1, got 0"):
        samples(IMAGES, TRUE, NAMES, per_class=0)
