from __future__ import annotations

import pytest

from glassnet.names import lookup, unknown

TABLE = {"ReLU": 1, "sigmoid": 2}


def test_a_known_name_gives_what_it_stands_for() -> None:
    assert lookup(TABLE, "ReLU", "activation") == 1


@pytest.mark.parametrize(
    ("name", "nearest"), [("relu", "ReLU"), ("RELUU", "ReLU"), ("sigmod", "sigmoid")]
)
def test_an_unknown_name_is_told_the_nearest_whatever_its_case(name: str, nearest: str) -> None:
    with pytest.raises(ValueError, match="unknown activation") as caught:
        lookup(TABLE, name, "activation")
    assert str(caught.value) == (
        f"unknown activation {name!r}; did you mean {nearest!r}? Known: 'ReLU', 'sigmoid'"
    )


def test_a_name_near_to_none_is_told_all() -> None:
    assert unknown("xyz", TABLE, "activation") == (
        "unknown activation 'xyz'. Known: 'ReLU', 'sigmoid'"
    )


@pytest.mark.parametrize("name", [["relu"], {}, None, 5])
def test_what_is_no_name_is_unknown(name: object) -> None:
    with pytest.raises(ValueError, match="unknown activation"):
        lookup(TABLE, name, "activation")  # type: ignore[arg-type]


def test_the_refusal_does_not_show_the_search() -> None:
    with pytest.raises(ValueError, match="unknown") as caught:
        lookup(TABLE, "x", "activation")
    assert caught.value.__suppress_context__
