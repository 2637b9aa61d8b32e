from __future__ import annotations

import io
import json
import pickle
import random
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn import model_file

CONFIG = "glassnet.json"


def build(dtype: str = "float32") -> gn.Network:
    standardize = gn.Standardize()
    layers = [standardize, gn.Dense(3, gn.PReLU(0.1, shared=False)), gn.Dense(2, "softmax")]
    network = gn.Network(layers, input_shape=4, seed=1, dtype=dtype, class_names=["cat", "dög"])
    standardize.adapt(np.random.default_rng(0).normal(3.0, 2.0, (20, 4)))
    return network


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "model.npz"
    build().save(path)
    return path


def contents(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as archive:
        return dict(archive)


def rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change header and arrays of a model file: ``{"header": ..., "arrays": ...}``."""
    arrays = contents(path)
    model = {"header": json.loads(str(arrays.pop(CONFIG)[()])), "arrays": arrays}
    change(model)
    header = json.dumps(model["header"])
    np.savez(path, allow_pickle=False, **{CONFIG: np.array(header)}, **model["arrays"])


def rewrite_network(path: Path, **keys: object) -> None:
    rewrite(path, lambda model: model["header"]["network"].update(keys))


# Round trip


def test_a_layer_without_biases_comes_back_without_them(tmp_path: Path) -> None:
    network = gn.Network([gn.Dense(3, use_bias=False), gn.Dense(2)], input_shape=4)
    network.save(tmp_path / "model.npz")
    assert {*contents(tmp_path / "model.npz")} == {CONFIG, "dense_1.W", "dense_2.W", "dense_2.b"}
    loaded = gn.Network.load(tmp_path / "model.npz")
    assert loaded.theta.tobytes() == network.theta.tobytes()
    assert repr(loaded.layers[0]) == "Dense(3, use_bias=False)"
    assert loaded.summary() == network.summary()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_comes_back_bit_for_bit(tmp_path: Path, dtype: str) -> None:
    network = build(dtype)
    network.theta[:4] = [np.nan, -0.0, np.inf, 1e-40]
    network.save(tmp_path / "model.npz")
    loaded = gn.Network.load(tmp_path / "model.npz")
    assert loaded.theta.tobytes() == network.theta.tobytes()
    assert loaded.theta.dtype == network.theta.dtype
    assert loaded.config() == network.config()
    for (_, before), (_, after) in zip(network.named_state(), loaded.named_state(), strict=True):
        assert after.tobytes() == before.tobytes()


def test_a_loaded_network_predicts_the_same_and_goes_on_learning(path: Path) -> None:
    network, loaded = build(), gn.Network.load(path)
    x, y = np.random.default_rng(2).normal(size=(5, 4)), np.array([0, 1, 1, 0, 1])
    np.testing.assert_array_equal(loaded.predict(x), network.predict(x))
    loss = gn.CategoricalCrossEntropy()
    np.testing.assert_array_equal(loaded.gradient(x, y, loss), network.gradient(x, y, loss))
    before = loaded.predict(x)
    loaded.theta -= loaded.grad
    assert (loaded.predict(x) != before).any()


def test_the_same_network_gives_the_same_bytes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 2e9)
    build().save(path.with_name("later.npz"))
    assert path.with_name("later.npz").read_bytes() == path.read_bytes()
    again = path.with_name("again.npz")
    gn.Network.load(path).save(again)
    assert again.read_bytes() == path.read_bytes()


def test_numpy_alone_can_read_the_arrays(path: Path) -> None:
    arrays = contents(path)
    expected = {name for name, _ in build().named_parameters()}
    assert set(arrays) == {CONFIG, "standardize_1.mean", "standardize_1.deviation", *expected}
    np.testing.assert_array_equal(arrays["dense_1.W"], build().layers[1].W.value)  # type: ignore[attr-defined]


def test_arrays_of_another_float_type_byte_order_or_layout_are_taken(path: Path) -> None:
    def change(model: dict[str, Any]) -> None:
        W = model["arrays"]["dense_1.W"]
        model["arrays"]["dense_1.W"] = np.asfortranarray(W.astype(">f8"))

    rewrite(path, change)
    np.testing.assert_array_equal(gn.Network.load(path).theta, build().theta)


# Atomic


def test_a_failed_save_leaves_the_old_file_and_nothing_else(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = path.read_bytes()

    def full_disk(file: io.BufferedIOBase, **_: object) -> None:
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="No space left"):
        build("float64").save(path)
    assert path.read_bytes() == old
    assert list(path.parent.iterdir()) == [path]


def test_a_save_into_a_folder_that_is_missing_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        build().save(tmp_path / "missing" / "model.npz")


# What is no model file


def test_a_missing_file_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        gn.Network.load(tmp_path / "none.npz")


def test_a_folder_is_no_model_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"):
        gn.Network.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", b"\x93NUMPY", bytes(1000)])
def test_what_is_no_zip_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.npz is not an \.npz file, or is damaged"):
        gn.Network.load(path)


def test_an_npz_without_a_configuration_is_refused_by_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", x=np.zeros(3))
    with pytest.raises(ValueError, match=r"data\.npz is not .*: it has no glassnet configuration"):
        gn.Network.load(tmp_path / "data.npz")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "{",
        "[]",
        "3",
        "{}",
        '{"format": "glassnet model"}',
        '{"format": "glassnet model", "version": 1}',
        '{"format": "other", "version": 1, "network": {}}',
        '{"format": "glassnet model", "version": "one", "network": {}}',
        '{"format": "glassnet model", "version": Infinity, "network": {}}',
        '{"format": "glassnet model", "version": 1, "network": 5}',
        "[" * 100_000,
    ],
)
def test_a_header_that_makes_no_sense_is_refused(tmp_path: Path, header: str) -> None:
    np.savez(tmp_path / "model.npz", **{CONFIG: np.array(header)})
    with pytest.raises(ValueError, match="it has no glassnet configuration"):
        gn.Network.load(tmp_path / "model.npz")


def test_a_header_that_is_no_scalar_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "model.npz", **{CONFIG: np.array(["{}", "{}"])})
    with pytest.raises(ValueError, match="it has no glassnet configuration"):
        gn.Network.load(tmp_path / "model.npz")


def test_a_newer_format_asks_for_a_newer_glassnet(path: Path) -> None:
    newer = model_file.VERSION + 1
    rewrite(path, lambda model: model["header"].update(version=newer))
    with pytest.raises(ValueError, match=f"format version {newer}, .* install a newer glassnet"):
        gn.Network.load(path)


# Damage


def test_a_file_cut_off_anywhere_is_refused(path: Path) -> None:
    whole = path.read_bytes()
    cut = path.with_name("cut.npz")
    for length in [*range(0, len(whole), 97), len(whole) - 1]:
        cut.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"cut\.npz"):
            gn.Network.load(cut)


def test_a_file_with_wrong_bytes_is_refused_or_its_numbers_are_right(path: Path) -> None:
    whole, theta = path.read_bytes(), build().theta
    damaged, rng, refused = path.with_name("damaged.npz"), random.Random(0), 0
    for _ in range(600):
        content = bytearray(whole)
        for _ in range(rng.choice([1, 2, 5])):
            content[rng.randrange(len(content))] = rng.randrange(256)
        damaged.write_bytes(content)
        try:
            loaded = gn.Network.load(damaged)
        except ValueError:
            refused += 1
        else:
            np.testing.assert_array_equal(loaded.theta, theta)
    assert refused > 300


# Malice


class Bomb:
    """Writes a file the moment that it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))


