"""A network as an ONNX model."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import glassnet
from glassnet.checks import flag
from glassnet.export.fitted import Subject, subject_of
from glassnet.export.graph import CHANNELS_FIRST, Graph, Value
from glassnet.export.operators import add_layer
from glassnet.extras import require
from glassnet.nn import Network
from glassnet.nn.layer import Shape
from glassnet.storage import atomic_write, require_folder

if TYPE_CHECKING:
    from onnx import ModelProto
    from sklearn.pipeline import Pipeline

    from glassnet.estimators.base import NeuralNetworkEstimator

OPSET = 23
"""Version of ONNX's operators: the oldest runtime that has it is onnxruntime 1.23."""

LAYOUTS = ("NHWC", "NCHW")

_LARGEST = 2**31 - 2**20
"""Bytes of constants that go into one file: protobuf ends at 2 GiB."""


def to_onnx(
    network: Network | NeuralNetworkEstimator | Pipeline,
    path: str | os.PathLike[str] | None = None,
    *,
    raw_images: bool = False,
    layout: str = "NHWC",
) -> ModelProto:
    """Return a network as an ONNX model, and write it to a file if one is named.

    The model does what ``network.predict`` does, in float32, for any number of examples: dropout
    is gone, normalisation goes by its running statistics. Of a fitted classifier it does what
    ``predict_proba`` does, of a regressor what ``predict`` does.

    Parameters
    ----------
    network : Network, NeuralNetworkClassifier, NeuralNetworkRegressor, or Pipeline
        An estimator is fitted. Before it, a pipeline may have scikit-learn's `StandardScaler`,
        `MinMaxScaler`, `MaxAbsScaler`, `RobustScaler`: they become part of the graph.
    path : path-like, optional
        The file, ``"model.onnx"``. It is put in place whole.
    raw_images : bool
        Take bytes, 0 to 255, as image files have them; the model divides them by 255, as
        `glassnet.scale_to_unit` does. Otherwise it takes what the network takes, float32.
    layout : {"NHWC", "NCHW"}
        Where images, in and out, have their channels: last, as in glassnet, or first.

    Returns
    -------
    model : onnx.ModelProto
        One input, ``"input"``, shape (batch, *input_shape), and one output, ``"output"``. Its
        metadata: ``class_names``, a list in JSON; ``positive_class``, whose probability the output
        is, where it is one number for two classes; ``glassnet_version``; ``layout``, of images.

    Raises
    ------
    MissingExtraError
        If onnx is not installed.
    ValueError
        If a layer has no counterpart or NaN in its numbers, if `raw_images` or `layout` is asked of
        a network that takes no images, or if it is larger than the format allows.
    TypeError
        If there is no network in what was given, or a pipeline has other steps before it.
    sklearn.exceptions.NotFittedError
        If an estimator is not fitted.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Dense(10, "softmax")], input_shape=(28, 28, 1))
    >>> model = to_onnx(network)
    >>> [node.op_type for node in model.graph.node]
    ['Flatten', 'Gemm', 'Softmax']
    """
    subject = subject_of(network)
    network = subject.network
    _check(subject, raw_images=flag("raw_images", raw_images), layout=layout)
    if path is not None:
        require_folder(path)
    graph = Graph()
    channels_first = layout == "NCHW"
    # the axes of an image that comes in or goes out
    given = Value("input", subject.input_shape, channels_first)
    graph.layer = "preprocessing"
    x = subject.add_scaling(graph, _scaled(graph, given) if raw_images else given)
    for name, part in network.named_parts():
        if "." not in name:  # layers inside of a layer are its own matter
            x = add_layer(graph, name, part, x)
    graph.layer = "output"
    if len(x.shape) == 3:
        x = graph.first(x) if channels_first else graph.last(x)
    x = subject.add_prediction(graph, x)
    graph.name_output(x)
    metadata = {
        "class_names": json.dumps(list(network.class_names)),
        "glassnet_version": glassnet.__version__,
    }
    if len(given.shape) == 3:
        metadata["layout"] = layout
    if x.shape == (1,) and len(network.class_names) == 2:
        metadata["positive_class"] = network.class_names[1]
    model = _model(graph, given, x, metadata, raw_images=raw_images)
    if path is not None:
        with atomic_write(path) as file:
            file.write(model.SerializeToString())
    return model


def _check(subject: Subject, *, raw_images: bool, layout: str) -> None:
    if layout not in LAYOUTS:
        raise ValueError(f"layout must be 'NHWC' or 'NCHW', got {layout!r}")
    if len(subject.input_shape) != 3 and (raw_images or layout == "NCHW"):
        raise ValueError(
            f"{'raw_images' if raw_images else 'layout'} is for networks that take images (height, "
            f"width, channels), and this one takes shape {subject.input_shape}; leave it out"
        )
    size = 4 * subject.network.theta.size
    if size > _LARGEST:
        raise ValueError(
            f"the network has {size:,} bytes of weights, and an ONNX file can hold 2 GiB; save it "
            "as safetensors"
        )


def _scaled(graph: Graph, x: Value) -> Value:
    """Add what makes numbers in [0, 1] of bytes."""
    numbers = graph.add("Cast", [x], to=require("onnx", "export").TensorProto.FLOAT)
    return x._replace(name=graph.add("Div", [numbers, graph.constant("white", 255.0)]))


def _model(
    graph: Graph, given: Value, made: Value, metadata: Mapping[str, str], *, raw_images: bool
) -> ModelProto:
    """Return the checked model of a graph."""
    onnx, helper = require("onnx", "export"), require("onnx.helper", "export")
    checker = require("onnx.checker", "export")
    number = onnx.TensorProto
    what = "bytes, 0 to 255" if raw_images else "what the network takes; images in [0, 1]"
    numbers = number.UINT8 if raw_images else number.FLOAT
    inputs = helper.make_tensor_value_info(
        "input", numbers, ["batch", *_axes(given)], doc_string=_told(what, given)
    )
    outputs = helper.make_tensor_value_info(
        "output", number.FLOAT, ["batch", *_axes(made)], doc_string=_told("what it gives", made)
    )
    opset = [helper.make_opsetid("", OPSET)]
    model: Any = helper.make_model(
        helper.make_graph(graph.nodes, "network", [inputs], [outputs], graph.constants),
        opset_imports=opset,
        ir_version=helper.find_min_ir_version_for(opset),
        producer_name="glassnet",
        producer_version=glassnet.__version__,
    )
    helper.set_model_props(model, dict(metadata))
    checker.check_model(model, full_check=True)
    return model  # type: ignore[no-any-return]


def _axes(x: Value) -> Shape:
    """Return the shape of one example as the graph has it."""
    return tuple(x.shape[axis] for axis in CHANNELS_FIRST) if x.channels_first else x.shape


def _told(what: str, x: Value) -> str:
    """Say what the axes are."""
    if len(x.shape) != 3:
        return what
    axes = "channels, height, width" if x.channels_first else "height, width, channels"
    return f"{what}; (batch, {axes})"
