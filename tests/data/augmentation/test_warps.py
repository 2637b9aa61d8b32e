"""Images that are resampled: the bilinear loop as oracle, and where pixels come from."""

from __future__ import annotations

import math

import numpy as np
import pytest

from glassnet.data.augmentation import (
    Draw,
    ElasticDistortion,
    RandomAffine,
    RandomResizedCrop,
    RandomRotation,
    resampling,
)
from glassnet.data.augmentation.resampling import resample

SHAPE = (8, 6, 2)


def draw_for(n: int, shape=SHAPE) -> Draw:
    return Draw(np.random.default_rng(4), np.arange(n), shape, 50, 0, n, 0)


def images(n: int, shape=SHAPE) -> np.ndarray:
    return np.random.default_rng(1).random((n, *shape), np.float32)


def bilinear(image: np.ndarray, row: float, column: float, edge: str) -> np.ndarray:
    """Return the value between four pixels, the slow way."""
    height, width, channels = image.shape
    if edge == "edge":
        row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
    value = np.zeros(channels)
    for y in (math.floor(row), math.floor(row) + 1):
        for z in (math.floor(column), math.floor(column) + 1):
            weight = (1 - abs(row - y)) * (1 - abs(column - z))
            if 0 <= y < height and 0 <= z < width:
                value += weight * image[y, z]
    return value


@pytest.mark.parametrize("edge", ["zero", "edge"])
@pytest.mark.parametrize("channels", [1, 3])
def test_resampling_is_the_mean_of_four_neighbours(edge, channels, monkeypatch) -> None:
    monkeypatch.setattr(resampling, "_PIXELS", 100)  # several pieces
    x = images(7, (8, 6, channels))
    rng = np.random.default_rng(0)
    rows = rng.uniform(-3, 11, (7, 8, 6)).astype(np.float32)
    columns = rng.uniform(-3, 9, (7, 8, 6)).astype(np.float32)
    rows[0], columns[0] = np.round(rows[0]), np.round(columns[0])
    moved = resample(x, rows, columns, edge)
    assert moved.dtype == np.float32
    for i, y, z in np.ndindex(7, 8, 6):
        expected = bilinear(x[i], rows[i, y, z], columns[i, y, z], edge)
        np.testing.assert_allclose(moved[i, y, z], expected, atol=2e-6)


def placed(augmentation, x: np.ndarray, matrix) -> np.ndarray:
    return augmentation.apply(x, (np.array([matrix] * len(x), np.float32),))


def test_what_is_drawn_as_no_change_changes_nothing() -> None:
    x = images(3)
    same = placed(RandomAffine(), x.copy(), [[1, 0, 0], [0, 1, 0]])
    np.testing.assert_array_equal(same, x)
    (matrix,) = RandomAffine().draw(draw_for(3))
    np.testing.assert_array_equal(matrix, [np.eye(2, 3)] * 3)


def test_a_quarter_turn_is_a_quarter_turn() -> None:
    x = images(4, (7, 7, 2))
    turned = placed(RandomRotation(90), x.copy(), [[0, 1, 0], [-1, 0, 0]])
    np.testing.assert_array_equal(turned, np.rot90(x, 1, (1, 2)))


def test_rotations_are_uniform_between_the_ends() -> None:
    (matrix,) = RandomRotation(30).draw(draw_for(20_000))
    turns = np.degrees(np.arctan2(matrix[:, 0, 1], matrix[:, 0, 0]))
    assert np.abs(turns).max() <= 30.001
    counts, _ = np.histogram(turns, 10, (-30, 30))
    assert (np.abs(counts - 2000) < 5 * np.sqrt(2000)).all()
    np.testing.assert_allclose(np.linalg.det(matrix[:, :, :2]), 1, atol=1e-5)


def test_an_affine_map_is_scale_rotation_and_shear_and_then_a_shift() -> None:
    n = 200
    settings = {"scale": (0.5, 2.0), "shear": 20, "translation": 2.5}
    augmentation = RandomAffine(40, **settings)
    (matrix,) = augmentation.draw(draw_for(n))
    rng = np.random.default_rng(4)  # the same draws, in the same order
    turn = np.radians(rng.uniform(-40, 40, n))
    size = np.exp(rng.uniform(math.log(0.5), math.log(2.0), n))
    lean = np.tan(np.radians(rng.uniform(-20, 20, n)))
    shift = rng.uniform(-2.5, 2.5, (n, 2))
    for i in range(n):
        c, s = math.cos(turn[i]), math.sin(turn[i])
        forward = size[i] * np.array([[c, -s], [s, c]]) @ np.array([[1, 0], [lean[i], 1]])
        point = np.array([1.5, -2.0])
        goes_to = forward @ point + shift[i]
        comes_from = matrix[i, :, :2] @ goes_to + matrix[i, :, 2]
        np.testing.assert_allclose(comes_from, point, atol=1e-4)


