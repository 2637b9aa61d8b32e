"""Convolutional networks as blocks: what an image becomes, layer after layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Polygon

from glassnet.figures import style
from glassnet.figures.tiles import new_sheet
from glassnet.names import lookup

_WIDTH = 7.5  # inches of a row; more blocks go on in the next
_WIDEST = 1.7  # inches from block to block, at most
_TALLEST = 0.8  # inches
_SLANT = 0.4  # of a block's width in pixels, seen from the side
_BETWEEN = 0.3  # inches from row to row
_TEXT = 0.15  # inches from line to line
_COLOURS = {
    "input": "#c9c9c9",
    "convolution": "#7db8dd",
    "pooling": "#f0b27a",
    "dense": "#74c2a7",
    "other": "#e3e3e3",
}


class Block(NamedTuple):
    """What some layers make of their input.

    Parameters
    ----------
    shape : tuple of int
        Of one example: ``(height, width, channels)`` or ``(units,)``.
    layers : sequence of str
        A line each, below the block: ``("Conv2D 3 × 3", "ReLU")``.
    kind : {"input", "convolution", "pooling", "dense", "other"}
        Decides the colour.
    """

    shape: tuple[int, ...]
    layers: Sequence[str]
    kind: str = "other"


@style.defaults()
def layer_diagram(blocks: Sequence[Block]) -> Figure:
    """Draw a network as a row of blocks, from its input to its output.

    A block is the higher and deeper the larger its maps are (by the root of their sides), and the
    thicker the more channels they have (by the logarithm); a vector is a bar. Blocks without room
    in a row go on in the next.

    Parameters
    ----------
    blocks : sequence of Block

    Returns
    -------
    Figure
        The blocks, with their shapes and layers below them.

    Raises
    ------
    ValueError
        If there is no block, a shape has no axis, or a kind is unknown.

    Examples
    --------
    >>> figure = layer_diagram([
    ...     Block((28, 28, 1), ["input"], "input"),
    ...     Block((26, 26, 8), ["Conv2D 3 × 3", "ReLU"], "convolution"),
    ... ])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['28 × 28 × 1', 'input', '26 × 26 × 8', 'Conv2D 3 × 3', 'ReLU']
    """
    if not blocks:
        raise ValueError("there is no block to draw; give the input and what layers make of it")
    for block in blocks:
        lookup(_COLOURS, block.kind, "kind of block")
        if not block.shape or min(block.shape) < 1:
            raise ValueError(f"a block's shape must have axes of at least 1, got {block.shape}")
    largest = max(max(_plane(block.shape)) for block in blocks)
    pitch = _pitch(blocks)
    most = max(1, math.floor(_WIDTH / pitch))
    in_row = math.ceil(len(blocks) / math.ceil(len(blocks) / most))
    rows = [blocks[i : i + in_row] for i in range(0, len(blocks), in_row)]
    rooms = [max(_height(block.shape, largest) for block in row) for row in rows]
    lines = [0.26 + _TEXT * max(len(block.layers) for block in row) for row in rows]
    height = sum(rooms) + sum(lines) + _BETWEEN * (len(rows) - 1)
    figure, sheet = new_sheet(2 * style.MARGIN + in_row * pitch, 2 * style.MARGIN + height)
    top = style.MARGIN
    for number, row in enumerate(rows):
        axis = top + rooms[number] / 2
        middles = [style.MARGIN + (k + 0.5) * pitch for k in range(len(row))]
        ends = [
            _draw_block(sheet, block, middle, axis, largest)
            for block, middle in zip(row, middles, strict=True)
        ]
        for block, middle in zip(row, middles, strict=True):
            _write_below(sheet, block, middle, top + rooms[number] + 0.06, pitch)
        targets = [left for left, _ in ends[1:]]
        if number + 1 < len(rows):
            targets.append(style.MARGIN + in_row * pitch + 0.05)
        for (_, right), left in zip(ends, targets, strict=False):
            _draw_arrow(sheet, right, left, axis)
        top += rooms[number] + lines[number] + _BETWEEN
    return figure


def _pitch(blocks: Sequence[Block]) -> float:
    """Return the inches from block to block that the texts need."""
    widths = [style.text_width(_shape_text(block.shape), style.BODY) for block in blocks]
    widths += [style.text_width(line, style.SMALL) for block in blocks for line in block.layers]
    return min(_WIDEST, max(0.9, max(widths) + 0.1))


def _shape_text(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{axis:,}" for axis in shape)


def _plane(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return height and width of a block of maps; a vector has none."""
    return (shape[0], shape[1]) if len(shape) == 3 else (0, 0)


def _sizes(shape: tuple[int, ...], largest: int) -> tuple[float, float, float]:
    """Return the inches of a block: thickness and height in front, and how far it goes back."""
    if len(shape) == 3:
        # the root keeps small maps visible beside large ones
        tall, wide = (_TALLEST * math.sqrt(side / largest) for side in _plane(shape))
        return 0.05 + 0.035 * math.log2(shape[2] + 1), tall, _SLANT * wide / math.sqrt(2)
    return 0.09, min(_TALLEST, 0.15 + 0.06 * math.log2(math.prod(shape) + 1)), 0.03


def _height(shape: tuple[int, ...], largest: int) -> float:
    _, tall, slant = _sizes(shape, largest)
    return tall + slant


def _draw_block(
    sheet: Axes, block: Block, middle: float, axis: float, largest: int
) -> tuple[float, float]:
    """Draw a block about a place; return how far it reaches to the left and right on the axis."""
    thick, tall, slant = _sizes(block.shape, largest)
    left = middle - (thick + slant) / 2
    right, top, bottom = left + thick, axis - tall / 2 + slant / 2, axis + tall / 2 + slant / 2
    front = [(left, top), (right, top), (right, bottom), (left, bottom)]
    roof = [(left, top), (left + slant, top - slant), (right + slant, top - slant), (right, top)]
    side = [
        (right, top), (right + slant, top - slant), (right + slant, bottom - slant), (right, bottom)
    ]  # fmt: skip
    for corners, light in ((front, 0.0), (roof, 0.45), (side, -0.18)):
        face = _shade(_COLOURS[block.kind], light)
        sheet.add_patch(Polygon(corners, facecolor=face, edgecolor=style.FAINT, linewidth=0.5))
    return left, right + slant


def _shade(colour: str, light: float) -> tuple[float, float, float]:
    """Return a colour moved so far towards white, or below 0 towards black."""
    goal = 1.0 if light > 0 else 0.0
    r, g, b = (v + abs(light) * (goal - v) for v in to_rgb(colour))
    return r, g, b


def _draw_arrow(sheet: Axes, start: float, end: float, y: float) -> None:
    arrow = FancyArrowPatch((start + 0.05, y), (end - 0.05, y), arrowstyle="-|>", mutation_scale=5)
    arrow.set(color=style.FAINT, linewidth=0.6)
    sheet.add_patch(arrow)


def _write_below(sheet: Axes, block: Block, middle: float, y: float, pitch: float) -> None:
    style.write(
        sheet, middle, y, style.fit(_shape_text(block.shape), pitch, style.BODY),
        ha="center", va="top",
    )  # fmt: skip
    for number, line in enumerate(block.layers):
        style.write(
            sheet, middle, y + 0.18 + number * _TEXT, style.fit(line, pitch - 0.04, style.SMALL),
            ha="center", va="top", fontsize=style.SMALL, color=style.FAINT,
        )  # fmt: skip
