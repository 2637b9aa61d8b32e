import gzip
from dataclasses import replace

import pytest

from glassnet.data import DATASETS, find_dataset, places
from glassnet.extras import MissingExtraError


def test_a_data_set_that_is_nowhere_is_not_found(tmp_path) -> None:
    assert find_dataset("mnist", data_dir=tmp_path / "missing") is None


@pytest.mark.parametrize("inside", ["", "mnist"])
def test_files_are_found_in_the_folder_and_in_its_subfolder(
    inside, mnist_files, put, tmp_path
) -> None:
    folder = put(tmp_path / "mine" / inside, mnist_files())
    assert find_dataset("mnist", data_dir=tmp_path / "mine") == folder


def test_unpacked_files_are_found(mnist_files, put, tmp_path) -> None:
    files = {
        name.removesuffix(".gz"): gzip.decompress(content)
        for name, content in mnist_files().items()
    }
    assert find_dataset("mnist", data_dir=put(tmp_path / "mine", files)) == tmp_path / "mine"


def test_the_environment_variable_names_a_folder(mnist_files, put, tmp_path, monkeypatch) -> None:
    folder = put(tmp_path / "mine", mnist_files())
    monkeypatch.setenv("GLASSNET_DATA", str(folder))
    assert find_dataset("mnist") == folder


def test_the_cache_directory_is_looked_at_last(
    mnist_files, put, tmp_path, isolated, monkeypatch
) -> None:
    pytest.importorskip("platformdirs")
    expected = [tmp_path / "given", tmp_path / "variable", isolated / "mnist"]
    for folder in expected:
        put(folder, mnist_files())
    monkeypatch.setenv("GLASSNET_DATA", str(tmp_path / "variable"))
    for folder in expected:
        assert find_dataset("mnist", data_dir=tmp_path / "given") == folder
        for file in folder.iterdir():
            file.unlink()
    assert find_dataset("mnist", data_dir=tmp_path / "given") is None


def test_an_incomplete_folder_is_passed_over(mnist_files, put, tmp_path) -> None:
    files = mnist_files()
    files.popitem()
    assert find_dataset("mnist", data_dir=put(tmp_path / "mine", files)) is None


def test_a_home_directory_may_be_written_short(mnist_files, put, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert find_dataset("mnist", data_dir="~/mine") is None
    put(tmp_path / "mine", mnist_files())
    assert find_dataset("mnist", data_dir="~/mine") == tmp_path / "mine"


@pytest.mark.parametrize(
    "place", ["", "cifar-10-batches-bin", "cifar10", "cifar10/cifar-10-batches-bin"]
)
def test_an_unpacked_cifar_is_found(place, put, tmp_path) -> None:
    folder = put(tmp_path / "mine" / place, {"test_batch.bin": b""})
    assert find_dataset("cifar10", data_dir=tmp_path / "mine") == folder


@pytest.mark.parametrize("name", ["cifar-10-binary.tar.gz", "cifar10/cifar-10-binary.tar.gz"])
def test_an_archive_of_cifar_is_found(name, put, tmp_path) -> None:
    archive = tmp_path / "mine" / name
    put(archive.parent, {archive.name: b""})
    assert find_dataset("cifar10", data_dir=tmp_path / "mine") == archive


def test_the_digits_are_where_scikit_learn_is() -> None:
    pytest.importorskip("sklearn")
    place = find_dataset("digits")
    assert place is not None
    assert place.name == "sklearn"


def test_the_digits_are_not_found_without_scikit_learn(monkeypatch) -> None:
    monkeypatch.setattr(places.importlib.util, "find_spec", lambda name: None)
    assert find_dataset("digits") is None


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ValueError, match=r"unknown data set 'mnits'; did you mean 'mnist'"):
        find_dataset("mnits")


@pytest.mark.parametrize("digest", ["md5", "unpacked_md5"])
def test_the_labels_of_mnist_are_not_taken_for_those_of_fashion_mnist(
    digest, mine, remote, monkeypatch
) -> None:
    assert find_dataset("fashion-mnist", data_dir=mine) == mine
    known = []
    for path in mine.iterdir():
        content = path.read_bytes()
        if digest == "unpacked_md5":
            content = gzip.decompress(content)
        published = replace(remote(path.name, content), md5="0" * 32)
        known.append(replace(published, **{digest: remote(path.name, content).md5}))
    monkeypatch.setitem(DATASETS, "mnist", replace(DATASETS["mnist"], files=tuple(known)))
    assert find_dataset("fashion-mnist", data_dir=mine) is None
    assert find_dataset("mnist", data_dir=mine) == mine


@pytest.mark.parametrize(
    "labels", [gzip.compress(b"")[:12], bytes(2**20 + 1)], ids=["cut off", "too large"]
)
def test_labels_that_can_not_be_known_are_left_to_the_reader(
    labels, mnist_files, put, tmp_path
) -> None:
    files = dict.fromkeys(mnist_files(), labels)
    assert find_dataset("mnist", data_dir=put(tmp_path / "mine", files)) == tmp_path / "mine"


def test_without_platformdirs_there_is_no_cache_to_look_at(
    mnist_files, put, tmp_path, monkeypatch
) -> None:
    def missing(module: str, extra: str) -> None:
        raise MissingExtraError(f"{module} is not installed")

    monkeypatch.setattr(places, "require", missing)
    assert find_dataset("mnist") is None
    put(tmp_path / "mine", mnist_files())
    assert find_dataset("mnist", data_dir=tmp_path / "mine") == tmp_path / "mine"
