"""Data that stays in files: the same numbers as in memory, and little memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import Dataset, Source, batches, read_image_folder, stream_image_folder
from glassnet.data.augmentation import RandomFlip
from glassnet.data.streaming import StreamedRows
from glassnet.training.resume import settings_of

N = 60


@pytest.fixture
def mapped(tmp_path):
    """Write an array to a file and map it."""

    def write(array: np.ndarray, name: str = "x.npy") -> np.memmap:
        np.save(tmp_path / name, array)
        return np.load(tmp_path / name, mmap_mode="r")

    return write


class Squares(Source):
    """Made when they are asked for; remembers what was."""

    def __init__(self, n: int = N) -> None:
        self.n, self.asked = n, []

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.n, 2)

    def read(self, rows: np.ndarray, out: np.ndarray) -> None:
        self.asked += rows.tolist()
        out[:, 0], out[:, 1] = rows, rows**2


def labels(n: int = N) -> np.ndarray:
    return np.arange(n) % 3


ARRAYS = {
    "bytes of images": np.random.default_rng(0).integers(0, 256, (N, 4, 3, 1)).astype(np.uint8),
    "bytes of features": np.random.default_rng(0).integers(0, 256, (N, 5)).astype(np.uint8),
    "float32": np.random.default_rng(0).random((N, 4, 3, 1)).astype(np.float32),
    "float64": np.random.default_rng(0).random((N, 5)),
    "int16": np.random.default_rng(0).integers(-9, 9, (N, 5)).astype(np.int16),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_an_array_in_a_file_gives_the_numbers_of_one_in_memory(mapped, kind) -> None:
    array = ARRAYS[kind]
    data = Dataset(mapped(array), labels(), name="toy")
    expected = Dataset(array, labels()).x
    assert expected.max() <= (1 if kind == "bytes of images" else 255)
    assert isinstance(data.x, StreamedRows)
    assert (len(data), data.input_shape, data.n_classes) == (N, array.shape[1:], 3)
    assert (data.x.shape, data.x.ndim, data.x.size) == (array.shape, array.ndim, array.size)
    mask = labels() == 1
    for key in (5, -1, slice(3, 20, 4), np.array([7, 7, 0, -1]), [2, 1], mask):
        got = data.x[key]
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, expected[key])
    np.testing.assert_array_equal(np.asarray(data.x), expected)
    np.testing.assert_array_equal(data.take(mask).x[:], expected[mask])
    assert repr(data) == repr(Dataset(expected, labels(), name="toy"))


def test_indices_of_another_form_are_refused(mapped) -> None:
    x = Dataset(mapped(ARRAYS["float32"]), labels()).x
    with pytest.raises(IndexError):
        x[N]
    with pytest.raises(IndexError, match="rows of shape"):
        x[np.zeros((2, 2), int)]
    with pytest.raises(ValueError, match="without a copy"):
        np.asarray(x, copy=False)


def test_taking_and_splitting_reads_nothing() -> None:
    source = Squares()
    rest, held = Dataset(source, labels()).split(0.25, seed=1)
    chosen = rest.take([4, 0, 2])
    assert source.asked == []
    rows = np.arange(N, dtype=np.float32)
    expected, _ = Dataset(np.column_stack([rows, rows**2]), labels()).split(0.25, seed=1)
    np.testing.assert_array_equal(rest.x[:], expected.x)
    np.testing.assert_array_equal(chosen.x[:], expected.x[[4, 0, 2]])
    assert len(held) == 15


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_number_that_is_none_is_found_in_any_block(mapped, bad, monkeypatch) -> None:
    monkeypatch.setattr("glassnet.data.streaming._BLOCK_BYTES", 200)
    array = ARRAYS["float32"].copy()
    array[N - 1, 0, 0, 0] = bad
    with pytest.raises(ValueError, match="x must be finite"):
        Dataset(mapped(array), labels())


def test_what_is_no_number_is_refused(mapped) -> None:
    with pytest.raises(TypeError, match="x must hold real numbers, got dtype complex128"):
        Dataset(mapped(np.ones((N, 2), complex)), labels())


def network(shape) -> gn.Network:
    layers = [gn.Standardize("channel"), gn.Flatten(), gn.Dense(6, "relu"), gn.Dense(3, "softmax")]
    return gn.Network(layers, input_shape=shape, seed=0)


def train(data: Dataset, engine: str = "numpy", **settings) -> tuple[gn.Network, gn.History]:
    net = network(data.input_shape)
    net.layers[0].adapt(data.x)
    settings = {"loss": "categorical_cross_entropy", "batch_size": 7} | settings
    trainer = gn.Trainer(net, engine=engine, **settings)
    return net, trainer.fit(data, epochs=2, validation=0.2)


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_training_from_a_file_gives_the_bits_of_training_from_memory(
    mapped, engine, monkeypatch
) -> None:
    if engine == "numba":
        pytest.importorskip("numba", reason="needs the extra fast")
    monkeypatch.setattr(batches, "_CHUNK_ROWS", 14)
    array = ARRAYS["bytes of images"]
    streamed, there = train(Dataset(mapped(array), labels()), engine)
    kept, here = train(Dataset(gn.scale_to_unit(array), labels()), engine)
    np.testing.assert_array_equal(streamed.theta, kept.theta)
    for key in ("loss", "accuracy", "validation_loss", "validation_accuracy"):
        assert there[-1][key] == here[-1][key]


def checksum(data: Dataset) -> str:
    trainer = gn.Trainer(network(data.input_shape), loss="categorical_cross_entropy")
    trainer.base_rate = 0.1
    return settings_of(trainer, data)["data_checksum"]


def test_the_checksum_is_that_of_the_data_in_memory(mapped, monkeypatch) -> None:
    monkeypatch.setattr("glassnet.data.streaming._BLOCK_BYTES", 200)
    array = ARRAYS["bytes of images"]
    kept = Dataset(gn.scale_to_unit(array), labels())
    streamed = Dataset(mapped(array), labels())
    assert checksum(streamed) == checksum(kept)
    changed = array.copy()
    changed[N // 2, 0, 0, 0] ^= 1
    assert checksum(Dataset(mapped(changed, "y.npy"), labels())) != checksum(streamed)
    assert checksum(streamed.take(np.arange(N)[::-1])) != checksum(streamed)


def test_a_source_that_breaks_is_told_from_the_training() -> None:
    class Broken(Squares):
        def read(self, rows: np.ndarray, out: np.ndarray) -> None:
            raise OSError("the disk is gone")

    net = gn.Network([gn.Dense(3, "softmax")], input_shape=2)
    trainer = gn.Trainer(net, loss="categorical_cross_entropy")
    with pytest.raises(OSError, match="the disk is gone"):
        trainer.fit(Dataset(Broken(), labels()), epochs=1)


def test_memory_stays_bounded(mapped, tmp_path) -> None:
    n = 20_000  # 61 MB in the file, 246 MB as float32
    file = np.lib.format.open_memmap(tmp_path / "big.npy", "w+", np.uint8, (n, 32, 32, 3))
    for start in range(0, n, 1000):
        file[start : start + 1000] = np.arange(start, start + 1000)[:, None, None, None] % 251
    del file
    tracemalloc.start()
    try:
        data = Dataset(np.load(tmp_path / "big.npy", mmap_mode="r"), labels(n))
        callbacks = [gn.Checkpoint(tmp_path / "checkpoint.npz")]
        train(
            data,
            augmentation=[RandomFlip()],
            callbacks=callbacks,
            batch_size=500,
            optimizer=gn.SGD(1e-4),
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 80e6, f"{peak / 1e6:.0f} MB"


# Folders of images


@pytest.fixture
def folder(tmp_path):
    """Two classes of six pictures, gray and coloured, of different sizes."""
    pillow = pytest.importorskip("PIL.Image", reason="needs the extra cli")
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(6):
            pixels = rng.integers(0, 256, (8 + i, 10, 3)[: 2 if i == 0 else 3]).astype(np.uint8)
            pillow.fromarray(pixels).save(tmp_path / "photos" / name / f"{i}.png")
    return tmp_path / "photos"


def test_a_folder_is_streamed_as_it_is_read(folder) -> None:
    streamed, read = (
        make(folder, size=(6, 5)) for make in (stream_image_folder, read_image_folder)
    )
    assert repr(streamed) == repr(read)
    assert streamed.class_names == ("cat", "dog")
    np.testing.assert_array_equal(streamed.y, read.y)
    np.testing.assert_array_equal(streamed.x[:], read.x)
    np.testing.assert_array_equal(streamed.x[[7, 2]], read.x[[7, 2]])


def test_a_folder_of_pictures_of_many_sizes_needs_one(folder) -> None:
    with pytest.raises(ValueError, match="give the size that all shall be resized to"):
        stream_image_folder(folder)


def test_a_streamed_folder_trains_a_network(folder) -> None:
    streamed, _ = train(stream_image_folder(folder, size=(6, 5)))
    kept, _ = train(read_image_folder(folder, size=(6, 5)))
    np.testing.assert_array_equal(streamed.theta, kept.theta)


def test_a_picture_that_is_broken_is_named_when_its_turn_comes(folder) -> None:
    file = folder / "dog" / "3.png"
    file.write_bytes(file.read_bytes()[:80])
    data = stream_image_folder(folder, size=(6, 5), color=True)
    net = gn.Network([gn.Flatten(), gn.Dense(2, "softmax")], input_shape=(6, 5, 3))
    with pytest.raises(ValueError, match=r"3\.png: the image is broken or cut short"):
        gn.Trainer(net, loss="categorical_cross_entropy").fit(data, epochs=1)


def test_a_picture_that_is_exchanged_changes_the_checksum(folder) -> None:
    data = stream_image_folder(folder, size=(6, 5))
    before = data.streamed.checksum(0)
    assert stream_image_folder(folder, size=(6, 5)).streamed.checksum(0) == before
    assert stream_image_folder(folder, size=(6, 4)).streamed.checksum(0) != before
    (folder / "dog" / "3.png").write_bytes((folder / "cat" / "2.png").read_bytes() + b" ")
    assert data.streamed.checksum(0) != before


def test_a_picture_that_is_taken_away_is_told(folder) -> None:
    data = stream_image_folder(folder, size=(6, 5), color=True)
    gone = sorted(folder.glob("*/*.png"))[0]
    gone.unlink()
    with pytest.raises(FileNotFoundError, match=rf"{gone.name} is gone: it was there"):
        data.x[:]
