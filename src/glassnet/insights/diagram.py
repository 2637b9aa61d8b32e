"""The picture of a network: circles for a chain of dense layers, else blocks."""

from __future__ import annotations

from matplotlib.figure import Figure

from glassnet import figures
from glassnet.figures.layer_diagram import Block
from glassnet.insights.kinds import kind_of
from glassnet.nn import Activation, Dense, Flatten, Layer, Network, Reshape, ZeroPadding2D


def diagram(network: Network) -> Figure:
    """Draw a network.

    Raises
    ------
    ValueError
        If it has no layer that a picture could show.

    Examples
    --------
    >>> import glassnet as gn
    >>> diagram(gn.Network([gn.Dense(3, "relu"), gn.Dense(2)], input_shape=4))
    <Figure size ...>
    """
    if any(layer.inner or kind_of(layer) in {"convolution", "pooling"} for layer in network.layers):
        return figures.layer_diagram(blocks_of(network))
    units = [layer.units for layer in network.layers if isinstance(layer, Dense)]
    if not units:
        raise ValueError(
            "only networks with Dense or convolutional layers can be drawn, and this one has none"
        )
    inputs = next(layer.W.shape[0] for layer in network.layers if isinstance(layer, Dense))
    return figures.network_diagram([inputs, *units])


def blocks_of(network: Network) -> list[Block]:
    """Return the input, and a block for each layer that is more than an elementwise function.

    The others stand as lines below the block whose numbers they change; `Flatten` and its like
    below the next one.
    """
    kind, layers = "input", ["input"]
    shape = network.input_shape
    blocks: list[Block] = []
    moved = False  # whether the last layers only gave the numbers another shape
    for row, layer in zip(network.summary().rows, network.layers, strict=True):
        lines = lines_of(layer)
        if moved:
            kind, layers = kind_of(layer), [*layers, *lines]
        elif kind_of(layer) != "other" or row.output_shape != shape:
            blocks.append(Block(shape, tuple(layers), kind))
            kind, layers = kind_of(layer), lines
        else:
            layers = [*layers, *lines]
        moved = _moves(layer)
        shape = row.output_shape
    return [*blocks, Block(shape, tuple(layers), kind)]


def lines_of(layer: Layer) -> list[str]:
    """Return the lines that stand for a layer: it with its size, and its activation."""
    name = type(layer).__name__
    size = getattr(layer, "kernel_size", getattr(layer, "pool_size", None))
    if size is not None:
        name += f" {_by(size)}"
    strides = getattr(layer, "strides", None)
    if strides is not None and strides != 1 and "Pooling" not in name:
        name += f" / {_by(strides)}"
    if hasattr(layer, "rate"):
        name += f" {layer.rate:g}"
    inner = [line for one in layer.inner for line in lines_of(one)]
    activations = [type(part).__name__ for part in layer.parts[1:] if isinstance(part, Activation)]
    return [name, *(f"· {line}" for line in inner), *activations]


def _by(size: int | tuple[int, int]) -> str:
    height, width = (size, size) if isinstance(size, int) else size
    return f"{height} × {width}"


def _moves(layer: Layer) -> bool:
    return isinstance(layer, Flatten | Reshape | ZeroPadding2D)
