import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.data import Dataset


def toy(labels, **kwargs) -> Dataset:
    return Dataset(np.arange(len(labels), dtype=np.float32)[:, None], labels, **kwargs)


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.float64, np.bool_])
def test_inputs_of_any_real_dtype_become_float32(dtype) -> None:
    data = Dataset(np.ones((3, 2), dtype), [0, 1, 0])
    assert data.x.dtype == np.float32
    assert (data.x == 1).all()


def test_arrays_that_are_already_right_are_not_copied() -> None:
    x, y = np.ones((3, 2), np.float32), np.array([0, 1, 0])
    data = Dataset(x, y)
    assert data.x is x
    assert data.y is y


def test_inputs_are_contiguous() -> None:
    data = Dataset(np.ones((2, 3), np.float32).T, [0, 1, 0])
    assert data.x.flags.c_contiguous


@pytest.mark.parametrize("labels", [[1, 0, 1], [True, False, True], np.array([1, 0, 1], np.uint8)])
def test_integers_and_booleans_are_labels(labels) -> None:
    data = toy(labels)
    assert data.y.dtype == np.int64
    assert data.y.tolist() == [1, 0, 1]
    assert data.class_names == ("0", "1")
    assert data.n_classes == 2


def test_floats_are_the_targets_of_a_regression() -> None:
    data = toy([0.5, 1.0, 2.0])
    assert data.y.dtype == np.float32
    assert data.y.shape == (3, 1)
    assert data.n_classes == 0
    assert data.class_names == ()


def test_targets_may_have_several_outputs() -> None:
    assert toy(np.zeros((3, 2))).y.shape == (3, 2)


def test_class_names_may_name_classes_that_do_not_occur() -> None:
    assert toy([0, 0], class_names=["cat", "dog"]).n_classes == 2


def test_the_repr_is_one_short_line() -> None:
    assert repr(toy([0, 1], name="pair")) == "Dataset('pair', 2 examples of shape (1,), 2 classes)"
    assert repr(toy([0.5, 1.5])) == "Dataset(2 examples of shape (1,), 1 targets)"


def test_it_can_not_be_changed() -> None:
    with pytest.raises(AttributeError):
        toy([0, 1]).name = "other"


def test_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"differ in length: \(3, 1\) and \(2,\)"):
        Dataset(np.ones((3, 1)), [0, 1])


@pytest.mark.parametrize("x", [np.ones((0, 2)), np.ones((2, 0))])
def test_an_empty_data_set_is_refused(x) -> None:
    with pytest.raises(ValueError, match=r"can't be empty"):
        Dataset(x, np.zeros(len(x), int))


def test_inputs_without_a_feature_axis_are_refused() -> None:
    with pytest.raises(ValueError, match=r"use x\[:, None\]"):
        Dataset([1.0, 2.0], [0, 1])


def test_a_single_answer_is_refused() -> None:
    with pytest.raises(ValueError, match=r"differ in length"):
        Dataset(np.ones((1, 1)), 0)


def test_values_that_are_not_finite_are_counted_and_the_first_is_named() -> None:
    x = np.ones((4, 3))
    x[1, 2] = np.nan
    x[3, 0] = -np.inf
    with pytest.raises(ValueError, match=r"x must be .* 1 NaN and 1 infinite of 12 .*\(1, 2\)"):
        Dataset(x, [0, 1, 0, 1])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_single_value_that_is_not_finite_is_found(bad) -> None:
    x = np.ones((3, 1))
    x[1] = bad
    with pytest.raises(ValueError, match=r"the first at index \(1, 0\)"):
        Dataset(x, [0, 1, 0])


def test_a_nan_among_the_targets_is_refused() -> None:
    with pytest.raises(ValueError, match=r"y must be .* 1 NaN and 0 infinite .* index \(1, 0\)"):
        toy([0.5, np.nan])


def test_a_value_that_float32_can_not_hold_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0 NaN and 1 infinite"):
        Dataset(np.array([[1e300], [1.0]]), [0, 1])


