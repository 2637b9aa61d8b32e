"""What every augmentation keeps, in one table."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.data.augmentation import (
    AUGMENTATIONS,
    AlternatingFlip,
    Augmenter,
    Cutout,
    ElasticDistortion,
    MixUp,
    RandomAffine,
    RandomFlip,
    RandomResizedCrop,
    RandomRotation,
    RandomTranslation,
    augment,
    augmentation_from_config,
)

ALL = [
    RandomFlip(0.3),
    AlternatingFlip(),
    RandomTranslation(2),
    RandomTranslation(3, "reflect"),
    RandomResizedCrop((0.3, 0.9)),
    Cutout(4, fill=0.5),
    RandomRotation(20.0, "edge"),
    RandomAffine(10, scale=(0.8, 1.3), shear=5, translation=1.5),
    ElasticDistortion(8.0, 2.0),
    MixUp(0.4),
]
each = pytest.mark.parametrize("augmentation", ALL, ids=repr)


def images(n: int, *, height: int = 9, width: int = 7, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(1).random((n, height, width, channels), np.float32)


def augmenter(augmentations, n: int, **settings) -> Augmenter:
    settings = {"batch_size": 10, "epoch": 3, "seed": 5} | settings
    order = np.random.default_rng(2).permutation(n)
    return Augmenter(augmentations, order, (9, 7, 3), n, **settings)


def test_the_table_has_them_all() -> None:
    assert {type(augmentation) for augmentation in ALL} == set(AUGMENTATIONS.values())


@each
def test_shape_and_dtype_stay_and_the_images_are_left_as_they_are(augmentation) -> None:
    x = images(20)
    before = x.copy()
    changed = augment(augmentation, x)
    assert changed.dtype == np.float32
    assert changed.shape == x.shape
    assert (changed != x).any()
    np.testing.assert_array_equal(x, before)


@each
def test_images_without_an_axis_of_channels_are_changed_alike(augmentation) -> None:
    x = images(12, channels=1)
    flat = augment(augmentation, x[..., 0])
    assert flat.shape == (12, 9, 7)
    np.testing.assert_array_equal(flat, augment(augmentation, x)[..., 0])


@each
def test_channels_of_an_image_are_changed_alike(augmentation) -> None:
    x = np.repeat(images(12, channels=1), 3, axis=3)
    changed = augment(augmentation, x)
    np.testing.assert_array_equal(changed[..., 0], changed[..., 2])


@each
def test_every_epoch_draws_anew_and_every_seed(augmentation) -> None:
    x = images(40)
    first = augment(augmentation, x)
    np.testing.assert_array_equal(first, augment(augmentation, x))
    assert (first != augment(augmentation, x, epoch=1)).any()
    assert (first != augment(augmentation, x, seed=1)).any()


@each
@pytest.mark.parametrize("batch_size", [1, 10, 70, 400])
def test_what_is_drawn_does_not_depend_on_where_the_epoch_is_cut(augmentation, batch_size) -> None:
    n = 1203
    x, targets = images(n), np.random.default_rng(3).random((n, 4), np.float32)
    made = augmenter([augmentation], n, batch_size=batch_size)
    drawn = made.draw(0, n)
    whole, whole_targets = made.apply(x.copy(), drawn), made.apply_to_targets(targets, drawn)
    start = 0
    for batches in (1, 3, 30, 500, 10**6):
        stop = min(start + batches * batch_size, n)
        drawn = made.draw(start, stop)
        np.testing.assert_array_equal(made.apply(x[start:stop].copy(), drawn), whole[start:stop])
        np.testing.assert_array_equal(
            made.apply_to_targets(targets[start:stop], drawn), whole_targets[start:stop]
        )
        start = stop
    assert start == n


@each
def test_it_is_described_by_its_arguments(augmentation) -> None:
    config = augmentation.config()
    again = augmentation_from_config(config)
    assert again.config() == config
    assert repr(again) == repr(augmentation)


@pytest.mark.parametrize("augmentation", [a for a in ALL if type(a) is not MixUp], ids=repr)
def test_what_is_no_image_is_refused_with_its_shape(augmentation) -> None:
    with pytest.raises(ValueError, match=r"is for images.*these examples have shape \(9,\)"):
        augmentation.check((9,))


def test_each_place_in_the_epoch_draws_its_own() -> None:
    ((begins,),) = augmenter([RandomTranslation(3)], 2000).draw(0, 2000)
    for first in range(0, 2000, 250):
        for second in range(first + 250, 2000, 250):
            assert (begins[first : first + 250] != begins[second : second + 250]).any()
    # groups of 250 of one stream would be alike
    assert len(np.unique(begins, axis=0)) == 49


def test_one_follows_the_other() -> None:
    x = images(30)
    both = augmenter([Cutout(3, fill=7.0), RandomFlip(1.0)], 30)
    mirrored_last = both.apply(x.copy(), both.draw(0, 30))
    drawn = both.draw(0, 30)
    by_hand = Cutout(3, fill=7.0).apply(x.copy(), drawn[0])[:, :, ::-1]
    np.testing.assert_array_equal(mirrored_last, by_hand)


def test_no_image_stays_no_image() -> None:
    assert augment([RandomFlip()], np.empty((0, 4, 4, 1))).shape == (0, 4, 4, 1)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: RandomFlip(1.5), ValueError, "probability must be .* at most 1, got 1.5"),
        (lambda: RandomTranslation(0), ValueError, "pixels must be .* at least 1, got 0"),
        (lambda: RandomTranslation(2, "mirror"), ValueError, "unknown padding 'mirror'"),
        (lambda: Cutout(0), ValueError, "size must be"),
        (lambda: Cutout(2, fill="grey"), TypeError, "fill must be a number, got 'grey'"),
        (lambda: Cutout(2, fill=(0.1, None)), TypeError, "fill must be a number, got None"),
        (lambda: RandomRotation(200), ValueError, "degrees must be .* at most 180, got 200"),
        (lambda: RandomAffine(scale=1.1), TypeError, "scale must be two numbers, .* got 1.1"),
        (lambda: RandomAffine(scale=(1.2, 0.8)), ValueError, "scale must be the least and then"),
        (lambda: RandomAffine(scale=(0.0, 0.8)), ValueError, "scale must be .* above 0, got 0"),
        (lambda: RandomAffine(shear=85), ValueError, "shear must be .* at most 80"),
        (lambda: RandomAffine(edge="reflect"), ValueError, "unknown edge 'reflect'"),
        (lambda: RandomResizedCrop((0.5, 1.1)), ValueError, "scale must be .* at most 1, got 1.1"),
        (lambda: ElasticDistortion(-1), ValueError, "alpha must be"),
        (lambda: ElasticDistortion(1, 0), ValueError, "sigma must be"),
        (lambda: MixUp(0), ValueError, "alpha must be .* above 0, got 0"),
        (lambda: RandomTranslation(4).check((4, 9, 3)), ValueError, r"as large.*|\(4, 9, 3\)"),
        (lambda: Cutout(2, (0, 0, 0)).check((4, 9)), ValueError, r"3 values .* and the images 1"),
    ],
)
def test_what_is_out_of_range_is_told(make, error, words) -> None:
    with pytest.raises(error, match=words):
        make()
