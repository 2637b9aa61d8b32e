import pytest

pytest.importorskip("pooch", reason="needs the extra cli")
pytest.importorskip("sklearn", reason="needs the extra sklearn")

from glassnet.data import DownloadError, fetch_dataset, fetching
from glassnet.extras import MissingExtraError


def test_a_data_set_is_fetched_into_the_cache(tiny_mnist, isolated) -> None:
    assert fetch_dataset("mnist") == isolated / "mnist"
    assert {path.name for path in (isolated / "mnist").iterdir()} == {
        file.name for file in tiny_mnist.files
    }


def test_a_folder_of_ones_own_gets_a_subfolder(tiny_mnist, isolated, tmp_path) -> None:
    assert fetch_dataset("mnist", data_dir=tmp_path / "mine") == tmp_path / "mine" / "mnist"
    assert not isolated.exists()


def test_files_in_a_folder_of_ones_own_are_not_replaced(
    tiny_mnist, server, mnist_files, put, tmp_path
) -> None:
    folder = put(tmp_path / "mine", mnist_files(seed=1))
    assert fetch_dataset("mnist", data_dir=folder) == folder
    assert server.seen == []


def test_an_archive_in_a_folder_of_ones_own_stays(put, tmp_path) -> None:
    folder = put(tmp_path / "mine", {"cifar-10-binary.tar.gz": b""})
    assert fetch_dataset("cifar10", data_dir=folder) == folder


def test_a_broken_file_in_the_cache_is_fetched_again(tiny_mnist, server, isolated, put) -> None:
    folder = fetch_dataset("mnist")
    server.seen.clear()
    name = tiny_mnist.files[2].name
    put(folder, {name: b"broken"})
    fetch_dataset("mnist")
    assert server.seen == [(f"/mnist/{name}", None)]


def test_other_mirrors_can_be_named(tiny_mnist, server, mnist_files) -> None:
    fetch_dataset("mnist", mirrors=[server.mirror("other", mnist_files())])
    assert {path.split("/")[1] for path, _ in server.seen} == {"other"}


def test_progress_is_reported_for_every_file(tiny_mnist) -> None:
    names = []
    fetch_dataset("mnist", progress=lambda name, done, total: names.append(name))
    assert list(dict.fromkeys(names)) == [file.name for file in tiny_mnist.files]


def test_the_digits_come_with_scikit_learn() -> None:
    assert fetch_dataset("digits").name == "sklearn"


def test_the_digits_without_scikit_learn_name_the_extra(monkeypatch) -> None:
    def missing(module: str, extra: str) -> None:
        raise MissingExtraError(f"pip install 'glassnet[{extra}]'")

    monkeypatch.setattr(fetching, "require", missing)
    with pytest.raises(MissingExtraError, match=r"glassnet\[sklearn\]"):
        fetch_dataset("digits")


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown data set 'cifar'; did you mean 'cifar10'"):
        fetch_dataset("cifar")


def test_a_failed_download_is_an_error(tiny_mnist, closed_url) -> None:
    with pytest.raises(DownloadError, match=r"no connection"):
        fetch_dataset("mnist", mirrors=[closed_url])
