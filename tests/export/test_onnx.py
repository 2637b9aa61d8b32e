"""An exported network says in onnxruntime what it says here: every layer, and rows of them."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet as gn
from glassnet.export import OPERATORS, to_onnx
from glassnet.nn import LAYERS, Layer, layer_from_config

onnx = pytest.importorskip("onnx", reason="the extra export is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra export is not installed")

IMAGE = (7, 6, 4)
VECTOR = (5,)


def ready(network: gn.Network, seed: int = 0) -> gn.Network:
    """Fill a network with random numbers, statistics included."""
    rng = np.random.default_rng(seed)
    network.initialize(seed)
    for name, array in network.numbers().items():
        if name.endswith((".running_variance", ".deviation")):
            array[...] = rng.uniform(0.5, 2.0, array.shape)
        elif name.endswith((".b", ".beta", ".slope", ".mean", ".running_mean", ".filters")):
            array[...] = rng.normal(size=array.shape) / 2
        elif name.endswith(".gamma"):
            array[...] = rng.uniform(0.5, 1.5, array.shape)
    return network


def run(model, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(["output"], {"input": x})[0]


def check(network: gn.Network, *, seed: int = 0, sizes=(1, 3)) -> None:
    model = to_onnx(network)
    rng = np.random.default_rng(seed)
    for size in sizes:
        x = rng.normal(size=(size, *network.input_shape)).astype(np.float32)
        expected = network.predict(x)
        found = run(model, x)
        assert found.shape == expected.shape
        assert found.dtype == np.float32
        scale = max(np.abs(expected).max(), 1.0)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * scale)


def named(layer: Layer) -> str:
    return repr(layer)[:70]


CASES = [
    (lambda: gn.Dense(3), VECTOR),
    (lambda: gn.Dense(3, "tanh", use_bias=False), VECTOR),
    (lambda: gn.Conv2D(5, 3), IMAGE),
    (lambda: gn.Conv2D(6, (3, 2), "relu", strides=(2, 1), padding="same", groups=2), IMAGE),
    (lambda: gn.Conv2D(5, 2, padding="same"), IMAGE),
    (lambda: gn.Conv2D(5, 4, strides=3, padding="same", use_bias=False), IMAGE),
    (lambda: gn.Conv2D(4, 2, padding=(2, 1), dilation=(3, 2), groups=4), IMAGE),
    (lambda: gn.DepthwiseConv2D(3), IMAGE),
    (lambda: gn.DepthwiseConv2D((2, 3), multiplier=3, padding="same", strides=2), IMAGE),
    (lambda: gn.DepthwiseConv2D(2, multiplier=2, dilation=2, use_bias=False), IMAGE),
    (gn.MaxPooling2D, IMAGE),
    (lambda: gn.MaxPooling2D(3, strides=2, padding="same"), IMAGE),
    (lambda: gn.MaxPooling2D((2, 3), strides=(3, 1), padding=(1, 2)), IMAGE),
    (gn.AveragePooling2D, IMAGE),
    (lambda: gn.AveragePooling2D(3, strides=2, padding=1), IMAGE),
    (lambda: gn.AveragePooling2D(2, strides=2, padding="same"), IMAGE),
    (lambda: gn.AveragePooling2D((4, 3), strides=(2, 3), padding="same"), IMAGE),
    (gn.GlobalAveragePooling2D, IMAGE),
    (gn.GlobalMaxPooling2D, IMAGE),
    (gn.BatchNormalization, VECTOR),
    (lambda: gn.BatchNormalization(epsilon=1e-2, scale=False), IMAGE),
    (lambda: gn.BatchNormalization(center=False), (3, 4)),
    (gn.LayerNormalization, VECTOR),
    (lambda: gn.LayerNormalization(epsilon=1e-2, center=False), IMAGE),
    (lambda: gn.LayerNormalization(scale=False), (3, 4)),
    (lambda: gn.Dropout(0.5), VECTOR),
    (lambda: gn.SpatialDropout2D(0.5), IMAGE),
    (lambda: gn.GaussianNoise(1.0), VECTOR),
    (gn.Flatten, IMAGE),
    (lambda: gn.Reshape((6, -1, 2)), IMAGE),
    (lambda: gn.Reshape(math.prod(IMAGE)), IMAGE),
    (lambda: gn.ZeroPadding2D(((0, 1), (2, 3))), IMAGE),
    (lambda: gn.ZeroPadding2D((1, 2)), IMAGE),
    (lambda: gn.Residual([gn.Conv2D(4, 3, "relu", padding="same"), gn.Conv2D(4, 1)]), IMAGE),
    (lambda: gn.Residual([gn.Dense(8, "prelu")], [gn.Dense(8)]), VECTOR),
    (
        lambda: gn.Residual(
            [gn.Conv2D(8, 3, strides=2, padding="same"), gn.BatchNormalization()],
            [gn.AveragePooling2D(2, padding="same"), gn.Conv2D(8, 1), gn.LayerNormalization()],
        ),
        IMAGE,
    ),
    (lambda: gn.Residual([gn.Residual([gn.Conv2D(4, 1)]), gn.Dropout(0.1)]), IMAGE),
    (lambda: gn.Rescaling(2.0, -1.0), IMAGE),
    (lambda: gn.Rescaling(0.5), VECTOR),
    (gn.Standardize, IMAGE),
    (lambda: gn.Standardize("channel"), IMAGE),
    (lambda: gn.Whitening2D((2, 3)), IMAGE),
    *(
        (activation, shape)
        for shape in (VECTOR, IMAGE)
        for activation in (
            *(gn.Identity, gn.Sigmoid, gn.Tanh, gn.ReLU, gn.SiLU, gn.Softplus, gn.Softmax),
            *(gn.GELU, lambda: gn.GELU(approximate=True), lambda: gn.ELU(0.7)),
            *(lambda: gn.LeakyReLU(0.2), gn.PReLU, lambda: gn.PReLU(shared=False)),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "shape"), CASES, ids=[f"{named(make())}-{len(shape)}" for make, shape in CASES]
)
def test_a_layer_says_the_same_in_onnxruntime(make, shape) -> None:
    check(ready(gn.Network([make()], input_shape=shape)))


def test_every_layer_is_exported_and_tested() -> None:
    assert set(OPERATORS) >= set(LAYERS.values())
    assert {type(make()) for make, _ in CASES} == set(LAYERS.values())


@pytest.mark.parametrize(
    "make", [make for make, shape in CASES if shape == IMAGE], ids=lambda make: named(make())
)
def test_a_layer_behind_a_convolution_finds_the_channels_first(make) -> None:
    layers = [gn.Conv2D(4, 1), make()]
    check(ready(gn.Network(layers, input_shape=IMAGE)))


ON_IMAGES = [make for make, shape in CASES if shape == IMAGE]
ON_VECTORS = [make for make, shape in CASES if shape == VECTOR]


def again(layer: Layer) -> Layer:
    """A new layer with the same arguments: one belongs to one network."""
    return layer_from_config(layer.config())


@st.composite
def networks(draw) -> gn.Network:
    """A row of up to seven layers that fit each other."""
    input_shape = draw(st.sampled_from([VECTOR, (8, 8, 4), (9, 7, 4)]))
    layers: list[Layer] = []
    network = gn.Network([gn.Identity()], input_shape=input_shape)
    for _ in range(draw(st.integers(1, 7))):
        on_images = len(network.output_shape) == 3
        layer = draw(st.sampled_from(ON_IMAGES if on_images else ON_VECTORS))()
        try:
            longer = gn.Network([*map(again, layers), layer], input_shape=input_shape)
        except ValueError:  # it does not fit behind the others
            continue
        if math.prod(longer.output_shape) <= 2_000:
            layers, network = [*layers, layer], longer
    return network


@settings(max_examples=60, deadline=None)
@given(networks(), st.integers(0, 1000))
def test_a_random_row_of_layers_says_the_same_in_onnxruntime(network, seed) -> None:
    check(ready(network, seed), seed=seed, sizes=(2,))


def test_transpositions_that_meet_are_left_out() -> None:
    layers = [
        gn.Conv2D(4, 3, "relu"), gn.BatchNormalization(), gn.PReLU(shared=False), gn.Dropout(0.5),
        gn.MaxPooling2D(), gn.ZeroPadding2D(1), gn.Residual([gn.Conv2D(4, 1)]), gn.Softmax(),
        gn.GlobalAveragePooling2D(), gn.Dense(2),
    ]  # fmt: skip
    network = ready(gn.Network(layers, input_shape=(9, 9, 3)))
    check(network)
    kinds = [node.op_type for node in to_onnx(network).graph.node]
    assert kinds.count("Transpose") == 1
    kinds = [node.op_type for node in to_onnx(network, layout="NCHW").graph.node]
    assert kinds.count("Transpose") == 0


def test_a_value_that_two_layers_want_is_transposed_once() -> None:
    network = ready(gn.Network([gn.Residual([gn.Conv2D(3, 1)])], input_shape=(5, 4, 3)))
    check(network)
    kinds = [node.op_type for node in to_onnx(network).graph.node]
    assert kinds == ["Transpose", "Conv", "Add", "Transpose"]


def small_cnn(**settings) -> gn.Network:
    layers = [
        gn.Standardize(), gn.Conv2D(5, 3, "relu"), gn.Flatten(), gn.Dense(3, "softmax"),
    ]  # fmt: skip
    return ready(gn.Network(layers, input_shape=(6, 7, 3), **settings))


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_raw_images_give_what_scaled_images_give_here(layout) -> None:
    network = small_cnn()
    images = np.random.default_rng(0).integers(0, 256, (4, 6, 7, 3), dtype=np.uint8)
    expected = network.predict(gn.scale_to_unit(images))
    model = to_onnx(network, raw_images=True, layout=layout)
    given = images if layout == "NHWC" else np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    np.testing.assert_allclose(run(model, given), expected, rtol=1e-5, atol=1e-6)


def test_images_come_out_in_the_layout_in_which_they_go_in() -> None:
    network = ready(gn.Network([gn.Conv2D(5, 3)], input_shape=(6, 7, 3)))
    x = np.random.default_rng(0).normal(size=(2, 6, 7, 3)).astype(np.float32)
    found = run(to_onnx(network, layout="NCHW"), np.ascontiguousarray(x.transpose(0, 3, 1, 2)))
    np.testing.assert_allclose(found.transpose(0, 2, 3, 1), network.predict(x), atol=1e-5)


def test_the_file_says_what_it_takes_and_what_the_outputs_mean(tmp_path) -> None:
    network = small_cnn(class_names=["cat", "dög", "owl"])
    to_onnx(network, tmp_path / "model.onnx", raw_images=True, layout="NCHW")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    (given,), (made,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.type, given.shape) == ("input", "tensor(uint8)", ["batch", 3, 6, 7])
    assert (made.name, made.type, made.shape) == ("output", "tensor(float)", ["batch", 3])
    metadata = session.get_modelmeta()
    assert metadata.producer_name == "glassnet"
    assert json.loads(metadata.custom_metadata_map["class_names"]) == ["cat", "dög", "owl"]
    assert metadata.custom_metadata_map["glassnet_version"] == gn.__version__
    assert metadata.custom_metadata_map["layout"] == "NCHW"
    described = onnx.load(tmp_path / "model.onnx").graph.input[0].doc_string
    assert described == "bytes, 0 to 255; (batch, channels, height, width)"
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_a_float64_network_becomes_a_float32_model() -> None:
    network = ready(gn.Network([gn.Dense(3, "gelu")], input_shape=4, dtype="float64"))
    x = np.random.default_rng(0).normal(size=(2, 4))
    found = run(to_onnx(network), x.astype(np.float32))
    np.testing.assert_allclose(found, network.predict(x), rtol=1e-5)


class Cube(Layer):
    """A layer of one's own."""

    def build(self, input_shape):
        return input_shape

    def forward(self, x, cache, *, training):
        return x**3

    def backward(self, dy, cache, *, need_dx):
        raise NotImplementedError


