"""``glassnet export``: the files, what is said about them, and mistakes."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn

onnxruntime = pytest.importorskip("onnxruntime", reason="the extra export is not installed")
pytest.importorskip("onnx", reason="the extra export is not installed")


@pytest.fixture
def saved(workplace) -> gn.Network:
    """A network in ``model.npz``."""
    layers = [gn.Conv2D(4, 3, "relu"), gn.Flatten(), gn.Dense(3, "softmax")]
    network = gn.Network(layers, input_shape=(6, 5, 3), class_names=["a", "b", "c"])
    network.save("model.npz")
    return network


def test_a_run_becomes_an_onnx_file_with_the_same_outputs(glassnet, digits_run, workplace) -> None:
    done = glassnet("export", digits_run, "--to", "digits.onnx")
    assert (done.code, done.err) == (0, "")
    size = (workplace / "digits.onnx").stat().st_size
    assert f"digits.onnx  {size:,} bytes, " in done.out
    assert "takes  input, float32, shape (batch, 8, 8, 1)" in done.out
    assert "gives  output, float32, shape (batch, 10)" in done.out
    x = np.random.default_rng(0).random((3, 8, 8, 1), np.float32)
    names = {"x": x}
    said = [line.strip() for line in done.out.splitlines() if line.startswith("  ")]
    exec("\n".join(said), names)  # what it tells to do can be done
    expected = gn.Network.load(digits_run / "model.npz").predict(x)
    np.testing.assert_allclose(names["outputs"], expected, rtol=1e-5, atol=1e-7)


def test_raw_images_and_the_layout_are_part_of_the_file(glassnet, saved) -> None:
    done = glassnet("export", "model.npz", "--to", "m.onnx", "--raw-images", "--layout", "nchw")
    assert done.code == 0
    assert "takes  input, uint8, shape (batch, 3, 6, 5): bytes, 0 to 255" in done.out
    images = np.random.default_rng(0).integers(0, 256, (2, 6, 5, 3), dtype=np.uint8)
    session = onnxruntime.InferenceSession("m.onnx")
    found = session.run(None, {"input": images.transpose(0, 3, 1, 2)})[0]
    np.testing.assert_allclose(found, saved.predict(gn.scale_to_unit(images)), rtol=1e-5)


def test_a_safetensors_file_comes_back(glassnet, saved) -> None:
    pytest.importorskip("safetensors")
    done = glassnet("export", "model.npz", "--to", "model.safetensors")
    assert done.code == 0
    assert "bytes, 4 tensors" in done.out
    names: dict = {}
    exec("\n".join(s.strip() for s in done.out.splitlines() if s.startswith("  ")), names)
    assert (names["network"].theta == saved.theta).all()
    told = glassnet("summary", "model.safetensors")
    assert told.code == 0, told.err
    assert told.out == glassnet("summary", "model.npz").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["model.npz"], "--to"),
        (["model.npz", "--to", "model.pb"], "ends in .onnx or .safetensors, got model.pb"),
        (["model.npz", "--to", "m.onnx", "--layout", "hwc"], "--layout is nhwc or nchw, got 'hwc'"),
        (["model.npz", "--to", "m.safetensors", "--raw-images"], "are for .onnx"),
        (["nowhere.npz", "--to", "m.onnx"], "nowhere.npz is not a model"),
        (["model.npz", "--to", "nowhere/m.onnx"], "there is no folder nowhere"),
        (["vector.npz", "--to", "m.onnx", "--raw-images"], "networks that take images"),
    ],
)
def test_a_mistake_is_told_and_leaves_nothing(glassnet, saved, workplace, arguments, words) -> None:
    gn.Network([gn.Dense(2)], input_shape=3).save("vector.npz")
    done = glassnet("export", *arguments)
    assert done.code == 2
    assert words in done.err
    assert sorted(path.name for path in workplace.iterdir()) == ["model.npz", "vector.npz"]
