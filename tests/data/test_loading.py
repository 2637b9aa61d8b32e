import hashlib

import numpy as np
import pytest

pytest.importorskip("PIL", reason="needs the extra cli")
pytest.importorskip("pooch", reason="needs the extra cli")

from PIL import Image

from glassnet.data import DownloadError, download, load_dataset, loading
from glassnet.extras import MissingExtraError


def test_the_digits_are_always_split_alike() -> None:
    pytest.importorskip("sklearn")
    train, test = load_dataset("digits")
    assert train.x.shape == (1438, 8, 8, 1)
    assert test.x.shape == (359, 8, 8, 1)
    assert train.x.dtype == np.float32
    assert (train.x.min(), train.x.max()) == (0, 1)
    assert set(np.bincount(test.y)) <= {35, 36, 37}
    # The same examples in every version: results stay comparable.
    digest = hashlib.sha256(np.uint8(test.x * 16).tobytes()).hexdigest()
    assert digest == "3b3b55d4f104c7cf3abbeb16e89de00d80bb846afd83758bbeb8601f57c94f51"


def test_the_digits_are_those_that_scikit_learn_loads(monkeypatch) -> None:
    pytest.importorskip("sklearn")
    read = load_dataset("digits")
    monkeypatch.setattr(loading, "DIGITS_FILE", "elsewhere.csv.gz")
    for ours, theirs in zip(read, load_dataset("digits"), strict=True):
        assert (ours.x.dtype, ours.y.dtype) == (theirs.x.dtype, theirs.y.dtype)
        np.testing.assert_array_equal(ours.x, theirs.x)
        np.testing.assert_array_equal(ours.y, theirs.y)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_images_and_labels_of_ones_own_are_read(name, mine) -> None:
    train, test = load_dataset(name, data_dir=mine)
    assert train.x.shape == (20, 4, 4, 1)
    assert test.x.shape == (10, 4, 4, 1)
    assert test.y.tolist() == list(range(10))
    assert train.name == name
    assert train.class_names[9] == {"mnist": "9", "fashion-mnist": "Ankle boot"}[name]
    assert 0.9 < train.x.max() <= 1


def test_cifar_is_read_from_its_archive(cifar_batch, tar_bytes, put, tmp_path) -> None:
    batches = {"data_batch_1.bin": cifar_batch(3), "test_batch.bin": cifar_batch(2)}
    archive = tar_bytes({f"cifar-10-batches-bin/{name}": data for name, data in batches.items()})
    put(tmp_path / "mine", {"cifar-10-binary.tar.gz": archive})
    train, test = load_dataset("cifar10", data_dir=tmp_path / "mine")
    assert (len(train), len(test)) == (3, 2)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((2, 16), np.uint8), [0, 1], r"images-idx3-ubyte.gz: expected images.*\(2, 16\)"),
        (np.zeros((2, 4, 4), np.int16), [0, 1], r"expected images.* of int16"),
        (np.zeros((2, 4, 4), np.uint8), [0, 1, 2], "t10k-labels-idx1-ubyte.gz: x and y differ"),
        (np.zeros((2, 4, 4), np.uint8), [0, 10], "labels-idx1-ubyte.gz: labels must lie in 0..9"),
    ],
)
def test_files_that_do_not_hold_what_their_names_say_are_refused(
    images, labels, message, mine, idx_bytes
) -> None:
    (mine / "t10k-images-idx3-ubyte.gz").write_bytes(idx_bytes(images))
    (mine / "t10k-labels-idx1-ubyte.gz").write_bytes(idx_bytes(np.array(labels, np.uint8)))
    with pytest.raises(ValueError, match=message):
        load_dataset("mnist", data_dir=mine)


def test_what_is_nowhere_is_downloaded_once(tiny_mnist, server, tmp_path) -> None:
    for _ in range(2):
        train, _ = load_dataset("mnist", data_dir=tmp_path / "empty")
        assert len(train) == 20
    assert len(server.seen) == 4


@pytest.mark.usefixtures("tiny_mnist")
def test_when_all_fails_everything_that_was_tried_is_said(
    server, closed_url, tmp_path, isolated, monkeypatch
) -> None:
    monkeypatch.setenv("GLASSNET_DATA", str(tmp_path / "variable"))
    mirrors = [server.mirror("empty", {}), closed_url]
    with pytest.raises(DownloadError) as error:
        load_dataset("mnist", data_dir=tmp_path / "given", mirrors=mirrors)
    message = str(error.value)
    for folder in (tmp_path / "given", tmp_path / "variable", isolated):
        assert f"{folder / 'mnist'}, {folder}" in message
    assert f"{mirrors[0]}train-images-idx3-ubyte.gz: the server answers 404" in message
    assert f"{closed_url}train-images-idx3-ubyte.gz: no connection" in message
    assert "Put train-images-idx3-ubyte.gz, " in message
    assert "--data-dir or the environment variable GLASSNET_DATA" in message


