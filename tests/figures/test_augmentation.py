from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="needs the extra cli")

from matplotlib.figure import Figure

from glassnet import figures


def made(n: int = 3, epochs: int = 4, channels: int = 3, **more) -> Figure:
    rng = np.random.default_rng(0)
    images = rng.random((n, 6, 5, channels))
    versions = rng.random((epochs, n, 6, 5, channels))
    return figures.augmented(images, versions, [f"class {i}" for i in range(n)], **more)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize("channels", [1, 3])
def test_each_image_stands_in_a_row_with_its_versions(channels) -> None:
    rng = np.random.default_rng(0)
    images, versions = rng.random((2, 6, 5, channels)), rng.random((3, 2, 6, 5, channels))
    drawn = figures.augmented(images, versions, ["cat", "dog"]).axes[0].images
    assert len(drawn) == 2 * (1 + 3)
    for row in range(2):
        expected = [images[row], *versions[:, row]]
        tiles = drawn[4 * row : 4 * row + 4]
        for tile, image in zip(tiles, expected, strict=True):
            np.testing.assert_allclose(np.asarray(tile.get_array()), np.squeeze(image))
        lefts = [tile.get_extent()[0] for tile in tiles]
        assert lefts == sorted(lefts)
        assert lefts[1] - lefts[0] > lefts[2] - lefts[1]  # the original stands apart
        assert len({tile.get_extent()[3] for tile in tiles}) == 1


def test_rows_and_columns_are_named_and_the_changes_told() -> None:
    told = texts(made(how=["RandomFlip()", "Cutout(8)"]))
    assert told[0] == "RandomFlip(), Cutout(8)"
    assert {"original", "epoch 1", "epoch 4", "class 0", "class 2"} <= set(told)


def test_many_changes_take_several_lines_that_fit() -> None:
    how = [f"RandomTranslation({i}, 'reflect')" for i in range(1, 7)]
    figure = made(how=how)
    lines = [line for line in texts(figure) if line.startswith("RandomTranslation")]
    assert len(lines) > 1
    assert " ".join(lines) == ", ".join(how)
    width = figure.get_figwidth()
    assert all(figures.style.text_width(line, figures.style.SMALL) < width for line in lines)


def test_a_name_that_is_dollars_is_no_mathematics() -> None:
    images = np.zeros((1, 4, 4, 1))
    figure = figures.augmented(images, images[None], ["$x$"])
    figure.canvas.draw()
    assert "$x$" in texts(figure)


def test_values_that_leave_the_interval_are_drawn_as_the_nearest_inside() -> None:
    images = np.full((1, 4, 4, 1), 0.5)
    tile = figures.augmented(images, images[None] * 4 - 0.5, ["a"]).axes[0].images[1]
    assert np.asarray(tile.get_array()).max() == 1.0


@pytest.mark.parametrize(
    ("shapes", "names"),
    [
        (((2, 6, 5, 3), (4, 3, 6, 5, 3)), ["a", "b"]),
        (((2, 6, 5, 3), (4, 2, 6, 5, 3)), ["a"]),
        (((2, 6, 5, 3), (0, 2, 6, 5, 3)), ["a", "b"]),
        (((0, 6, 5, 3), (4, 0, 6, 5, 3)), []),
        (((2, 6), (4, 2, 6)), ["a", "b"]),
    ],
)
def test_arrays_that_do_not_fit_are_refused(shapes, names) -> None:
    images, versions = (np.zeros(shape) for shape in shapes)
    with pytest.raises(ValueError, match="versions"):
        figures.augmented(images, versions, names)
