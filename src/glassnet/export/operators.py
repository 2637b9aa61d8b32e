"""Layers as ONNX operators: what each layer becomes when a network is exported."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from glassnet.export.graph import Graph, Value
from glassnet.export.image_operators import (
    average_pooling,
    convolution,
    depthwise,
    global_average,
    global_max,
    max_pooling,
    whitening,
    zero_padding,
)
from glassnet.nn import (
    ELU,
    GELU,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GaussianNoise,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    Identity,
    Layer,
    LayerNormalization,
    LeakyReLU,
    MaxPooling2D,
    PReLU,
    ReLU,
    Rescaling,
    Reshape,
    Residual,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    SpatialDropout2D,
    Standardize,
    Tanh,
    Whitening2D,
    ZeroPadding2D,
)
from glassnet.nn.row import names_of

Operator = Callable[[Graph, Any, Value], Value]
"""What adds a layer's operators to a graph: ``operator(graph, layer, x) -> y``."""


def add_layer(graph: Graph, name: str, layer: Layer, x: Value) -> Value:
    """Add the operators of one part of a network; return its output.

    Raises
    ------
    ValueError
        If nothing is known of its class; the message says what to do.
    """
    operator = OPERATORS.get(type(layer))
    if operator is None:
        kind = type(layer).__name__
        raise ValueError(
            f"{name} cannot be exported: no ONNX operators are known for {kind}; say what it is "
            f"made of with glassnet.export.OPERATORS[{kind}] = operator, as docs/export.md shows"
        )
    graph.layer = name
    return operator(graph, layer, x)


def dense(graph: Graph, layer: Dense, x: Value) -> Value:
    """Gemm, or MatMul without biases."""
    W = graph.constant("W", layer.W.value)
    if layer.use_bias:
        y = graph.add("Gemm", [x, W, graph.constant("b", layer.b.value)])
    else:
        y = graph.add("MatMul", [x, W])
    return Value(y, (layer.units,))


def batch_normalization(graph: Graph, layer: BatchNormalization, x: Value) -> Value:
    """BatchNormalization with the running statistics, where channels are the second axis."""
    mean, variance = layer.running_mean, layer.running_variance
    gamma = layer.gamma.value if layer.scale else np.ones_like(mean)
    beta = layer.beta.value if layer.center else np.zeros_like(mean)
    if x.channels_first or len(x.shape) == 1:
        numbers = {"gamma": gamma, "beta": beta, "mean": mean, "variance": variance}
        inputs = [graph.constant(name, array) for name, array in numbers.items()]
        y = graph.add("BatchNormalization", [x, *inputs], epsilon=layer.epsilon)
    else:
        y = graph.add("Sub", [x, graph.fitting("mean", mean, x)])
        factor = gamma / np.sqrt(variance + layer.epsilon)
        y = graph.add("Mul", [y, graph.fitting("factor", factor, x)])
        y = graph.add("Add", [y, graph.fitting("beta", beta, x)])
    return x._replace(name=y)


def layer_normalization(graph: Graph, layer: LayerNormalization, x: Value) -> Value:
    """LayerNormalization over the last axis."""
    x, size = graph.last(x), x.shape[-1]
    gamma = graph.constant("gamma", layer.gamma.value if layer.scale else np.ones(size))
    inputs: list[Value | str] = [x, gamma]
    if layer.center:
        inputs.append(graph.constant("beta", layer.beta.value))
    return x._replace(name=graph.add("LayerNormalization", inputs, axis=-1, epsilon=layer.epsilon))


def nothing(graph: Graph, layer: Layer, x: Value) -> Value:  # noqa: ARG001 (an `Operator`)
    """No operator: what the layer does, it does in training alone."""
    return x


def flatten(graph: Graph, layer: Flatten, x: Value) -> Value:  # noqa: ARG001 (an `Operator`)
    """Flatten, the channels last."""
    return Value(graph.add("Flatten", [graph.last(x)], axis=1), (math.prod(x.shape),))


def reshape(graph: Graph, layer: Reshape, x: Value) -> Value:
    """Reshape, the channels last."""
    shape = tuple(layer.shape)
    if -1 in shape:
        left = -math.prod(x.shape) // math.prod(shape)
        shape = tuple(left if axis == -1 else axis for axis in shape)
    # a 0 is the batch's axis as it is
    return Value(graph.add("Reshape", [graph.last(x), graph.whole("shape", (0, *shape))]), shape)


