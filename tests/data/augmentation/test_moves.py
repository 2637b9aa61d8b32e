"""Flips, shifts and squares, against slow loops over images and pixels."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.data.augmentation import (
    AlternatingFlip,
    Cutout,
    Draw,
    MixUp,
    RandomFlip,
    RandomTranslation,
)

SHAPE = (6, 5, 3)


def draw_for(n: int, *, seed: int = 0, epoch: int = 0, batch_size: int = 50) -> Draw:
    rng = np.random.default_rng(seed)
    rows = np.random.default_rng(9).permutation(n)
    return Draw(rng, rows, SHAPE, batch_size, epoch, n, seed)


def images(n: int) -> np.ndarray:
    return np.random.default_rng(1).random((n, *SHAPE), np.float32)


# flips


def test_a_flip_mirrors_left_and_right_of_the_drawn_images() -> None:
    x = images(40)
    (which,) = drawn = RandomFlip().draw(draw_for(40))
    changed = RandomFlip().apply(x.copy(), drawn)
    for image, original, flipped in zip(changed, x, which, strict=True):
        for row in range(6):
            for column in range(5):
                source = 4 - column if flipped else column
                assert image[row, column].tolist() == original[row, source].tolist()


@pytest.mark.parametrize("probability", [0.0, 0.2, 0.5, 1.0])
def test_as_many_images_are_flipped_as_the_probability_says(probability) -> None:
    n = 20_000
    (which,) = RandomFlip(probability).draw(draw_for(n))
    deviation = np.sqrt(n * probability * (1 - probability))
    assert abs(which.sum() - n * probability) <= 4 * deviation


def test_alternating_flip_flips_each_image_in_every_other_epoch() -> None:
    n = 10_000
    flipped = [AlternatingFlip().draw(draw_for(n, epoch=epoch))[0] for epoch in range(4)]
    np.testing.assert_array_equal(flipped[1], ~flipped[0])
    np.testing.assert_array_equal(flipped[2], flipped[0])
    np.testing.assert_array_equal(flipped[3], flipped[1])
    assert abs(flipped[0].sum() - n / 2) < 4 * np.sqrt(n / 4)


def test_alternating_flip_goes_with_the_row_not_with_the_order() -> None:
    rows = np.random.default_rng(0).permutation(100)
    draw = draw_for(100)
    ordered = AlternatingFlip().draw(draw._replace(rows=np.arange(100)))[0]
    np.testing.assert_array_equal(
        AlternatingFlip().draw(draw._replace(rows=rows))[0], ordered[rows]
    )


# translation


def reflected(position: int, length: int) -> int:
    if position < 0:
        return -position
    return 2 * (length - 1) - position if position >= length else position


@pytest.mark.parametrize("padding", ["zero", "reflect"])
@pytest.mark.parametrize("pixels", [1, 3])
def test_a_translation_moves_every_pixel_of_an_image_alike(pixels, padding) -> None:
    x, augmentation = images(60), RandomTranslation(pixels, padding)
    (begins,) = drawn = augmentation.draw(draw_for(60))
    changed = augmentation.apply(x.copy(), drawn)
    for image, original, (top, left) in zip(changed, x, begins, strict=True):
        for row in range(6):
            for column in range(5):
                y, z = row + top - pixels, column + left - pixels
                if padding == "reflect":
                    expected = original[reflected(y, 6), reflected(z, 5)]
                else:
                    inside = 0 <= y < 6 and 0 <= z < 5
                    expected = original[y, z] if inside else np.zeros(3)
                assert image[row, column].tolist() == expected.tolist()


def test_all_shifts_are_as_likely() -> None:
    n = 25_000
    (begins,) = RandomTranslation(2).draw(draw_for(n))
    counts = np.bincount(begins[:, 0] * 5 + begins[:, 1], minlength=25)
    assert counts.shape == (25,)
    assert (np.abs(counts - 1000) < 5 * np.sqrt(1000)).all()


# cutout


@pytest.mark.parametrize("size", [1, 2, 3, 20])
def test_a_square_is_cut_out_around_its_centre(size) -> None:
    fill = (0.25, 0.5, 0.75)
    x, augmentation = images(50), Cutout(size, fill)
    (centres,) = drawn = augmentation.draw(draw_for(50))
    changed = augmentation.apply(x.copy(), drawn)
    for image, original, (y, z) in zip(changed, x, centres, strict=True):
        for row in range(6):
            for column in range(5):
                first_row, first_column = y - size // 2, z - size // 2
                inside = first_row <= row < first_row + size
                inside &= first_column <= column < first_column + size
                expected = fill if inside else original[row, column]
                np.testing.assert_array_equal(image[row, column], np.float32(expected))


def test_the_centre_of_a_square_is_any_pixel() -> None:
    n = 30_000
    (centres,) = Cutout(2).draw(draw_for(n))
    counts = np.bincount(centres[:, 0] * 5 + centres[:, 1], minlength=30)
    assert (np.abs(counts - 1000) < 5 * np.sqrt(1000)).all()


# mixup


def test_pairs_are_mixed_within_their_batch_and_their_targets_alike() -> None:
    n, batch_size = 110, 50
    x, y = images(n), np.eye(4, dtype=np.float32)[np.arange(n) % 4]
    augmentation = MixUp(0.5)
    away, share = drawn = augmentation.draw(draw_for(n, batch_size=batch_size))
    changed, targets = augmentation.apply(x.copy(), drawn), augmentation.apply_to_targets(y, drawn)
    partners = np.arange(n) + away
    for first in range(0, n, batch_size):
        batch = list(range(first, min(first + batch_size, n)))
        assert sorted(partners[batch].tolist()) == batch
    for i in range(n):
        j, part = partners[i], share[i]
        np.testing.assert_allclose(changed[i], part * x[i] + (1 - part) * x[j], atol=1e-6)
        np.testing.assert_allclose(targets[i], part * y[i] + (1 - part) * y[j], atol=1e-6)
    assert targets.dtype == np.float32
    np.testing.assert_array_equal(y, np.eye(4)[np.arange(n) % 4])


@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_shares_follow_the_beta_distribution(alpha) -> None:
    _, share = MixUp(alpha).draw(draw_for(20_000))
    assert share.mean() == pytest.approx(0.5, abs=0.01)
    assert share.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.03)
