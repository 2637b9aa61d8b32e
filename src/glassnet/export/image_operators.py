"""Layers of images as ONNX operators, which want the channels before height and width."""

from __future__ import annotations

import numpy as np

from glassnet.export.graph import Graph, Value
from glassnet.nn import (
    AveragePooling2D,
    Conv2D,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    MaxPooling2D,
    Whitening2D,
    ZeroPadding2D,
)
from glassnet.nn.windows import Windows, pair

OIHW = (3, 2, 0, 1)
"""The axes of our filters (height, width, in, out), in the order (out, in, height, width)."""


def convolution(graph: Graph, layer: Conv2D, x: Value) -> Value:
    """Conv."""
    b = layer.b.value if layer.use_bias else None
    return _convolved(graph, x, layer.windows, layer.W.value, b, groups=layer.groups)


def depthwise(graph: Graph, layer: DepthwiseConv2D, x: Value) -> Value:
    """Conv with a group for each channel."""
    height, width, channels, multiplier = layer.W.shape
    W = layer.W.value.reshape(height, width, 1, channels * multiplier)
    b = layer.b.value if layer.use_bias else None
    return _convolved(graph, x, layer.windows, W, b, groups=channels)


def whitening(graph: Graph, layer: Whitening2D, x: Value) -> Value:
    """Conv."""
    return _convolved(graph, x, layer.windows, layer.filters, layer.b.value)


def max_pooling(graph: Graph, layer: MaxPooling2D, x: Value) -> Value:
    """MaxPool, in which padding counts as minus infinity."""
    y = graph.add("MaxPool", [graph.first(x)], **_places(layer.windows))
    return Value(y, (*layer.windows.output, x.shape[2]), channels_first=True)


def average_pooling(graph: Graph, layer: AveragePooling2D, x: Value) -> Value:
    """AveragePool, in which padding doesn't count."""
    places = _places(layer.windows)
    y = graph.add("AveragePool", [graph.first(x)], count_include_pad=0, **places)
    return Value(y, (*layer.windows.output, x.shape[2]), channels_first=True)


def global_average(graph: Graph, layer: GlobalAveragePooling2D, x: Value) -> Value:  # noqa: ARG001
    """ReduceMean over height and width, wherever they are."""
    return _reduced(graph, "ReduceMean", x)


def global_max(graph: Graph, layer: GlobalMaxPooling2D, x: Value) -> Value:  # noqa: ARG001
    """ReduceMax over height and width, wherever they are."""
    return _reduced(graph, "ReduceMax", x)


def zero_padding(graph: Graph, layer: ZeroPadding2D, x: Value) -> Value:
    """Pad."""
    height, width, channels = x.shape
    vertical, horizontal = pair(layer.padding)  # type: ignore[arg-type]
    (top, bottom), (left, right) = pair(vertical), pair(horizontal)
    begins, ends = (0, top, left, 0), (0, bottom, right, 0)
    if x.channels_first:
        begins, ends = (0, 0, top, left), (0, 0, bottom, right)
    y = graph.add("Pad", [x, graph.whole("pads", (*begins, *ends))])
    shape = (top + height + bottom, left + width + right, channels)
    return x._replace(name=y, shape=shape)


def _convolved(
    graph: Graph,
    x: Value,
    windows: Windows,
    W: np.ndarray,
    b: np.ndarray | None,
    *,
    groups: int = 1,
) -> Value:
    """Add a Conv with filters ``W``, shape (height, width, in / groups, out)."""
    inputs: list[Value | str] = [graph.first(x), graph.constant("W", W.transpose(OIHW))]
    if b is not None:
        inputs.append(graph.constant("b", b))
    dilations = list(windows.dilation)
    y = graph.add("Conv", inputs, group=groups, dilations=dilations, **_places(windows))
    return Value(y, (*windows.output, W.shape[3]), channels_first=True)


def _places(windows: Windows) -> dict[str, list[int]]:
    """Return where windows lie, in ONNX's attributes."""
    return {
        "kernel_shape": list(windows.kernel),
        "strides": list(windows.strides),
        "pads": [*windows.before, *windows.after],
    }


def _reduced(graph: Graph, operator: str, x: Value) -> Value:
    axes = graph.whole("axes", (2, 3) if x.channels_first else (1, 2))
    return Value(graph.add(operator, [x, axes], keepdims=0), x.shape[2:])
