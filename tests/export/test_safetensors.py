"""A network in a safetensors file comes back with the same bits, and no other file is taken."""

from __future__ import annotations

import json

import numpy as np
import pytest

import glassnet as gn
from glassnet.export import load_safetensors, save_safetensors

safetensors = pytest.importorskip("safetensors", reason="the extra export is not installed")
from safetensors.numpy import load_file, save_file  # noqa: E402


def network(**settings) -> gn.Network:
    standardize = gn.Standardize()
    layers = [
        standardize,
        gn.Residual([gn.Conv2D(2, 3, "prelu", padding="same"), gn.BatchNormalization()]),
        gn.Flatten(),
        gn.Dense(3, "softmax"),
    ]
    made = gn.Network(layers, input_shape=(4, 4, 2), seed=3, class_names="abc", **settings)
    standardize.adapt(np.random.default_rng(0).normal(size=(9, 4, 4, 2)))
    return made


@pytest.fixture
def file(tmp_path):
    save_safetensors(network(), tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_comes_back_with_the_same_bits(tmp_path, dtype) -> None:
    before = network(dtype=dtype)
    save_safetensors(before, tmp_path / "model.safetensors")
    after = load_safetensors(tmp_path / "model.safetensors")
    assert after.config() == before.config()
    assert before.numbers().keys() == after.numbers().keys()
    for name, array in before.numbers().items():
        assert after.numbers()[name].dtype == array.dtype
        assert after.numbers()[name].tobytes() == array.tobytes()


def test_statistics_that_are_not_there_yet_are_none_afterwards(tmp_path) -> None:
    before = gn.Network([gn.Standardize(), gn.Dense(2)], input_shape=3)
    save_safetensors(before, tmp_path / "model.safetensors")
    layer = load_safetensors(tmp_path / "model.safetensors").layers[0]
    assert isinstance(layer, gn.Standardize)
    assert not layer.adapted


def test_others_read_the_tensors_by_the_names_of_the_network(file) -> None:
    tensors, numbers = load_file(file), network().numbers()
    assert tensors.keys() == numbers.keys()
    np.testing.assert_array_equal(
        tensors["residual_1.conv2d_1.W"], numbers["residual_1.conv2d_1.W"]
    )


def test_the_same_network_gives_the_same_bytes(file, tmp_path) -> None:
    for i in range(5):
        save_safetensors(network(), tmp_path / f"{i}.safetensors")
        assert (tmp_path / f"{i}.safetensors").read_bytes() == file.read_bytes()


def test_a_failed_write_leaves_what_was_there(file, monkeypatch) -> None:
    before = file.read_bytes()

    def fail(*_) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="full"):
        save_safetensors(gn.Network([gn.Dense(1)], input_shape=1), file)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["model.safetensors"]


@pytest.mark.parametrize("part", [0.0, 0.01, 0.3, 0.7, 0.999])
def test_a_file_that_is_cut_short_is_told_by_name(file, part) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(part * len(content))])
    with pytest.raises(ValueError, match=r"model.safetensors is not a usable model.*damaged"):
        load_safetensors(file)


@pytest.mark.parametrize("content", [b"not this format at all", b"\xff" * 100, b"PK\x03\x04" * 9])
def test_a_file_of_another_format_is_told_by_name(file, content) -> None:
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"is not a usable model file.*no safetensors file"):
        load_safetensors(file)


def test_a_file_that_is_not_there_is_told(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_safetensors(tmp_path / "nowhere.safetensors")


def config_of(file) -> dict:
    with safetensors.safe_open(file, framework="numpy") as opened:
        return json.loads(opened.metadata()["glassnet.json"])


def rewrite(file, *, tensors=None, header=None) -> None:
    """Write the file again with other tensors or another configuration."""
    changed = {**load_file(file), **(tensors or {})}
    text = json.dumps({**config_of(file), **(header or {})})
    kept = {name: array for name, array in changed.items() if array is not None}
    save_file(kept, file, metadata={"glassnet.json": text})


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({"dense_1.W": None}, r"arrays missing: \['dense_1.W'\]"),
        ({"dense_9.W": np.ones(3)}, r"arrays unknown: \['dense_9.W'\]"),
        ({"dense_1.b": np.ones(4, np.float32)}, r"dense_1.b should be of shape \(3,\)"),
        ({"dense_1.b": np.ones(3, np.int32)}, r"dense_1.b should be .* floating.*int32"),
        (
            {"residual_1.batchnormalization_1.running_variance": np.array([1.0, -2.0])},
            r"running_variance holds -2, and numbers below 0 cannot be there",
        ),
        ({"standardize_1.deviation": np.zeros((4, 4, 2))}, r"standardize_1.deviation holds 0"),
    ],
)
def test_tensors_that_are_not_those_of_the_network_are_refused(file, tensors, words) -> None:
    rewrite(file, tensors=tensors)
    with pytest.raises(ValueError, match=words):
        load_safetensors(file)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"format": "another"}, "no glassnet configuration"),
        ({"network": 3}, "no glassnet configuration"),
        ({"version": 2}, "format version 2.*install a newer glassnet"),
        ({"network": {"layers": []}}, "input_shape"),
    ],
)
def test_a_configuration_that_is_none_is_refused(file, header, words) -> None:
    rewrite(file, header=header)
    with pytest.raises(ValueError, match=words):
        load_safetensors(file)


def test_an_unknown_layer_is_refused_by_name(file) -> None:
    config = config_of(file)["network"]
    config["layers"][3]["type"] = "Denze"
    rewrite(file, header={"network": config})
    with pytest.raises(ValueError, match="'Denze'; did you mean 'Dense'"):
        load_safetensors(file)


def test_a_network_too_large_for_its_file_is_refused_before_it_takes_memory(file) -> None:
    config = config_of(file)["network"]
    config["layers"][3]["units"] = 10**12
    rewrite(file, header={"network": config})
    with pytest.raises(ValueError, match=r"dense_1.W should be of shape"):
        load_safetensors(file)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"glassnet.json": "[" * 100_000}])
def test_a_file_of_somebody_else_is_refused(tmp_path, metadata) -> None:
    save_file({"weight": np.ones(3)}, tmp_path / "theirs.safetensors", metadata=metadata)
    with pytest.raises(ValueError, match=r"theirs.safetensors .* no glassnet configuration"):
        load_safetensors(tmp_path / "theirs.safetensors")


def test_numbers_of_another_precision_are_taken_or_refused(file, tmp_path) -> None:
    with safetensors.safe_open(file, framework="numpy") as opened:
        metadata = opened.metadata()
    doubled = {name: array.astype(np.float64) for name, array in load_file(file).items()}
    save_file(doubled, tmp_path / "double.safetensors", metadata=metadata)
    np.testing.assert_array_equal(
        load_safetensors(tmp_path / "double.safetensors").theta, network().theta
    )
    doubled["dense_1.b"] += 1e300
    save_file(doubled, tmp_path / "double.safetensors", metadata=metadata)
    with pytest.raises(ValueError, match=r"dense_1.b holds numbers that are too large for float32"):
        load_safetensors(tmp_path / "double.safetensors")


def test_numbers_that_numpy_has_not_are_refused(file) -> None:
    content = file.read_bytes()
    header, at = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")]), 0
    for name, array in load_file(file).items():
        places = [at, at := at + array.size]
        header[name] = {"dtype": "F8_E5M2", "shape": array.shape, "data_offsets": places}
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + bytes(at))
    with pytest.raises(ValueError, match="its numbers are of a kind that NumPy has not"):
        load_safetensors(file)