def test_a_pickle_is_refused_and_not_executed(path: Path) -> None:
    trace = path.with_name("executed")
    path.write_bytes(pickle.dumps(Bomb(trace)))
    with pytest.raises(ValueError, match=r"is not an .npz file"):
        gn.Network.load(path)
    assert not trace.exists()


@pytest.mark.parametrize("name", ["dense_1.W", "extra", CONFIG])
def test_a_pickle_inside_is_refused_and_not_executed(path: Path, name: str) -> None:
    trace = path.with_name("executed")
    arrays = contents(path) | {name: np.array([Bomb(trace)], object)}
    np.savez(path, allow_pickle=True, **arrays)
    with pytest.raises(ValueError, match=r"holds pickled objects, .* never loaded"):
        gn.Network.load(path)
    assert not trace.exists()


def peak_of_refusal(path: Path, message: str) -> int:
    """Bytes that Python and NumPy took at most while the file was refused."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message):
            gn.Network.load(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_zip_bomb_is_refused_without_taking_memory(path: Path) -> None:
    np.savez_compressed(path, **contents(path), bomb=np.zeros(10**8, np.uint8))
    assert path.stat().st_size < 10**6
    assert peak_of_refusal(path, "is compressed by a method") < 10**6


def test_a_member_that_claims_to_be_huge_is_refused_without_taking_memory(path: Path) -> None:
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 20 : directory + 28] = (10**9).to_bytes(4, "little") * 2
    path.write_bytes(content)
    assert peak_of_refusal(path, r"claims 1,000,.* bytes, the limit is") < 10**6


@pytest.mark.parametrize("shape", [(10**12,), (10**6, 10**6), (-1,), (5,)])
def test_an_array_that_promises_other_than_it_holds_is_refused_without_taking_memory(
    path: Path, shape: tuple[int, ...]
) -> None:
    array = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(array, header)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("extra.npy", array.getvalue())
    assert peak_of_refusal(path, "extra.npy promises shape .* and holds 0") < 10**6


def test_an_unknown_version_of_the_array_format_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("extra.npy", b"\x93NUMPY\x09\x00" + bytes(200))
    with pytest.raises(ValueError, match=r"extra.npy has no valid header: version \(9, 0\)"):
        gn.Network.load(path)


LAYERS = {
    "huge Dense": [{"type": "Dense", "units": 10**12}],
    "huger Dense": [{"type": "Dense", "units": 10**30}],
    "huge Dense, then Standardize": [
        {"type": "Dense", "units": 10**12},
        {"type": "Standardize"},
        {"type": "Dense", "units": 2},
    ],
}


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_a_configuration_with_huge_layers_is_refused_without_taking_memory(
    path: Path, layers: list[dict[str, object]]
) -> None:
    rewrite_network(path, layers=layers)
    assert peak_of_refusal(path, r"model\.npz is not a usable model file: arrays missing") < 10**6


@pytest.mark.parametrize("size", [10**9, 10**12, 10**30])
def test_a_configuration_with_a_huge_input_is_refused_without_taking_memory(
    path: Path, size: int
) -> None:
    rewrite_network(path, input_shape=[size])
    assert peak_of_refusal(path, r"model\.npz is not a usable model file") < 10**6


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"layers": [{"type": "Dens", "units": 3}]}, "unknown layer 'Dens'"),
        (
            {"layers": [{"type": "Dense", "units": 3, "evil": 1}]},
            "unknown argument of Dense 'evil'",
        ),
        ({"layers": [{"type": "Dense", "units": 1e12}]}, "units must be a whole number"),
        ({"layers": [{"type": "LeakyReLU", "slope": 10**400}]}, "slope must be a finite number"),
        ({"layers": [{"type": ["Dense"], "units": 3}]}, "unknown layer"),
        ({"layers": []}, "at least one layer"),
        ({"layers": 5}, "not iterable"),
        ({"evil": 1}, "unknown network key 'evil'"),
        ({"dtype": "object"}, "dtype must be"),
        ({"dtype": "0)f4"}, "dtype must be"),
        ({"input_shape": [0]}, "input_shape must be"),
        ({"input_shape": "4"}, "input_shape must be"),
        ({"class_names": None}, "not iterable"),
    ],
)
def test_a_wrong_configuration_is_refused_with_the_name_of_the_file(
    path: Path, keys: dict[str, object], message: str
) -> None:
    rewrite_network(path, **keys)
    with pytest.raises(ValueError, match=message) as caught:
        gn.Network.load(path)
    assert str(caught.value).startswith(f"{path} is not a usable model file: ")


def test_a_configuration_without_a_key_is_refused(path: Path) -> None:
    rewrite(path, lambda model: model["header"]["network"].pop("layers"))
    with pytest.raises(ValueError, match="not a usable model file: 'layers'"):
        gn.Network.load(path)


def test_a_configuration_without_end_is_refused(path: Path) -> None:
    layer: dict[str, object] = {"type": "Dense", "units": 3}
    for _ in range(300):
        layer = {"type": "Dense", "units": 3, "activation": layer}
    rewrite_network(path, layers=[layer])
    with pytest.raises(ValueError, match="not a usable model file"):
        gn.Network.load(path)


def test_missing_and_unknown_arrays_are_named(path: Path) -> None:
    def change(model: dict[str, Any]) -> None:
        model["arrays"]["dense_9.W"] = model["arrays"].pop("dense_2.W")

    rewrite(path, change)
    with pytest.raises(
        ValueError, match=r"arrays missing: \['dense_2.W'\]; arrays unknown: \['dense_9.W'\]"
    ):
        gn.Network.load(path)


@pytest.mark.parametrize(
    "array", [np.zeros((3, 4)), np.zeros(()), np.zeros((4, 3), int), np.zeros((4, 3), complex)]
)
def test_an_array_of_another_shape_or_kind_is_named(path: Path, array: np.ndarray) -> None:
    rewrite(path, lambda model: model["arrays"].update({"dense_1.W": array}))
    with pytest.raises(
        ValueError, match=r"array dense_1\.W should be of shape \(4, 3\) and floating"
    ):
        gn.Network.load(path)


AUDIT = """
import sys
import glassnet as gn
gn.Network.load(sys.argv[1])  # zipfile's codec and the like are there from now on
seen = []
sys.addaudithook(lambda event, arguments: seen.append((event, str(arguments[:1]))))
gn.Network.load(sys.argv[1])
for event, what in list(seen):
    if event in ("open", "exec", "import", "pickle.find_class", "subprocess.Popen", "os.system"):
        print(event, what)
