import numpy as np
import pytest

from glassnet.figures.labels import as_labels


def test_whole_numbers_of_any_type_become_indices():
    labels = as_labels(np.array([1, 0], dtype=np.uint8), ["a", "b"], "labels")
    assert labels.dtype == np.intp
    assert labels.tolist() == [1, 0]


def test_no_label_is_an_empty_array_of_indices():
    assert as_labels([], ["a"], "labels").dtype == np.intp


def test_one_hot_rows_are_refused_with_the_way_out():
    with pytest.raises(ValueError, match=r"labels must have shape .* got \(2, 2\); .*argmax"):
        as_labels(np.eye(2), ["a", "b"], "labels")


def test_fractions_are_refused():
    with pytest.raises(ValueError, match="true_labels must be whole numbers, got float64"):
        as_labels([0.5], ["a"], "true_labels")


@pytest.mark.parametrize("label", [2, -1])
def test_a_label_without_a_name_is_refused(label):
    with pytest.raises(ValueError, match=f"labels has {label}, but class_names has 2 names"):
        as_labels([0, label], ["a", "b"], "labels")
