import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet import History

numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 99) | st.none()
records = st.lists(
    st.dictionaries(st.sampled_from(["loss", "accuracy", "seconds"]), numbers | st.lists(numbers))
)


@given(records)
def test_a_history_survives_json(content) -> None:
    history = History(content)
    assert History.from_json(history.to_json()).records == content


@given(records)
def test_lines_of_json_hold_a_record_each(content) -> None:
    assert [json.loads(line) for line in History(content).to_jsonl().splitlines()] == content


def test_what_json_has_no_word_for_becomes_null() -> None:
    history = History([{"loss": math.nan, "accuracy": math.inf, "epoch": 1}])
    assert json.loads(history.to_json()) == [{"loss": None, "accuracy": None, "epoch": 1}]
    assert json.loads(history.to_jsonl()) == {"loss": None, "accuracy": None, "epoch": 1}


@pytest.mark.parametrize("text", ["{}", "3", "[1]", "[{}, null]", "not json"])
def test_other_json_is_refused(text) -> None:
    with pytest.raises(ValueError, match=r"JSON array of objects|Expecting value"):
        History.from_json(text)


def test_a_history_is_a_sequence_of_records() -> None:
    history = History([{"epoch": 1}, {"epoch": 2}])
    assert len(history) == 2
    assert history[-1] == {"epoch": 2}
    assert [record["epoch"] for record in history] == [1, 2]
    assert repr(history) == "History(2 epochs)"


def test_a_column_has_none_where_a_record_lacks_the_key() -> None:
    history = History([{"loss": 1.0}, {"loss": 0.5, "validation_loss": 0.7}])
    assert history.column("validation_loss") == [None, 0.7]


def test_a_column_that_no_record_has_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="'los'; did you mean 'loss'"):
        History([{"loss": 1.0}]).column("los")


@pytest.mark.parametrize(
    ("key", "epoch"),
    [("loss", 2), ("accuracy", 3), ("validation_accuracy", 1), ("validation_loss", 3)],
)
def test_the_best_record_has_the_lowest_loss_or_the_highest_accuracy(key, epoch) -> None:
    history = History(
        [
            {"epoch": 1, "loss": 0.9, "accuracy": 0.2, "validation_accuracy": 0.5},
            {"epoch": 2, "loss": 0.1, "accuracy": 0.3, "validation_accuracy": 0.5},
            {"epoch": 3, "loss": 0.1, "accuracy": 0.4, "validation_loss": 2.0},
        ]
    )
    assert history.best(key)["epoch"] == epoch


def test_a_nan_is_never_the_best() -> None:
    history = History([{"epoch": 1, "loss": math.nan}, {"epoch": 2, "loss": 3.0}])
    assert history.best("loss")["epoch"] == 2
    with pytest.raises(ValueError, match="no epoch has a finite loss"):
        History([{"loss": math.nan}]).best("loss")


def test_a_list_has_no_best() -> None:
    with pytest.raises(ValueError, match=r"per_class_recall is not a single number"):
        History([{"per_class_recall": [0.5, None]}]).best("per_class_recall")
