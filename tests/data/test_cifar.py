import gzip
import io
import tarfile

import numpy as np
import pytest

from glassnet.data import cifar, read_cifar10

_ROOT = "cifar-10-batches-bin/"
_NAMES = b"".join(b"class%d\n" % i for i in range(10))


@pytest.fixture
def files(cifar_batch) -> dict[str, bytes]:
    return {
        "data_batch_1.bin": cifar_batch(3, seed=1),
        "data_batch_2.bin": cifar_batch(2, seed=2),
        "test_batch.bin": cifar_batch(2, seed=3),
    }


@pytest.fixture
def archive(files, tar_bytes, tmp_path):
    """Writes the files into an archive, and returns its path."""

    def write(*, root: str = _ROOT, extra: dict[str, bytes] | None = None, compress: bool = True):
        inside = {root + name: content for name, content in files.items()} | (extra or {})
        path = tmp_path / "cifar-10-binary.tar.gz"
        path.write_bytes(tar_bytes(inside, compress=compress))
        return path

    return write


@pytest.mark.parametrize("compress", [True, False])
def test_an_archive_gives_its_images(archive, files, compress) -> None:
    train, test = read_cifar10(archive(compress=compress))
    assert train.x.shape == (5, 32, 32, 3)
    assert test.x.shape == (2, 32, 32, 3)
    assert train.x.dtype == np.float32
    assert train.name == "cifar10"
    assert train.class_names == cifar.CIFAR10_CLASSES
    record = files["data_batch_2.bin"][3073:]  # the second of the second batch: the fifth in all
    assert train.y[4] == record[0]
    for channel, row, column in [(0, 0, 1), (1, 5, 0), (2, 31, 31)]:
        byte = record[1 + 1024 * channel + 32 * row + column]
        assert train.x[4, row, column, channel] == np.float32(byte / 255)


def test_a_folder_gives_the_same_as_the_archive(archive, files, put, tmp_path) -> None:
    folder = put(tmp_path / "unpacked", files | {"readme.html": b"<html>"})
    for of_folder, of_archive in zip(read_cifar10(folder), read_cifar10(archive()), strict=True):
        np.testing.assert_array_equal(of_folder.x, of_archive.x)
        np.testing.assert_array_equal(of_folder.y, of_archive.y)


def test_batches_are_ordered_by_their_numbers(files, cifar_batch, put, tmp_path) -> None:
    tenth = cifar_batch(1, seed=10)
    train, _ = read_cifar10(put(tmp_path / "folder", files | {"data_batch_10.bin": tenth}))
    assert train.y[-1] == tenth[0]
    assert train.x[-1, 0, 0, 0] == np.float32(tenth[1] / 255)


def test_class_names_come_from_the_archive(archive) -> None:
    train, _ = read_cifar10(archive(extra={_ROOT + "batches.meta.txt": _NAMES + b"\n"}))
    assert train.class_names == tuple(f"class{i}" for i in range(10))


def test_another_number_of_class_names_is_refused(archive) -> None:
    with pytest.raises(ValueError, match=r"must name 10 classes, got 1"):
        read_cifar10(archive(extra={_ROOT + "batches.meta.txt": b"cat\n"}))


def test_padding_after_the_archive_is_read_to_its_end(archive) -> None:
    path = archive()
    path.write_bytes(path.read_bytes() + gzip.compress(bytes(50_000)))
    assert len(read_cifar10(path)[0]) == 5


def test_other_files_in_the_archive_are_left_alone(archive) -> None:
    train, _ = read_cifar10(archive(extra={_ROOT + "._data_batch_1.bin": b"of a Mac"}))
    assert len(train) == 5


def test_nothing_is_written_to_disk(archive, tmp_path) -> None:
    path = archive()
    read_cifar10(path)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("missing", ["test_batch.bin", "data_batch_1.bin"])