def test_a_layer_of_ones_own_is_named_until_it_says_what_it_is_made_of(monkeypatch) -> None:
    network = gn.Network([gn.Residual([gn.Dense(3), Cube()])], input_shape=3)
    message = r"residual_1.cube_1 cannot be exported.*OPERATORS\[Cube\] = operator"
    with pytest.raises(ValueError, match=message):
        to_onnx(network)

    def cube(graph, layer, x):
        return x._replace(name=graph.add("Pow", [x, graph.constant("exponent", 3.0)]))

    monkeypatch.setitem(OPERATORS, Cube, cube)
    check(network)


def test_a_network_without_statistics_is_refused_by_name() -> None:
    network = gn.Network([gn.Standardize(), gn.Dense(2)], input_shape=3)
    with pytest.raises(ValueError, match=r"standardize_1.mean holds NaN.*adapt"):
        to_onnx(network)


def test_numbers_that_float32_cannot_hold_are_refused() -> None:
    network = gn.Network([gn.Dense(2)], input_shape=3, dtype="float64")
    network.theta[0] = 1e300
    with pytest.raises(ValueError, match=r"dense_1.W holds .* infinite in float32"):
        to_onnx(network)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"layout": "nchw"}, "layout must be 'NHWC' or 'NCHW', got 'nchw'"),
        ({"raw_images": True}, r"raw_images is for networks that take images .* shape \(3,\)"),
        ({"layout": "NCHW"}, r"layout is for networks that take images"),
    ],
)
def test_what_a_network_cannot_take_is_refused(settings, words) -> None:
    with pytest.raises(ValueError, match=words):
        to_onnx(gn.Network([gn.Dense(2)], input_shape=3), **settings)


def test_a_missing_folder_is_told_and_nothing_is_written(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        to_onnx(small_cnn(), tmp_path / "nowhere" / "model.onnx")


def test_a_failed_export_leaves_what_was_there(tmp_path) -> None:
    (tmp_path / "model.onnx").write_text("mine")
    with pytest.raises(ValueError, match="cannot be exported"):
        to_onnx(gn.Network([Cube()], input_shape=3), tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_text() == "mine"