def test_without_pooch_the_message_has_the_extra_and_the_folder(
    tiny_mnist, tmp_path, monkeypatch
) -> None:
    def missing(module: str, extra: str) -> None:
        raise MissingExtraError(f"{module} is not installed; pip install 'glassnet[{extra}]'")

    monkeypatch.setattr(download, "require", missing)
    with pytest.raises(MissingExtraError) as error:
        load_dataset("mnist", data_dir=tmp_path / "given")
    assert "glassnet[cli]" in str(error.value)
    assert str(tmp_path / "given") in str(error.value)


def test_a_table_is_split(tmp_path) -> None:
    path = tmp_path / "Table.CSV"
    path.write_text("".join(f"{i},{'ab'[i % 2]}\n" for i in range(20)))
    train, test = load_dataset(path)
    assert (len(train), len(test)) == (16, 4)
    assert np.bincount(test.y).tolist() == [2, 2]


def test_arrays_are_split(tmp_path) -> None:
    np.savez(tmp_path / "a.npz", x=np.eye(10), y=np.arange(10) % 2)
    train, test = load_dataset(str(tmp_path / "a.npz"))
    assert (len(train), len(test)) == (8, 2)


def test_arrays_with_their_own_parts_are_not_split(tmp_path) -> None:
    x, y = np.eye(4), [0, 1, 0, 1]
    np.savez(tmp_path / "a.npz", x_train=x, y_train=y, x_test=x[:1], y_test=y[:1])
    train, test = load_dataset(tmp_path / "a.npz")
    assert (len(train), len(test)) == (4, 1)


def test_parts_of_different_shapes_are_refused(tmp_path) -> None:
    y = [0, 1, 0, 1]
    np.savez(tmp_path / "a.npz", x_train=np.eye(4), y_train=y, x_test=np.ones((4, 5)), y_test=y)
    with pytest.raises(ValueError, match=r"a.npz: .* same input_shape, got \(4,\) and \(5,\)"):
        load_dataset(tmp_path / "a.npz")


def save_images(folder, *, n: int, mode: str = "L", classes=("a", "b")) -> None:
    for name in classes:
        (folder / name).mkdir(parents=True)
        for i in range(n):
            Image.new(mode, (2, 2)).save(folder / name / f"{i}.png")


def test_a_folder_of_images_is_split(tmp_path) -> None:
    save_images(tmp_path / "photos", n=5)
    train, test = load_dataset(tmp_path / "photos")
    assert (len(train), len(test)) == (8, 2)


def test_a_folder_with_its_own_parts_is_not_split(tmp_path) -> None:
    save_images(tmp_path / "photos" / "train", n=3, mode="RGB")
    save_images(tmp_path / "photos" / "test", n=1)
    train, test = load_dataset(tmp_path / "photos")
    assert (len(train), len(test)) == (6, 2)
    assert test.input_shape == train.input_shape == (2, 2, 3)


def test_parts_with_different_classes_are_refused(tmp_path) -> None:
    save_images(tmp_path / "photos" / "train", n=1)
    save_images(tmp_path / "photos" / "test", n=1, classes=("a", "c"))
    with pytest.raises(ValueError, match=r"the same class_names"):
        load_dataset(tmp_path / "photos")


def test_a_file_of_another_kind_is_refused(tmp_path) -> None:
    (tmp_path / "a.txt").touch()
    with pytest.raises(ValueError, match=r"a.txt: expected a .csv file"):
        load_dataset(tmp_path / "a.txt")


@pytest.mark.parametrize("suffix", ["csv", "npz"])
def test_a_file_that_is_missing_is_said_to_be(suffix, tmp_path) -> None:
    with pytest.raises(FileNotFoundError):
        load_dataset(tmp_path / f"a.{suffix}")


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ValueError, match=r"unknown data set 'minst'; did you mean 'mnist'.*path"):
        load_dataset("minst")


def test_the_real_mnist_is_read(real_data) -> None:
    train, test = load_dataset("mnist")
    assert train.x.shape == (60_000, 28, 28, 1)
    assert test.x.shape == (10_000, 28, 28, 1)
    assert train.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert np.bincount(test.y)[1] == 1135
    assert abs(train.x.mean() - 0.1307) < 1e-4


def test_the_real_cifar_is_read(real_data) -> None:
    train, test = load_dataset("cifar10")
    assert train.x.shape == (50_000, 32, 32, 3)
    assert np.bincount(train.y).tolist() == [5000] * 10
    assert np.bincount(test.y).tolist() == [1000] * 10
    mean = train.x.mean(axis=(0, 1, 2), dtype=np.float64)
    np.testing.assert_allclose(mean, [0.4914, 0.4822, 0.4465], atol=1e-4)