@pytest.mark.parametrize("x", [np.array([[None], [1]]), [["a"], ["b"]], np.array([[1j], [2]])])
def test_inputs_that_are_no_real_numbers_are_refused(x) -> None:
    with pytest.raises(TypeError, match=r"x must hold real numbers.*convert"):
        Dataset(x, [0, 1])


def test_labels_that_are_names_are_refused_with_the_line_that_converts_them() -> None:
    with pytest.raises(TypeError, match=r"numpy.unique"):
        toy(["cat", "dog"])


def test_a_negative_label_is_refused() -> None:
    with pytest.raises(ValueError, match=r"got -1 at index 1"):
        toy([1, -1])


def test_a_label_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.\.1 \(there are 2 class_names\), got 2 at index 2"):
        toy([0, 1, 2], class_names=("a", "b"))


def test_a_label_that_would_make_a_great_many_classes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"got 20250101 at index 0"):
        toy([20250101, 1])


def test_one_hot_labels_are_refused_with_a_hint() -> None:
    with pytest.raises(ValueError, match=r"argmax"):
        toy(np.eye(3, dtype=int))


def test_targets_of_three_axes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(n, outputs\), got \(2, 1, 1\)"):
        toy(np.zeros((2, 1, 1)))


def test_class_names_of_a_regression_are_refused() -> None:
    with pytest.raises(ValueError, match=r"class_names go with integer labels"):
        toy([0.0, 1.0], class_names=("a", "b"))


def test_a_class_name_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'a' twice"):
        toy([0, 1], class_names=("a", "a"))


def test_a_string_instead_of_class_names_is_refused() -> None:
    with pytest.raises(TypeError, match=r"sequence of names"):
        toy([0, 1], class_names="ab")


def test_take_gives_the_examples_in_the_order_asked_for() -> None:
    taken = toy([0, 1, 2], name="n").take([2, 0, 2])
    assert taken.x.ravel().tolist() == [2, 0, 2]
    assert taken.y.tolist() == [2, 0, 2]
    assert taken.name == "n"


def test_take_keeps_classes_that_no_longer_occur() -> None:
    assert toy([0, 1, 2]).take([0]).n_classes == 3


def test_take_understands_a_mask() -> None:
    assert toy([0, 1, 2]).take([True, False, True]).y.tolist() == [0, 2]


@pytest.mark.parametrize("indices", [[3], [-4], [0.5], [[0]], [True]])
def test_take_refuses_what_is_no_index(indices) -> None:
    with pytest.raises(IndexError):
        toy([0, 1, 2]).take(indices)


def test_take_refuses_to_take_nothing() -> None:
    with pytest.raises(ValueError, match=r"at least one index"):
        toy([0, 1]).take([])


@settings(deadline=None)
@given(
    labels=st.lists(st.integers(0, 4), min_size=2, max_size=60),
    fraction=st.floats(0.05, 0.95),
    seed=st.integers(0, 2**32),
)
def test_split_parts_the_examples_and_keeps_their_order(labels, fraction, seed) -> None:
    data = toy(labels, class_names=list("abcde"))
    n_held = int(np.floor(fraction * len(labels) + 0.5))
    if n_held in (0, len(labels)):
        with pytest.raises(ValueError, match=r"leaves one part empty"):
            data.split(fraction, seed=seed)
        return
    rest, held = data.split(fraction, seed=seed)
    assert len(held) == n_held
    for part in (rest, held):
        assert (np.diff(part.x.ravel()) > 0).all()
    assert sorted([*rest.x.ravel(), *held.x.ravel()]) == list(range(len(labels)))
    # Every class gives its share, up to the rounding of one example.
    share = np.bincount(labels, minlength=5) * (n_held / len(labels))
    assert (np.abs(np.bincount(held.y, minlength=5) - share) < 1).all()


