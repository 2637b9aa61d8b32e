from __future__ import annotations

import os
import stat
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from glassnet.storage import atomic_write, read_npz, write_npz


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.npz"


def test_a_block_without_error_puts_the_file_in_place(path: Path) -> None:
    with atomic_write(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_the_old_file_stands_until_the_block_ends(path: Path) -> None:
    path.write_bytes(b"old")
    with atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_the_old_file_and_nothing_else(
    path: Path, error: type[BaseException]
) -> None:
    path.write_bytes(b"old")

    def write() -> None:
        with atomic_write(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        write()
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_a_target_that_is_a_folder_is_an_error_that_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with (
        pytest.raises(IsADirectoryError, match=r"folder is a folder; name a file in it"),
        atomic_write(tmp_path / "folder"),
    ):
        pytest.fail("the block was entered")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


def test_a_link_stays_and_the_file_that_it_leads_to_is_replaced(tmp_path: Path) -> None:
    file, link = tmp_path / "there" / "file", tmp_path / "link"
    file.parent.mkdir()
    file.write_text("old")
    link.symlink_to(file)
    with atomic_write(link) as out:
        out.write(b"new")
    assert link.is_symlink()
    assert file.read_text() == "new"
    assert [*file.parent.iterdir()] == [file]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    with atomic_write(pipe) as out:
        out.write(b"through")
    reader.join(10)
    assert read == [b"through"]
    assert pipe.is_fifo()


def test_a_missing_folder_is_an_error_before_the_block(tmp_path: Path) -> None:
    with (
        pytest.raises(FileNotFoundError),
        atomic_write(tmp_path / "missing" / "file"),
    ):
        pytest.fail("the block was entered")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_the_file_has_the_mode_of_any_new_file(path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        with atomic_write(path) as file:
            file.write(b"x")
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_a_path_may_be_a_string(path: Path) -> None:
    write_npz(str(path), {"x": np.arange(3)})
    np.testing.assert_array_equal(read_npz(str(path))["x"], [0, 1, 2])


ARRAYS = st_numpy.arrays(
    dtype=st.sampled_from(["f4", "f8", ">f4", "i8", "u1", "?", "c16", "U5", "S3"]),
    shape=st_numpy.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)


@settings(max_examples=80, deadline=None)
@given(array=ARRAYS, fortran=st.booleans())
def test_arrays_come_back_with_bits_shape_and_type(
    tmp_path_factory: pytest.TempPathFactory, array: np.ndarray, fortran: bool
) -> None:
    path = tmp_path_factory.mktemp("npz") / "a.npz"
    write_npz(path, {"a.b": np.asfortranarray(array) if fortran and array.ndim else array})
    (again,) = read_npz(path).values()
    assert (again.shape, again.dtype) == (array.shape, array.dtype)
    assert again.tobytes() == array.tobytes()
    assert again.flags.writeable


def test_same_arrays_same_bytes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = {"x": np.arange(5.0), "y": np.array("text")}
    write_npz(path, arrays)
    first = path.read_bytes()
    monkeypatch.setattr("time.time", lambda: 2e9)
    write_npz(path, arrays)
    assert path.read_bytes() == first


def test_objects_are_not_written(path: Path) -> None:
    with pytest.raises(
        ValueError, match="object arrays cannot be saved without pickles, and 'x' is one"
    ):
        write_npz(path, {"x": np.array([object()])})
    assert not path.exists()


def test_a_header_of_the_second_version_is_read(path: Path) -> None:
    names = [(f"field_{i:05}", "f4") for i in range(5000)]  # a header of more than 64 KiB
    with pytest.warns(UserWarning, match="format 2.0"):
        write_npz(path, {"x": np.zeros(2, names)})
    with pytest.raises(ValueError, match=r"Header info length .* is large"):
        read_npz(path)
    with zipfile.ZipFile(path, "w") as archive, archive.open("x.npy", "w") as member:
        np.lib.format.write_array(member, np.arange(4.0), version=(2, 0))
    np.testing.assert_array_equal(read_npz(path)["x"], np.arange(4.0))


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compressed_file_is_refused(path: Path, compression: int) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive, archive.open("x.npy", "w") as member:
        np.lib.format.write_array(member, np.zeros(10))
    with pytest.raises(ValueError, match=r"file.npz: x.npy is compressed by a method"):
        read_npz(path)


@pytest.mark.parametrize(
    "header",
    [b"{'descr': '<f4',", b"{'descr': '|V0', 'fortran_order': False, 'shape': (99999999999,)}"],
)
def test_a_header_that_makes_no_sense_is_refused(path: Path, header: bytes) -> None:
    length = len(header).to_bytes(2, "little")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + length + header)
    with pytest.raises(ValueError, match=r"file.npz: x.npy (has no valid header|promises)"):
        read_npz(path)


def test_arrays_that_nobody_wants_are_not_looked_at(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bad.npy", b"?")
        with archive.open("x.npy", "w") as member:
            np.lib.format.write_array(member, np.arange(3))
    assert read_npz(path, only=("x", "y"))["x"].tolist() == [0, 1, 2]


def test_an_encrypted_file_is_refused(path: Path) -> None:
    write_npz(path, {"x": np.zeros(3)})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"is not an .npz file, or is damaged: .*encrypted"):
        read_npz(path)


def test_a_wrong_number_is_found_by_its_checksum(path: Path) -> None:
    write_npz(path, {"x": np.full(100, 7.0)})
    content = bytearray(path.read_bytes())
    content[content.index(np.full(3, 7.0).tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"is not an .npz file, or is damaged: Bad CRC"):
        read_npz(path)
