import gzip
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glassnet.data import idx, read_idx

_DTYPES = st.sampled_from(["u1", "i1", "i2", "i4", "f4", "f8"]).map(np.dtype)
_ARRAYS = _DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0)))


@settings(deadline=None)
@given(array=_ARRAYS, zipped=st.booleans())
def test_what_was_written_is_read(array, zipped, idx_bytes, tmp_path_factory) -> None:
    path = tmp_path_factory.mktemp("idx") / "file"
    content = idx_bytes(array)
    path.write_bytes(gzip.compress(content) if zipped else content)
    found = read_idx(path)
    assert found.dtype == array.dtype
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, array, strict=True)


def test_files_larger_than_one_piece_are_read_whole(monkeypatch, idx_bytes, tmp_path) -> None:
    monkeypatch.setattr(idx, "_CHUNK", 7)
    array = np.arange(100, dtype=np.uint8).reshape(10, 10)
    (tmp_path / "a").write_bytes(idx_bytes(array))
    np.testing.assert_array_equal(read_idx(tmp_path / "a"), array)


@pytest.mark.parametrize("keep", [8, 9, 12, 20])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_file_cut_short_is_refused(keep, zipped, idx_bytes, tmp_path) -> None:
    content = idx_bytes(np.arange(12, dtype=np.int16).reshape(3, 4))[:keep]
    path = tmp_path / "images"
    path.write_bytes(gzip.compress(content) if zipped else content)
    with pytest.raises(ValueError, match=r"images: .*(cut short|is cut)"):
        read_idx(path)


def test_the_message_for_missing_values_counts_them(idx_bytes, tmp_path) -> None:
    path = tmp_path / "images"
    path.write_bytes(gzip.compress(idx_bytes(np.zeros((5, 2), np.uint8))[:-3]))
    with pytest.raises(ValueError, match=r"promises 10 bytes .*\(5, 2\) of uint8\), found 7"):
        read_idx(path)


@pytest.mark.parametrize("zipped", [False, True])
def test_bytes_after_the_last_value_are_refused(zipped, idx_bytes, tmp_path) -> None:
    content = idx_bytes(np.zeros((2, 2), np.uint8)) + b"!"
    (tmp_path / "a").write_bytes(gzip.compress(content) if zipped else content)
    with pytest.raises(ValueError, match=r"goes on after the 4 bytes"):
        read_idx(tmp_path / "a")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "found nothing"),
        (b"\0\0\x08", "found 00 00 08"),
        (b"\1\0\x08\1", "found 01 00 08 01"),
        (b"\0\0\x0a\1", "found 00 00 0a 01"),
        (b"\0\0\x08\xff", "found 00 00 08 ff"),
        (b"\x89PNG", "found 89 50 4e 47"),
    ],
)
def test_a_file_that_is_no_idx_is_refused(content, found, tmp_path) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ValueError, match=rf"a: no IDX file: .*{found}"):
        read_idx(tmp_path / "a")


@pytest.mark.parametrize("zipped", [False, True])
def test_a_header_that_promises_too_much_is_refused_before_any_memory_is_taken(
    zipped, monkeypatch, tmp_path
) -> None:
    monkeypatch.setattr(np, "empty", lambda *_: pytest.fail("memory was taken"))
    content = struct.pack(">BBBB2I", 0, 0, 0x08, 2, 60_000, 60_000)
    (tmp_path / "a").write_bytes(gzip.compress(content) if zipped else content)
    with pytest.raises(ValueError, match=r"3600000000 bytes, more than the .* that a file of this"):
        read_idx(tmp_path / "a")


def test_a_header_that_promises_more_than_the_limit_is_refused(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(idx, "MAX_IDX_BYTES", 100)
    (tmp_path / "a").write_bytes(struct.pack(">BBBBI", 0, 0, 0x08, 1, 200) + bytes(200))
    with pytest.raises(ValueError, match=r"promises .*, more than the limit of 100 bytes"):
        read_idx(tmp_path / "a")


def test_a_gzip_bomb_is_unpacked_no_further_than_its_header_promises(tmp_path) -> None:
    bomb = gzip.compress(struct.pack(">BBBBI", 0, 0, 0x08, 1, 10) + bytes(50_000_000))
    (tmp_path / "bomb").write_bytes(bomb)
    with pytest.raises(ValueError, match=r"goes on after the 10 bytes"):
        read_idx(tmp_path / "bomb")


def test_a_gzip_stream_with_a_wrong_checksum_is_refused(idx_bytes, tmp_path) -> None:
    content = bytearray(gzip.compress(idx_bytes(np.arange(50, dtype=np.uint8))))
    content[-6] ^= 0xFF
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ValueError, match=r"a: the gzip stream is broken.*CRC"):
        read_idx(tmp_path / "a")


def test_a_gzip_stream_that_ends_early_is_refused(idx_bytes, tmp_path) -> None:
    content = gzip.compress(idx_bytes(np.arange(200, dtype=np.uint8)))
    (tmp_path / "a").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"a: the gzip stream is broken"):
        read_idx(tmp_path / "a")


def test_garbage_inside_a_gzip_stream_is_refused(tmp_path) -> None:
    (tmp_path / "a").write_bytes(gzip.compress(b"")[:10] + b"\xff" * 50)
    with pytest.raises(ValueError, match=r"a: the gzip stream is broken"):
        read_idx(tmp_path / "a")


def test_a_missing_file_is_a_missing_file(tmp_path) -> None:
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "nothing")