def test_split_depends_on_the_seed_alone() -> None:
    data = toy([0, 1] * 50)
    first, again, other = (data.split(0.3, seed=seed)[1].x.ravel() for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_split_draws_from_all_over_a_class() -> None:
    _, held = toy([0] * 100).split(0.2)
    assert held.x.min() < 25
    assert held.x.max() > 75


def test_split_of_a_regression_needs_no_classes() -> None:
    rest, held = toy(np.linspace(0, 1, 10)).split(0.3)
    assert (len(rest), len(held)) == (7, 3)
    assert held.n_classes == 0


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_split_refuses_a_fraction_outside_of_0_and_1(fraction) -> None:
    with pytest.raises(ValueError, match=r"between 0 and 1"):
        toy([0, 1]).split(fraction)


def test_double_precision_is_kept_where_it_is_asked_for() -> None:
    x, y = np.array([[1.0], [1.0 + 1e-12]]), np.array([0.5, 0.5 + 1e-12])
    data = Dataset(x, y, dtype="float64")
    np.testing.assert_array_equal(data.x, x)
    np.testing.assert_array_equal(data.y[:, 0], y)
    assert data.take([1]).x.dtype == data.split(0.5)[1].y.dtype == np.float64
    assert Dataset(x, y).x.dtype == np.float32


def test_a_dtype_that_is_no_float_is_refused() -> None:
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float64', got 'int64'"):
        Dataset([[1]], [0], dtype="int64")


def test_weights_go_with_their_examples() -> None:
    data = Dataset([[0], [1], [2], [3]], [0, 1, 0, 1], weights=[0, 1, 2, 3])
    assert data.take([3, 1]).weights.tolist() == [3.0, 1.0]
    rest, held = data.split(0.5, seed=1)
    for part in (rest, held):
        np.testing.assert_array_equal(part.weights, part.x[:, 0])
    assert Dataset([[0]], [0]).weights is None


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0], r"weights need shape \(2,\), one for each example, got \(1,\)"),
        ([1.0, -1.0], "0 or more.* got -1 at index 1"),
        ([0.0, 0.0], "all 2 weights are 0, .* one must be above 0"),
        ([1.0, np.nan], "weights must be finite in float64, got 1 NaN"),
    ],
)
def test_weights_that_weigh_nothing_sensible_are_refused(weights: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Dataset([[1], [2]], [0, 1], weights=weights)


def test_a_part_whose_weights_are_all_0_is_refused() -> None:
    data = Dataset(np.eye(10), [0] * 10, weights=[1] + [0] * 9)
    with pytest.raises(ValueError, match=r"all 2 weights are 0, .* in each part that is taken"):
        data.take([1, 2])
    with pytest.raises(ValueError, match=r"all (3|7) weights are 0, .* in each part"):
        data.split(0.3)


def test_bytes_of_images_are_scaled_and_those_of_a_table_are_not() -> None:
    images = np.full((2, 3, 3), 255, np.uint8)
    assert (Dataset(images, [0, 1]).x == 1).all()
    assert (Dataset(images.reshape(2, 9), [0, 1]).x == 255).all()


def test_labels_count_in_the_order_of_other_names() -> None:
    data = toy([0, 1, 1], class_names=("b", "a"), weights=[1, 2, 3], dtype="float64")
    other = data.relabelled(("a", "c", "b"))
    assert other.y.tolist() == [2, 0, 0]
    assert other.class_names == ("a", "c", "b")
    assert other.x is data.x
    assert other.weights.tolist() == [1, 2, 3]
    assert data.relabelled(("b", "a")) is data


def test_examples_that_are_not_in_memory_stay_where_they_are(tmp_path) -> None:
    np.save(tmp_path / "x.npy", np.ones((2, 3), np.float32))
    data = Dataset(np.load(tmp_path / "x.npy", mmap_mode="r"), [0, 1], ("b", "a"))
    other = data.relabelled(("a", "b"))
    assert other.streamed is data.streamed
    assert other.y.tolist() == [1, 0]


def test_numbers_that_nobody_gave_as_names_are_indices() -> None:
    bare, named = toy([0, 1, 2]), toy([0, 1, 2], class_names=("0", "1", "2"))
    folders = ("0", "1", "10", "2")  # as they sort
    assert bare.relabelled(folders).y.tolist() == [0, 1, 2]
    assert bare.take([0, 2]).relabelled(folders).y.tolist() == [0, 2]
    assert named.relabelled(folders).y.tolist() == [0, 1, 3]
    assert toy([0, 1], class_names=("no", "yes")).relabelled(("0", "1")).y.tolist() == [0, 1]