def test_each_pixel_comes_from_where_the_matrix_says() -> None:
    augmentation = RandomAffine(40, scale=(0.5, 2.0), shear=20, translation=2.5)
    x = images(5)
    (matrix,) = drawn = augmentation.draw(draw_for(5))
    changed = augmentation.apply(x.copy(), drawn)
    for i, y, z in np.ndindex(5, 8, 6):
        row, column = matrix[i] @ [y - 3.5, z - 2.5, 1] + [3.5, 2.5]
        expected = bilinear(x[i], row, column, "zero")
        np.testing.assert_allclose(changed[i, y, z], expected, atol=1e-5)


def test_a_crop_of_the_whole_changes_nothing() -> None:
    x = images(6)
    whole = RandomResizedCrop((1.0, 1.0), (1.0, 1.0))
    np.testing.assert_allclose(whole.apply(x.copy(), whole.draw(draw_for(6))), x, atol=1e-6)


def test_crops_lie_inside_and_have_the_area_and_ratio_asked_for() -> None:
    augmentation = RandomResizedCrop((0.2, 0.5), (0.5, 2.0))
    (matrix,) = augmentation.draw(draw_for(20_000))
    sides, middle = matrix[:, [0, 1], [0, 1]], matrix[:, :, 2] / [8, 6]
    assert (np.abs(middle) + sides / 2 <= 0.5 + 1e-6).all()
    area, ratio = sides.prod(axis=1), sides[:, 1] / sides[:, 0]
    assert area.min() >= 0.2 - 1e-6
    assert area.max() <= 0.5 + 1e-6
    assert area.mean() == pytest.approx(0.35, abs=0.005)
    assert ratio.min() >= 0.5 - 1e-5
    assert np.log(ratio).mean() == pytest.approx(0, abs=0.02)
    assert np.log(ratio).std() == pytest.approx(2 * math.log(2) / math.sqrt(12), rel=0.03)
    places = middle[:, 0] / ((1 - sides[:, 0]) / 2)  # -1 at the top, 1 at the bottom
    counts, _ = np.histogram(places, 10, (-1, 1))
    assert (np.abs(counts - 2000) < 6 * np.sqrt(2000)).all()


def test_a_crop_takes_the_part_to_the_size_of_the_whole() -> None:
    ramp = np.broadcast_to(np.arange(8, dtype=np.float32)[:, None, None], SHAPE)[None].copy()
    upper_half = placed(RandomResizedCrop(), ramp, [[0.5, 0, -2], [0, 1, 0]])
    expected = np.maximum(np.arange(8) / 2 - 0.25, 0)
    np.testing.assert_allclose(upper_half[0, :, 0, 0], expected)


# elastic distortion


def test_the_field_is_noise_convolved_with_a_gaussian() -> None:
    augmentation = ElasticDistortion(alpha=5.0, sigma=1.5)
    (field,) = augmentation.draw(draw_for(3))
    noise = 2 * np.random.default_rng(4).random((3, 2, 8, 6), np.float32) - 1
    reach = range(-10, 11)
    total = sum(math.exp(-0.5 * (d / 1.5) ** 2) for d in reach)
    for i, k, y, z in np.ndindex(field.shape):
        value = 0.0
        for v, w in np.ndindex(8, 6):
            value += noise[i, k, v, w] * math.exp(-0.5 * ((y - v) ** 2 + (z - w) ** 2) / 1.5**2)
        assert field[i, k, y, z] == pytest.approx(5 * value / total**2, abs=1e-5)


def test_pixels_move_as_far_as_the_docstring_says() -> None:
    (field,) = ElasticDistortion(34, 4).draw(draw_for(40, (100, 100, 1)))
    inside = field[:, :, 20:80, 20:80]
    told = 34 / (2 * 4 * math.sqrt(3 * math.pi))
    assert told == pytest.approx(1.4, abs=0.05)
    assert np.sqrt(np.square(inside).mean()) == pytest.approx(told, rel=0.05)


def test_each_pixel_comes_from_where_the_field_says() -> None:
    augmentation, x = ElasticDistortion(20.0, 2.0), images(4)
    (field,) = drawn = augmentation.draw(draw_for(4))
    changed = augmentation.apply(x.copy(), drawn)
    for i, y, z in np.ndindex(4, 8, 6):
        expected = bilinear(x[i], y + field[i, 0, y, z], z + field[i, 1, y, z], "zero")
        np.testing.assert_allclose(changed[i, y, z], expected, atol=1e-5)


def test_without_strength_nothing_moves() -> None:
    x = images(2)
    still = ElasticDistortion(0.0)
    np.testing.assert_array_equal(still.apply(x.copy(), still.draw(draw_for(2))), x)
