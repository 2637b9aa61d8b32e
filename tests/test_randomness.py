from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from glassnet.randomness import Purpose, stream

PURPOSES = get_args(Purpose)


def draw(seed: int, purpose: Purpose) -> tuple[int, ...]:
    return tuple(stream(seed, purpose).integers(2**62, size=4).tolist())


@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_same_seed_and_purpose_give_the_same_numbers(purpose: Purpose) -> None:
    assert draw(7, purpose) == draw(7, purpose)


def test_every_purpose_and_every_seed_has_numbers_of_its_own() -> None:
    draws = {draw(seed, purpose) for seed in range(20) for purpose in PURPOSES}
    assert len(draws) == 20 * len(PURPOSES)


def test_the_streams_stay_what_they_are_from_release_to_release() -> None:
    children = np.random.SeedSequence(3).spawn(4)
    for child, purpose in zip(
        children, ["initialisation", "shuffling", "dropout", "split"], strict=True
    ):
        expected = np.random.default_rng(child).integers(2**62, size=4).tolist()
        assert draw(3, purpose) == tuple(expected)  # type: ignore[arg-type]


def test_using_one_stream_leaves_the_global_state_alone() -> None:
    before = np.random.get_state()[1].copy()  # type: ignore[index]  # noqa: NPY002
    stream(0, "shuffling").permutation(100)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # type: ignore[index]  # noqa: NPY002


@pytest.mark.parametrize(("seed", "error"), [(-1, ValueError), (1.5, TypeError), (None, TypeError)])
def test_a_seed_that_is_none_is_refused(seed: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="seed must be a whole number of at least 0, got"):
        stream(seed, "split")


def test_every_position_has_a_stream_of_its_own() -> None:
    positions = [(), (0,), (1,), (0, 0), (0, 1), (1, 0), (10**9, 3)]
    draws = {tuple(stream(5, "augmentation", *p).integers(2**62, size=4)) for p in positions}
    assert len(draws) == len(positions)
    again = stream(5, "augmentation", 1, 0).integers(2**62, size=4)
    assert tuple(again) in draws
