from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from glassnet.checks import flag, real, whole


@pytest.mark.parametrize("value", [1, 1.5, np.float32(0.5), np.int64(2), Fraction(1, 4)])
def test_a_real_number_comes_back_as_a_float(value: float) -> None:
    number = real("rate", value)
    assert type(number) is float
    assert number == value


@pytest.mark.parametrize("value", [True, "1", None, 1j, Decimal(1), [1.0], np.ones(1)])
def test_what_is_no_real_number_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="rate must be a number, got"):
        real("rate", value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400, -(10**400)])
def test_a_number_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"^rate must be a finite number, got "):
        real("rate", value)


@pytest.mark.parametrize(
    ("bound", "inside", "outside", "words"),
    [
        ("above", 1.1, 1, "above 1"),
        ("at_least", 1, 0.9, "at least 1"),
        ("below", 0.9, 1, "below 1"),
        ("at_most", 1, 1.1, "at most 1"),
    ],
)
def test_each_bound_is_kept_and_named(
    bound: str, inside: float, outside: float, words: str
) -> None:
    assert real("rate", inside, **{bound: 1}) == inside
    with pytest.raises(ValueError, match=f"^rate must be a finite number, {words}, got {outside}$"):
        real("rate", outside, **{bound: 1})


def test_two_bounds_are_named_together() -> None:
    with pytest.raises(ValueError, match=r"above 0 and at most 0.5, got 0.75"):
        real("rate", 0.75, above=0, at_most=0.5)


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3)])
def test_a_whole_number_comes_back_as_an_int(value: int) -> None:
    number = whole("epochs", value)
    assert type(number) is int
    assert number == 3


@pytest.mark.parametrize("value", [True, 3.0, "3", None, np.float64(3)])
def test_what_is_no_whole_number_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="epochs must be a whole number of at least 0, got"):
        whole("epochs", value)


def test_a_whole_number_that_is_too_small_is_refused() -> None:
    assert whole("epochs", 2, at_least=2) == 2
    with pytest.raises(ValueError, match="epochs must be a whole number of at least 2, got 1"):
        whole("epochs", 1, at_least=2)


@pytest.mark.parametrize("value", [1, 0, "false", None, np.True_])
def test_what_is_neither_true_nor_false_is_refused(value: object) -> None:
    assert flag("frozen", True) is True
    assert flag("frozen", False) is False
    with pytest.raises(TypeError, match="frozen must be True or False, got"):
        flag("frozen", value)
