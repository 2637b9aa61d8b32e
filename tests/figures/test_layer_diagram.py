import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch, Polygon

from glassnet.figures.layer_diagram import Block, layer_diagram

INPUT = Block((32, 32, 3), ["input"], "input")
CONVOLUTION = Block((32, 32, 16), ["Conv2D 3 × 3", "ReLU"], "convolution")
OUTPUT = Block((1000,), ["Flatten", "Dense"], "dense")


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def fronts(figure):
    """The front faces, shape (blocks, corners, 2)."""
    faces = [p.get_xy() for p in figure.axes[0].patches if isinstance(p, Polygon)]
    return np.array(faces[::3])


def sizes(figure):
    return [tuple(np.ptp(front, axis=0).round(9)) for front in fronts(figure)]


def arrows(figure):
    return [p for p in figure.axes[0].patches if isinstance(p, FancyArrowPatch)]


def test_each_block_has_its_shape_and_its_layers_below():
    assert texts(layer_diagram([INPUT, CONVOLUTION, OUTPUT])) == [
        "32 × 32 × 3", "input", "32 × 32 × 16", "Conv2D 3 × 3", "ReLU", "1,000", "Flatten", "Dense",
    ]  # fmt: skip


def test_more_pixels_are_higher_and_more_channels_thicker():
    (_, tall), (thick, same), (thicker, low) = sizes(
        layer_diagram([INPUT, CONVOLUTION, Block((8, 8, 64), ["pooling"], "pooling")])
    )
    assert tall == same > low
    assert thicker > thick


def test_arrows_lead_from_block_to_block():
    figure = layer_diagram([INPUT, CONVOLUTION, OUTPUT])
    assert len(arrows(figure)) == 2


def test_blocks_without_room_go_on_in_the_next_row_with_an_arrow_that_leads_there():
    figure = layer_diagram([INPUT, *[CONVOLUTION] * 19])
    left = fronts(figure)[:, :, 0].min(axis=1)
    rows = np.flatnonzero(np.diff(left) < 0) + 1
    assert len(rows) >= 2
    assert len(arrows(figure)) == 19
    assert figure.get_size_inches()[0] < 8


def test_words_are_not_cut_where_there_is_room():
    name = "GlobalAveragePooling2D"
    assert name in texts(layer_diagram([INPUT, Block((16,), [name], "pooling")]))


@pytest.mark.parametrize("count", [1, 7])
def test_blocks_and_texts_lie_on_the_sheet(count):
    figure = layer_diagram([INPUT, *[CONVOLUTION] * (count - 1)])
    figure.draw_without_rendering()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(box.x0, box.y0) >= -0.001
    assert box.x1 <= width + 0.001
    assert box.y1 <= height + 0.001


def test_a_block_stands_above_its_texts():
    figure = layer_diagram([INPUT, CONVOLUTION])
    figure.draw_without_rendering()
    lowest = fronts(figure)[:, :, 1].max()
    highest = min(text.get_position()[1] for text in figure.axes[0].texts)
    assert lowest < highest


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([], "there is no block to draw"),
        ([Block((), ["a"])], r"a block's shape must have axes of at least 1, got \(\)"),
        ([Block((3, 0, 1), ["a"])], r"got \(3, 0, 1\)"),
        ([Block((3,), ["a"], "conv")], "unknown kind of block 'conv'"),
    ],
)
def test_what_can_not_be_drawn_is_refused(blocks, message):
    with pytest.raises(ValueError, match=message):
        layer_diagram(blocks)