"""


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        (
            "residual_1.batchnormalization_1.running_variance",
            -0.25,
            "-0.25, and numbers below 0 cannot",
        ),
        (
            "residual_1.batchnormalization_1.running_variance",
            -np.inf,
            "-inf, and numbers below 0 cannot",
        ),
        ("standardize_1.deviation", 0.0, "0, and numbers below 2.22507e-308 cannot"),
        ("standardize_1.deviation", -1.0, "-1, and numbers below 2.2"),
    ],
)
def test_statistics_that_cannot_be_are_named(
    tmp_path: Path, name: str, wrong: float, message: str
) -> None:
    path = tmp_path / "model.npz"
    layers = [gn.Standardize(), gn.Residual([gn.Dense(4), gn.BatchNormalization()])]
    gn.Network(layers, input_shape=4).save(path)
    rewrite(path, lambda model: model["arrays"][name].__setitem__(slice(1), wrong))
    with pytest.raises(ValueError, match=r"model\.npz is not a usable model file") as error:
        gn.Network.load(path)
    assert f"array {name} holds {message}" in str(error.value)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_variance_of_0_and_statistics_that_are_not_there_yet_are_taken(
    tmp_path: Path, value: float
) -> None:
    network = gn.Network([gn.Standardize(), gn.BatchNormalization()], input_shape=4)
    network.layers[1].running_variance[1] = value
    network.save(tmp_path / "model.npz")
    loaded = gn.Network.load(tmp_path / "model.npz")
    assert np.isnan(loaded.layers[0].mean).all()
    np.testing.assert_array_equal(loaded.layers[1].running_variance, [1.0, value, 1.0, 1.0])


def test_loading_executes_nothing_and_opens_the_file_alone(path: Path) -> None:
    command = [sys.executable, "-c", AUDIT, str(path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert shown.stdout == f"open ({str(path)!r},)\n"