def residual(graph: Graph, layer: Residual, x: Value) -> Value:
    """Both ways, then Add."""
    name, f, s = graph.layer, x, x
    names = names_of(layer.inner)
    split = len(layer.layers)
    for inside, inner in zip(names[:split], layer.inner[:split], strict=True):
        for part in inner.parts:
            f = add_layer(graph, f"{name}.{inside}", part, f)
    for inside, inner in zip(names[split:], layer.inner[split:], strict=True):
        for part in inner.parts:
            s = add_layer(graph, f"{name}.{inside}", part, s)
    graph.layer = name
    if f.channels_first != s.channels_first:
        f, s = graph.first(f), graph.first(s)
    return f._replace(name=graph.add("Add", [f, s]))


def rescaling(graph: Graph, layer: Rescaling, x: Value) -> Value:
    """Mul, then Add if there is an offset."""
    y = graph.add("Mul", [x, graph.constant("scale", layer.scale)])
    if layer.offset != 0.0:
        y = graph.add("Add", [y, graph.constant("offset", layer.offset)])
    return x._replace(name=y)


def standardize(graph: Graph, layer: Standardize, x: Value) -> Value:
    """Sub, then Div."""
    y = graph.add("Sub", [x, graph.fitting("mean", layer.mean, x)])
    y = graph.add("Div", [y, graph.fitting("deviation", layer.deviation, x)])
    return x._replace(name=y)


def elementwise(
    operator: str, **attributes: Callable[[Any], float | str]
) -> Callable[[Graph, Layer, Value], Value]:
    """Return what adds one operator that works on each number; attributes are of the layer."""

    def add(graph: Graph, layer: Layer, x: Value) -> Value:
        values: Mapping[str, Any] = {name: of(layer) for name, of in attributes.items()}
        return x._replace(name=graph.add(operator, [x], **values))

    return add


def prelu(graph: Graph, layer: PReLU, x: Value) -> Value:
    """PRelu."""
    return x._replace(name=graph.add("PRelu", [x, graph.fitting("slope", layer.a.value, x)]))


def silu(graph: Graph, layer: SiLU, x: Value) -> Value:  # noqa: ARG001 (an `Operator`)
    """Sigmoid, then Mul."""
    return x._replace(name=graph.add("Mul", [x, graph.add("Sigmoid", [x])]))


def softmax(graph: Graph, layer: Softmax, x: Value) -> Value:  # noqa: ARG001 (an `Operator`)
    """Softmax over the channels."""
    return x._replace(name=graph.add("Softmax", [x], axis=1 if x.channels_first else -1))


OPERATORS: dict[type[Layer], Operator] = {
    Dense: dense,
    Conv2D: convolution,
    DepthwiseConv2D: depthwise,
    MaxPooling2D: max_pooling,
    AveragePooling2D: average_pooling,
    GlobalAveragePooling2D: global_average,
    GlobalMaxPooling2D: global_max,
    BatchNormalization: batch_normalization,
    LayerNormalization: layer_normalization,
    Dropout: nothing,
    SpatialDropout2D: nothing,
    GaussianNoise: nothing,
    Flatten: flatten,
    Reshape: reshape,
    ZeroPadding2D: zero_padding,
    Residual: residual,
    Rescaling: rescaling,
    Standardize: standardize,
    Whitening2D: whitening,
    ELU: elementwise("Elu", alpha=lambda layer: layer.alpha),
    GELU: elementwise("Gelu", approximate=lambda layer: "tanh" if layer.approximate else "none"),
    Identity: nothing,
    LeakyReLU: elementwise("LeakyRelu", alpha=lambda layer: layer.slope),
    PReLU: prelu,
    ReLU: elementwise("Relu"),
    Sigmoid: elementwise("Sigmoid"),
    SiLU: silu,
    Softmax: softmax,
    Softplus: elementwise("Softplus"),
    Tanh: elementwise("Tanh"),
}
"""By the class of a layer, what adds its operators. Put your own layers there."""