def test_a_missing_batch_is_named(files, put, missing, tmp_path) -> None:
    files.pop("data_batch_2.bin")
    files.pop(missing)
    with pytest.raises(ValueError, match=rf"expected .*{missing}.*, found {next(iter(files))}"):
        read_cifar10(put(tmp_path / "folder", files))


def test_a_folder_without_batches_is_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match=r"found none of them"):
        read_cifar10(tmp_path)


@pytest.mark.parametrize("content", [b"", b"x" * 3072])
def test_a_batch_of_broken_records_is_refused(files, content, put, tmp_path) -> None:
    folder = put(tmp_path / "folder", files | {"data_batch_2.bin": content})
    with pytest.raises(ValueError, match=rf"data_batch_2.bin must .*got {len(content)} bytes"):
        read_cifar10(folder)


def test_a_label_that_is_no_class_is_refused(files, put, tmp_path) -> None:
    wrong = bytes(3073) + bytes([10]) + bytes(3072)
    folder = put(tmp_path / "folder", files | {"test_batch.bin": wrong})
    with pytest.raises(ValueError, match=r"test_batch.bin must .*got 10 in record 1"):
        read_cifar10(folder)


@pytest.mark.parametrize("root", ["/", "../", "cifar-10-batches-bin/../../"])
def test_paths_that_lead_out_of_the_archive_are_refused(archive, root) -> None:
    with pytest.raises(ValueError, match=r"leads out of it"):
        read_cifar10(archive(root=root))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_members_that_are_no_plain_files_are_refused(kind, tmp_path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as out:
        info = tarfile.TarInfo("test_batch.bin")
        info.type, info.linkname = kind, "secret"
        out.addfile(info)
    (tmp_path / "a.tar").write_bytes(buffer.getvalue())
    with pytest.raises(ValueError, match=r"'test_batch.bin' is no plain file"):
        read_cifar10(tmp_path / "a.tar")


def test_an_archive_that_unpacks_to_too_much_is_refused(archive, monkeypatch) -> None:
    monkeypatch.setattr(cifar, "MAX_CIFAR_BYTES", 100_000)
    with pytest.raises(ValueError, match=r"unpacks to more than the limit of 100000 bytes"):
        read_cifar10(archive(extra={_ROOT + "bomb": bytes(1_000_000)}))


def test_a_header_that_is_itself_a_bomb_is_refused(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(cifar, "MAX_CIFAR_BYTES", 100_000)
    info = tarfile.TarInfo("long name")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 5_000_000
    (tmp_path / "a").write_bytes(gzip.compress(info.tobuf() + b"a" * 5_000_000))
    with pytest.raises(ValueError, match=r"unpacks to more than the limit"):
        read_cifar10(tmp_path / "a")


def test_a_file_of_an_unpacked_folder_that_is_too_large_is_refused(
    files, put, monkeypatch, tmp_path
) -> None:
    monkeypatch.setattr(cifar, "MAX_CIFAR_BYTES", 8_000)
    with pytest.raises(ValueError, match=r"data_batch_1.bin: holds more than the limit of 8000"):
        read_cifar10(put(tmp_path / "folder", files))


def test_an_archive_cut_short_is_refused(archive) -> None:
    path = archive()
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(ValueError, match=r"the gzip stream is broken"):
        read_cifar10(path)


def test_a_tar_cut_short_is_refused(archive) -> None:
    path = archive(compress=False)
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(ValueError, match=r"no tar archive, or a broken one"):
        read_cifar10(path)


def test_an_archive_whose_checksum_is_wrong_is_refused(archive) -> None:
    path = archive()
    content = bytearray(path.read_bytes())
    content[-6] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"CRC"):
        read_cifar10(path)


def test_a_file_that_is_no_archive_is_refused(tmp_path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(b"not an archive at all" * 100)
    with pytest.raises(ValueError, match=r"a.tar.gz: no tar archive"):
        read_cifar10(tmp_path / "a.tar.gz")
